"""Every ```python block of the README and of the library page runs, on the bundled example."""

from __future__ import annotations

import gzip
import re
import runpy
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
def test_python_block_runs(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = (ROOT / "src" / "starling" / "examples" / "example.vcf").read_bytes()
    (tmp_path / "patient.vcf.gz").write_bytes(gzip.compress(example))
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("script.py", run_name="__main__")
