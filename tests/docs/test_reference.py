"""The generated reference says what the program says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

PAGES = ("cli.md", "errors.md", "exit-codes.md", "genes.md", "node.md")


@pytest.fixture(scope="module")
def generator(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", root / "tools" / "make_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_generated_page_is_compared(generator: ModuleType) -> None:
    assert tuple(sorted(generator.PAGES)) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_page_is_up_to_date(generator: ModuleType, root: Path, page: str) -> None:
    stored = (root / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert stored == generator.PAGES[page](), "run `make docs`"


def test_every_explanation_page_named_exists(generator: ModuleType, root: Path) -> None:
    missing = {page for page in generator.EXPLANATIONS.values() if not (root / f"docs/explanation/{page}.md").is_file()}
    assert missing == set()
