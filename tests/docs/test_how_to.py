"""The commands of these pages run, in order, in an empty folder."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.commands import run

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


@pytest.mark.parametrize("page", ["biobank.md", "other-inputs.md"])
def test_commands_run(page: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "knowledge-base").symlink_to(ROOT / "knowledge-base")
    blocks = BLOCK.findall((ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8"))
    assert blocks
    for line in "".join(blocks).splitlines():
        execute(line, folder)
    if page == "biobank.md":
        assert (folder / "new.differences.tsv").read_text().count("\n") == 1
        assert (folder / "summary.html").read_text().startswith("<!DOCTYPE html>")
    else:
        assert '"m.1555A>G"' in (folder / "baby.json").read_text()
