"""Long work says how far it is: people done, also inside a shard that is still being read."""

from __future__ import annotations

from pathlib import Path

from starling.assessment import Options
from starling.cohort.collect.reading import read_shard
from starling.cohort.run import Order, call
from tests.bundled import bundled_engine


def test_people_are_counted_to_the_end(population: Path, tmp_path: Path) -> None:
    said: list[tuple[int, int]] = []
    call(
        Order((str(population),), tmp_path / "calls.parquet", workers=1), lambda done, total: said.append((done, total))
    )
    assert said[-1] == (60, 60)
    assert [done for done, _ in said] == sorted(done for done, _ in said)


def test_the_share_of_a_shard_grows_while_it_is_read(population: Path, tmp_path: Path) -> None:
    files = [str(path) for path in sorted(population.glob("*.vcf.gz"))[:2]]
    shares: list[float] = []
    read_shard(files, {}, tmp_path / "evidence.parquet", bundled_engine(), Options(), shares.append)
    assert len(shares) > 10
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert 0.5 < shares[-1] < 1.0
