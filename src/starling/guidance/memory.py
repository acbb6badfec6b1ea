"""Answers already given, for the next patient who stands alike.

A way to stand for a gene gets a number, and answers are kept under numbers.  Within one memory nothing is ever removed,
so a number means one standing for as long as the memory lives; a full memory is not emptied but left to whoever still
uses it, and a new one begins.  So several threads may share one: at worst an answer is made twice.
"""

from __future__ import annotations

from itertools import count
from typing import Final

from starling.assessment import DrugResult, GeneResult
from starling.guidance.standing import Standing, standing_of
from starling.values import dataclass, replace

#: Answers kept before a new memory begins.
KEPT_ANSWERS: Final = 20_000

#: a drug, the sources asked, and the numbers of the standings that decide
AnswerKey = tuple[str, frozenset[str], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A standing; `exact` tells it from every other one, `plain` from those that differ in more than diplotypes."""

    standing: Standing
    exact: int
    plain: int


class Memory:
    """What one `Advisor` keeps."""

    def __init__(self, limit: int = KEPT_ANSWERS) -> None:
        self._limit = limit
        self._next = count(1)
        self._numbers: dict[Standing, int] = {}
        self._known: dict[Standing, Numbered] = {}
        #: by identity, beside the result itself: while it is kept no other can have its identity
        self._results: dict[int, tuple[GeneResult, Numbered]] = {}
        self.answers: dict[AnswerKey, DrugResult] = {}

    @property
    def is_full(self) -> bool:
        """Whether a new memory should begin with the next patient."""
        return max(len(self.answers), len(self._results)) > self._limit

    def numbered(self, result: GeneResult) -> Numbered:
        """How a patient with this result stands."""
        known = self._results.get(id(result))
        if known is None:
            standing = standing_of(result)
            numbered = self._known.get(standing) or self._known.setdefault(standing, self._number(standing))
            known = self._results.setdefault(id(result), (result, numbered))
        return known[1]

    def _number(self, standing: Standing) -> Numbered:
        """The diplotype counts where a row or a remark names it, or nothing else is known."""
        exact = self._number_of(standing)
        if standing.term is None and not standing.candidates:
            return Numbered(standing, exact, exact)
        return Numbered(standing, exact, self._number_of(replace(standing, diplotypes=())))

    def _number_of(self, standing: Standing) -> int:
        number = self._numbers.get(standing)
        return self._numbers.setdefault(standing, next(self._next)) if number is None else number
