"""What the tests of the dose models may ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from starling.assessment import Assessment
from starling.dosing.model import bundled
from starling.runtime.bundle import Bundle
from starling.vocabulary import VariantCopies
from tests.dosing.people import REFERENCE, VARIANT, example, gene, require


@pytest.fixture
def runtime() -> None:
    """The [models] extra."""
    require("numpy", "onnxruntime")


@pytest.fixture
def toolbox() -> None:
    """The [train] extra."""
    require("cryptography", "numpy", "onnx", "onnxruntime", "scipy", "sklearn")


@pytest.fixture(scope="session")
def person() -> Callable[..., Assessment]:
    """A function that gives an assessment with the stated CYP2C9 alleles and copies of VKORC1 rs9923231 T."""

    def make(
        cyp2c9: tuple[str, ...] | None = ("*1", "*1"),
        vkorc1: int | None = 0,
        *,
        cannot_exclude: tuple[str, ...] = (),
        cluster: int | None = 0,
    ) -> Assessment:
        changed = {
            "CYP2C9": gene("CYP2C9", cyp2c9, cannot_exclude, (VariantCopies("rs12777823", cluster),)),
            "VKORC1": gene("VKORC1", None if vkorc1 is None else (REFERENCE,) * (2 - vkorc1) + (VARIANT,) * vkorc1),
        }
        return replace(example(), genes=tuple(changed.get(each.gene, each) for each in example().genes))

    return make


@pytest.fixture
def files() -> dict[str, bytes]:
    """The files of the bundled warfarin model."""
    return dict(Bundle.read(bundled("warfarin")).files)
