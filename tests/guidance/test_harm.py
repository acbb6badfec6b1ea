"""What is at stake: only with the result that carries it, only where a source acts on it, the worst first."""

from __future__ import annotations

import pytest

from starling.assessment import DrugResult
from starling.definitions import KnownHarm
from starling.guidance.harm import grave_results, with_harm
from starling.guidance.standing import Standing
from starling.knowledge.base import KnowledgeBase

FATAL = KnownHarm("azathioprine", "TPMT", "Poor Metabolizer", "life-threatening", "myelosuppression", "PMID 30447069")
LESS = KnownHarm("azathioprine", "NUDT15", "Intermediate Metabolizer", "serious", "myelosuppression", "PMID 30447069")
RASH = KnownHarm("carbamazepine", "HLA-B", "*15:02 positive", "life-threatening", "SJS or TEN", "PMID 29392710")


def worst(known: tuple[KnownHarm, ...], *standings: Standing, action: str | None = "reduce_dose") -> tuple[str, str]:
    answer = DrugResult("azathioprine", "advice", action)
    harm = with_harm(answer, known, {each.gene: each for each in standings}).harm
    return (harm.level, harm.result) if harm else ("", "")


def test_the_worst_of_several_counts() -> None:
    both = Standing("NUDT15", "Intermediate Metabolizer"), Standing("TPMT", "Poor Metabolizer")
    assert worst((LESS, FATAL), *both) == ("life-threatening", "Poor Metabolizer")
    assert worst((LESS, FATAL), both[0]) == ("serious", "Intermediate Metabolizer")


def test_only_what_threatens_life_is_grave() -> None:
    assert grave_results((FATAL, LESS, RASH)) == {
        "TPMT": frozenset({"Poor Metabolizer"}),
        "HLA-B": frozenset({"*15:02 positive"}),
    }


def test_another_result_carries_nothing() -> None:
    assert worst((FATAL,), Standing("TPMT", "Normal Metabolizer")) == ("", "")
    assert worst((FATAL,), Standing("TPMT")) == ("", "")
    assert worst((FATAL,)) == ("", "")


def test_of_an_allele_its_presence_carries_the_harm() -> None:
    assert worst((RASH,), Standing("HLA-B", presence=(("*15:02", "positive"),)))[0] == "life-threatening"
    assert worst((RASH,), Standing("HLA-B", presence=(("*15:02", "negative"), ("*57:01", "positive")))) == ("", "")


def test_where_the_data_cannot_decide_the_worst_counts() -> None:
    undecided = Standing("TPMT", candidates=("Intermediate Metabolizer", "Poor Metabolizer"))
    assert worst((FATAL,), undecided) == ("life-threatening", "Poor Metabolizer")


@pytest.mark.parametrize("action", ["standard", "no_recommendation", None])
def test_what_no_source_acts_on_is_not_held_against_the_drug(action: str | None) -> None:
    assert worst((FATAL,), Standing("TPMT", "Poor Metabolizer"), action=action) == ("", "")


def test_the_table_holds_the_drugs_whose_labels_and_guidelines_speak_of_death() -> None:
    known = KnowledgeBase.open().guidance.harms
    deadly = {harm.drug for harm in known if harm.harm == "life-threatening"}
    assert {
        *("abacavir", "allopurinol", "azathioprine", "capecitabine", "carbamazepine", "clopidogrel", "codeine"),
        *("fluorouracil", "irinotecan", "mercaptopurine", "oxcarbazepine", "phenytoin", "rasburicase", "sevoflurane"),
        *("succinylcholine", "tegafur", "thioguanine", "thioridazine", "tramadol"),
    } <= deadly
    serious = {harm.drug for harm in known if harm.harm == "serious"}
    assert {"gentamicin", "siponimod", "warfarin"} <= serious
    assert "lovastatin" not in deadly | serious


def test_a_poor_metaboliser_is_not_said_to_stop_breathing_with_codeine() -> None:
    (harm,) = [each for each in KnowledgeBase.open().guidance.harms if each.drug == "codeine"]
    assert harm.when == "Ultrarapid Metabolizer"
