"""What the tests of the runtime may ask for."""

from __future__ import annotations

import pytest

from starling.dosing.model import bundled
from starling.runtime.bundle import Bundle
from tests.dosing.people import require


@pytest.fixture
def runtime() -> None:
    """The [models] extra."""
    require("numpy", "onnxruntime")


@pytest.fixture
def toolbox() -> None:
    """What makes graphs, and what runs them."""
    require("numpy", "onnx", "onnxruntime")


@pytest.fixture
def files() -> dict[str, bytes]:
    """The files of a tabular model, the one that is shipped."""
    return dict(Bundle.read(bundled("warfarin")).files)
