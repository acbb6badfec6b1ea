"""The cohort as numbers, in the order of a model's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starling.dosing.formulas import CLINICAL_ANCESTRY, CYP2C9_TERMS, PHARMACOGENETIC_ANCESTRY, VKORC1_TERMS
from starling.runtime.inputs import Input, encode
from starling_workshop.training.arrays import Array
from starling_workshop.training.data import Case

_YES_NO: Final = ("no", "yes")

#: What the warfarin model takes; the reference patient is the most frequent one of the cohort.
WARFARIN_INPUTS: Final = (
    Input("age_decade", "age", "decades", "refuse", 6.0, 1.0, 9.0),
    Input("height_cm", "height", "cm", "refuse", 168.0, 124.0, 203.0),
    Input("weight_kg", "weight", "kg", "refuse", 75.0, 30.0, 238.0),
    Input("vkorc1", "VKORC1 -1639G>A", "", "formula", "G/G", levels=("G/G", "A/G", "A/A")),
    Input("cyp2c9", "CYP2C9", "", "formula", "*1/*1",
          levels=("*1/*1", "*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3")),
    Input("ancestry", "ancestry", "", "assume", "unknown",
          levels=("white", "asian", "black", "unknown"), assumed="unknown"),
    Input("amiodarone", "amiodarone", "", "assume", "no", levels=_YES_NO, assumed="no"),
    Input("enzyme_inducer", "enzyme inducer", "", "assume", "no", levels=_YES_NO, assumed="no"),
    Input("smoker", "smoking", "", "assume", "no", levels=_YES_NO, assumed="no"),
    Input("indication", "indication", "", "assume", "other",
          levels=("other", "atrial fibrillation", "thromboembolism", "heart valve"), assumed="other"),
)  # fmt: skip

#: The formula's coefficient of every number of WARFARIN_INPUTS, and its constant.
FORMULA_CONSTANT: Final = 5.6044
FORMULA: Final = (
    -0.2614, 0.0087, 0.0128,
    *(VKORC1_TERMS[level] for level in ("A/G", "A/A")),
    *(CYP2C9_TERMS[level] for level in ("*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3")),
    *(PHARMACOGENETIC_ANCESTRY[level] for level in ("asian", "black", "unknown")),
    -0.5503, 1.1816, 0.0, 0.0, 0.0, 0.0,
)  # fmt: skip
#: The clinical formula in the same order.
CLINICAL_CONSTANT: Final = 4.0376
CLINICAL: Final = (
    -0.2546, 0.0118, 0.0134, *(0.0,) * 7,
    *(CLINICAL_ANCESTRY[level] for level in ("asian", "black", "unknown")),
    -0.5695, 1.2799, 0.0, 0.0, 0.0, 0.0,
)  # fmt: skip
#: Numbers that no fit may move: what ancestry stands for differs between hospitals, so the formula's terms stay.
FROZEN: Final = (10, 11, 12)


@dataclass(frozen=True, slots=True)
class Table:
    """Encoded factors (one row a patient), the formula's root of the dose, the dose in mg per week, the hospital."""

    x: Array
    formula: Array
    dose: Array
    site: Array
    ancestry: Array

    def rows(self, index: Array) -> Table:
        """The patients of `index`."""
        return Table(self.x[index], self.formula[index], self.dose[index], self.site[index], self.ancestry[index])


def table_of(cases: Sequence[Case]) -> Table:
    """The cohort encoded."""
    import numpy as np

    factors = [{name: value for name, value in case.factors.items() if value is not None} for case in cases]
    x = np.array([encode(WARFARIN_INPUTS, each) for each in factors], dtype=np.float64)
    return Table(
        x=x,
        formula=FORMULA_CONSTANT + (x * np.array(FORMULA)).sum(axis=1),
        dose=np.array([case.dose for case in cases], dtype=np.float64),
        site=np.array([case.site for case in cases]),
        ancestry=np.array([case.factors["ancestry"] for case in cases]),
    )
