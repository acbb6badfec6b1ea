"""The processes of a node that runs, as whoever looks at the machine sees them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from starling.node import administration
from starling.node.opening import opened
from tests.node.devices import PATIENCE, new_patient, upload
from tests.node.loops import run
from tests.node.test_process import client, running
from tests.simulators.prescribers import Heard, ask, known_as, question


def children(process: int) -> list[int]:
    """Whoever was started by a thread of it, the oldest first."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return sorted(int(each) for task in tasks for each in task.read_text().split())


def gone(process: int) -> bool:
    """Nobody runs under that number, or what ran was not yet taken leave of."""
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True


def metric(metrics: str, name: str) -> float:
    return float(next(line.rpartition(" ")[2] for line in metrics.splitlines() if line.startswith(f"{name} ")))


def resident_kb(process: int) -> int:
    return int(Path(f"/proc/{process}/status").read_text().partition("VmRSS:")[2].split()[0])


def wait_until(true: Iterator[bool]) -> None:
    ends = time.monotonic() + PATIENCE
    for each in true:
        if each:
            return
        assert time.monotonic() < ends, "it does not come true"
        time.sleep(0.02)


def late(prescriber: httpx.Client, patient: str) -> Iterator[int]:
    """Again and again, after an answer that had to be computed."""
    for drug in cycle(("codeine", "clopidogrel")):
        prescriber.post("/v1/check", json={"patient": patient, "drugs": [drug]})
        yield 1


def impatient(folder: Path) -> Path:
    """The node of a folder, for which every answer that must be computed is late, on any machine."""
    with (folder / "settings.toml").open("a", encoding="utf-8") as settings:
        settings.write("\nquestion_ms = 10\nrequests_per_minute = 1000000\nanswers_kept = 1\n")
    return folder


def test_a_question_is_answered_after_its_process_was_killed_and_none_outlives_the_node(copied: Path) -> None:
    impatient(copied)
    with running(copied) as (process, address), client(copied, address, "prescriber") as prescriber:
        patient = prescriber.get("/v1/patients").json()[0]["id"]
        reading, asking = children(process.pid)
        answer = prescriber.post("/v1/check", json={"patient": patient, "drugs": ["codeine"]})
        assert answer.headers["starling-model"] in {"none (NO_MODEL)", "none (BUDGET_SPENT)"}
        os.kill(asking, signal.SIGKILL)
        again = prescriber.post("/v1/check", json={"patient": patient, "drugs": ["clopidogrel"]})
        assert (answer.status_code, again.status_code) == (200, 200)
        third = next(each for each in children(process.pid) if each != reading and not gone(each))
        assert third != asking
        wait_until(") T " in Path(f"/proc/{reading}/stat").read_text() for _ in late(prescriber, patient))
        process.kill()
        process.wait(PATIENCE)
        wait_until(gone(reading) and gone(third) for _ in iter(int, 1))


def test_files_wait_while_questions_are_late_and_are_taken_in_all_the_same(copied: Path, tmp_path: Path) -> None:
    with opened(impatient(copied)) as node:
        path, specimen = new_patient(node, 5, tmp_path)
    with running(copied) as (process, address), client(copied, address, "prescriber") as prescriber:
        patient = prescriber.get("/v1/patients").json()[0]["id"]
        reading = children(process.pid)[0]
        with client(copied, address, "system") as system, client(copied, address, "laboratory") as lab:
            wait_until(") T " in Path(f"/proc/{reading}/stat").read_text() for _ in late(prescriber, patient))
            job = upload(lab, path, specimen).json()["job"]["id"]  # is taken, though nobody reads it yet
            metrics = system.get("/metrics").text
            assert metric(metrics, "starling_question_misses_total") >= 1
            assert metric(metrics, "starling_background_pauses_total") >= 1
            assert metric(metrics, 'starling_question_seconds_count{kept="no"}') >= 1
            assert metric(metrics, 'starling_granted{process="question 1",what="frozen"}') == 1
            wait_until(lab.get(f"/v1/jobs/{job}").json()["state"] == "called" for _ in iter(int, 1))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert administration.verify(copied).require().seen


def asked_for(folder: Path, address: str, seconds: float) -> Heard:
    with client(folder, address, "prescriber") as prescriber:
        patients = [each["id"] for each in prescriber.get("/v1/patients").json()]
    questions = [question(address, {"patient": each, "drugs": ["codeine"]}) for each in patients]
    return run(ask(address, known_as(folder, "prescriber"), questions, seconds=seconds, clients=4, rate=100))


def soaked(folder: Path, seconds: float, *, growth_kb: int) -> None:
    """100 questions a second, none of them without an answer, and memory that does not grow."""
    with (folder / "settings.toml").open("a", encoding="utf-8") as settings:
        settings.write("\nrequests_per_minute = 1000000\nanswers_kept = 100\n")
    with running(folder) as (process, address):
        asked_for(folder, address, 3)
        before = {each: resident_kb(each) for each in (process.pid, *children(process.pid))}
        heard = asked_for(folder, address, seconds)
        assert heard.said == {"200": int(seconds * 100)}
        grown = {each: resident_kb(each) - kb for each, kb in before.items()}
        assert all(kb < growth_kb for kb in grown.values()), grown


@pytest.mark.untraced
def test_100_questions_a_second_for_20_seconds_leave_no_error_and_no_memory(copied: Path) -> None:
    soaked(copied, 20, growth_kb=12_000)


@pytest.mark.exhaustive
def test_100_questions_a_second_for_10_minutes_leave_no_error_and_no_memory(copied: Path) -> None:
    soaked(copied, 600, growth_kb=24_000)


def test_where_no_process_is_wanted_the_node_computes_itself(copied: Path) -> None:
    with (copied / "settings.toml").open("a", encoding="utf-8") as settings:
        settings.write('\nquestion_processes = 0\nquestion_priority = 0\nquestion_cpus = "0"\nlock_memory = false\n')
    with running(copied) as (process, address), client(copied, address, "prescriber") as prescriber:
        assert len(children(process.pid)) == 1
        told = httpx.get(f"{address}/readyz", verify=known_as(copied, "prescriber")).json()["processes"]
        assert told["node"].startswith("plain priority (question_priority is 0); on processor 0; garbage frozen")
        patient = prescriber.get("/v1/patients").json()[0]["id"]
        assert prescriber.post("/v1/check", json={"patient": patient, "drugs": ["codeine"]}).status_code == 200
