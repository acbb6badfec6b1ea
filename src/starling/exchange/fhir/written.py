"""A result as another system's FHIR server stores it: one transaction, in which each resource is made once.

Every resource has an identifier that follows from the result, and is created where no other has it: sent again, it
changes nothing.  The patient is the server's own, and is never written.  A result that was amended is taken back:
of it stays what it was about, as entered in error, and nothing that it said.
Source: hl7.org/fhir/R4, http.html#cond-create, #cond-update and #trules; status of Observation, DiagnosticReport, Task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from starling.assessment import Assessment
from starling.exchange.codes import Codes
from starling.exchange.fhir.bundle import resources
from starling.exchange.fhir.parts import Json
from starling.formats.outside.content import fields_of, items_of

#: The system of an identifier that is a URI.  Source: hl7.org/fhir/R4, identifier-registry.
URIS: Final = "urn:ietf:rfc:3986"
#: The server has patients of its own.  A Provenance has no identifier in R4: sent again it would be there twice.
_NOT_WRITTEN: Final = frozenset({"Patient", "Provenance"})
#: What remains of a resource that was taken back: what it is, and whose.
_KEPT: Final = frozenset({"resourceType", "identifier", "category", "code", "subject", "for", "intent"})
_TAKEN_BACK: Final = frozenset({"DiagnosticReport", "Observation", "Task"})
#: updates of one transaction (ours; public servers bound it)
_MOST: Final = 40


def transaction(assessment: Assessment, codes: Codes, patient: str, *, amends: bool) -> Json:
    """Everything about one person, to be created.  `patient`: as `Patient/ID` of that server."""
    entries = [_created(each, amends=amends) for each in _of(assessment, codes, patient)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def taken_back(assessment: Assessment, codes: Codes, patient: str) -> Iterator[Json]:
    """Transactions after which nothing that this result said stands."""
    found = [each for each in _of(assessment, codes, patient) if each["resourceType"] in _TAKEN_BACK]
    for first in range(0, len(found), _MOST):
        entries = [_withdrawn(each) for each in found[first : first + _MOST]]
        yield {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def identity(assessment: Assessment, codes: Codes) -> tuple[str, str]:
    """(system, value) of the identifier of the report."""
    whole = next(resources(assessment, codes))
    return URIS, f"urn:uuid:{whole['id']}"


def _of(assessment: Assessment, codes: Codes, patient: str) -> Iterator[Json]:
    """The resources that are written, about the server's patient, each with its identifier."""
    found = list(resources(assessment, codes))
    (own,) = (f"urn:uuid:{each['id']}" for each in found if each["resourceType"] == "Patient")
    for each in found:
        if each["resourceType"] not in _NOT_WRITTEN:
            moved = fields_of(_pointed(each, own, patient))
            said = [*items_of(moved.get("identifier")), {"system": URIS, "value": f"urn:uuid:{each['id']}"}]
            yield {**moved, "identifier": said}


def _pointed(value: object, own: str, patient: str) -> object:
    """The same about the server's patient."""
    if isinstance(value, dict):
        return {name: _pointed(each, own, patient) for name, each in value.items()}
    if isinstance(value, list):
        return [_pointed(each, own, patient) for each in value]
    return patient if value == own else value


def _created(resource: Json, *, amends: bool) -> Json:
    kind = str(resource["resourceType"])
    said = _without(resource, {"id"})
    if amends and kind == "DiagnosticReport":
        said["status"] = "amended"
    request = {"method": "POST", "url": kind, "ifNoneExist": _searched(resource)}
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": said, "request": request}


def _withdrawn(resource: Json) -> Json:
    kind = str(resource["resourceType"])
    said = {**_without(resource, resource.keys() - _KEPT), "status": "entered-in-error"}
    return {"resource": said, "request": {"method": "PUT", "url": f"{kind}?{_searched(resource)}"}}


def _without(resource: Json, names: Iterable[str]) -> Json:
    left_out = frozenset(names)
    return {name: value for name, value in resource.items() if name not in left_out}


def _searched(resource: Json) -> str:
    return "identifier=" + quote(f"{URIS}|urn:uuid:{resource['id']}", safe=":")
