"""What a process is given by the system is what it says it was given; what is not permitted is said, and no failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from starling.errors import InputError
from starling.node import scheduling
from tests.node.devices import PATIENCE

_SCRIPT = """
import gc, json, os, resource, sys
sys.path[:] = sys.argv[2:]
from starling.node import scheduling
plan, is_nobody = json.loads(sys.argv[1])
if is_nobody:
    for limit in (resource.RLIMIT_RTPRIO, resource.RLIMIT_NICE, resource.RLIMIT_MEMLOCK):
        resource.setrlimit(limit, (0, 0))
    if os.getuid() == 0:
        os.setuid(65534)
plan["cpus"] = tuple(plan["cpus"])
grants = scheduling.apply(scheduling.Plan(**plan))
locked = next(line for line in open("/proc/self/status") if line.startswith("VmLck:"))
print(json.dumps({
    "given": {each.name: each.given for each in grants}, "said": scheduling.told(grants),
    "policy": os.sched_getscheduler(0), "priority": os.sched_getparam(0).sched_priority,
    "cpus": sorted(os.sched_getaffinity(0)), "locked": int(locked.split()[1]), "frozen": gc.get_freeze_count(),
}))
"""


def applied(*, nobody: bool = False, **plan: Any) -> dict[str, Any]:
    """What became of a plan in a process of its own; `nobody`: one that may do nothing special."""
    asked = json.dumps([{"cpus": (), **plan}, nobody])
    told = subprocess.run(
        [sys.executable, "-c", _SCRIPT, asked, *sys.path], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_a_question_goes_before_everything_and_stays_in_memory_where_that_is_permitted() -> None:
    cpu = min(os.sched_getaffinity(0))
    found = applied(priority=7, cpus=(cpu,), locked=True)
    if not found["given"]["fifo"]:
        pytest.skip(f"SCHED_FIFO is not permitted here: {found['said']}")
    assert (found["policy"], found["priority"]) == (os.SCHED_FIFO, 7)
    assert found["cpus"] == [cpu] and found["frozen"] > 1_000
    assert (found["locked"] > 0) == found["given"]["locked"]
    assert found["said"].startswith(f"SCHED_FIFO 7; on processor {cpu}; memory ")


def test_who_may_nothing_runs_on_plainly_and_says_so() -> None:
    found = applied(priority=7, cpus=(9_999,), locked=True, nobody=True)
    assert found["given"] == {"fifo": False, "pinned": False, "locked": False, "frozen": True}
    assert (found["policy"], found["locked"]) == (os.SCHED_OTHER, 0)
    assert "plain priority (SCHED_FIFO: Operation not permitted)" in found["said"]
    assert "on any processor (9999: Invalid argument)" in found["said"]
    assert "memory not locked (LimitMEMLOCK is 0 bytes, infinity is needed)" in found["said"]


def test_no_priority_is_asked_for_where_the_settings_say_so() -> None:
    found = applied(priority=0)
    assert (found["policy"], found["given"]) == (os.SCHED_OTHER, {"fifo": False, "frozen": True})
    assert found["said"] == "plain priority (question_priority is 0); garbage frozen"


@pytest.mark.parametrize("yields", [True, False])
def test_who_reads_files_runs_beside_and_behind_everybody_where_questions_have_no_right_of_way(yields: bool) -> None:
    cpu = min(os.sched_getaffinity(0))
    plan = scheduling.Plan(cpus=(cpu,), background=True, yields=yields)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True) as process:
        given = scheduling.put_behind(process.pid, plan)
        assert os.sched_getscheduler(process.pid) == (os.SCHED_IDLE if yields else os.SCHED_BATCH)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= (19 if yields else 0)
        assert os.sched_getaffinity(process.pid) == {cpu}
        process.communicate("\n", timeout=PATIENCE)
    assert [each.given for each in given] == [True, True]
    assert given[0].text.startswith("SCHED_IDLE, nice 19" if yields else "SCHED_BATCH")


def test_processors_are_named_in_a_list_and_the_rest_is_for_what_runs_beside() -> None:
    assert scheduling.cpus_of(" 3, 2,2 ") == (2, 3) and scheduling.cpus_of("") == ()
    for words in ("x", "1-3", "99999"):
        with pytest.raises(InputError, match="question_cpus is a list"):
            scheduling.cpus_of(words)
    here = sorted(os.sched_getaffinity(0))
    assert scheduling.others_than(()) == ()
    assert scheduling.others_than((here[0],)) == tuple(here[1:])
