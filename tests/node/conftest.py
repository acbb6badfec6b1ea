"""A demonstration node, made once; served, or copied for a test that changes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from starling.node.founding import Founded, found
from tests.node.devices import Device, serving


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    """A node with four synthetic patients, which nobody opens: it is copied."""
    return found(tmp_path_factory.mktemp("founded") / "node", demonstration=True, patients=4)


@pytest.fixture
def copied(founded: Founded, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(founded.layout.root, tmp_path / "node"))


@pytest.fixture(scope="module")
def device(founded: Founded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """A copy of it, served for the tests of one module."""
    folder = Path(shutil.copytree(founded.layout.root, tmp_path_factory.mktemp("served") / "node"))
    with serving(folder) as found_:
        yield found_


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that makes a node without patients, with these settings."""

    def make(**settings: str | int | bool) -> Path:
        folder = tmp_path_factory.mktemp("bare") / "node"
        found(folder, settings=settings)
        return folder

    return make
