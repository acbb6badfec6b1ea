"""The teacher: an ensemble of three unlike learners, each correcting the published formula within hospitals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starling_workshop.training.arrays import Array
from starling_workshop.training.robust import Linear, Scale, fit_linear, scale_of, within_site_residual
from starling_workshop.training.table import Table

SEED: Final = 20240
#: share of the linear fit, of support vectors and of trees in the teacher's answer
SHARES: Final = (0.7, 0.2, 0.1)


@dataclass(frozen=True, slots=True)
class Teacher:
    """The ensemble; `learners` have scikit-learn's `predict`."""

    linear: Linear
    scale: Scale
    learners: tuple[Any, ...]

    def correction(self, x: Array) -> Array:
        """What is added to the formula's root of the dose."""
        total: Array = SHARES[0] * self.linear.correction(x)
        scaled = self.scale(x)
        for share, learner in zip(SHARES[1:], self.learners, strict=True):
            total = total + share * learner.predict(scaled)
        return total


def fit_teacher(table: Table) -> Teacher:
    """The ensemble trained on a table; the same table gives the same ensemble."""
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.svm import SVR

    scale, residual = scale_of(table.x), within_site_residual(table)
    learners = (
        SVR(C=0.3, epsilon=0.2, gamma=0.01),
        ExtraTreesRegressor(150, min_samples_leaf=15, max_features=0.5, random_state=SEED, n_jobs=1),
    )
    fitted = tuple(learner.fit(scale(table.x), residual) for learner in learners)
    return Teacher(fit_linear(table), scale, fitted)
