"""How sure: intervals from the errors on patients of sites that the model had not seen.

Split-conformal by prediction (Lei et al. 2018, doi:10.1080/01621459.2017.1307116): the residuals at the left-out sites,
on the scale of the model, are kept as quantiles for each range of predictions.  The promise is marginal: it holds on
average over patients like those of training, not for each site.  Once a site has outcomes, adaptive conformal inference
(Gibbs and Candès 2021, arXiv:2106.00170) widens or narrows its intervals.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import ceil, floor, sqrt
from typing import Final, Literal

from starling.values import dataclass

#: on which scale residuals were measured: the output itself, or its square root
Scale = Literal["identity", "root"]

#: step of adaptive conformal inference, and the miscoverage it may never leave
STEP: Final = 0.02
LEAST, MOST = 0.01, 0.4


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions up to `upto`: residuals at the table's levels."""

    upto: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The calibration of a model: `levels` ascending in (0, 1), one row of quantiles for each bin of predictions."""

    scale: Scale
    coverage: float
    levels: tuple[float, ...]
    bins: tuple[Bin, ...]
    statement: str

    def interval(self, prediction: float, *, miscoverage: float | None = None) -> tuple[float, float]:
        """The interval around a prediction, equal miscoverage on both sides; never below 0."""
        alpha = 1 - self.coverage if miscoverage is None else miscoverage
        row = next((each for each in self.bins if prediction <= each.upto), self.bins[-1])
        below, above = self._outer(row, alpha)
        if self.scale == "identity":
            return max(0.0, prediction + below), prediction + above
        root = sqrt(prediction)
        return max(0.0, root + below) ** 2, max(0.0, root + above) ** 2

    def _outer(self, row: Bin, alpha: float) -> tuple[float, float]:
        """Residual quantiles at alpha/2 and 1 - alpha/2; between two levels the outer one."""
        first = max(0, bisect_left(self.levels, alpha / 2 + 1e-12) - 1)
        last = min(len(self.levels) - 1, bisect_left(self.levels, 1 - alpha / 2 - 1e-12))
        return row.quantiles[first], row.quantiles[last]


def conformal_quantiles(residuals: Sequence[float], levels: Sequence[float]) -> tuple[float, ...]:
    """Residuals at the levels with the finite-sample rank of split-conformal prediction, outward on either side.

    >>> conformal_quantiles([1, 2, 3, 4, 5, 6, 7, 8, 9], [0.1, 0.9])  # nine residuals: ranks 1 and 9 of ten gaps
    (1, 9)
    """
    ordered = sorted(residuals)
    count = len(ordered)
    chosen = []
    for level in levels:
        place = level * (count + 1)
        rank = floor(place + 1e-9) if level < 0.5 else ceil(place - 1e-9)
        chosen.append(ordered[min(max(rank, 1), count) - 1])
    return tuple(chosen)


def adapted_miscoverage(table: Table, outcomes: Iterable[tuple[float, float]]) -> float:
    """The miscoverage to ask the table for, after (predicted, actual) outcomes of one site, oldest first.

    Each outcome outside its interval makes the next ones wider, each inside a little narrower.
    """
    target = 1 - table.coverage
    alpha = target
    for predicted, actual in outcomes:
        low, high = table.interval(predicted, miscoverage=alpha)
        missed = not low <= actual <= high
        alpha = min(MOST, max(LEAST, alpha + STEP * (target - missed)))
    return alpha
