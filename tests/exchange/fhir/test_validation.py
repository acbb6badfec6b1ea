"""Three judges pass every official example of pharmacogenetics and all that is written here, and refuse 24 mutants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.fhir.checks import ASSERTS, asserts, medplum, official, pyrofile
from tests.exchange.fhir.mutants import MUTANTS
from tests.exchange.fhir.people import bundle_of, people, resources

Json = dict[str, Any]


def written() -> list[tuple[str, Json]]:
    """Every resource of every person, the bundles among them."""
    found = [(name, bundle_of(name)) for name in people()]
    return [(name, each) for name, whole in found for each in (whole, *resources(whole))]


def shapes() -> Iterator[tuple[str, Json]]:
    """One resource of each kind, profile and state."""
    seen = set()
    for name, each in written():
        shape = (each["resourceType"], each.get("status"), *each.get("meta", {}).get("profile", ()))
        if each["resourceType"] != "Bundle" and shape not in seen:
            seen.add(shape)
            yield name, each


def told(judged: list[tuple[str, Json]], issues: list[list[str]]) -> list[tuple[str, list[str]]]:
    return [
        (f"{name}: {each['resourceType']}", said) for (name, each), said in zip(judged, issues, strict=True) if said
    ]


class Judged:
    """What a validator says of several lots, asked once: it takes seconds to load the definitions."""

    def __init__(self, judge: Callable[[Sequence[Json]], list[list[str]]], **lots: list[tuple[str, Json]]) -> None:
        found = iter(judge([each for lot in lots.values() for _, each in lot]))
        self._told = {name: told(lot, list(islice(found, len(lot)))) for name, lot in lots.items()}
        self._lots = lots

    def of(self, lot: str) -> list[tuple[str, list[str]]]:
        """The resources of a lot in which something is wrong."""
        return self._told[lot]

    def refused(self, lot: str) -> set[str]:
        """The names of these."""
        return {name.rpartition(": ")[0] for name, _ in self._told[lot]}


def mutants() -> list[tuple[str, Json]]:
    return [(mutant.name, mutant.made()) for mutant in MUTANTS]


@pytest.fixture(scope="module")
def first() -> Judged:
    """The first validator on the official examples, one whole bundle, one resource of each shape, and the mutants."""
    whole = bundle_of("the example")
    bundled = [("the example", each) for each in (whole, *resources(whole))]
    return Judged(medplum, official=list(official().items()), whole=bundled, shapes=list(shapes()), mutants=mutants())


@pytest.fixture(scope="module")
def second(first: Judged, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """The second validator, which is slow, on each shape and on the mutants that nobody else refuses."""
    left = [(name, each) for name, each in mutants() if name not in first.refused("mutants") and not asserts(each)]
    scratch = tmp_path_factory.mktemp("pyrofile")
    return Judged(lambda lot: pyrofile(lot, scratch), shapes=list(shapes()), mutants=left)


def test_every_official_example_passes_the_five_asserts() -> None:
    assert len(ASSERTS) == 5
    assert {name: said for name, each in official().items() if (said := asserts(each))} == {}


def test_every_official_example_passes_the_first_validator(first: Judged) -> None:
    assert len(official()) > 100
    assert first.of("official") == []


@pytest.mark.exhaustive
def test_every_official_example_passes_the_second_validator(tmp_path: Path) -> None:
    found = official()
    assert told(list(found.items()), pyrofile(list(found.values()), tmp_path)) == []


def test_every_written_resource_passes_the_five_asserts() -> None:
    assert [(name, said) for name, each in written() if (said := asserts(each))] == []


def test_one_whole_bundle_and_each_shape_pass_the_first_validator(first: Judged) -> None:
    assert first.of("whole") + first.of("shapes") == []


@pytest.mark.exhaustive
def test_every_written_resource_passes_the_first_validator() -> None:
    judged = written()
    assert told(judged, medplum([each for _, each in judged])) == []


def test_one_written_resource_of_each_shape_passes_the_second_validator(second: Judged) -> None:
    assert len(list(shapes())) > 10
    assert second.of("shapes") == []


@pytest.mark.exhaustive
def test_every_written_resource_passes_the_second_validator(tmp_path: Path) -> None:
    judged = [(name, each) for name, each in written() if each["resourceType"] != "Bundle"]
    assert told(judged, pyrofile([each for _, each in judged], tmp_path)) == []


def test_the_page_lists_the_mutants() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "fhir.md").read_text(encoding="utf-8")
    table = page.partition("| mutant |")[2].splitlines()[2:]
    rows = [line.split(" | ") for line in table if line.startswith("| ")]
    assert [row[0].removeprefix("| ") for row in rows] == [mutant.name for mutant in MUTANTS]
    assert all(any("x" in mark for mark in row[1:]) for row in rows)


def test_each_of_the_24_mutants_is_refused(first: Judged, second: Judged) -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == 24
    refused = {name for name, each in mutants() if asserts(each)} | first.refused("mutants") | second.refused("mutants")
    assert [name for name in names if name not in refused] == []
