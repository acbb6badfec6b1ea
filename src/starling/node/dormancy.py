"""Whether a node that comes back may go on alone: after too long an absence, or with a clock that moved, it may not.

Pure functions on times; whoever runs the node keeps the last `Sighting` in the sealed store and asks.  Across a
restart a clock set forward looks like an absence and is treated as one; a clock set back by less than the node was
off cannot be seen.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from starling.values import dataclass

CLOCK_TOLERANCE_S: Final = 120
"""Steps of the clock up to this are put down to its being set by the network (s).  Source: ours."""


class Waking(StrEnum):
    """What the times say of a node."""

    AWAKE = "awake"
    DORMANT = "dormant"
    CLOCK_BACK = "clock-back"
    CLOCK_FORWARD = "clock-forward"

    @property
    def needs_administrator(self) -> bool:
        """A person has to say that the node may go on."""
        return self is not Waking.AWAKE


@dataclass(frozen=True, slots=True)
class Sighting:
    """A moment at which the node ran.  `wall_s`: s since 1970; `boot_s`: s since the boot that `boot` names."""

    wall_s: float
    boot_s: float
    boot: str


def waking(last: Sighting, now: Sighting, *, longest_absence_s: float) -> Waking:
    """What is to be done with a node last seen at `last`.

    Within one boot the time since the boot, which nobody can set, is the measure of the absence and of the clock.
    """
    walked = now.wall_s - last.wall_s
    if now.boot == last.boot:
        passed = now.boot_s - last.boot_s
        step = walked - passed
    else:
        passed = walked
        step = min(walked, 0)
    if step < -CLOCK_TOLERANCE_S:
        return Waking.CLOCK_BACK
    if step > CLOCK_TOLERANCE_S:
        return Waking.CLOCK_FORWARD
    return Waking.DORMANT if passed > longest_absence_s else Waking.AWAKE
