"""What a server says of one person: nothing that was not asked, and nothing that nobody knows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from starling.errors import InputError
from starling.exchange.fhir import served
from tests.exchange.fhir.people import codes, people

Json = dict[str, Any]
PATIENT = "p-abcdefghijklmnop"


def told(answer: Any) -> Any:
    """The parameters of an answer."""
    return answer.get("parameter", [])


@pytest.fixture(scope="module")
def found() -> tuple[Json, ...]:
    return served.of_person(people()["the example"], codes(), PATIENT)


def test_ids_say_whose_they_are_and_fit_into_fhir(found: tuple[Json, ...]) -> None:
    assert {served.owner_of(each["id"]) for each in found} == {PATIENT}
    assert [each["id"] for each in found if not re.fullmatch(r"[A-Za-z0-9.-]{1,64}", each["id"])] == []
    assert "urn:uuid" not in json.dumps(found)


def test_every_reference_is_read(found: tuple[Json, ...]) -> None:
    named = set(re.findall(r'"reference": "([^"]+)"', json.dumps(found)))
    assert named
    for each in named:
        kind, _, name = each.partition("/")
        assert served.read(found, kind, name)["id"] == name


def test_a_resource_under_another_kind_is_not_there(found: tuple[Json, ...]) -> None:
    with pytest.raises(InputError, match="no such resource"):
        served.read(found, "Task", PATIENT)


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"code": "84413-4"}, 25),
        ({"code": "http://loinc.org|84413-4"}, 25),
        ({"code": "|84413-4"}, 0),  # a code without a system
        ({"code": "84413-4", "category": "laboratory"}, 25),
        ({"category": "vital-signs"}, 0),
        ({"_id": "nobody"}, 0),
    ],
)
def test_a_search_gives_what_matches_everything(found: tuple[Json, ...], asked: dict[str, str], count: int) -> None:
    assert served.search(found, "Observation", asked)["total"] == count


@pytest.mark.parametrize("asked", [{"date": "2026"}, {"code:not": "84413-4"}, {"_include": "*"}])
def test_a_search_by_anything_else_is_refused(found: tuple[Json, ...], asked: dict[str, str]) -> None:
    with pytest.raises(InputError, match="nothing is searched by"):
        served.search(found, "Observation", asked)


@pytest.mark.parametrize(
    ("haplotype", "presence"),
    [
        ("CYP2C19 *1/*2", True),
        ("http://www.pharmvar.org|CYP2C19_*2", True),
        ("CYP2C19 *17", False),  # certain, and another
        ("CYP2D6 *10", None),  # not certain: nobody knows
        ("HLA-B *57:01", None),  # not determined
        ("FMR1 *1", None),  # not looked at
    ],
)
def test_what_nobody_knows_is_neither_there_nor_absent(
    found: tuple[Json, ...], haplotype: str, presence: bool | None
) -> None:
    (item,) = told(served.specific_haplotypes(found, [haplotype]))
    said = [each["valueBoolean"] for each in item["part"] if each["name"] == "presence"]
    assert said == ([] if presence is None else [presence])


def test_implications_of_a_haplotype_and_a_medicine(found: tuple[Json, ...]) -> None:
    rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm|32968"
    of_both = told(served.implications(found, [rxnorm], ["CYP2C19 *1/*2"]))
    assert {each["name"] for each in of_both} == {"implication", "genotype"}
    assert told(served.implications(found, [rxnorm], ["CYP2D6 *1/*4"])) == []


def test_everybody_is_counted_and_named_only_when_that_is_meant() -> None:
    counted, listed = (told(served.population(["p-a"], 3, is_listed=each))[0]["part"] for each in (False, True))
    assert [each["valueQuantity"]["value"] for each in counted] == [1, 3]
    assert [each["valueString"] for each in listed[2:]] == ["Patient/p-a"]


def test_the_statement_names_what_there_is() -> None:
    statement: Any = served.capabilities("2026-11-28")
    (rest,) = statement["rest"]
    assert [each["type"] for each in rest["resource"]] == list(served.KINDS)
    assert len(rest["operation"]) == len(served.OPERATIONS) == 4
