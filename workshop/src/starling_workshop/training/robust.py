"""Fits that see differences between patients of one hospital, never between hospitals.

Hospitals differ in what they record, whom they treat and how they dose.  A fit that may use such differences looks
better on the hospitals it has seen and worse on the next one.  So every hospital has an intercept of its own during
training, which is dropped afterwards, and everything learned is a correction of the published formula, shrunken to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starling_workshop.training.arrays import Array
from starling_workshop.training.table import FROZEN, Table

#: strength of the pull to the formula and of that of hospital intercepts to 0; mg of an error counted as square
SHRINKAGE: Final = 0.1
SITE_SHRINKAGE: Final = 1e-3
SQUARE_BELOW_MG: Final = 1.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers a fit may use, centred and scaled as in training."""

    columns: Array
    mean: Array
    deviation: Array

    def __call__(self, x: Array) -> Array:
        """The numbers of every row."""
        scaled: Array = (x[:, self.columns] - self.mean) / self.deviation
        return scaled


def scale_of(x: Array) -> Scale:
    """The scale of a table's numbers without those that no fit may move."""
    import numpy as np

    columns = np.array([index for index in range(x.shape[1]) if index not in FROZEN])
    used = x[:, columns]
    return Scale(columns, used.mean(axis=0), np.maximum(used.std(axis=0), 1e-9))


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear correction of the formula's root."""

    scale: Scale
    weights: Array
    constant: float

    def correction(self, x: Array) -> Array:
        """What is added to the formula's root."""
        moved: Array = self.constant + self.scale(x) @ self.weights
        return moved


def fit_linear(table: Table) -> Linear:
    """The linear correction with the least absolute error in mg, given each hospital its own intercept."""
    import numpy as np
    from scipy.optimize import minimize

    scale = scale_of(table.x)
    z = scale(table.x)
    sites, index = np.unique(table.site, return_inverse=True)
    count, width = z.shape

    def objective(parameters: Array) -> tuple[float, Array]:
        weights, constant, own = parameters[:width], parameters[width], parameters[width + 1 :]
        root = table.formula + constant + z @ weights + own[index]
        error = root * root - table.dose
        distance = np.sqrt(error * error + SQUARE_BELOW_MG**2)
        slope = error / distance / count * 2 * root
        gradient = np.concatenate(
            [
                z.T @ slope + 2 * SHRINKAGE * weights,
                [slope.sum()],
                np.bincount(index, slope, minlength=len(sites)) + 2 * SITE_SHRINKAGE * own,
            ]
        )
        loss = distance.mean() + SHRINKAGE * (weights @ weights) + SITE_SHRINKAGE * (own @ own)
        return float(loss), gradient

    start = np.zeros(width + 1 + len(sites))
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-12}).x
    return Linear(scale, found[:width], float(found[width] + found[width + 1 :].mean()))


def within_site_residual(table: Table) -> Array:
    """The formula's error on the root of the dose, less what is common to all patients of the hospital."""
    import numpy as np

    z = scale_of(table.x)(table.x)
    sites, index = np.unique(table.site, return_inverse=True)
    width = z.shape[1]
    design = np.hstack([z, np.eye(len(sites))[index]])
    residual = np.sqrt(table.dose) - table.formula
    solved = np.linalg.solve(design.T @ design + 5.0 * np.eye(design.shape[1]), design.T @ residual)
    own = solved[width:]
    within: Array = residual - (own[index] - own.mean())
    return within
