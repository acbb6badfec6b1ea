"""The student: the teacher's answers in a few kilobytes, by one linear layer and sixteen fixed units.

The units' inner weights are drawn once from a seed; only the outer weights are fitted, by a ridge regression with one
solution.  So the same data give the same student, which a network trained by descent would not promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starling_workshop.training.arrays import Array
from starling_workshop.training.robust import scale_of
from starling_workshop.training.table import FORMULA, FORMULA_CONSTANT, Table
from starling_workshop.training.teacher import SEED, Teacher

UNITS: Final = 16
RIDGE: Final = 1.0
#: decimals kept of every weight: far below clinical meaning, far above the noise of different processors
DECIMALS: Final = 5


@dataclass(frozen=True, slots=True)
class Student:
    """root of the dose = max(1, x·linear + constant + tanh(x·inner + inner_bias)·outer); dose = root squared."""

    linear: Array
    constant: float
    inner: Array
    inner_bias: Array
    outer: Array

    def dose(self, x: Array) -> Array:
        """Weekly doses in mg, computed in double precision."""
        import numpy as np

        root = x @ self.linear + self.constant + np.tanh(x @ self.inner + self.inner_bias) @ self.outer
        dose: Array = np.maximum(root, 1.0) ** 2
        return dose


def distil(table: Table, teacher: Teacher, *, units: int = UNITS) -> Student:
    """The student closest to the teacher on the patients, and on patients with shuffled factors."""
    import numpy as np

    scale = scale_of(table.x)
    generator = np.random.default_rng(SEED)
    width = len(scale.columns)
    inner = generator.normal(0.0, 1.0 / np.sqrt(width), (width, units))
    bias = generator.uniform(-1.0, 1.0, units)
    x = np.vstack([table.x, _shuffled(table.x, generator)])
    z = scale(x)
    weight = np.concatenate([np.ones(len(table.x)), np.full(len(table.x), 0.1)])
    design = np.hstack([z, np.ones((len(z), 1)), np.tanh(z @ inner + bias)])
    penalty = RIDGE * np.diag([*[1.0] * width, 0.0, *[1.0] * units])
    weighted = design * weight[:, None]
    solved = np.linalg.solve(design.T @ weighted + penalty, weighted.T @ teacher.correction(x))
    return _unscaled(scale.columns, scale.mean, scale.deviation, (inner, bias, solved))


def _shuffled(x: Array, generator: Any) -> Array:
    """Numeric factors and groups of levels moved independently between patients: combinations nobody had."""
    import numpy as np

    groups = ((0,), (1, 2), (3, 4), (5, 6, 7, 8, 9), (10, 11, 12), (13,), (14,), (15,), (16, 17, 18))
    mixed = x.copy()
    for group in groups:
        columns = np.array(group)
        mixed[:, columns] = x[np.ix_(generator.permutation(len(x)), columns)]
    return mixed


def _unscaled(columns: Array, mean: Array, deviation: Array, fitted: tuple[Array, Array, Array]) -> Student:
    """The same function of unscaled numbers, with the formula inside and weights rounded."""
    import numpy as np

    inner, bias, solved = fitted
    width = len(columns)
    plain = solved[:width] / deviation
    linear = np.array(FORMULA)
    linear[columns] += plain
    full_inner = np.zeros((len(FORMULA), inner.shape[1]))
    full_inner[columns] = inner / deviation[:, None]
    return Student(
        linear=linear.round(DECIMALS),
        constant=round(float(FORMULA_CONSTANT + solved[width] - mean @ plain), DECIMALS),
        inner=full_inner.round(DECIMALS),
        inner_bias=(bias - mean @ (inner / deviation[:, None])).round(DECIMALS),
        outer=solved[width + 1 :].round(DECIMALS),
    )
