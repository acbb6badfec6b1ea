"""What somebody who knows the program, and how large every group is, can conclude from published counts.

The attacker writes down what each number leaves possible, and what must add up: the items of a group to its people,
the groups to everybody, and two releases about nested groups to each other.  Bounds are then tightened until nothing
moves: what follows with certainty from any chain of subtractions is found.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

Name = Hashable


def possible(shown: int | None, total: int, people: int, least: int, noise: int) -> tuple[int, int]:
    """The counts that may stand behind what is shown of a group of `people`, whose rounded size is `total`.

    `noise`: by how much rounding and thresholds move at most.
    """
    if people < 3 * least:
        return 0, people
    if shown is None:
        return 0, min(people, least - 1 + noise)
    if shown == total:
        return max(least, min(people - least - noise + 1, shown - noise)), people
    return max(least, shown - noise), min(people - least, shown + least - 1)


@dataclass
class Attack:
    """Unknown counts between bounds, and sums of them that are known to be equal."""

    bounds: dict[Name, tuple[int, int]] = field(default_factory=dict)
    equalities: list[tuple[Sequence[Name], Sequence[Name], int]] = field(default_factory=list)

    def equal(self, left: Sequence[Name], right: Sequence[Name] = (), more: int = 0) -> None:
        """The sum of `left` is the sum of `right` and `more`."""
        self.equalities.append((tuple(left), tuple(right), more))

    def tightened(self) -> Mapping[Name, tuple[int, int]]:
        """The bounds once everything that follows was drawn from them."""
        moved = True
        while moved:
            moved = False
            for left, right, more in self.equalities:
                terms = [*((name, 1) for name in left), *((name, -1) for name in right)]
                low = sum(self._scaled(name, sign)[0] for name, sign in terms) - more
                high = sum(self._scaled(name, sign)[1] for name, sign in terms) - more
                for name, sign in terms:
                    own_low, own_high = self._scaled(name, sign)
                    # what is left for this one when all others are at their other end
                    new = (max(own_low, own_high - high), min(own_high, own_low - low))
                    assert new[0] <= new[1], "the attacker has misread the program"
                    if new != (own_low, own_high):
                        self.bounds[name] = new if sign > 0 else (-new[1], -new[0])
                        moved = True
                        break
        return self.bounds

    def _scaled(self, name: Name, sign: int) -> tuple[int, int]:
        low, high = self.bounds[name]
        return (low, high) if sign > 0 else (-high, -low)
