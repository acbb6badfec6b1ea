"""What a card proposes and how it is worded, at its edges; whole cards stand in test_scenarios.py."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.engine import Engine
from starling.exchange.cds import words
from starling.exchange.cds.actions import dense
from starling.exchange.cds.cards import About, Card, Policy, cards_of, message
from starling.exchange.cds.medicines import prescribed
from starling.exchange.cds.words import LIMIT, REASONS, fitting, plain
from starling.library import question
from starling.vocabulary import OutsideCall
from tests.simulators.ehr import order

DOSE = {"doseAndRate": [{"doseQuantity": {"value": 1500, "unit": "mg"}}]}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.bundled()


def capecitabine(engine: Engine, dosage: Any, policy: Policy = Policy(), **more: Any) -> tuple[Card, ...]:  # noqa: B008
    """An intermediate metaboliser of DPYD: half the usual dose."""
    made = prescribed(order("capecitabine 500 MG", patient="p", dosageInstruction=dosage, **more), {}, engine.knowledge)
    assert made is not None
    stated = OutsideCall("DPYD", phenotype="Intermediate Metabolizer", activity_score="1.0")
    person = engine.assess(None, question(drugs="capecitabine", outside=[stated]))
    about = [About("capecitabine", made)]
    return cards_of(person, about, policy=policy, knowledge=engine.knowledge, patient="p", tested=True)


def test_the_dose_that_is_proposed_is_the_order_with_one_number_changed(engine: Engine) -> None:
    old = {**DOSE, "text": "3 tablets", "timing": {"code": {"text": "BID"}}, "maxDosePerPeriod": {"numerator": {}}}
    (card,) = capecitabine(
        engine, [old], category={"text": "ward"}, note=None, dispenseRequest={"quantity": {"value": 90}}
    )
    ((action,),) = (each.actions for each in card.suggestions)
    resource = action["resource"]
    assert (
        action["type"] == "update"
        and "if the order is the usual one: 750 mg instead of 1500 mg" in action["description"]
    )
    assert resource["dosageInstruction"] == [
        {"timing": {"code": {"text": "BID"}}, "doseAndRate": [{"doseQuantity": {"value": 750, "unit": "mg"}}]}
    ]  # neither words nor limits of the old dose
    assert resource["category"] == [{"text": "ward"}] and "note" not in resource and "dispenseRequest" not in resource
    assert (resource["id"], resource["status"]) == ("draft-1", "draft")


@pytest.mark.parametrize(
    "dosage",
    [None, [], [{}], [DOSE, DOSE], [{"doseAndRate": [DOSE["doseAndRate"][0]] * 2}], [{"text": "1500 mg twice a day"}],
     [{"doseAndRate": [{"doseRange": {"low": {"value": 1}}}]}], [{"doseAndRate": [{"rateQuantity": {"value": 1}}]}],
     [{"doseAndRate": [{"doseQuantity": {"value": "1500"}}]}], [{"doseAndRate": [{"doseQuantity": {"value": 0}}]}],
     [{"doseAndRate": [{"doseQuantity": {"value": True}}]}], [{"doseAndRate": [{"doseQuantity": {"value": 1e9}}]}],
     "1500 mg", {"doseAndRate": "x"}],
    ids=repr,
)  # fmt: skip
def test_no_dose_is_proposed_where_the_order_states_no_single_amount(engine: Engine, dosage: Any) -> None:
    (card,) = capecitabine(engine, dosage)
    assert card.indicator == "critical" and card.suggestions == ()


def test_an_order_without_an_id_cannot_be_changed(engine: Engine) -> None:
    (card,) = capecitabine(engine, [DOSE], id=None)
    assert card.suggestions == ()


def test_cards_below_the_least_indicator_are_not_shown(engine: Engine) -> None:
    assert len(capecitabine(engine, [DOSE], Policy(least="critical"))) == 1
    person = engine.assess(None, question(drugs="abacavir", outside=[OutsideCall("CYP2C9", diplotype="*1/*1")]))
    for least, count in (("info", 1), ("warning", 0), ("critical", 0)):
        found = cards_of(
            person,
            [About("abacavir")],
            policy=Policy(least=least),
            knowledge=engine.knowledge,
            patient="p",
            tested=False,
        )
        assert len(found) == count


def test_reasons_are_those_that_are_counted(engine: Engine) -> None:
    (card,) = capecitabine(engine, [DOSE])
    said = message(card, "1", iter(["2"]))
    assert [each["code"] for each in said["overrideReasons"]] == [
        "tolerating", "will-monitor", "short-course", "no-alternative", "patient-choice", "result-disputed",
        "specialist-advice", "other",
    ]  # fmt: skip
    assert {each["display"] for each in said["overrideReasons"]} == set(REASONS.values())
    assert "links" not in said and said["selectionBehavior"] == "at-most-one"


@given(st.lists(st.lists(st.text(min_size=1, max_size=90), min_size=1, max_size=3), min_size=1, max_size=3))
def test_a_summary_is_always_short_enough(ways: list[list[str]]) -> None:
    found = fitting(ways)
    assert len(found) < LIMIT


@given(st.text())
def test_no_text_is_markup(text: str) -> None:
    said = plain(text)
    assert "<" not in said and "\n" not in said
    assert all(said[at - 1] == "\\" for at, letter in enumerate(said) if letter in "|*_`[]!")


NESTED = st.recursive(
    st.none() | st.just("") | st.just(0) | st.just(False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(NESTED)
def test_nothing_empty_is_left_and_numbers_and_flags_stay(value: Any) -> None:
    def empty(each: Any) -> bool:
        inner = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        return any(
            one is None or (one in ("", [], {}) and one is not False and one != 0) or empty(one) for one in inner
        )

    assert not empty(dense({"a": value}))
    assert dense({"a": 0, "b": False}) == {"a": 0, "b": False}


def test_words_stand_in_one_place() -> None:
    assert words.table(("A", "B"), [("1|2", "<x>")]) == "| A | B |\n| --- | --- |\n| 1\\|2 | &lt;x&gt; |"
    assert words.capital("HLA-B x") == "HLA-B x" and words.capital("codeine") == "Codeine"
