"""A cohort in numbers, as values: what `starling.cohort` counts and every face of a summary shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from math import sqrt
from typing import Any, Final

from starling.values import dataclass, field

#: The group of everybody.
ALL: Final = "all"
#: Groups that are too small for numbers of their own, together with as many others as that takes.
SMALL_GROUPS: Final = "small groups"
#: Results that too few people have, as one item: their mere names would tell of single people.
RARE: Final = "rare results"
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
class Whole:
    """Of how many people, and of whom: `members` is a digest of who they are."""

    people: int
    members: str


@dataclass(frozen=True, slots=True)
class Protection:
    """What a count becomes when it may leave the site: withheld, "all to within a few", or rounded at random.

    Rounding and both thresholds move by less than `min_cell`, as a digest of `secret`, of whom the count is about and
    of what it counts decides: the same question about the same people has one answer, and one person more or less
    gives another that tells nothing of them.  A threshold that stood still would: who makes a count cross it is known.
    Source: random rounding as in Hundepool et al., "Statistical Disclosure Control" (Wiley 2012), chapter on frequency
    tables; noise that belongs to a set of people: Fraser and Wooton 2005, "A proposed method for confidentialising
    tabular output to protect against differencing" (UNECE work session on statistical data confidentiality).  The
    moving thresholds are ours.
    """

    min_cell: int
    secret: str = ""

    @property
    def base(self) -> int:
        """Counts are multiples of this."""
        return max(1, self.min_cell)

    @property
    def least_group(self) -> int:
        """Groups of fewer people have no numbers: what is neither too few of them nor almost all would be one count."""
        return 3 * self.min_cell

    def twice(self) -> Protection:
        """For what everybody has two of."""
        return Protection(2 * self.min_cell, self.secret)

    def count(self, people: int, whole: Whole, *what: str) -> int | None:
        """None when there are too few, or too few may be guessed; else a multiple of the base, at most the total.

        Nothing is withheld, and nothing rounded, without a least cell.
        """
        if not self.min_cell:
            return people
        rounding, low, high = self._moves(whole, what)
        if whole.people < self.least_group or people < self.min_cell + low:
            return None
        total = self.total(whole)
        if whole.people - people < self.min_cell + high:
            return total
        return min(total, self._rounded(people, rounding))

    def total(self, whole: Whole) -> int:
        """Rounded; 0 where there are too few people for numbers of their own."""
        if not self.min_cell:
            return whole.people
        if whole.people < self.least_group:
            return 0
        return self._rounded(whole.people, self._moves(whole, ())[0])

    def _rounded(self, people: int, move: int) -> int:
        return (people + move) // self.base * self.base

    def _moves(self, whole: Whole, what: tuple[str, ...]) -> tuple[int, int, int]:
        """Three numbers of 0 to `min_cell - 1` that look random."""
        text = "\0".join((self.secret, whole.members, *what))
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        first, second, third = (int.from_bytes(digest[at : at + 8], "big") % self.base for at in (0, 8, 16))
        return first, second, third
