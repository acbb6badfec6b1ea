"""Every ```python block of the README and of the library page runs, on the bundled example."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCRIPTS = [
    pytest.param(block[1], id=f"{page.name}:{page.read_text(encoding='utf-8').count(chr(10), 0, block.start()) + 1}")
    for page in (ROOT / "README.md", ROOT / "docs" / "reference" / "library.md")
    for block in BLOCK.finditer(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_python_block_runs(script: str, tmp_path: Path) -> None:
    example = (ROOT / "src" / "starling" / "examples" / "example.vcf").read_bytes()
    (tmp_path / "patient.vcf.gz").write_bytes(gzip.compress(example))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
