"""What is written into another system: each resource once, of its own patient, and nothing left of what was amended."""

from __future__ import annotations

import json

from starling.exchange.codes import Codes
from starling.exchange.fhir.written import SYSTEM, identity, taken_back, transaction
from starling.library import assess
from tests.bundled import bundled_knowledge
from tests.exchange.hl7.test_report import EXAMPLE


def test_every_resource_is_created_where_none_has_its_identifier() -> None:
    person, codes = assess(EXAMPLE), Codes.of(bundled_knowledge())
    whole = json.loads(json.dumps(transaction(person, codes, "Patient/7", amends=True)))
    resources = [each["resource"] for each in whole["entry"]]
    assert {each["resourceType"] for each in resources} == {
        "DiagnosticReport",
        "Observation",
        "Task",
        "Specimen",
        "Device",
    }
    assert all({"system": SYSTEM, "value": e["fullUrl"][9:]} in e["resource"]["identifier"] for e in whole["entry"])
    conditions = {each["request"]["ifNoneExist"] for each in whole["entry"]}
    assert len(conditions) == len(resources) and not any("id" in each for each in resources)
    assert resources[0]["status"] == "amended" and resources[0]["subject"] == {"reference": "Patient/7"}
    assert identity(person, codes) == (SYSTEM, whole["entry"][0]["fullUrl"][9:])
    named = {each["fullUrl"] for each in whole["entry"]}
    assert {each["reference"] for each in resources[0]["result"]} <= named


def test_of_what_was_taken_back_only_what_it_was_about_is_left() -> None:
    person, codes = assess(EXAMPLE), Codes.of(bundled_knowledge())
    parts = [json.loads(json.dumps(each)) for each in taken_back(person, codes, "Patient/7")]
    entries = [entry for each in parts for entry in each["entry"]]
    assert max(len(each["entry"]) for each in parts) <= 40
    assert {each["resource"]["status"] for each in entries} == {"entered-in-error"}
    assert not any({"component", "result", "conclusion", "extension"} & each["resource"].keys() for each in entries)
    assert "urn:uuid:" not in json.dumps([each["resource"] for each in entries]).replace(SYSTEM, "")
