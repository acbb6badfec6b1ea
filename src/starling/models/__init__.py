"""Learned models on the device: small, checked before use, explained, and never mixed with guideline advice.

    formulas     published dosing formulas as plain code           (standard library; always there)
    inputs       what a model takes: units, ranges, missing values  encode factors to numbers
    card         model.toml as values                               bundle   files, digests, golden vectors
    session      ONNX Runtime, CPU, one thread                      [models]
    explain      exact Shapley values over factors, what-if
    interval     split-conformal intervals, adaptive per site       calibration  proposed, activated, reversible
    prediction   the answer as a value, to JSON and back
    program      what a drug adds to the room                       warfarin   the first one
    predict      START HERE: assessment and patient -> Prediction   words, picture  the answer on screen and page

>>> from starling.models import dose, Patient                                            # doctest: +SKIP
>>> dose("warfarin", assessment, Patient(age_years=67, height_cm=175, weight_kg=80))     # doctest: +SKIP
Prediction(drug='warfarin', value=32.4, ...)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starling.models.predict import dose
    from starling.models.prediction import Prediction
    from starling.models.program import Patient

__all__ = ["Patient", "Prediction", "dose"]

_HOMES = {
    "Patient": "starling.models.program",
    "Prediction": "starling.models.prediction",
    "dose": "starling.models.predict",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'starling.models' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
