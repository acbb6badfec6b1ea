"""The node as a FHIR R4 server: released results alone, to those who may read them, one patient at a time.

Reading, searching and the operations about one patient are `assessment.read`, refused and recorded as that is; the
question about everybody gives counts, and names to those who may list patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import json
from starlette.responses import Response

from starling.errors import InputError
from starling.exchange.codes import Codes
from starling.exchange.fhir import served
from starling.node import answers

if TYPE_CHECKING:
    from starling.exchange.fhir.parts import Json
    from starling.node.endpoints import Call
    from starling.node.service import Node

MEDIA: Final = "application/fhir+json"
#: genes, haplotypes or medicines in one question (ours)
_MOST: Final = 50
#: what of a result a request cannot narrow here: all of it is of germline DNA and of one released test
_NOT_TAKEN: Final = ("testIdentifiers", "testDateRange", "specimenIdentifiers", "genomicSourceClass", "conditions")


def metadata(node: Node) -> Response:
    """What this server can do; tells of nobody."""
    return _said(served.capabilities(node.held.loaded[:10]))


def read(node: Node, call: Call) -> Response:
    """One resource, by its kind and id.  Raises: ForbiddenError; InputError NOT_FOUND, NO_RESULT."""
    found = _of(node, call, served.owner_of(call.path["id"]))
    return _said(served.read(found, call.path["kind"], call.path["id"]))


def search(node: Node, call: Call) -> Response:
    """The resources of one kind of one patient.

    Raises: ForbiddenError; InputError BAD_REQUEST, NOT_FOUND, NO_RESULT.
    """
    found = _of(node, call, _patient(call.query, "patient", "subject"))
    return _said(served.search(found, call.path["kind"], dict(call.query)))


def haplotypes(node: Node, call: Call) -> Response:
    """`$find-subject-haplotypes`.  Raises: as `search`."""
    genes = _list(call.query, "genes", needed=True)
    return _said(served.haplotypes(_asked(node, call), genes))


def specific_haplotypes(node: Node, call: Call) -> Response:
    """`$find-subject-specific-haplotypes`.  Raises: as `search`."""
    wanted = _list(call.query, "haplotypes", needed=True)
    return _said(served.specific_haplotypes(_asked(node, call), wanted))


def implications(node: Node, call: Call) -> Response:
    """`$find-subject-tx-implications`.  Raises: as `search`."""
    treatments, wanted = _list(call.query, "treatments"), _list(call.query, "haplotypes")
    _refused(call.query, "variants", "ranges")
    return _said(served.implications(_asked(node, call), treatments, wanted))


def population(node: Node, call: Call) -> Response:
    """`$find-population-tx-implications`: of how many patients the answer for a drug is not its usual use.

    Raises: ForbiddenError; InputError BAD_REQUEST, UNKNOWN_DRUG.
    """
    node.may(call.who, "population.read")
    _refused(call.query, "variants", "haplotypes", *_NOT_TAKEN)
    is_listed = call.query.get("includePatientList", "false") == "true"
    if is_listed:
        node.may(call.who, "patient.list")
    treatments = _list(call.query, "treatments", needed=True)
    drugs = {node.held.engine.knowledge.find_drug(each.rpartition("|")[2]).name for each in treatments}
    concerned, counted = [], 0
    for patient in node.records.patients(node.settings.site):
        kept = node.records.result(patient.released) if patient.released else None
        if kept is not None:
            counted += 1
            person = answers.unpacked(kept)
            if any(served.calls_for_something(person, drug) for drug in drugs):
                concerned.append(patient.id)
    said = {"drugs": ", ".join(sorted(drugs)), "numerator": str(len(concerned)), "named": str(is_listed).lower()}
    node.record(call.who, "population.read", "success", "", said)
    return _said(served.population(concerned, counted, is_listed=is_listed))


def _asked(node: Node, call: Call) -> tuple[Json, ...]:
    """The resources of the subject of an operation."""
    _refused(call.query, *_NOT_TAKEN)
    return _of(node, call, _patient(call.query, "subject"))


def _of(node: Node, call: Call, patient: str) -> tuple[Json, ...]:
    assessment = node.questions.assessment(call.who, patient)
    return served.of_person(assessment, Codes.of(node.held.engine.knowledge), patient)


def _patient(query: Mapping[str, str], *names: str) -> str:
    """The pseudonym that a request names, as `p-...` or `Patient/p-...`.  Raises: InputError BAD_REQUEST."""
    found = [query[name] for name in names if name in query]
    if len(found) != 1:
        raise InputError("BAD_REQUEST", f"{' or '.join(names)} names one patient: results of everybody are not given")
    return found[0].removeprefix("Patient/")


def _list(query: Mapping[str, str], name: str, *, needed: bool = False) -> list[str]:
    """What a parameter lists, between commas.  Raises: InputError BAD_REQUEST."""
    listed = [each for part in query.get(name, "").split(",") if (each := part.strip())]
    if (needed and not listed) or len(listed) > _MOST:
        raise InputError("BAD_REQUEST", f"{name} lists 1 to {_MOST}, with commas between them")
    return listed


def _refused(query: Mapping[str, str], *names: str) -> None:
    """What a request asks by and is not looked at here would give more than was asked for.

    Raises: InputError BAD_REQUEST.
    """
    given = [name for name in names if name in query]
    if given:
        raise InputError("BAD_REQUEST", f"{', '.join(given)}: nothing is narrowed by it here")


def _said(resource: Json) -> Response:
    return Response(json.encode(resource), media_type=MEDIA)
