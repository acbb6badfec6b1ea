"""An event says who did what to whose data, in the fields where readers of FHIR look for it."""

from __future__ import annotations

from typing import Any

import pytest

from starling.trust.canonical import canonical
from starling.trust.events import event

WHEN = "2026-07-01T08:00:00.000000Z"


def made(action: str, outcome: str = "success", entity: str = "p-17", **detail: Any) -> dict[str, Any]:
    return event(action, outcome, "dr-one", entity, when=WHEN, detail={"role": "prescriber", "site": "ward", **detail})


def test_who_did_what_to_whom_where_and_when() -> None:
    found = made("patient.read", way="certificate")
    assert found["resourceType"] == "AuditEvent" and found["recorded"] == WHEN
    (agent,) = found["agent"]
    assert agent["requestor"] is True and agent["who"]["identifier"]["value"] == "dr-one"
    assert agent["role"][0]["coding"][0]["code"] == "prescriber" and found["source"]["site"] == "ward"
    patient, more = found["entity"]
    assert patient["what"]["identifier"]["value"] == "p-17" and patient["role"]["display"] == "Patient"
    assert more["detail"] == [{"type": "way", "valueString": "certificate"}]
    assert {"type", "recorded", "agent", "source"} <= set(found)  # required by FHIR R4


@pytest.mark.parametrize(
    ("action", "kind", "way"),
    [
        ("patient.read", "Patient Record", "R"),
        ("patient.erase", "Patient Record", "D"),
        ("job.submit", "Patient Record", "C"),
        ("job.release", "Patient Record", "U"),
        ("check", "Order Record", "E"),
        ("override.write", "Order Record", "C"),
        ("login", "User Authentication", "E"),
        ("account.write", "Security Alert", "C"),
        ("audit.read", "Audit Log Used", "R"),
    ],
)
def test_the_kind_of_an_event(action: str, kind: str, way: str) -> None:
    found = made(action)
    assert (found["type"]["display"], found["action"]) == (kind, way)
    assert found["subtype"][0]["code"] == action


def test_an_emergency_is_a_security_alert_with_its_reason() -> None:
    found = made("check", emergency="unconscious, no relatives")
    assert found["type"]["display"] == "Security Alert"
    assert {"type": "emergency", "valueString": "unconscious, no relatives"} in found["entity"][1]["detail"]


def test_answers_to_several_drugs_are_words_and_no_notation_of_a_program() -> None:
    found = made("check", answer={"voriconazole": "avoid", "codeine": "avoid"}, drugs=["voriconazole", "codeine"])
    said = {each["type"]: each["valueString"] for each in found["entity"][1]["detail"]}
    assert said == {"answer": "voriconazole: avoid, codeine: avoid", "drugs": "voriconazole, codeine"}


def test_outcomes_and_events_about_nobody() -> None:
    outcomes = ("success", "refused", "failed", "stopped")
    assert [made("check", outcome)["outcome"] for outcome in outcomes] == ["0", "4", "8", "12"]
    assert "entity" not in made("knowledge.read", entity="")
    assert made("knowledge.read", entity="")["type"]["display"] == "Application Activity"
    with pytest.raises(KeyError):
        made("check", "perhaps")


def test_details_of_any_kind_are_text_and_the_event_has_one_spelling() -> None:
    found = made("check", drugs=["codeine", "clopidogrel"], age=71, pregnant=False, weight=70.5)
    said = {each["type"]: each["valueString"] for each in found["entity"][1]["detail"]}
    assert said == {"age": "71", "drugs": "codeine, clopidogrel", "pregnant": "false", "weight": "70.5"}
    assert canonical(found)
