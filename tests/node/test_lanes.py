"""What takes long is done by other processes; when one of them dies nothing is lost, and none outlives the node."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import TypeVar, TypeVarTuple

import pytest
from msgspec import msgpack

from starling.engine import Engine
from starling.errors import InputError, KnowledgeError
from starling.knowledge.base import BUNDLED
from starling.node import answers, drafts, wire
from starling.node.demonstration import file_of, specimen_of
from starling.node.intake import Intake
from starling.node.lanes import Apart, Here, LaneGoneError, Several
from starling.node.opening import opened
from starling.node.scheduling import Plan
from starling.node.service import Node
from starling.node.slices import Slice
from starling.node.values import Order
from tests.bundled import bundled_engine
from tests.node.devices import PATIENCE, asker

LAB = asker("laboratory", "lab-1")
Given = TypeVarTuple("Given")
R = TypeVar("R")


def process_of(engine: Engine, *_: object) -> int:
    return os.getpid()


def ends(engine: Engine, *_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def edition_of(engine: Engine) -> str:
    return engine.knowledge.stamp.sha256


def refuses(engine: Engine) -> None:
    raise InputError("BAD_RECORD", "is wrong", source="x.vcf", line=7)


def defect(engine: Engine) -> None:
    raise KeyError("nothing")


def sleeps(engine: Engine) -> None:
    time.sleep(PATIENCE)


def edition() -> tuple[str, str]:
    return str(BUNDLED), bundled_engine().knowledge.stamp.sha256


@pytest.fixture(scope="module")
def lane() -> Iterator[Apart]:
    found = Apart(Plan(), edition())
    yield found
    found.close()


def test_it_is_done_elsewhere_by_one_process_that_stays(lane: Apart) -> None:
    engine = bundled_engine()
    one, other = (lane.do(engine, process_of) for _ in range(2))
    assert one == other == lane.process != os.getpid() == Here().do(engine, process_of)
    assert [grant.name for grant in lane.greeted()] == ["fifo", "frozen"]


def test_what_is_refused_there_is_refused_here(lane: Apart) -> None:
    with pytest.raises(InputError) as caught:
        lane.do(bundled_engine(), refuses)
    error = caught.value
    assert (error.code, error.message, error.source, error.line) == ("BAD_RECORD", "x.vcf:7: is wrong", "x.vcf", 7)
    with pytest.raises(KeyError, match="nothing"):
        lane.do(bundled_engine(), defect)


def test_a_process_that_was_killed_while_nobody_asked_is_another_for_the_next(lane: Apart) -> None:
    before = lane.do(bundled_engine(), process_of)
    os.kill(before, signal.SIGKILL)
    assert lane.do(bundled_engine(), process_of) not in {before, os.getpid()}


def test_what_ends_its_process_twice_is_given_up_and_a_question_is_then_answered_here(lane: Apart) -> None:
    with pytest.raises(LaneGoneError):
        lane.do(bundled_engine(), ends)
    assert lane.do(bundled_engine(), process_of) != os.getpid()

    over = Apart(Plan(), edition())
    over.close()
    assert Several([over]).do(bundled_engine(), process_of) == os.getpid()


def test_what_takes_too_long_is_ended_and_the_next_is_not_kept_waiting() -> None:
    hasty = Apart(Plan(), edition(), longest_s=PATIENCE)
    before = hasty.do(bundled_engine(), process_of)
    hasty._longest_s = 0.2
    with pytest.raises(InputError, match="longer than the settings allow"):
        hasty.do(bundled_engine(), sleeps)
    hasty._longest_s = PATIENCE
    assert hasty.do(bundled_engine(), process_of) != before and gone(before)
    hasty.close()


def gone(process: int) -> bool:
    return not Path(f"/proc/{process}").exists()


def test_several_at_a_time_and_nobody_waits_for_who_is_paused(lane: Apart) -> None:
    other = Apart(Plan(background=True, yields=True), edition(), beside=Slice(100, group=None))
    several = Several([lane, other])
    found: list[int] = []
    lane.do(bundled_engine(), process_of)
    lane.pause()
    try:
        waiting = Thread(target=lambda: found.append(several.do(bundled_engine(), process_of)))
        waiting.start()
        while several._free.qsize() == 2:
            time.sleep(0.005)
        assert several.do(bundled_engine(), process_of) == other.process
        assert not found
    finally:
        lane.resume()
    waiting.join(PATIENCE)
    assert found == [lane.process]
    assert os.sched_getscheduler(other.process or 0) == os.SCHED_IDLE
    other.close()


def test_a_process_that_stands_still_ends_with_the_node(lane: Apart) -> None:
    stopped = Apart(Plan(), edition())
    number = stopped.do(bundled_engine(), process_of)
    stopped.pause()
    assert os.waitid(os.P_PID, number, os.WSTOPPED | os.WNOWAIT) is not None
    stopped.close()
    assert not Path(f"/proc/{number}").exists()
    with pytest.raises(LaneGoneError):
        stopped.greeted()


def test_another_edition_is_taken_up_and_one_that_is_not_there_any_more_is_asked_here(
    lane: Apart, tmp_path: Path
) -> None:
    path = tmp_path / "other.kb"
    path.write_bytes(BUNDLED.read_bytes())
    engine = Engine.open(path)
    assert lane.do(engine, edition_of) == engine.knowledge.stamp.sha256
    path.unlink()
    stamp = engine.knowledge.stamp
    assert lane.do(engine, edition_of) == stamp.sha256  # it holds that one
    lost = Apart(Plan(), (str(path), stamp.sha256))
    with pytest.raises(LaneGoneError):
        lost.do(engine, edition_of)  # nothing to begin with
    lost.close()
    with pytest.raises(KnowledgeError):
        Engine.open(path)


def test_the_answer_is_that_of_the_node_itself(copied: Path, lane: Apart) -> None:
    with opened(copied) as node:
        patient = node.records.patients("here")[0]
        order = Order(patient=patient.id, drugs=("codeine", "clopidogrel"), medication=("paroxetine",))
        here = node.questions.check(asker(), order)
        node.kept.clear()
        node.asking = lane
        there = node.questions.check(asker(), order)
        assert (here.text, here.actions, here.result_sha256) == (there.text, there.actions, there.result_sha256)
        assert node.questions.answer(asker(), order)[0].result_sha256 == here.result_sha256
        assert node.questions.assessment(asker(), patient.id).drugs
        with pytest.raises(InputError, match="not in"):
            node.questions.check(asker(), Order(patient=patient.id, drugs=("nothing",)))


class EndsAtWork:
    """A lane whose processes end whatever they are asked."""

    def do(self, engine: Engine, work: Callable[[Engine, *Given], R], *given: *Given) -> R:
        raise LaneGoneError("the process of a lane ended while it was at work")


def test_a_file_that_ends_the_process_that_reads_it_fails_at_the_third_time_and_no_other(
    copied: Path, lane: Apart, tmp_path: Path
) -> None:
    with opened(copied) as node:
        node.beside = EndsAtWork()
        intake, job = Intake(node), submitted(node, 5, tmp_path)
        for _ in range(2):
            with pytest.raises(LaneGoneError):
                intake.take(job)
            assert node.files.job(LAB, job).state == "received"
        intake.take(job)
        failed = node.files.job(LAB, job)
        assert (failed.state, failed.reason) == ("failed", "INTERNAL: the process that read it ended 3 times")
        node.beside = lane
        other = submitted(node, 6, tmp_path)
        intake.take(other)
        assert node.files.job(LAB, other).state == "called"


def test_a_process_that_is_killed_while_it_reads_is_asked_again(copied: Path, lane: Apart, tmp_path: Path) -> None:
    with opened(copied) as node:
        node.beside = lane
        intake, job = Intake(node), submitted(node, 5, tmp_path)
        before = lane.do(node.held.engine, process_of)
        lane.pause()
        taking = Thread(target=intake.take, args=(job,))
        taking.start()
        time.sleep(0.05)
        os.kill(before, signal.SIGKILL)
        lane.resume()
        taking.join(PATIENCE)
        assert [event.state for event in node.files.job(LAB, job).events] == ["received", "read", "called"]


def submitted(node: Node, number: int, folder: Path) -> str:
    path = file_of(node.held.engine, number, folder)
    return node.files.submit(LAB, path.name, [path.read_bytes()], specimen_of(number)).job.id


def test_tested_travels_as_it_is(copied: Path, lane: Apart) -> None:
    with opened(copied) as node:
        tested = node.tested(node.records.patients("here")[0])
        assessment = lane.do(node.held.engine, answers.assessed, tested)
        assert assessment.result_sha256 == answers.assessed(node.held.engine, tested).result_sha256


class Overheard:
    """What would be run if an answer were unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch owned",)


