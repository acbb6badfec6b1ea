"""kill -9 at any moment: nothing that was acknowledged is lost, the log verifies, and every job finishes once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from starling.node.demonstration import file_of as demonstration_file
from starling.node.intake import Intake
from starling.node.opening import opened
from tests.bundled import bundled_engine
from tests.node.devices import PATIENCE, settled
from tests.node.killed import WHO, file_of

ROOT = Path(__file__).resolve().parents[2]
#: files in each round
FILES = 2

Orders = Callable[[dict[str, object]], list[str]]


@contextmanager
def killer(folder: Path, file: Path) -> Iterator[Orders]:
    """A function that carries out an order of `tests.node.killed` and gives the lines told."""
    command = [sys.executable, "-m", "tests.node.killed", str(folder), str(file)]
    path = f"{ROOT / 'src'}:{ROOT / 'workshop' / 'src'}:{ROOT}"
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, text=True, bufsize=1,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def carried_out(order: dict[str, object]) -> list[str]:
        stdin.write(json.dumps(order) + "\n")
        lines = []
        while (line := stdout.readline().strip()) != "dead":
            assert line, "the process of the test itself ended"
            lines.append(line)
        return lines

    try:
        yield carried_out
    finally:
        process.communicate(timeout=PATIENCE)


def killed_again_and_again(folder: Path, tmp_path: Path, points: int) -> None:
    chance = random.Random(20260528)
    file = demonstration_file(bundled_engine(), 1, tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([line for line in lines if line.startswith((b"#", b"chr6", b"chr10"))]))
    acknowledged: dict[str, int] = {}
    with killer(folder, file) as carried_out:
        *told, end = carried_out({"first": 0, "files": FILES})
        statements = int(end.removeprefix("end "))
        assert len(told) == FILES and statements > 50
        for point in range(1, points + 1):
            order: dict[str, object] = {"first": point * FILES, "files": FILES}
            if point % 3:
                order["statement"] = chance.randrange(1, statements)
            else:
                order["seconds"] = chance.uniform(0.02, 0.6)
            told += [line for line in carried_out(order) if not line.startswith("end ")]
            with opened(folder) as node:
                assert node.log.verify().sound
    acknowledged = {job: int(number) for job, number in map(str.split, told)}
    assert len(acknowledged) == len(told) >= FILES
    _all_is_there_and_finishes_once(folder, file.read_bytes(), acknowledged)


def _all_is_there_and_finishes_once(folder: Path, content: bytes, acknowledged: dict[str, int]) -> None:
    with opened(folder) as node:
        intake = Intake(node)
        intake.start()
        for id_ in node.records.unfinished():
            settled(node, id_)
        intake.stop()
        for job, number in acknowledged.items():
            sent, specimen = file_of(content, number)
            again = node.files.submit(WHO, f"{number}.vcf", [sent], specimen)
            assert again.again and again.job.id == job and again.job.state == "called"
        jobs = [job for job in node.files.jobs(WHO, limit=100_000) if job.specimen.startswith("E-")]
        assert {job.state for job in jobs} == {"called"}
        for each in jobs:
            assert [event.state for event in each.events] == ["received", "read", "called"]
        assert max(Counter(job.patient for job in jobs).values()) == 1
        said = Counter(
            (event["subtype"][0]["code"], detail["valueString"])
            for _, event in node.log.events(limit=1_000_000)
            if event["subtype"][0]["code"] in {"job.read", "job.called"}
            for detail in event["entity"][-1]["detail"]
            if detail["type"] == "job"
        )
        assert {said["job.called", job.id] for job in jobs} == {1}
        assert not [*node.layout.spool.iterdir()]
        assert node.log.verify().sound


def test_killed_at_any_moment_nothing_acknowledged_is_lost(copied: Path, tmp_path: Path) -> None:
    killed_again_and_again(copied, tmp_path, 10)


@pytest.mark.exhaustive
def test_killed_two_hundred_times_nothing_acknowledged_is_lost(copied: Path, tmp_path: Path) -> None:
    killed_again_and_again(copied, tmp_path, 200)
