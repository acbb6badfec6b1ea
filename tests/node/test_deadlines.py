"""What is late is counted; what runs beside then stands still, and never for ever."""

from __future__ import annotations

import asyncio
import time

from starling.node.deadlines import LONGEST_S, QUIET_S, TURN_S, Admission, Deadlines
from tests.node.loops import run


class Beside:
    """What runs beside, and a clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.paused = False
        self.deadlines = Deadlines(100, clock=lambda: self.now)
        self.admission = Admission(self.deadlines, self._pause, self._resume, clock=lambda: self.now)

    def _pause(self) -> None:
        assert not self.paused
        self.paused = True

    def _resume(self) -> None:
        assert self.paused
        self.paused = False

    def looked(self) -> tuple[bool, bool]:
        """Whether nobody need look soon again, and whether it stands still."""
        return self.admission.look() > QUIET_S, self.paused

    def late(self) -> None:
        self.deadlines.answered(0.2, kept=True)


def test_what_is_over_the_budget_is_counted_and_told() -> None:
    told: list[int] = []
    deadlines = Deadlines(100)
    deadlines.missed = lambda: told.append(1)
    for seconds, kept in ((0.0004, True), (0.04, False), (0.1001, False)):
        deadlines.answered(seconds, kept=kept)
    deadlines.late(0.05)
    deadlines.late(0.3)
    assert (deadlines.misses, len(told)) == (2, 2)
    text = "".join(deadlines.lines())
    assert "starling_question_misses_total 2\n" in text
    assert "starling_question_budget_seconds 0.1\n" in text
    assert 'starling_question_seconds_bucket{kept="yes",le="0.001"} 1\n' in text
    assert 'starling_question_seconds_bucket{kept="no",le="0.05"} 1\n' in text
    assert 'starling_question_seconds_count{kept="no"} 2\n' in text
    assert 'starling_loop_late_seconds_bucket{le="0.25"} 1\n' in text
    assert "starling_loop_late_seconds_sum 0.350000\n" in text


def test_an_answer_says_that_no_model_took_part_and_why() -> None:
    deadlines = Deadlines(100)
    assert deadlines.model(0.0999) == "none (NO_MODEL)"
    assert deadlines.model(0.1001) == "none (BUDGET_SPENT)"


def test_a_loop_that_somebody_holds_up_is_late() -> None:
    async def held_up() -> Deadlines:
        deadlines = Deadlines(50)
        watching = asyncio.get_running_loop().create_task(deadlines.watch())
        await asyncio.sleep(0.05)
        time.sleep(0.3)
        await asyncio.sleep(0.01)
        watching.cancel()
        return deadlines

    assert run(held_up()).misses == 1


def test_what_runs_beside_stands_still_while_answers_are_late_and_goes_on_when_they_are_not() -> None:
    beside = Beside()
    assert beside.looked() == (True, False)
    beside.late()
    assert beside.looked() == (False, True)
    beside.now += QUIET_S / 2
    beside.late()
    beside.now += QUIET_S * 0.9
    assert beside.looked() == (False, True)
    beside.now += QUIET_S
    assert beside.looked() == (True, False)
    assert "starling_background_pauses_total 1\n" in "".join(beside.admission.lines())


def test_answers_that_are_late_for_ever_do_not_stop_files_for_ever() -> None:
    beside, went_on = Beside(), 0.0
    for _ in range(int(10 * (LONGEST_S + TURN_S))):
        beside.late()
        beside.admission.look()
        went_on += 0.1 * (not beside.paused)
        beside.now += 0.1
    assert TURN_S * 0.9 <= went_on <= TURN_S * 1.1
    beside.admission.stop()
    assert not beside.paused


def test_a_miss_is_acted_on_at_once_and_the_end_lets_go_on() -> None:
    paused: list[bool] = []
    deadlines = Deadlines(100)
    admission = Admission(deadlines, lambda: paused.append(True), lambda: paused.append(False))
    admission.start()
    deadlines.answered(0.2, kept=True)
    ends = time.monotonic() + 10
    while not paused and time.monotonic() < ends:
        time.sleep(0.005)
    assert admission.is_paused
    admission.stop()
    assert paused == [True, False]
