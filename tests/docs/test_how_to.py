"""The commands of these pages run, in order, in a folder of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_page(page: str, folder: Path, source: Path) -> None:
    """Every block of the page runs in `folder`, with the program of `source`."""
    tools = folder.parent / "bin"
    tools.mkdir()
    for name, command in (("starling", "-m starling "), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {command}"$@"\n')
        (tools / name).chmod(0o755)
    environment = {
        **os.environ,
        "PYTHONPATH": str(source),
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
    }
    blocks = BLOCK.findall((ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, block + done.stdout + done.stderr


@pytest.mark.parametrize("page", ["biobank.md", "other-inputs.md"])
def test_commands_run(page: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "knowledge-base").symlink_to(ROOT / "knowledge-base")
    run_page(page, folder, ROOT / "src")
    if page == "biobank.md":
        assert (folder / "new.differences.tsv").read_text().count("\n") == 1
        assert (folder / "summary.html").read_text().startswith("<!doctype html>")
    else:
        assert '"m.1555A>G"' in (folder / "baby.json").read_text()


@pytest.mark.parametrize("page", ["add-a-gene.md", "add-a-drug.md"])
def test_facts_are_added_as_the_page_says(page: str, tmp_path: Path) -> None:
    """On a copy of the tables and of the program; both pages look themselves at what they did."""
    folder = tmp_path / "work"
    shutil.copytree(ROOT / "knowledge-base", folder / "knowledge-base")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    run_page(page, folder, folder / "src")
    unlike = (folder / "noticed.txt").read_text(encoding="utf-8").splitlines()
    added = "EXMP1" if page == "add-a-gene.md" else "examplol"
    assert [line for line in unlike if added not in line] == []
