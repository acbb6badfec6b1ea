"""Calls are read leniently: what an EHR writes otherwise is understood, what cannot be read is left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError
from starling.exchange.cds.reading import own_reference, read_request, reference_of
from starling.exchange.cds.services import BY_ID, SERVICES, discovery
from tests.simulators.ehr import bundle, call, order

SIGN = BY_ID["starling-order-sign"]
SELECT = BY_ID["starling-order-select"]


def test_discovery_names_every_hook_with_the_data_that_it_needs() -> None:
    told = discovery()["services"]
    assert [each["hook"] for each in told] == ["patient-view", "order-select", "order-sign", "order-dispatch"]
    assert all(each["id"] == f"starling-{each['hook']}" and each["title"] and each["description"] for each in told)
    assert all(each["prefetch"]["medications"].startswith("MedicationRequest?patient={{") for each in told)
    assert len(BY_ID) == len(SERVICES)


def test_what_is_chosen_is_asked_about_and_all_where_that_is_not_said() -> None:
    body = call("order-select", "p", order("a", patient="p", id_="one"), order("b", patient="p", id_="two"))
    assert [each["id"] for each in read_request(body, SELECT).orders] == ["one", "two"]
    body["context"]["selections"] = ["MedicationRequest/two"]
    assert [each["id"] for each in read_request(body, SELECT).orders] == ["two"]
    body["context"]["selections"] = ["ServiceRequest/9"]
    assert len(read_request(body, SELECT).orders) == 2


@pytest.mark.parametrize(
    "drafts",
    [None, {}, [], "x", 7, {"resourceType": "Bundle"}, {"resourceType": "Bundle", "entry": None},
     {"resourceType": "Bundle", "entry": [None, 7, {}, {"resource": None}, {"resource": {"id": "x"}}]}],
)  # fmt: skip
def test_a_first_choice_may_carry_no_medicine(drafts: Any) -> None:
    body = call("order-select", "p")
    body["context"]["draftOrders"] = drafts
    assert read_request(body, SELECT).drafts == ()
    del body["context"]["draftOrders"], body["context"]["selections"]
    assert read_request(body, SELECT).orders == ()


def test_one_order_may_stand_where_a_list_does() -> None:
    body = call("order-sign", "p")
    body["context"]["draftOrders"] = order("a", patient="p")
    assert len(read_request(body, SIGN).drafts) == 1
    body["context"]["draftOrders"] = {"resourceType": "Bundle", "entry": {"resource": order("a", patient="p")}}
    assert len(read_request(body, SIGN).drafts) == 1


def test_null_is_no_data_an_absent_key_and_a_failure_are_no_answer() -> None:
    body = call("order-sign", "p")
    body["prefetch"] = {"medications": None, "statements": {"resourceType": "OperationOutcome"}}
    assert read_request(body, SIGN).prefetch == {"medications": None}


@pytest.mark.parametrize("patient", ["", None, 7, "..", ".", "a/b", "a?b", "a" * 65, "a b", "%2e%2e", "\u00e4"])
def test_attack_an_id_that_would_be_another_address(patient: Any) -> None:
    body = call("order-sign", "p")
    body["context"]["patientId"] = patient
    with pytest.raises(InputError, match=r"context\.patientId"):
        read_request(body, SIGN)


def test_attack_an_access_token_of_another_patient() -> None:
    body = call(
        "order-sign", "p", fhirServer="https://ehr/fhir", fhirAuthorization={"access_token": "t", "patient": "q"}
    )
    with pytest.raises(InputError, match="another patient"):
        read_request(body, SIGN)


@pytest.mark.parametrize(
    "stranger",
    [order("a", patient="q"), {"resourceType": "Patient", "id": "q"},
     {"resourceType": "Condition", "subject": {"reference": "https://ehr/fhir/Patient/q/_history/2"}},
     {"resourceType": "Task", "for": {"reference": "Patient/q"}},
     {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/q"}}],
    ids=lambda each: each["resourceType"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["patient", "medications", "draftOrders", "unknown"])
def test_attack_data_of_another_patient(stranger: dict[str, Any], key: str) -> None:
    body = call("order-sign", "p")
    (body["context"] if key == "draftOrders" else body["prefetch"])[key] = bundle(stranger)
    with pytest.raises(InputError, match="another patient"):
        read_request(body, SIGN)


def test_a_call_for_another_hook_or_of_no_object_is_refused() -> None:
    bodies: list[Any] = [None, [], "x", 7, call("patient-view", "p")]
    for body in bodies:
        with pytest.raises(InputError) as caught:
            read_request(body, SIGN)
        assert caught.value.code == "BAD_REQUEST"


def test_more_resources_than_anybody_has_are_refused() -> None:
    body = call("order-sign", "p")
    body["prefetch"]["medications"] = bundle(*[order("a", patient="p")] * 2_001)
    with pytest.raises(InputError, match="2000 resources"):
        read_request(body, SIGN)


def test_references_whole_relative_and_of_a_version_are_one() -> None:
    stated = ["Patient/1", {"reference": "Patient/1"}, "https://ehr/fhir/Patient/1", "Patient/1/_history/4"]
    assert {reference_of(each) for each in stated} == {"Patient/1"}
    assert [reference_of(each) for each in (None, 7, "", "urn:uuid:1", "patient/1", "Patient/..")] == [""] * 6
    assert own_reference({"resourceType": "Patient", "id": "../x"}) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["resourceType", "entry", "resource", "id", "subject", "reference", "context", "prefetch",
                         "patientId", "draftOrders", "selections", "medications", "fhirAuthorization", "order"]),
        inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@given(context=JSON, prefetch=JSON, access=JSON, hook=JSON)
def test_whatever_is_sent_is_read_or_refused_in_words(context: Any, prefetch: Any, access: Any, hook: Any) -> None:
    body = {"hook": hook, "context": context, "prefetch": prefetch, "fhirAuthorization": access, "fhirServer": hook}
    with_patient = {**body, "context": {**(context if isinstance(context, dict) else {}), "patientId": "p"}}
    for each in (body, with_patient):
        try:
            found = read_request(each, SIGN)
        except InputError as error:
            assert error.code == "BAD_REQUEST"
        else:
            assert found.patient == "p" or isinstance(context, dict)
