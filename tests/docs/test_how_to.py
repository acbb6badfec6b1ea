"""The commands of these pages run, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["biobank.md", "other-inputs.md"])
def test_commands_run(page: str, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    starling = tools / "starling"
    starling.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m starling "$@"\n')
    starling.chmod(0o755)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "knowledge-base").symlink_to(ROOT / "knowledge-base")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
    }
    blocks = BLOCK.findall((ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    if page == "biobank.md":
        assert (folder / "new.differences.tsv").read_text().count("\n") == 1
        assert (folder / "summary.html").read_text().startswith("<!DOCTYPE html>")
    else:
        assert '"m.1555A>G"' in (folder / "baby.json").read_text()