def test_attack_a_reader_that_was_taken_over_answers_with_something_that_would_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (pickle.dumps(Overheard()), pickle.dumps(wire.Told()), b"", b"\xc1", wire.greeting(())):
        with pytest.raises(wire.WireError):
            wire.told(words)
    assert not list(tmp_path.iterdir())


def test_attack_a_reader_that_was_taken_over_answers_what_nobody_asked() -> None:
    for work, value in (
        (answers.answered, [b"{}", "text", "no pairs", ""]),
        (answers.assessed, b"no assessment"),
        (answers.assessed, b"[" * 100_000),
        (answers.assessed, b"\xff"),
        (drafts.read, [b"", {"bytes": 1, "file_sha256": "", "reader": "", "order": "", "more": 1}]),
        (drafts.call, [b"", "", 1, 0, 0]),
        (process_of, ["a list"]),
    ):
        with pytest.raises(wire.WireError):
            wire.given(work, wire.told(msgpack.encode(wire.Told(value=value))))


def test_what_went_wrong_there_is_raised_here_as_one_of_the_known_kinds() -> None:
    def here(failure: wire.Failure) -> Exception:
        with pytest.raises(Exception) as caught:
            wire.given(process_of, wire.Told(failure=failure))
        return caught.value

    assert isinstance(here(wire.Failure("MemoryError", "")), MemoryError)
    assert here(wire.Failure("OSError", "No space left", number=28)).args == (28, "No space left")
    assert type(here(wire.Failure("SystemExit", "0"))) is RuntimeError
    assert type(here(wire.Failure("InputError", "is wrong", code="NO_SUCH_CODE"))) is RuntimeError
