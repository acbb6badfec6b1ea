"""What the tutorial and the README show is what the program prints.

Every ```console block is run: a line `$ starling ...` by the real command line in a fresh folder that holds
`example.vcf`; the lines below it are compared.  In them `...` stands for any text within a line, and a line of `...`
alone for any number of lines.  `$ cat FILE` shows a file; a non-zero exit status is stated as `[exit 2]`.
"""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands import run

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "src" / "starling" / "examples" / "example.vcf"
PAGES = [ROOT / "README.md", ROOT / "docs" / "tutorial.md"]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One command as a reader types it, and what the page says it prints."""

    command: str
    shown: str
    line: int


def steps_of(page: Path) -> list[Step]:
    text = page.read_text(encoding="utf-8")
    found: list[Step] = []
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1)) + 1
        for number, line in enumerate(block[1].splitlines(), first):
            if line.startswith("$ "):
                found.append(Step(line[2:], "", number))
            elif found:
                found[-1] = Step(found[-1].command, found[-1].shown + line + "\n", found[-1].line)
    return found


def execute(command: str, folder: Path) -> str:
    words = shlex.split(command)
    if words[0] == "cat":
        return "".join((folder / name).read_text(encoding="utf-8") for name in words[1:])
    assert words[0] == "starling", f"a tutorial runs starling or cat, not {words[0]}"
    done = run(*words[1:], cwd=folder, env={"COLUMNS": "100", "NO_COLOR": "1"})
    return done.out + done.err + (f"[exit {done.code}]\n" if done.code else "")


def pattern_of(shown: str) -> re.Pattern[str]:
    lines = []
    for line in shown.rstrip("\n").splitlines():
        if line.strip() == "...":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(".*?".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ \t]*\n")
    return re.compile("".join(lines) + r"\s*")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_shows_what_the_program_prints(page: Path, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path / "example.vcf")
    for step in steps_of(page):
        printed = execute(step.command, tmp_path)
        if step.shown.strip():
            assert pattern_of(step.shown).fullmatch(printed), (
                f"{page.name}:{step.line}: $ {step.command}\n--- shown\n{step.shown}\n--- printed\n{printed}"
            )
        else:
            assert "[exit " not in printed, f"{page.name}:{step.line}: $ {step.command}\n{printed}"


def test_the_tutorial_has_steps() -> None:
    assert len(steps_of(ROOT / "docs" / "tutorial.md")) >= 5


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a ... c\n", "a b c\n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_ellipses_stand_for_text_and_for_lines(shown: str, printed: str, *, same: bool) -> None:
    assert bool(pattern_of(shown).fullmatch(printed)) is same
