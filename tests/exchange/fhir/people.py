"""People whose bundles the tests look at: what the format must carry, and what it must not hide."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import starling
from starling.assessment import Assessment
from starling.engine import Engine
from starling.exchange.codes import Codes
from starling.exchange.fhir.bundle import bundle
from starling.vocabulary import OutsideCall

EXAMPLE = Path(starling.__file__).parent / "examples" / "example.vcf"
Json = dict[str, Any]


@lru_cache(maxsize=1)
def engine() -> Engine:
    return Engine.bundled()


@lru_cache(maxsize=1)
def codes() -> Codes:
    return Codes.of(engine().knowledge)


def stated(*calls: OutsideCall, **asked: Any) -> Assessment:
    """A person of whom only results of laboratories are known."""
    return starling.assess(outside=calls, knowledge=engine(), **asked)


@lru_cache(maxsize=1)
def people() -> Mapping[str, Assessment]:
    """What each shows -> the person."""
    return {
        "the example": starling.assess(EXAMPLE, knowledge=engine()),
        "other medicines, a woman of 67 with a name": starling.assess(
            EXAMPLE,
            knowledge=engine(),
            medication="paroxetine, amiodarone",
            subject={"sex": "female", "name": "Ada Example", "id": "MRN 7", "birth_date": "1959-03-02"}
            | {"laboratory": "Laboratory North", "collected": "2026-05-04", "specimen": "blood"}
            | {"accession": "N-1", "interpreted_by": "Dr Example"},
        ),
        "nothing but alleles of HLA-B": stated(OutsideCall("HLA-B", phenotype="*57:01 positive; *58:01 negative")),
        "a laboratory that is undecided": stated(OutsideCall("CYP2D6", "*1/*4 or *1x2/*4")),
        "two laboratories that disagree": stated(
            OutsideCall("CYP2C19", "*1/*1", file="a.tsv"), OutsideCall("CYP2C19", "*2/*2", file="b.tsv")
        ),
        "three copies": stated(OutsideCall("CYP2D6", "*1x3/*2")),
        "a man with one G6PD": starling.assess(
            outside=[OutsideCall("G6PD", "A- 202A_376G")], knowledge=engine(), subject={"sex": "male"}
        ),
        "a phenotype alone": stated(OutsideCall("TPMT", phenotype="Poor Metabolizer")),
        "nothing that can be used": stated(OutsideCall("CYP2C9", "NO_CALL")),
    }


@lru_cache(maxsize=32)
def bundle_of(name: str) -> Json:
    return bundle([people()[name]], codes())


def resources(found: Json, kind: str = "", profile: str = "") -> list[Json]:
    """The resources of a bundle, of one kind or one profile."""
    inside = [entry["resource"] for entry in found.get("entry", [])]
    return [
        each
        for each in inside
        if (not kind or each["resourceType"] == kind)
        and (not profile or any(url.endswith(f"/{profile}") for url in each.get("meta", {}).get("profile", [])))
    ]


def parts(resource: Json, text: str) -> list[Json]:
    """The components whose code is called so."""
    return [each for each in resource.get("component", []) if _called(each["code"]) == text]


def _called(code: Json) -> str:
    return str(code.get("text") or code["coding"][0].get("display"))


def genotype(found: Json, gene: str) -> Json:
    """The genotype of a gene."""
    (one,) = [
        each
        for each in resources(found, profile="genotype")
        if parts(each, "Gene studied [ID]")[0]["valueCodeableConcept"]["text"] == gene
    ]
    return one
