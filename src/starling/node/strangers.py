"""Who was turned away because nobody knows who it was: in the audit log, and never so often that it fills the disk.

Whoever has no certificate can ask as often as the network lets them.  So many an hour are recorded one by one; the rest
are counted, and the count is recorded with the next checkpoint.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final

from starling.node.desk import Desk
from starling.node.limits import Rate
from starling.node.values import Principal

#: recorded one by one, an hour (ours: with the counts less than a megabyte a day, whatever is asked)
_AN_HOUR: Final = 30
#: reasons that are counted apart until the next checkpoint; further ones together (ours)
_REASONS: Final = 20
_OTHERS: Final = "other reasons"
ACTION: Final = "caller.unknown"


class Strangers:
    """The requests of nobody knows whom, to one node."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._rate = Rate(_AN_HOUR, lambda: clock() / 60)
        self._more: Counter[str] = Counter()
        self._lock = Lock()
        self._who = Principal(name="stranger", role="system", site=desk.settings.site, way="process")

    def turned_away(self, why: str, where: str) -> None:
        """One more.  `where`: the path as the program knows it, without what was asked for."""
        with self._lock:
            is_told = self._rate.allows("")
            if not is_told:
                self._more[why if why in self._more or len(self._more) < _REASONS else _OTHERS] += 1
        if is_told:
            self._desk.record(self._who, ACTION, "refused", "", {"reason": why, "where": where})

    def told(self) -> None:
        """How many more there were since the last time is in the log."""
        with self._lock:
            more, self._more = self._more, Counter()
        if more:
            self._desk.record(self._who, ACTION, "refused", "", {"more": sum(more.values()), **_named(more)})


def _named(more: Counter[str]) -> dict[str, str]:
    return {"reason": "; ".join(f"{why}: {count}" for why, count in sorted(more.items()))}
