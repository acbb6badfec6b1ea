"""How good is a dose: error in mg per week and share within 20 %, by folds, left-out hospitals and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starling_workshop.training.arrays import Array
from starling_workshop.training.table import Table

#: train on one table, answer for every row of another: name -> weekly doses in mg
Method = Callable[[Table, Table], Mapping[str, Any]]

REPEATS: Final = 3
FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Score:
    """Patients, mean absolute error in mg per week, and per cent of doses within 20 % of the stable dose."""

    patients: int
    mae: float
    within_20: float

    def __str__(self) -> str:
        return f"{self.mae:.3f} / {self.within_20:.1f} %"


def score(predicted: Array, dose: Array) -> Score:
    """The score of predictions for the stable doses."""
    error = abs(predicted - dose)
    return Score(len(dose), float(error.mean()), float((error <= 0.2 * dose).mean() * 100))


def folds(count: int, repeats: int = REPEATS) -> Iterator[tuple[Array, Array]]:
    """(train, test) row numbers of `repeats` five-fold partitions, the same in every run."""
    import numpy as np

    for repeat in range(repeats):
        order = np.random.default_rng(100 + repeat).permutation(count)
        for fold in range(FOLDS):
            yield np.sort(np.delete(order, np.s_[fold::FOLDS])), np.sort(order[fold::FOLDS])


def sites(table: Table) -> Iterator[tuple[Array, Array]]:
    """(train, test) row numbers, every hospital left out once."""
    import numpy as np

    for site in np.unique(table.site):
        yield np.flatnonzero(table.site != site), np.flatnonzero(table.site == site)


def cross_validated(table: Table, method: Method, splits: Iterator[tuple[Array, Array]]) -> dict[str, Array]:
    """For every name the method answers with: out-of-sample doses, one row a repetition."""
    import numpy as np

    rows: dict[str, list[Array]] = {}
    judged = 0
    for train, test in splits:
        for name, doses in method(table.rows(train), table.rows(test)).items():
            if judged % len(table.dose) == 0:
                rows.setdefault(name, []).append(np.full(len(table.dose), np.nan))
            rows[name][-1][test] = doses
        judged += len(test)
    return {name: np.array(each) for name, each in rows.items()}


def pooled(predicted: Array, table: Table, chosen: Array | None = None) -> Score:
    """The score over all repetitions, of the rows `chosen` (all)."""
    import numpy as np

    rows = np.arange(len(table.dose)) if chosen is None else np.flatnonzero(chosen)
    return score(predicted[:, rows].ravel(), np.tile(table.dose[rows], len(predicted)))


def groups(table: Table) -> dict[str, Array]:
    """Ancestry groups and thirds of the stable dose, each as a mask."""
    import numpy as np

    low, high = np.quantile(table.dose, [1 / 3, 2 / 3])
    found = {f"ancestry {name}": table.ancestry == name for name in ("white", "asian", "black", "unknown")}
    found[f"dose below {low:.0f} mg"] = table.dose < low
    found[f"dose {low:.0f} to {high:.0f} mg"] = (table.dose >= low) & (table.dose <= high)
    found[f"dose above {high:.0f} mg"] = table.dose > high
    return found
