"""Three judges pass every official example of pharmacogenetics and all that is written here, and refuse 24 mutants."""

from __future__ import annotations

from collections.abc import Iterator
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


def test_every_official_example_passes_the_five_asserts() -> None:
    assert len(ASSERTS) == 5
    assert {name: said for name, each in official().items() if (said := asserts(each))} == {}


def test_every_official_example_passes_the_first_validator() -> None:
    found = official()
    assert len(found) > 100
    assert told(list(found.items()), medplum(list(found.values()))) == []


@pytest.mark.exhaustive
def test_every_official_example_passes_the_second_validator(tmp_path: Path) -> None:
    found = official()
    assert told(list(found.items()), pyrofile(list(found.values()), tmp_path)) == []


def test_every_written_resource_passes_the_five_asserts() -> None:
    assert [(name, said) for name, each in written() if (said := asserts(each))] == []


def test_one_whole_bundle_and_each_shape_pass_the_first_validator() -> None:
    whole = bundle_of("the example")
    judged = [("the example", each) for each in (whole, *resources(whole))] + list(shapes())
    assert told(judged, medplum([each for _, each in judged])) == []


@pytest.mark.exhaustive
def test_every_written_resource_passes_the_first_validator() -> None:
    judged = written()
    assert told(judged, medplum([each for _, each in judged])) == []


def test_one_written_resource_of_each_shape_passes_the_second_validator(tmp_path: Path) -> None:
    judged = list(shapes())
    assert len(judged) > 10
    assert told(judged, pyrofile([each for _, each in judged], tmp_path)) == []


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


def test_each_of_the_24_mutants_is_refused(tmp_path: Path) -> None:
    """By the asserts and the first validator where they can, else by the second, which is slow."""
    assert len({mutant.name for mutant in MUTANTS}) == 24
    spoiled = [mutant.made() for mutant in MUTANTS]
    found = [bool(asserts(each)) or bool(said) for each, said in zip(spoiled, medplum(spoiled), strict=True)]
    left = [mutant for mutant, refused in zip(MUTANTS, found, strict=True) if not refused]
    issues = pyrofile([mutant.made() for mutant in left], tmp_path)
    judged = [(mutant.name, bool(said)) for mutant, said in zip(left, issues, strict=True)]
    assert [name for name, refused in judged if not refused] == []
