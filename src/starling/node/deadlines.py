"""Whether questions are answered in time: counted, and what runs beside stands still while they are not.

Soft real time: a miss is counted and something is done about it, but nothing promises that there is none.  A function
on which safety depends within a time belongs on a controller of its own (docs/explanation/deadlines.md).
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

from starling.node.every import Every

#: what a prescriber waits for: the path of its endpoint
QUESTION: Final = "/v1/check"
#: in the scope of another request: it is such a question, too
IS_QUESTION: Final = "starling.question"
#: upper bounds of the classes of times, in seconds
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
#: Seconds without a miss until what runs beside goes on; how long it stands still at most, for somebody waits for its
#: results as well; how long it then goes on whatever is missed; how often the loop is asked whether it is late (ours).
QUIET_S, LONGEST_S, TURN_S, _ASKED_S = 2.0, 30.0, 10.0, 0.1


class Times:
    """Durations as a histogram of Prometheus counts them."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._sum += seconds

    def lines(self, name: str, labels: str = "") -> Iterator[str]:
        """The lines of the text format; `labels`: `a="b"`, or none."""
        total, comma = 0, "," if labels else ""
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{{labels}{comma}le="{bound}"}} {total}\n'
        said = f"{{{labels}}}" if labels else ""
        yield f"{name}_sum{said} {self._sum:.6f}\n"
        yield f"{name}_count{said} {total}\n"


class Deadlines:
    """Answers, and what they took.  `missed`: called at every miss."""

    def __init__(self, budget_ms: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget_s = budget_ms / 1_000
        self.missed: Callable[[], object] = int
        self.misses = 0
        self._clock = clock
        self._last = float("-inf")
        self._times = {"yes": Times(), "no": Times()}
        self._late = Times()

    def answered(self, seconds: float, *, kept: bool) -> None:
        """A question was answered.  `kept`: the answer was there already."""
        self._times["yes" if kept else "no"].add(seconds)
        if seconds > self.budget_s:
            self._miss()

    def late(self, seconds: float) -> None:
        """The loop came to something so long after it was due: whatever was asked meanwhile waited as long."""
        self._late.add(seconds)
        if seconds > self.budget_s:
            self._miss()

    def model(self, spent_s: float) -> str:
        """Which model takes part in an answer for which so many seconds were spent, for its header `starling-model`.

        The answer by the guidelines never waits for one: past the budget none would be asked.  None takes part yet.
        """
        return "none (BUDGET_SPENT)" if spent_s > self.budget_s else "none (NO_MODEL)"

    @property
    def quiet_s(self) -> float:
        """Seconds since the last miss."""
        return self._clock() - self._last

    def _miss(self) -> None:
        self.misses += 1
        self._last = self._clock()
        self.missed()

    async def watch(self) -> None:
        """Asks the loop again and again whether it is late, until it is cancelled."""
        while True:
            before = self._clock()
            await asyncio.sleep(_ASKED_S)
            self.late(max(0.0, self._clock() - before - _ASKED_S))

    def lines(self) -> Iterator[str]:
        """Everything, as Prometheus reads it."""
        yield f"# TYPE starling_question_misses_total counter\nstarling_question_misses_total {self.misses}\n"
        yield f"# TYPE starling_question_budget_seconds gauge\nstarling_question_budget_seconds {self.budget_s:g}\n"
        yield "# TYPE starling_question_seconds histogram\n"
        for kept, times in self._times.items():
            yield from times.lines("starling_question_seconds", f'kept="{kept}"')
        yield "# TYPE starling_loop_late_seconds histogram\n"
        yield from self._late.lines("starling_loop_late_seconds")


class Admission:
    """What runs beside stands still while deadlines are missed, and never for ever."""

    def __init__(
        self, deadlines: Deadlines, pause: Callable[[], object], resume: Callable[[], object],
        *, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._deadlines = deadlines
        self._pause, self._resume = pause, resume
        self._clock = clock
        self._since: float | None = None
        self._turn_ends = float("-inf")
        self._every = Every("admission", self.look)
        self.pauses = 0

    @property
    def is_paused(self) -> bool:
        """Whether what runs beside stands still."""
        return self._since is not None

    def start(self) -> None:
        """It looks at every miss from now on."""
        self._deadlines.missed = self._every.wake
        self._every.start()

    def stop(self) -> None:
        """What stands still goes on."""
        self._deadlines.missed = int
        self._every.stop()
        if self.is_paused:
            self._goes_on()

    def look(self) -> float:
        """Whether it may go on; returns the seconds until somebody should look again."""
        now, quiet = self._clock(), self._deadlines.quiet_s
        if self._since is not None:
            return self._look_again(now, quiet, self._since)
        if quiet >= QUIET_S or now < self._turn_ends:
            return min(QUIET_S, max(0.1, self._turn_ends - now)) if quiet < QUIET_S else 3_600.0
        self._since = now
        self.pauses += 1
        self._pause()
        return QUIET_S

    def _look_again(self, now: float, quiet: float, since: float) -> float:
        if quiet < QUIET_S and now - since < LONGEST_S:
            return max(0.1, min(QUIET_S - quiet, since + LONGEST_S - now))
        self._goes_on()
        self._turn_ends = now + TURN_S if quiet < QUIET_S else now
        return TURN_S if quiet < QUIET_S else 3_600.0

    def _goes_on(self) -> None:
        self._since = None
        self._resume()

    def lines(self) -> Iterator[str]:
        """As Prometheus reads it."""
        yield f"# TYPE starling_background_paused gauge\nstarling_background_paused {int(self.is_paused)}\n"
        yield f"# TYPE starling_background_pauses_total counter\nstarling_background_pauses_total {self.pauses}\n"
