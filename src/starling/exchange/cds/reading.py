"""What an EHR sends to a service -> a value; read leniently, for EHRs differ, and never of another patient.

Left out is what cannot be read, unless nothing can be said without it.  An object that stands where the standard has a
list counts as a list of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from starling.errors import InputError
from starling.exchange.cds.services import ORDER, Service
from starling.values import dataclass

Resource = Mapping[str, Any]
#: Source: FHIR R4, data type id.  It becomes part of an address: nothing else is taken for one, nor are dots alone.
_ID: Final = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9\-.]{1,64}")
_REFERENCE: Final = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
#: resources whose subject is looked at, and where it stands
_SUBJECTS: Final = ("subject", "patient", "for")
#: most resources that are read of one call (ours)
_MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class HookRequest:
    """One call of a service.

    `patient`: the FHIR id of the patient.  `drafts`: the resources that are to be ordered.  `selections`: references of
    those that were chosen just now; empty: all of them.  `order`: the reference of the one order that is dispatched.
    `prefetch`: key -> resource; None: the client says that there is nothing; a key that is absent was not answered.
    `server`, `token`: where more can be read, and with what; empty: nowhere, or without.
    """

    hook: str
    instance: str
    patient: str
    user: str
    drafts: tuple[Resource, ...]
    selections: tuple[str, ...]
    order: str
    prefetch: Mapping[str, Resource | None]
    server: str
    token: str

    @property
    def orders(self) -> tuple[Resource, ...]:
        """The drafts that were chosen; all of them where that is not said, or of none that is there."""
        chosen = {reference_of(each) for each in self.selections}
        return tuple(each for each in self.drafts if own_reference(each) in chosen) or self.drafts


def read_request(body: object, service: Service) -> HookRequest:
    """Raises: InputError BAD_REQUEST, the EHR's, when no patient is named or another patient's data are sent."""
    said = body if isinstance(body, Mapping) else _refuse("the request is not an object")
    hook = text_of(said.get("hook")) or service.hook
    if hook != service.hook:
        _refuse(f"{service.id} is a service for {service.hook}")
    context = mapping_of(said.get("context"))
    patient = text_of(context.get("patientId")).removeprefix("Patient/")
    if not _ID.fullmatch(patient):
        _refuse("context.patientId is not the id of a patient")
    access = mapping_of(said.get("fhirAuthorization"))
    if text_of(access.get("patient")) not in {"", patient}:
        _refuse("fhirAuthorization is for another patient than the context")
    order = reference_of(_first(context.get("order"), context.get("dispatchedOrders")))
    return of_patient(
        HookRequest(
            hook=hook,
            instance=id_of(said.get("hookInstance")),
            patient=patient,
            user=reference_of(context.get("userId")) or id_of(context.get("userId")),
            drafts=tuple(resources_in(context.get("draftOrders"))),
            selections=tuple(filter(None, map(text_of, listed(context.get("selections"))))),
            order=order,
            prefetch={key: _prefetched(value) for key, value in _answered(said.get("prefetch"))},
            server=text_of(said.get("fhirServer")).rstrip("/"),
            token=text_of(access.get("access_token")),
        )
    )


def of_patient(request: HookRequest) -> HookRequest:
    """The request, all of whose data are of its patient.  Raises: InputError BAD_REQUEST, the EHR's."""
    fetched = (each for value in request.prefetch.values() for each in resources_in(value))
    for each in (*request.drafts, *fetched):
        if text_of(each.get("resourceType")) == "Patient":
            named = text_of(each.get("id")) or request.patient
        else:
            named = next((found for key in _SUBJECTS if (found := _patient_in(each.get(key)))), request.patient)
        if named != request.patient:
            _refuse("the request holds data of another patient than its context")
    return request


def _patient_in(reference: object) -> str:
    """The patient whom a resource is about; empty where that is not said, or said by a URN that names nobody."""
    kind, _, id_ = reference_of(reference).partition("/")
    return id_ if kind == "Patient" else ""


def resources_in(value: object) -> Iterator[Resource]:
    """The resources of a bundle, of a list, or the one that stands there; what is none is passed over."""
    for count, each in enumerate(_within(value)):
        if count >= _MOST:
            _refuse(f"more than {_MOST} resources")
        yield each


def _within(value: object) -> Iterator[Resource]:
    for each in listed(value):
        resource = mapping_of(each)
        if text_of(resource.get("resourceType")) == "Bundle":
            entries = (mapping_of(entry).get("resource") for entry in listed(resource.get("entry")))
            yield from (found for found in map(mapping_of, entries) if _is_resource(found))
        elif _is_resource(resource):
            yield resource


def _is_resource(found: Resource) -> bool:
    return text_of(found.get("resourceType")) not in {"", "OperationOutcome", "Bundle"}


def _answered(prefetch: object) -> Iterator[tuple[str, object]]:
    """The keys that the client answered: one whose data it could not read holds why not, and is none.

    Source: CDS Hooks 2.0, Prefetch Template: an OperationOutcome stands where a prefetch failed.
    """
    for key, value in mapping_of(prefetch).items():
        failed = isinstance(value, Mapping) and value.get("resourceType") == "OperationOutcome"
        if not failed:
            yield str(key), value


def _prefetched(value: object) -> Resource | None:
    return value if isinstance(value, Mapping) else {"resourceType": "Bundle", "entry": value} if value else None


def reference_of(value: object) -> str:
    """`Type/id` of a reference, whole or relative; empty where none is stated.

    >>> reference_of({"reference": "https://ehr.example/fhir/Patient/12"})
    'Patient/12'
    """
    stated = text_of(mapping_of(value).get("reference")) or text_of(value)
    match = _REFERENCE.fullmatch(stated)
    return f"{match[1]}/{match[2]}" if match and _ID.fullmatch(match[2]) else ""


def id_of(value: object) -> str:
    """A text that can be an id or a code; of anything else nothing, for it could be a name."""
    stated = text_of(value)
    return stated if _ID.fullmatch(stated) else ""


def own_reference(resource: Resource) -> str:
    """`Type/id` of a resource; empty where it has no id that can be one."""
    id_ = text_of(resource.get("id"))
    return f"{text_of(resource.get('resourceType'))}/{id_}" if _ID.fullmatch(id_) else ""


def listed(value: object) -> list[Any]:
    """A list as it is; one thing as a list of one; nothing as none."""
    return value if isinstance(value, list) else [] if value is None else [value]


def mapping_of(value: object) -> Resource:
    """An object as it is; anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def text_of(value: object) -> str:
    """A text without what surrounds it; anything else as an empty one."""
    return value.strip() if isinstance(value, str) else ""


def _first(*values: object) -> object:
    return next((each for value in values for each in listed(value)), None)


def with_answers(request: HookRequest, found: Iterable[tuple[str, Resource | None]]) -> dict[str, Resource | None]:
    """The prefetch with what was read for it afterwards."""
    return {**request.prefetch, **dict(found)}


def dispatched(request: HookRequest) -> tuple[Resource, ...]:
    """The order that is dispatched, as it was read; none of it where the hook is another one."""
    return tuple(resources_in(request.prefetch.get(ORDER)))


def _refuse(said: str) -> Any:
    raise InputError("BAD_REQUEST", said)
