"""Shards on processes of this machine: a death costs one shard, an error is named, a defect is not hidden."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.cohort.outcomes import Done, Failed
from starling.cohort.workers import run
from starling.errors import InternalError
from tests.cohort.jobs import Square

ROOT = Path(__file__).resolve().parents[2]


def outcomes(
    work: Square, numbers: list[int], *, workers: int = 2, engine: str = "local"
) -> dict[str, Done[int] | Failed]:
    found: dict[str, Done[int] | Failed] = {}

    def finished(outcome: Done[int] | Failed) -> None:
        assert outcome.shard not in found
        found[outcome.shard] = outcome

    run(work, numbers, engine=engine, workers=workers, name=str, finished=finished)  # type: ignore[arg-type]
    return found


def squares(numbers: list[int]) -> dict[str, Done[int] | Failed]:
    return {str(number): Done(str(number), number * number) for number in numbers}


@given(st.lists(st.integers(0, 1000), unique=True, max_size=20))
def test_in_one_process(numbers: list[int]) -> None:
    assert outcomes(Square(), numbers, workers=1) == squares(numbers)


def test_in_several_processes(tmp_path: Path) -> None:
    assert outcomes(Square(marks=str(tmp_path)), list(range(20))) == squares(list(range(20)))
    assert not (tmp_path / f"pid-{os.getpid()}").exists()


def test_a_single_shard_needs_no_process_of_its_own(tmp_path: Path) -> None:
    assert outcomes(Square(marks=str(tmp_path)), [3]) == squares([3])
    assert [mark.name for mark in tmp_path.iterdir()] == [f"pid-{os.getpid()}"]


def test_ticks_are_heard_while_this_process_works() -> None:
    heard, done = Event(), list[Done[bool] | Failed]()
    run(lambda _: heard.wait(60), [1], name=str, finished=done.append, tick=heard.set)
    assert done == [Done("1", True)]


def test_a_killed_worker_costs_only_its_shard(tmp_path: Path) -> None:
    """Two shards kill their process the first time; everything is worked on once from the caller's view."""
    work = Square(killed=(3, 7), marks=str(tmp_path))
    assert outcomes(work, list(range(12))) == squares(list(range(12)))
    assert len(list(tmp_path.glob("killed-*"))) == 2


def test_a_shard_that_always_kills_is_given_up() -> None:
    found = outcomes(Square(killed=(2,)), list(range(6)))
    failed = found.pop("2")
    assert isinstance(failed, Failed)
    assert "died 3 times" in failed.message
    assert found == squares([0, 1, 3, 4, 5])


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_input_is_named_and_costs_only_its_shard(workers: int) -> None:
    found = outcomes(Square(refused=(4,)), list(range(6)), workers=workers)
    assert found.pop("4") == Failed("4", "numbers.vcf:4: not a number")
    assert found == squares([0, 1, 2, 3, 5])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_defect_ends_the_run_and_shows_where(workers: int) -> None:
    with pytest.raises(InternalError, match="ZeroDivisionError: the defect"):
        outcomes(Square(broken=(1,)), list(range(6)), workers=workers)


def heeds_ctrl_c() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so does all that it starts: these tests, perhaps."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    code = (
        "from tests.cohort.jobs import Square\nfrom starling.cohort.workers import run\n"
        "if __name__ == '__main__':\n"
        f"    run(Square(marks={str(tmp_path)!r}, seconds=30), list(range(4)), workers=2, name=str, finished=print)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_ctrl_c,
    ) as process:
        while process.poll() is None and len(list(tmp_path.glob("pid-*"))) < 2:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=25)  # raises before the 30 seconds that the workers sleep are over
        finally:
            process.kill()
    assert "KeyboardInterrupt" in said
    workers = [int(mark.name.removeprefix("pid-")) for mark in tmp_path.glob("pid-*")]
    assert len(workers) == 2
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
