"""The same work on a real Ray cluster of this machine, with a worker killed in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from starling.cohort.outcomes import Failed
from starling.cohort.run import Finished, Order, call
from tests.cohort.jobs import Square
from tests.cohort.test_run import contents
from tests.cohort.test_workers import outcomes, squares

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("cluster")]


def test_a_killed_worker_costs_only_its_shard(tmp_path: Path) -> None:
    work = Square(killed=(3,), refused=(5,), marks=str(tmp_path))
    found = outcomes(work, list(range(8)), engine="ray")
    assert found.pop("5") == Failed("5", "numbers.vcf:5: not a number")
    assert found == squares([0, 1, 2, 3, 4, 6, 7])
    assert (tmp_path / "killed-3").exists()


def test_a_cohort_has_the_same_results_as_here(population: Path, cohort: Finished, tmp_path: Path) -> None:
    done = call(Order((str(population),), tmp_path / "calls.parquet", engine="ray", workers=2))
    assert contents(done) == contents(cohort)
