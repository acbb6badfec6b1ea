"""What is recorded: who did what to whose data and how it ended, as an AuditEvent of FHIR R4 in the manner of IHE BALP.

Patients stand under pseudonyms, which are nobody once the store forgets whose they are; the log stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["action_of", "event"]

_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
#: Experimental names of our own (RFC 3406, section 3.1).
_ACTION: Final = "urn:x-starling:action"
_ROLE: Final = "urn:x-starling:role"
_PATIENT: Final = "urn:x-starling:patient"
_ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ENTITY_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"

#: the first word of an action -> what kind of event it is.  Source: DICOM PS3.16, CID 400.
_KINDS: Final = {
    "account": ("110113", "Security Alert"),
    "audit": ("110101", "Audit Log Used"),
    "caller": ("110113", "Security Alert"),
    "certificate": ("110113", "Security Alert"),
    "cds": ("110109", "Order Record"),
    "check": ("110109", "Order Record"),
    "emergency": ("110113", "Security Alert"),
    "hl7": ("110109", "Order Record"),
    "login": ("110114", "User Authentication"),
    "logout": ("110114", "User Authentication"),
    "node": ("110100", "Application Activity"),
    "override": ("110109", "Order Record"),
    "settings": ("110113", "Security Alert"),
}
_OF_A_PATIENT: Final = ("110110", "Patient Record")
_OF_THE_NODE: Final = ("110100", "Application Activity")
#: the last word of an action -> create, read, update, delete; else it is executed.  Source: FHIR audit-event-action.
_WAYS: Final = {
    "amended": "U",
    "erase": "D",
    "list": "R",
    "read": "R",
    "refuse": "U",
    "release": "U",
    "replace": "U",
    "resolve": "U",
    "review": "U",
    "submit": "C",
    "write": "C",
}
#: how it ended -> FHIR audit-event-outcome: success, minor, serious, major failure
_OUTCOMES: Final = {"success": "0", "refused": "4", "failed": "8", "stopped": "12"}


def event(
    action: str, outcome: str, agent: str, entity: str, *, when: str, detail: Mapping[str, Any]
) -> dict[str, Any]:
    """The event that says so.

    `action`: as the policies name it, `patient.read`.  `outcome`: success, refused, failed or stopped.  `agent`: who,
    by account or certificate.  `entity`: the patient's pseudonym, empty where it is about nobody.  `when`: the moment,
    ISO 8601 in UTC.  `detail`: what else is known, under plain names; `role` and `site` become those of the agent and
    the source.  An emergency is recorded as the security alert that it is.
    """
    first, _, last = action.rpartition(".")
    loud = "emergency" if detail.get("emergency") else (first or last).split(".")[0]
    code, display = _KINDS.get(loud, _OF_A_PATIENT if entity else _OF_THE_NODE)
    more = {name: value for name, value in detail.items() if name not in {"role", "site"}}
    found: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "type": {"system": _DICOM, "code": code, "display": display},
        "subtype": [{"system": _ACTION, "code": action}],
        "action": _WAYS.get(last, "E"),
        "recorded": when,
        "outcome": _OUTCOMES[outcome],
        "agent": [_agent(agent, str(detail.get("role", "")))],
        "source": {"observer": {"display": "Starling"}} | _site(str(detail.get("site", ""))),
    }
    entities = [_patient(entity)] if entity else []
    entities += [_query(action, more)] if more else []
    return found | ({"entity": entities} if entities else {})


def action_of(found: Mapping[str, Any]) -> str:
    """The action that an event records, as the policies name it."""
    return str(found["subtype"][0]["code"])


def _agent(name: str, role: str) -> dict[str, Any]:
    found: dict[str, Any] = {"who": {"identifier": {"value": name}}, "requestor": True}
    return found | ({"role": [{"coding": [{"system": _ROLE, "code": role}]}]} if role else {})


def _site(name: str) -> dict[str, str]:
    return {"site": name} if name else {}


def _patient(pseudonym: str) -> dict[str, Any]:
    return {
        "what": {"identifier": {"system": _PATIENT, "value": pseudonym}},
        "type": {"system": _ENTITY_TYPE, "code": "1", "display": "Person"},
        "role": {"system": _ENTITY_ROLE, "code": "1", "display": "Patient"},
    }


def _query(action: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked or done, name by name."""
    return {
        "type": {"system": _ENTITY_TYPE, "code": "2", "display": "System Object"},
        "role": {"system": _ENTITY_ROLE, "code": "24", "display": "Query"},
        "name": action,
        "detail": [{"type": name, "valueString": _text(detail[name])} for name in sorted(detail)],
    }


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
