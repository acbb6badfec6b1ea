"""People for the tests of the dose models, and a way to ask for an extra."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import starling
from starling.assessment import Assessment, GeneResult
from starling.dosing.predict import dose as dose_with
from starling.dosing.program import Patient, Program
from starling.knowledge.base import KnowledgeBase
from starling.prediction import Prediction
from starling.vocabulary import VariantCopies

EXAMPLE = Path(starling.__file__).parent / "examples" / "example.vcf"
REFERENCE, VARIANT = "rs9923231 reference (C)", "rs9923231 variant (T)"
ADULT = Patient(age_years=67, height_cm=175, weight_kg=80, ancestry="white", medication=(), smoker=False)


def require(*modules: str) -> None:
    """Skips the test without an extra, visibly; fails it where CI is set."""
    absent = [module for module in modules if importlib.util.find_spec(module) is None]
    if absent and os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(f"missing tool: {', '.join(absent)}", pytrace=False)
    if absent:
        pytest.skip(f"missing tool: {', '.join(absent)}")


@lru_cache(maxsize=1)
def example() -> Assessment:
    """The bundled example patient."""
    return starling.assess(EXAMPLE)


@lru_cache(maxsize=1)
def knowledge() -> KnowledgeBase:
    """The bundled one."""
    return KnowledgeBase.open()


def dose(drug: str | Program, assessment: Assessment, patient: Patient, **more: Any) -> Prediction:
    """The dose by the bundled knowledge."""
    return dose_with(drug, assessment, patient, knowledge=knowledge(), **more)


def gene(
    name: str,
    alleles: tuple[str, ...] | None,
    cannot_exclude: tuple[str, ...] = (),
    variants: tuple[VariantCopies, ...] = (),
) -> GeneResult:
    return replace(
        example().gene(name),
        status="called" if alleles else "undetermined",
        reason=None if alleles else "NOT_COVERED",
        diplotypes=(alleles,) if alleles else (),
        label="/".join(alleles or ()),
        cannot_exclude=cannot_exclude,
        variants=variants,
    )
