"""The commands of these pages run, in order, in a folder of their own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import run
from tests.printing.support import codes_of, text_of

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def execute(line: str, folder: Path) -> None:
    """One line of a block: by the command line itself, and what is not ours by a shell."""
    words = shlex.split(line, comments=True)
    if words[0] == "starling":
        assert not {"|", ">", "<", "&&", ";"} & set(words), f"a line for a shell: {line}"
        done = run(*words[1:], cwd=folder)
        assert done.code == 0, line + "\n" + done.out + done.err
    else:
        subprocess.run(["bash", "-euo", "pipefail", "-c", line], cwd=folder, check=True)


def blocks_of(page: str) -> list[str]:
    blocks = BLOCK.findall((ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8"))
    assert blocks
    return blocks


def run_page(page: str, folder: Path, source: Path) -> None:
    """Every block of the page runs in `folder`, with the program of `source`, which the page may change."""
    tools = folder.parent / "bin"
    tools.mkdir(exist_ok=True)
    for name, command in (("starling", "-m starling "), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {command}"$@"\n')
        (tools / name).chmod(0o755)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(source), str(ROOT / "workshop" / "src")]),
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
    }
    for block in blocks_of(page):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, block + done.stdout + done.stderr


@pytest.mark.parametrize("page", ["biobank.md", "fhir.md", "other-inputs.md", "other-outputs.md"])
def test_commands_run(page: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "knowledge-base").symlink_to(ROOT / "knowledge-base")
    for line in "".join(blocks_of(page)).splitlines():
        execute(line, folder)
    if page == "biobank.md":
        assert (folder / "new.differences.tsv").read_text().count("\n") == 1
        assert (folder / "summary.html").read_text().startswith("<!DOCTYPE html>")
        assert '"plot_type": "table"' in (folder / "starling_mqc.json").read_text()
    elif page == "fhir.md":
        assert '"resourceType":"Bundle"' in (folder / "named.fhir.json").read_text()
        assert '"*2/*2"' in (folder / "back.json").read_text()
    elif page == "other-outputs.md":
        assert "I must not be given abacavir" in (folder / "patient.html").read_text()
        assert "clopidogrel (taken now): AVOID" in (folder / "alerts.txt").read_text()
    else:
        assert '"m.1555A>G"' in (folder / "baby.json").read_text()


@pytest.mark.parametrize(
    ("pages", "added"),
    [(["add-a-gene.md"], "EXMP1"), (["add-a-drug.md", "bring-knowledge-up-to-date.md"], "examplol")],
    ids=["gene", "drug and update"],
)
def test_facts_are_added_as_the_page_says(pages: list[str], added: str, tmp_path: Path) -> None:
    """On a copy of the tables and of the program; pages look themselves at what they did, one begins after another."""
    folder = tmp_path / "work"
    shutil.copytree(ROOT / "knowledge-base", folder / "knowledge-base")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("*.pyc.*"))  # while they are written
    for page in pages:
        run_page(page, folder, folder / "src")
        noticed = (folder / "noticed.txt").read_text(encoding="utf-8").splitlines()
        assert noticed and [line for line in noticed if added not in line] == []


def test_a_report_is_read_and_signed(tmp_path: Path) -> None:
    shutil.copy(ROOT / "src" / "starling" / "examples" / "example.vcf", tmp_path / "patient.vcf")
    for block in blocks_of("read-and-sign-a-report.md"):
        for line in block.replace("\\\n", " ").splitlines():
            execute(line, tmp_path)
    assert "PRELIMINARY" in (tmp_path / "patient.html").read_text(encoding="utf-8")


def test_the_examples_of_hl7_run(tmp_path: Path) -> None:
    for block in blocks_of("../reference/hl7.md"):
        for line in block.strip().splitlines():
            execute(line, tmp_path)
    assert (tmp_path / "result.hl7").read_bytes().startswith(b"MSH|")


def test_a_report_and_a_card_are_printed_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STARLING_CARD_TRUST", str(tmp_path / "card-keys"))
    made, checked = blocks_of("print.md")
    for line in made.splitlines():
        execute(line, tmp_path)
    (text,) = codes_of((tmp_path / "card.pdf").read_bytes())  # as a scanner would
    (tmp_path / "code.txt").write_text(text, encoding="utf-8")
    for line in checked.splitlines():
        execute(line, tmp_path)
    assert "Ann Example" in text_of((tmp_path / "report.pdf").read_bytes())[0]
