"""A source that names the indication that was stated speaks before one that names none and allows the dose.

"Cancer: a tenth of the dose on three days a week" beside "avoid; if that cannot be, a tenth of the dose": in leukaemia
no other drug takes its place.  The rule is ours; both sources stand in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starling.assessment import Recommendation
from starling.condition_keys import parse_condition
from starling.definitions import EVERYBODY
from starling.guidance.conditions import Decider
from starling.guidance.disagreement import factors_of, overlap
from starling.values import replace
from starling.vocabulary import Notice

_INDICATION: Final = "indication"
#: actions that give another dose
_DOSED: Final = frozenset({"reduce_dose", "adjust_dose", "increase_dose"})
#: actions that may yield: what is contraindicated stays so
_YIELDING: Final = frozenset({"avoid", "consider_alternative"})


def names_indication(row: Recommendation, decider: Decider) -> bool:
    """Whether the row, before anything is decided, says something of its own for an indication that was stated."""
    return any(_is_of_indication(each.key) and decider.decide(each.key) for each in row.advice.conditions)


def set_back(given: Sequence[Recommendation], named: Sequence[Recommendation]) -> list[Recommendation]:
    """The recommendations; those that yield to one of `named`, which the stated indication decided, are marked."""
    dosed = [row for row in named if row.action in _DOSED]
    return [next((_marked(each, row) for row in dosed if _yields(each, row)), each) for each in given]


def _yields(row: Recommendation, named: Recommendation) -> bool:
    """Whether a row of another source, for everybody, allows the dose of `named` where it advises against the drug."""
    allowed = row.advice.fallback
    if row.source == named.source or row.action not in _YIELDING or allowed is None or allowed.action not in _DOSED:
        return False
    names_none = row.population in EVERYBODY and not any(_is_of_indication(each.key) for each in row.advice.conditions)
    mine, yours = factors_of(allowed.dose), factors_of(named.advice.dose)
    same_genes = row.genes.items() <= named.genes.items()
    return names_none and same_genes and mine is not None and yours is not None and overlap(mine, yours)


def _marked(row: Recommendation, named: Recommendation) -> Recommendation:
    said = f"{row.source} names no indication; for the one that was stated {named.source} gives a dose."
    return replace(row, notes=(*row.notes, Notice("NAMES_NO_INDICATION", said)))


def _is_of_indication(key: str) -> bool:
    return any(clause.name == _INDICATION for clause in parse_condition(key)) if key else False
