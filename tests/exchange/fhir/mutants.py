"""Twenty-four ways to spoil a valid resource, each of which the judges together must refuse."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.exchange.fhir.people import bundle_of, genotype, resources

Json = dict[str, Any]

PROPOSAL: Final = "medication-recommendation"


@dataclass(frozen=True, slots=True)
class Mutant:
    """`name`: what is wrong with it.  `of`: which resource it is made of.  `spoil`: does it, in place."""

    name: str
    of: str
    spoil: Callable[[Json], object]

    def made(self) -> Json:
        spoiled = copy.deepcopy(valid(self.of))
        self.spoil(spoiled)
        return spoiled


def valid(kind: str) -> Json:
    """A valid resource of a kind: of the example, where there is one."""
    found = bundle_of("the example")
    if kind == "genotype":
        return genotype(found, "DPYD")
    if kind == PROPOSAL:
        return next(each for each in resources(found, profile=kind) if "code" in each)
    if kind in {"haplotype", "variant", "therapeutic-implication", "genomic-report"}:
        return resources(found, profile=kind)[0]
    return resources(bundle_of("other medicines, a woman of 67 with a name"), kind)[0]


def _set(*path: str | int, to: object) -> Callable[[Json], object]:
    def spoil(resource: Json) -> None:
        inside: Any = resource
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = to

    return spoil


def _drop(name: str) -> Callable[[Json], object]:
    return lambda resource: resource.pop(name)


def _value(name: str, to: object) -> Callable[[Json], object]:
    """Another value in the place of `valueCodeableConcept`."""

    def spoil(resource: Json) -> None:
        del resource["valueCodeableConcept"]
        resource[name] = to

    return spoil


def _component(code: str, name: str, to: object) -> Callable[[Json], object]:
    """Another value in a component."""

    def spoil(resource: Json) -> None:
        (one,) = [each for each in resource["component"] if each["code"].get("coding", [{}])[0].get("code") == code][:1]
        for value in [key for key in one if key.startswith("value")]:
            del one[value]
        if name:
            one[name] = to

    return spoil


def _over_a_period(report: Json) -> None:
    report["effectivePeriod"] = {"start": report.pop("effectiveDateTime")}


_CONCEPT: Final = {"coding": [{"system": "http://loinc.org", "code": "LA9633-4"}]}

MUTANTS: Final = (
    Mutant("a genotype without a value", "genotype", _drop("valueCodeableConcept")),
    Mutant("a genotype whose value is a text", "genotype", _value("valueString", "*1/*2")),
    Mutant("a genotype under the code of a haplotype", "genotype", _set("code", "coding", 0, "code", to="84414-2")),
    Mutant("a genotype without a status", "genotype", _drop("status")),
    Mutant("a genotype with a status that there is not", "genotype", _set("status", to="normal")),
    Mutant("a genotype in one category", "genotype", lambda resource: resource["category"].pop()),
    Mutant("a genotype in another category", "genotype", _set("category", 1, "coding", 0, "code", to="CH")),
    Mutant("a gene as a text", "genotype", _component("48018-6", "valueString", "DPYD")),
    Mutant("a gene without a value", "genotype", _component("48018-6", "", None)),
    Mutant("an element that FHIR does not know", "genotype", _set("diplotype", to="*1/*2")),
    Mutant("a date that is none", "genotype", _set("effectiveDateTime", to="spring 2026")),
    Mutant("a component without a code", "genotype", lambda resource: resource["component"][0].pop("code")),
    Mutant("a haplotype whose value is a number", "haplotype", _value("valueQuantity", {"value": 2})),
    Mutant("a haplotype without a value", "haplotype", _drop("valueCodeableConcept")),
    Mutant("reference bases as a code", "variant", _component("69547-8", "valueCodeableConcept", _CONCEPT)),
    Mutant("a place as a text", "variant", _component("81254-5", "valueString", "chr1:97450058")),
    Mutant("an implication with a value", "therapeutic-implication", _set("valueCodeableConcept", to=_CONCEPT)),
    Mutant("an implication that rests on nothing", "therapeutic-implication", _drop("derivedFrom")),
    Mutant(
        "a report of a period",
        "genomic-report",
        _over_a_period,
    ),
    Mutant("a report under another code", "genomic-report", _set("code", "coding", 0, "code", to="11502-2")),
    Mutant("a report in no category", "genomic-report", _drop("category")),
    Mutant("a proposal that is an order", PROPOSAL, _set("intent", to="order")),
    Mutant(
        "a proposal with an answer of another list",
        PROPOSAL,
        _set("code", "coding", 0, "code", to="LA14020-4"),
    ),
    Mutant("a proposal about a patient", PROPOSAL, _set("focus", to={"reference": "Patient/1"})),
)
