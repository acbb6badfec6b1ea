"""A small synthetic cohort, called once, and knowledge bases that differ from the bundled one."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from starling.cohort.run import Finished, Order, call
from starling.knowledge.compile import compile_knowledge
from starling_workshop.simulation.population import Population, write_population
from tests.bundled import bundled_knowledge

ROOT = Path(__file__).resolve().parents[2]
FREQUENCIES = {
    "CYP2C19": {"*2": 0.2, "*3": 0.05, "*9": 0.1, "*17": 0.2},
    "CYP2C9": {"*2": 0.15, "*3": 0.08},
    "CYP2D6": {"*4": 0.2, "*10": 0.1, "*41": 0.1},
    "G6PD": {"Mediterranean, Dallas, Panama, Sassari, Cagliari, Birmingham": 0.2},
    "SLCO1B1": {"*5": 0.1, "*15": 0.1},
    "TPMT": {"*3A": 0.1, "*3C": 0.05},
    "VKORC1": {"rs9923231 variant (T)": 0.4},
}


@pytest.fixture(scope="session")
def population(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 60 synthetic people in three files, and the table of who they are."""
    folder = tmp_path_factory.mktemp("population")
    knowledge = bundled_knowledge()
    write_population(
        Population(60, 3, 11, FREQUENCIES),
        knowledge.definitions,
        knowledge.contig_lengths["GRCh38"],
        folder / "people.vcf.gz",
    )
    return folder


@pytest.fixture(scope="session")
def cohort(population: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The 60 people, called."""
    return call(Order((str(population),), tmp_path_factory.mktemp("called") / "calls.parquet", workers=1))


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A Ray cluster with two workers that can import the tests."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": {"PYTHONPATH": paths}},
    )
    yield
    ray.shutdown()


Change = Callable[[Path], None]


@pytest.fixture(scope="session")
def knowledge_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Change], str]:
    """A function that compiles the fact tables after a change to them, once for each name."""
    made: dict[str, str] = {}

    def compiled(name: str, change: Change) -> str:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            facts = Path(shutil.copytree(ROOT / "knowledge-base", folder / "facts"))
            change(facts)
            compile_knowledge(facts, folder / "other.kb")
            made[name] = str(folder / "other.kb")
        return made[name]

    return compiled


def other_function(facts: Path) -> None:
    """CYP2C9*2 without any function: an invented change."""
    replace_text(facts / "alleles.tsv", "CYP2C9\t*2\t\t\tDecreased function\t0.5", "CYP2C9\t*2\t\t\tNo function\t0.0")


def replace_text(table: Path, old: str, new: str) -> None:
    """The table has `new` where it had `old`; a test that changes nothing would show nothing."""
    text = table.read_text(encoding="utf-8")
    assert old in text
    table.write_text(text.replace(old, new), encoding="utf-8")
