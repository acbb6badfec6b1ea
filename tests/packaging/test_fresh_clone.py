"""What the README and the page on installation say first works where nothing was done before."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.test_bare_wheel import TREE, run

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def clone(root: Path, tmp_path: Path) -> Path:
    """What is built and run, without anything that was made."""
    for name in (*TREE, "Makefile", "workshop/pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, tmp_path / name)
    for name in ("src", "knowledge-base", "workshop/src"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.kb"))
    return tmp_path


def without_traces_of_this_environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "MAKE", "MFLAGS"))
    }


def test_the_first_block_of_the_readme_runs_in_a_fresh_clone(clone: Path) -> None:
    block = BLOCK.findall((clone / "README.md").read_text(encoding="utf-8"))[0]
    commands = [line.partition("#")[0].strip() for line in block.splitlines()]
    assert commands == ["make run", "make test"], "the second is what runs this test"
    done = subprocess.run(
        ["make", "run", f"PYTHON={sys.executable}"],
        cwd=clone,
        env=without_traces_of_this_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "CYP2C19" in done.stdout
    assert list((clone / "build" / "report").glob("*.html"))


@pytest.mark.exhaustive
def test_the_tree_installs_as_the_page_says(clone: Path, root: Path) -> None:
    """Asks a package index for the build tool and the extras."""
    page = (root / "docs" / "how-to" / "install.md").read_text(encoding="utf-8")
    for block in BLOCK.findall(page)[:2]:
        run("bash", "-euc", block.replace("python3 ", f"{sys.executable} "), cwd=clone)
    said = run("env", "-u", "PYTHONPATH", clone / "env" / "bin" / "starling", "doctor", cwd=clone).stdout
    assert said.endswith("sound\n") and "as they were installed" in said
    assert "extra htslib: pysam " in said and "pysam not installed" not in said
