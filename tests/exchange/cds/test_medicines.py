"""Orders and statements become medicines of the knowledge base, by code or by their words."""

from __future__ import annotations

from typing import Any

import pytest

from starling.engine import Engine
from starling.exchange.cds.medicines import (
    ATC,
    RXNORM,
    by_reference,
    drugs_of,
    ingredients,
    is_taken,
    prescribed,
    substances_of,
)
from starling.exchange.cds.question import medication_of
from starling.exchange.cds.reading import read_request
from starling.exchange.cds.services import BY_ID
from starling.knowledge.base import KnowledgeBase
from tests.conftest import ROOT
from tests.simulators.ehr import bundle, call, order, taken


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return Engine.bundled().knowledge


#: as RxNorm normalises names, and as prescribers write
WORDS = {
    "warfarin sodium 1 MG oral tablet": ("warfarin",),
    "12 HR tramadol hydrochloride 100 MG Extended Release Oral Tablet [Ultram]": ("tramadol",),
    "1 ML haloperidol 5 MG/ML Injection": ("haloperidol",),
    "acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet": ("acetaminophen", "codeine"),
    "clopidogrel 75 MG Oral Tablet [Plavix]": ("clopidogrel",),
    "Plavix 75 mg": ("clopidogrel",),
    "Codein 30 mg Tabletten": ("codeine",),
    "gentamicin 3 MG/ML Ophthalmic Solution": (),
    "metoprolol eye drops": (),
    "zzyzxomab 10 MG Injection": (),
}


@pytest.mark.parametrize("words", WORDS)
def test_a_clinical_drug_is_known_by_its_words(knowledge: KnowledgeBase, words: str) -> None:
    assert substances_of({"text": words}, knowledge) == WORDS[words]
    assert (
        substances_of({"coding": [{"system": RXNORM, "code": "855288", "display": words}]}, knowledge) == WORDS[words]
    )


def test_codes_go_first_and_only_of_their_own_system(knowledge: KnowledgeBase) -> None:
    warfarin = {"system": RXNORM, "code": "11289"}
    assert substances_of({"text": "something", "coding": [warfarin]}, knowledge) == ("warfarin",)
    assert substances_of({"coding": [{"system": ATC, "code": "B01AA03"}]}, knowledge) == ("warfarin",)
    assert substances_of({"coding": [{"system": ATC, "code": "B01AA"}]}, knowledge) == ()  # a group is no medicine
    other = {"system": "http://snomed.info/sct", "code": "11289"}
    assert substances_of({"coding": [other]}, knowledge) == ()
    assert substances_of({"coding": [{**warfarin, "code": "855288"}]}, knowledge) == ()  # no words, no table


@pytest.mark.parametrize(
    "concept", [{}, {"coding": None}, {"coding": [None, 7, {}]}, {"coding": {"code": 7}}, {"text": 7}, {"text": "   "}]
)
def test_what_cannot_be_read_is_no_medicine(knowledge: KnowledgeBase, concept: dict[str, Any]) -> None:
    assert substances_of(concept, knowledge) == ()


def test_a_medicine_may_be_named_contained_or_beside(knowledge: KnowledgeBase) -> None:
    code = {"code": {"text": "warfarin 1 MG"}}
    inside = {"resourceType": "MedicationRequest", "contained": [{"resourceType": "Medication", "id": "m", **code}],
              "medicationReference": {"reference": "#m"}}  # fmt: skip
    apart = {"resourceType": "MedicationRequest", "medicationReference": {"reference": "Medication/m"}}
    shown = {"resourceType": "MedicationStatement", "medicationReference": {"display": "warfarin"}}
    later = {"resourceType": "MedicationRequest", "medication": {"concept": {"text": "warfarin"}}}
    beside = by_reference([{"resourceType": "Medication", "id": "m", **code}, {"resourceType": "Medication"}])
    for each in (inside, apart, shown, later):
        found = prescribed(each, beside, knowledge)
        assert found is not None and found.substances == ("warfarin",)


@pytest.mark.parametrize(
    "changed", [{"status": "cancelled"}, {"status": "entered-in-error"}, {"doNotPerform": True},
                {"resourceType": "ServiceRequest"}]
)  # fmt: skip
def test_what_is_not_given_is_not_ordered(knowledge: KnowledgeBase, changed: dict[str, Any]) -> None:
    assert prescribed({**order("warfarin", patient="p"), **changed}, {}, knowledge) is None


def test_a_category_may_be_an_object_and_reasons_stand_in_several_places(knowledge: KnowledgeBase) -> None:
    made = order(
        "clopidogrel", patient="p", category={"text": "inpatient"}, reasonCode={"text": "PCI"},
        reasonReference=[{"reference": "Condition/c"}],
    )  # fmt: skip
    beside = by_reference([{"resourceType": "Condition", "id": "c", "code": {"coding": [{"display": "stroke"}]}}])
    found = prescribed(made, beside, knowledge)
    assert found is not None and found.reasons == ("PCI", "stroke")


def test_what_is_over_is_not_taken() -> None:
    assert [is_taken({"status": each}) for each in ("active", "", "completed", "stopped", "on-hold")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert is_taken({})


def test_a_combination_holds_the_drugs_that_have_advice(knowledge: KnowledgeBase) -> None:
    found = prescribed(order("acetaminophen 300 MG / codeine 30 MG Oral Tablet", patient="p"), {}, knowledge)
    assert found is not None and "codeine" in drugs_of(found, knowledge)


def test_an_order_that_is_active_already_is_not_taken_beside_itself(knowledge: KnowledgeBase) -> None:
    one = order("codeine", patient="p", id_="one")
    body = call("order-sign", "p", one, medicines=({**one, "status": "active"}, taken("paroxetine", patient="p")))
    body["prefetch"]["statements"] = bundle({**taken("sertraline", patient="p"), "resourceType": "MedicationStatement"})
    body["prefetch"]["conditions"] = bundle(
        {"resourceType": "Condition", "code": {"text": "Pregnancy"}},
        {"resourceType": "Condition", "code": {"coding": [{"display": "Breast-feeding"}]}},
        {"resourceType": "Condition", "code": {"text": "no longer pregnant"}},
    )
    found = medication_of(read_request(body, BY_ID["starling-order-sign"]), knowledge)
    assert [each.substances for each in found.orders] == [("codeine",)]
    assert [each.substances for each in found.taken] == [("paroxetine",), ("sertraline",)]
    assert found.pregnant and found.breastfeeding and found.birth_date == ""


def test_what_was_not_chosen_counts_as_taken(knowledge: KnowledgeBase) -> None:
    body = call("order-select", "p", order("codeine", patient="p", id_="a"), order("paroxetine", patient="p", id_="b"))
    body["context"]["selections"] = ["MedicationRequest/a"]
    found = medication_of(read_request(body, BY_ID["starling-order-select"]), knowledge)
    assert ([each.name for each in found.orders], [each.name for each in found.taken]) == (["codeine"], ["paroxetine"])


def test_names_without_strength_stay_as_they_are() -> None:
    assert [*ingredients("tramadol")] == ["tramadol"]
    assert [*ingredients("peginterferon alfa-2a")] == ["peginterferon alfa-2a"]


def test_systems_are_those_that_are_confirmed() -> None:
    rows = (ROOT / "knowledge-base" / "terminology.tsv").read_text(encoding="utf-8").splitlines()
    confirmed = {cells[1]: cells[2] for cells in (row.split("\t") for row in rows) if cells[0] == "system"}
    assert (confirmed["RxNorm"], confirmed["ATC"]) == (RXNORM, ATC)
