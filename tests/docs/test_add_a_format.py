"""The page that adds an input format, done as it says: in a copy of the sources, block by block."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-an-input-format.md"
STEP = re.compile(
    r"^(?P<end>At the end of )?`(?P<path>[\w/.]+\.py)`:\n\n```python\n(?P<code>.*?)^```$|^```sh\n(?P<command>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
COPIED = ("src/starling", "workshop/src", "tests/formats/battery", "tests/simulators", "knowledge-base")


def test_a_stranger_adds_a_format(tmp_path: Path) -> None:
    for folder in COPIED:  # compiled modules with them, but for those that are being written
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.pyc.*"))
    for name in ("pyproject.toml", "tests/conftest.py", "tests/bundled.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(tmp_path / each) for each in ("src", "."))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    steps = list(STEP.finditer(PAGE.read_text(encoding="utf-8")))
    assert [step["path"] is not None for step in steps] == [True, False, False, True, False]
    said = ""
    for step in steps:
        if step["path"]:
            with (tmp_path / step["path"]).open("a" if step["end"] else "x", encoding="utf-8") as file:
                file.write(f"\n\n{step['code']}" if step["end"] else step["code"])
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step["command"]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, step["command"] + done.stdout + done.stderr
        said = done.stdout
    (tests,) = re.findall(r"^(\.+) +\[100%\]$", said, re.MULTILINE)
    assert len(tests) > 10
    assert '"positions":{"called":2,' in (tmp_path / "patient-7.json").read_text()
