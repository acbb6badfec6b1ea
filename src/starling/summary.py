"""A cohort in numbers, as values: what `starling.cohort` counts and every face of a summary shows."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any, Final

from starling.values import dataclass, field

#: The group of everybody.
ALL: Final = "all"
#: The quantile of a two-sided 95 % interval.
_Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Cell:
    """How many of how many; `count` is None when there are too few to say."""

    section: str
    subject: str
    group: str
    item: str
    count: int | None
    of: int

    @property
    def share(self) -> float | None:
        """The frequency; None when it is suppressed or there is nothing to divide by."""
        return min(1.0, self.count / self.of) if self.count is not None and self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the frequency.  Source: Wilson 1927, J Am Stat Assoc 22:209-212."""
        share = self.share
        if share is None:
            return None
        spread = _Z95**2 / self.of
        middle = (share + spread / 2) / (1 + spread)
        half = _Z95 / (1 + spread) * sqrt(share * (1 - share) / self.of + spread / (4 * self.of))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that a table or a page shows.  `stated`: what the calls say of themselves."""

    cells: tuple[Cell, ...]
    groups: tuple[str, ...]
    people: int
    min_cell: int
    by: str | None
    stated: Mapping[str, Any] = field(default_factory=dict)

    def of(self, section: str, subject: str | None = None, group: str | None = None) -> list[Cell]:
        """The cells of one section, of one subject and group where given."""
        return [
            cell
            for cell in self.cells
            if cell.section == section and subject in (None, cell.subject) and group in (None, cell.group)
        ]


@dataclass(frozen=True, slots=True)
class Protection:
    """What a count becomes when it may leave the site."""

    min_cell: int

    @property
    def base(self) -> int:
        """Counts are multiples of this."""
        return max(1, self.min_cell)

    def count(self, people: int) -> int | None:
        """None below the least cell, else rounded."""
        return None if 0 < people < self.min_cell else self.total(people)

    def total(self, people: int) -> int:
        """Rounded; a total is never withheld."""
        return self.base * round(people / self.base)
