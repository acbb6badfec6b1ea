"""Every way of dosing on the same folds: what `bench/warfarin.py` prints and what the card states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from starling.dosing.calibration import Calibration, Outcome, shifted
from starling_workshop.training.arrays import Array
from starling_workshop.training.robust import scale_of
from starling_workshop.training.student import Student, distil
from starling_workshop.training.table import CLINICAL, CLINICAL_CONSTANT, Table
from starling_workshop.training.teacher import Teacher, fit_teacher

FIXED_MG: Final = 35.0
FIXED, CLINICALLY, FORMULA = "fixed 35 mg", "IWPC clinical", "IWPC pharmacogenetic"
REFIT, TEACHER, STUDENT = "refit linear", "teacher", "student fp32"
INT8, LOCAL = "student int8", "student + local calibration"

#: a student -> an answer for rows of encoded factors (the int8 graph, say)
Extra = Mapping[str, Callable[[Student], Callable[[Any], Any]]]


def methods(train: Table, test: Table, extra: Extra) -> dict[str, Array]:
    """The dose of every test patient by every method trained on `train`.

    Local calibration: the correction of a test patient's hospital comes from that hospital's training patients; a
    hospital without any has none.
    """
    import numpy as np

    teacher = fit_teacher(train)
    student = distil(train, teacher)
    doses = student.dose(test.x)
    return {
        FIXED: np.full(len(test.dose), FIXED_MG),
        CLINICALLY: np.maximum(CLINICAL_CONSTANT + test.x @ np.array(CLINICAL), 0.0) ** 2,
        FORMULA: np.maximum(test.formula, 0.0) ** 2,
        REFIT: refit(train, test),
        TEACHER: teacher_dose(teacher, test),
        STUDENT: doses,
        **{name: make(student)(test.x) for name, make in extra.items()},
        LOCAL: _local(train, student.dose(train.x), test, doses),
    }


def teacher_dose(teacher: Teacher, test: Table) -> Array:
    """The teacher's doses."""
    import numpy as np

    dose: Array = np.maximum(test.formula + teacher.correction(test.x), 1.0) ** 2
    return dose


def refit(train: Table, test: Table) -> Array:
    """The formula's own form with coefficients fitted anew, by least squares on the root of the dose."""
    import numpy as np

    scale = scale_of(train.x)
    design = np.hstack([np.ones((len(train.x), 1)), scale(train.x), train.x[:, 10:13]])
    asked = np.hstack([np.ones((len(test.x), 1)), scale(test.x), test.x[:, 10:13]])
    solved = np.linalg.lstsq(design, np.sqrt(train.dose), rcond=None)[0]
    dose: Array = np.maximum(asked @ solved, 1.0) ** 2
    return dose


def _local(train: Table, fitted: Array, test: Table, doses: Array) -> Array:
    import numpy as np

    corrected = doses.copy()
    for site in np.unique(test.site):
        rows = test.site == site
        shift = shift_of(fitted[train.site == site], train.dose[train.site == site])
        corrected[rows] = [shifted(float(dose), shift)[0] for dose in doses[rows]]
    return corrected


def shift_of(predicted: Array, actual: Array) -> float:
    """The correction that a hospital with these patients would propose; 0 below ten patients."""
    outcomes = tuple(Outcome(float(p), float(a)) for p, a in zip(predicted, actual, strict=True))
    return Calibration("", outcomes).shift()


def local_patients(table: Table, doses: Array, count: int, *, repeats: int = 10) -> tuple[Array, Array, Array]:
    """(uncalibrated, calibrated, stable) doses at unseen hospitals that learned from `count` random own patients.

    `doses`: of a model that had not seen the hospital.  The patients learned from are not judged.
    """
    import numpy as np

    parts: list[tuple[Array, Array, Array]] = []
    for site in np.unique(table.site):
        rows = np.flatnonzero(table.site == site)
        for repeat in range(repeats):
            order = np.random.default_rng(1000 * int(site) + repeat).permutation(rows)
            own, rest = order[:count], order[count:]
            if len(own) < count or not len(rest):
                continue
            shift = shift_of(doses[own], table.dose[own])
            calibrated = np.array([shifted(float(dose), shift)[0] for dose in doses[rest]])
            parts.append((doses[rest], calibrated, table.dose[rest]))
    before, after, stable = (np.concatenate(each) for each in zip(*parts, strict=True))
    return before, after, stable
