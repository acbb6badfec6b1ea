"""Alerts: two sentences for each drug that calls for something, those taken first, a missing test before all."""

from __future__ import annotations

import re
from dataclasses import replace

from starling.assessment import DrugResult, OpenCondition
from starling.report.alert import alerts
from starling.vocabulary import Notice
from tests.report.sample_assessment import HOSTILE, hostile_assessment, sample_assessment


def paragraphs(text: str) -> dict[str, str]:
    """Drug -> its alert."""
    middle = text.strip().split("\n\n")[1:-1]
    return {part.split(":")[0].removesuffix(" (taken now)"): part for part in middle if ": " in part}


def test_only_drugs_that_call_for_something_are_named_most_serious_first() -> None:
    found = list(paragraphs(alerts(sample_assessment())))
    assert found[:4] == ["abacavir", "fluorouracil", "clopidogrel", "codeine"]
    assert "tafenoquine" in found, "its required test is missing"
    assert not {"metoprolol", "voriconazole", "oxycodone", "quetiapine"} & set(found)


def test_what_the_patient_takes_comes_first_and_is_marked() -> None:
    text = alerts(sample_assessment(), taken=("simvastatin", "metoprolol"))
    assert next(iter(paragraphs(text))) == "simvastatin"
    assert "simvastatin (taken now): CONSIDER ANOTHER MEDICINE" in text


def test_an_alert_after_the_test_says_what_and_why_in_two_sentences() -> None:
    said = paragraphs(alerts(sample_assessment()))["azathioprine"]
    assert said == (
        "azathioprine: LOWER THE DOSE; reason: TPMT Intermediate Metabolizer; NUDT15 Normal Metabolizer "
        "(TPMT not certain) [CPIC Strong]. Start azathioprine at 30-80% of the usual dose and adjust by "
        "myelosuppression."
    )
    for text in paragraphs(alerts(sample_assessment())).values():
        assert len(re.findall(r"[.!?](?= [A-Z]|$)", text)) == 2, text


def test_an_alert_before_the_test_says_which_test() -> None:
    assert paragraphs(alerts(sample_assessment()))["tafenoquine"] == (
        "tafenoquine: FDA requires a test of G6PD before tafenoquine (since July 2018); no result of G6PD is known "
        "here. Do the test before the first dose, and ask again with its result."
    )


def test_a_missing_test_never_hides_what_another_result_calls_for() -> None:
    required = Notice("TEST_REQUIRED", "EMA requires a test of NUDT15 before azathioprine")
    drugs = tuple(
        replace(drug, notes=(required,)) if drug.drug in {"azathioprine", "abacavir"} else drug
        for drug in sample_assessment().drugs
    )
    found = paragraphs(alerts(sample_assessment(drugs=drugs)))
    first, below = found["azathioprine"].splitlines()
    assert first.startswith("azathioprine: LOWER THE DOSE")
    assert below == "Test first: EMA requires a test of NUDT15 before azathioprine."
    assert "EMA" not in found["abacavir"], "a drug that is ruled out waits for no test"


def test_what_must_be_asked_stands_below_even_where_the_drug_is_as_usual() -> None:
    asked = OpenCondition("Is omeprazole taken?", "taking: omeprazole", "avoid", "FDA")
    drugs = tuple(
        replace(drug, conditions_open=(asked,)) if drug.drug == "voriconazole" else drug
        for drug in sample_assessment().drugs
    )
    said = paragraphs(alerts(sample_assessment(drugs=drugs)))["voriconazole"]
    assert said.splitlines()[1] == "Ask first: Is omeprazole taken? If so: avoid [FDA]."


def test_drugs_without_a_result_are_counted_and_not_called_safe() -> None:
    assert "No result for 1 drug; that is not a statement of safety." in alerts(sample_assessment())


def test_nothing_to_say_is_said() -> None:
    text = alerts(sample_assessment(drugs=(DrugResult("quetiapine", "no_row", None),)))
    assert "No drug shown here calls for a change by what is known." in text
    assert "not a medical device" in text


def test_an_alert_names_the_person_the_knowledge_and_the_result() -> None:
    person = sample_assessment()
    text = alerts(person)
    assert text.startswith("Pharmacogenomic alerts for Ada Example, SAMPLE-1\n\n")
    assert f"knowledge 2025.11, result {person.result_sha256[:12]}, 21 November 2026, 23:40 UTC." in text


def test_hostile_text_stays_on_its_line() -> None:
    text = alerts(hostile_assessment(), taken=(HOSTILE,))
    assert "\x1b" not in text and "\u202e" not in text and "\t" not in text
    assert all(character.isprintable() or character == "\n" for character in text)
