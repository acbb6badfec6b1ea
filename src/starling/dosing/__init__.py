"""Dose models: what warfarin, and the next drug, adds to `starling.runtime`; never mixed with guideline advice.

    formulas     published dosing formulas as plain code           (standard library; always there)
    program      what a drug adds to the room                       warfarin   the first one
    model        a bundle as a dose model                           bundles/   those of the product, known by pins
    subject      facts stated elsewhere; contradictions refused     linked     sites that stand for VKORC1, by strand
    calibration  a hospital's own correction: proposed, activated, reversible
    predict      START HERE: assessment and patient -> Prediction

A second drug: docs/how-to/add-a-dose-model.md.

>>> from starling.dosing import dose, Patient                                                       # doctest: +SKIP
>>> patient = Patient(age_years=67, height_cm=175, weight_kg=80)                                    # doctest: +SKIP
>>> dose("warfarin", assessment, patient, knowledge=knowledge)                                      # doctest: +SKIP
Prediction(drug='warfarin', value=32.4, ...)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starling.dosing.predict import dose
    from starling.dosing.program import Patient
    from starling.prediction import Prediction

__all__ = ["Patient", "Prediction", "dose"]

_HOMES = {
    "Patient": "starling.dosing.program",
    "Prediction": "starling.prediction",
    "dose": "starling.dosing.predict",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'starling.dosing' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
