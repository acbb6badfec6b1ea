"""The node as a FHIR server, asked over TLS: what it gives, and what it refuses rather than give too much."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from starling.node.demonstration import specimen_of
from tests.exchange.fhir.checks import medplum
from tests.node.devices import Device

Json = dict[str, Any]


def patient_of(device: Device) -> str:
    return device.patients[specimen_of(2).identifier].id


def asked(device: Device, path: str, role: str = "prescriber", **query: str) -> httpx.Response:
    with device.client(role) as caller:
        return caller.get(path, params=query)


def given(device: Device, path: str, role: str = "prescriber", **query: str) -> Json:
    response = asked(device, path, role, **query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/fhir+json"
    found: Json = response.json()
    return found


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_what_is_searched_can_be_read_and_every_reference_leads_to_it(device: Device) -> None:
    patient = patient_of(device)
    found = given(device, "/fhir/DiagnosticReport", patient=f"Patient/{patient}")
    assert (found["type"], found["total"]) == ("searchset", 1)
    (report,) = [each["resource"] for each in found["entry"]]
    assert report["subject"] == {"reference": f"Patient/{patient}"}
    assert given(device, f"/fhir/Patient/{patient}")["id"] == patient
    first = report["result"][0]["reference"]
    assert given(device, f"/fhir/{first}")["resourceType"] == "Observation"


def test_a_search_by_code_gives_what_has_it_alone(device: Device) -> None:
    patient = patient_of(device)
    whole = given(device, "/fhir/Observation", patient=patient)
    coded = given(device, "/fhir/Observation", patient=patient, code="http://loinc.org|84413-4")
    assert 0 < coded["total"] < whole["total"]
    assert {each["resource"]["code"]["coding"][0]["code"] for each in coded["entry"]} == {"84413-4"}
    assert given(device, "/fhir/Observation", patient=patient, code="http://snomed.info/sct|84413-4")["total"] == 0


def test_what_is_served_is_valid(device: Device) -> None:
    patient = patient_of(device)
    found = [each["resource"] for each in given(device, "/fhir/Observation", patient=patient)["entry"][:40]]
    found += [given(device, "/fhir/metadata"), given(device, "/fhir/Observation", patient=patient, _id="none")]
    found.append(given(device, "/fhir/$find-subject-haplotypes", subject=patient, genes="HGNC:2621"))
    assert [said for said in medplum(found) if said] == []


def test_the_operations_about_a_patient(device: Device) -> None:
    patient = patient_of(device)
    (one,) = given(device, "/fhir/$find-subject-haplotypes", subject=patient, genes="CYP2C19")["parameter"]
    kinds = [each["name"] for each in one["part"]]
    assert kinds[:2] == ["geneItem", "genotype"]
    genotype = one["part"][1]["resource"]["valueCodeableConcept"]["text"]
    path = "/fhir/$find-subject-specific-haplotypes"
    (there,) = given(device, path, subject=patient, haplotypes=genotype)["parameter"]
    assert [each["valueBoolean"] for each in there["part"] if each["name"] == "presence"] == [True]
    meant = given(device, "/fhir/$find-subject-tx-implications", subject=patient, treatments="clopidogrel")
    medicines = {
        each["resource"]["component"][0]["valueCodeableConcept"]["text"]
        for each in meant["parameter"]
        if each["name"] == "implication"
    }
    assert medicines == {"clopidogrel"}


def test_a_gene_that_was_not_determined_is_neither_there_nor_absent(device: Device) -> None:
    found = given(
        device, "/fhir/$find-subject-specific-haplotypes", subject=patient_of(device), haplotypes="HLA-A *31:01"
    )
    (item,) = found["parameter"]
    assert [each["name"] for each in item["part"]] == ["haplotypeItem"]


def test_everybody_is_counted_and_named_only_where_that_is_asked(device: Device) -> None:
    path = "/fhir/$find-population-tx-implications"
    (counted,) = given(device, path, "pharmacist", treatments="clopidogrel")["parameter"]
    values = {each["name"]: each.get("valueQuantity", {}).get("value") for each in counted["part"]}
    assert set(values) == {"numerator", "denominator"}
    assert 0 <= values["numerator"] <= values["denominator"]
    (named,) = given(device, path, "pharmacist", treatments="clopidogrel", includePatientList="true")["parameter"]
    assert len([each for each in named["part"] if each["name"] == "subject"]) == values["numerator"]
    event = next(each for each in device.events() if each["subtype"][0]["code"] == "population.read")
    assert event["outcome"] == "0"


@pytest.mark.parametrize("role", ["prescriber", "administrator", "system", "auditor"])
def test_whoever_does_not_answer_for_everybody_may_not_count(device: Device, role: str) -> None:
    response = asked(device, "/fhir/$find-population-tx-implications", role, treatments="clopidogrel")
    assert refusal(response) == (403, "NOT_PERMITTED")


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/fhir/Observation", {}, (400, "BAD_REQUEST")),  # everybody's results are not given
        ("/fhir/Observation", {"patient": "P", "date": "2026"}, (400, "BAD_REQUEST")),  # would give more than was asked
        ("/fhir/Medication", {"patient": "P"}, (400, "BAD_REQUEST")),
        ("/fhir/Observation", {"patient": "p-nobody"}, (404, "NOT_FOUND")),
        ("/fhir/Observation/p-nobody.1", {}, (404, "NOT_FOUND")),
        ("/fhir/Task/P", {}, (404, "NOT_FOUND")),
        ("/fhir/$find-subject-haplotypes", {"subject": "P"}, (400, "BAD_REQUEST")),
        ("/fhir/$find-subject-haplotypes", {"subject": "P", "genes": "a," * 51}, (400, "BAD_REQUEST")),
        ("/fhir/$find-subject-tx-implications", {"subject": "P", "variants": "NM_1:c.1A>G"}, (400, "BAD_REQUEST")),
        ("/fhir/$find-subject-tx-implications", {"subject": "P", "testDateRange": "2020"}, (400, "BAD_REQUEST")),
    ],
)
def test_what_cannot_be_narrowed_is_refused(
    device: Device, path: str, query: dict[str, str], code: tuple[int, str]
) -> None:
    patient = patient_of(device)
    named = {key: patient if value == "P" else value for key, value in query.items()}
    assert refusal(asked(device, path.replace("/P", f"/{patient}"), **named)) == code


def test_a_resource_of_another_patient_is_not_read_under_this_ones_name(device: Device) -> None:
    one, other = (device.patients[specimen_of(number).identifier].id for number in (1, 2))
    name = given(device, "/fhir/DiagnosticReport", patient=one)["entry"][0]["resource"]["id"]
    swapped = name.replace(one, other)
    assert refusal(asked(device, f"/fhir/DiagnosticReport/{swapped}")) == (404, "NOT_FOUND")
