"""The real knowledge base, compiled once, and a small one that a test may damage."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from starling.knowledge.base import KnowledgeBase
from starling.knowledge.compile import compile_knowledge
from tests.knowledge.small import SOURCE, write_small


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("kb") / "starling.kb"
    compile_knowledge(SOURCE, target)
    return target


@pytest.fixture(scope="session")
def base(compiled: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(compiled) as opened:
        yield opened


@pytest.fixture(scope="session")
def small_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small_compiled(small_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small knowledge base before any change."""
    target = tmp_path_factory.mktemp("small") / "small.kb"
    compile_knowledge(small_source, target)
    return target


@pytest.fixture
def small(small_source: Path, tmp_path: Path) -> Path:
    """Source tables of a small knowledge base, this test's own."""
    return Path(shutil.copytree(small_source, tmp_path / "source"))
