"""An answer on every face: the same title and box, questions and alternatives in their places, and a published JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from starling.assessment import Assessment, CheckedAlternative, DrugResult, MedicineEffect, OpenCondition
from starling.report.answer import NOT_A_CHECKER, Answer
from starling.report.check import check_view, checks_view
from starling.report.check_json import checks_parts
from starling.report.check_page import checks_page
from starling.report.frame import CONTENT_POLICY
from starling.report.html import page as report_page
from starling.report.terminal import render
from starling.report.text import visible
from starling.vocabulary import Notice
from tests.effort import examples
from tests.report.reader import Reader
from tests.report.sample_assessment import HOSTILE, hostile_assessment, sample_assessment
from tests.report.strategies import assessments

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/checks.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DRUGS = tuple(drug.drug for drug in sample_assessment().drugs)
SLOW = settings(max_examples=examples(15, 40), suppress_health_check=list(HealthCheck), deadline=None)

ASKED = OpenCondition("Is a strong CYP3A4 inhibitor taken", "taking: CYP3A4 strong inhibitor", "contraindicated", "FDA")
MEDICINES = (
    MedicineEffect("paroxetine", "adjusted", "CYP2D6 counts as Poor Metabolizer."),
    MedicineEffect("metformin", "not_considered", "metformin is not known here and was not considered."),
)
ALTERNATIVES = (
    CheckedAlternative("rosuvastatin", "reduce_dose", "Also restricted: ABCG2 poor.", offered=True),
    CheckedAlternative("pravastatin", "standard", "No gene-based restriction.", offered=True),
    CheckedAlternative("lovastatin", "avoid", "SLCO1B1 poor rules it out too.", offered=False),
)


def with_everything() -> Assessment:
    """The person, with an answer for simvastatin in which every field says something."""
    drugs = tuple(
        replace(drug, conditions_open=(ASKED,), medicines=MEDICINES, alternatives=ALTERNATIVES)
        if drug.drug == "simvastatin"
        else drug
        for drug in sample_assessment().drugs
    )
    return sample_assessment(drugs=drugs)


def on_one_line(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


def answers_of(person: Assessment, *drugs: str) -> list[dict[str, object]]:
    return list(json.loads("".join(checks_parts([person], drugs)))["answers"])


def words_of(person: Assessment, drug: str) -> dict[str, str]:
    """Face -> its words on one line."""
    return {
        "screen": on_one_line(check_view(person, drug, colour=False, width=80)),
        "page": " ".join("".join(Reader(checks_page(person, (drug,))).texts).split()),
    }


# --- the box ----------------------------------------------------------------------------------------------------------


def test_what_must_be_asked_stands_in_the_box_before_the_alternatives() -> None:
    box = Answer.about(with_everything(), "simvastatin").box_lines
    assert box == (
        "Choose another statin.",
        "Ask first: Is a strong CYP3A4 inhibitor taken? If so: do not use (contraindicated) [FDA].",
        "paroxetine: CYP2D6 counts as Poor Metabolizer.",
        "Metformin is not known here and was not considered.",
        "Instead: rosuvastatin (also restricted: ABCG2 poor); pravastatin (no gene-based restriction)",
        "Not instead: lovastatin (SLCO1B1 poor rules it out too)",
    )


def test_alternatives_of_the_source_that_were_checked_are_named_once() -> None:
    checked = (CheckedAlternative("prasugrel", "standard", "No gene-based restriction.", offered=True),)
    drugs = tuple(replace(one, alternatives=checked) if one.drug == "clopidogrel" else one for one in _drugs())
    box = Answer.about(sample_assessment(drugs=drugs), "clopidogrel").box_lines
    assert "Instead: prasugrel (no gene-based restriction); ticagrelor" in box


def test_an_alternative_that_was_refused_is_never_offered() -> None:
    refused = (CheckedAlternative("morphine", "avoid", "", offered=False),)
    drugs = tuple(replace(one, alternatives=refused) if one.drug == "codeine" else one for one in _drugs())
    box = Answer.about(sample_assessment(drugs=drugs), "codeine").box_lines
    assert not [line for line in box if line.startswith("Instead")]
    assert "Not instead: morphine; tramadol (CPIC: no alternative)" in box


def test_that_it_is_no_interaction_checker_is_said_once_and_only_where_medicines_were_stated() -> None:
    several = checks_view(with_everything(), ("simvastatin", "codeine"), colour=False, width=100)
    assert on_one_line(several).count(NOT_A_CHECKER) == 1
    unstated = sample_assessment(provenance=replace(sample_assessment().provenance, options={}))
    assert "interaction checker" not in check_view(unstated, "codeine", colour=False, width=100)
    options = {"medication": ("paroxetine",)}
    stated = replace(sample_assessment().provenance, options=options)
    assert NOT_A_CHECKER in on_one_line(
        check_view(sample_assessment(provenance=stated), "codeine", colour=False, width=90)
    )


@pytest.mark.parametrize("drug", DRUGS)
def test_every_face_has_the_same_title_and_box(drug: str) -> None:
    person = with_everything()
    (answer,) = answers_of(person, drug)
    for face, said in words_of(person, drug).items():
        assert f"{answer['headline']}: {drug}" in said, face
        for line in answer["box"]:  # type: ignore[attr-defined]  # a list, as the schema says
            assert line in said, face


def test_a_required_test_is_an_answer_although_no_result_is_known() -> None:
    drug = DrugResult("abacavir", "no_result", "test_further", genes_missing=("HLA-B",))
    answer = Answer.about(sample_assessment(drugs=(drug,)), "abacavir")
    assert (answer.is_given, answer.headline) == (True, "TEST FURTHER FIRST")
    bare = Answer.about(sample_assessment(drugs=(replace(drug, headline_action=None),)), "abacavir")
    assert (bare.is_given, bare.headline) == (False, "NO RESULT")
    assert "not a statement of safety" in " ".join(bare.box_lines)


def test_the_reason_that_no_guideline_advises_is_said_once() -> None:
    said = check_view(sample_assessment(), "oxycodone", colour=False, width=100)
    assert on_one_line(said).count("gives no recommendation") == 1


# --- several drugs ----------------------------------------------------------------------------------------------------


def test_several_drugs_are_answered_in_the_order_asked_and_shared_limits_once() -> None:
    said = checks_view(sample_assessment(), ("simvastatin", "abacavir", "codeine"), colour=False, width=100)
    titles = [line.split(":")[1].split()[0] for line in said.splitlines() if " for SAMPLE-1" in line]
    assert titles == ["simvastatin", "abacavir", "codeine"]
    assert said.count("ASSUMED to be reference") == 1
    assert said.count("LIMITS OF ALL ANSWERS") == 1


# --- the page ---------------------------------------------------------------------------------------------------------


def page_of(person: Assessment) -> str:
    return checks_page(person, tuple(drug.drug for drug in person.drugs))


@pytest.mark.parametrize("make", [sample_assessment, hostile_assessment, with_everything])
def test_the_page_is_whole_and_loads_and_runs_nothing(make: Callable[[], Assessment]) -> None:
    text = page_of(make())
    seen = Reader(text)
    assert seen.open == []
    assert {"http-equiv": "Content-Security-Policy", "content": CONTENT_POLICY} in seen.named("meta")
    assert not {name for name, _ in seen.elements} & {"script", "link", "img", "iframe", "form", "base"}
    assert not {name for _, attributes in seen.elements for name in attributes} & {"src", "onload", "onclick"}
    assert "http:" not in text and "https:" not in text and "url(" not in text
    levels = [int(name[1]) for name, _ in seen.elements if name in {"h1", "h2", "h3"}]
    assert levels[0] == 1 and levels.count(1) == 1


def test_hostile_text_is_shown_and_never_runs() -> None:
    text = page_of(hostile_assessment())
    assert "<script" not in text and "\x1b" not in text and text.count("</style>") == 1
    assert visible(HOSTILE) in "".join(Reader(text).texts)


def test_the_page_names_what_the_patient_takes_and_who_it_is() -> None:
    options = {"medication": ("paroxetine", "metformin"), "sex": "female"}
    person = sample_assessment(subject={}, provenance=replace(sample_assessment().provenance, options=options))
    said = " ".join(Reader(checks_page(person, ("codeine",))).texts)
    assert "paroxetine and metformin" in said and "female" in said
    assert person.result_sha256 in said


# --- JSON -------------------------------------------------------------------------------------------------------------


@SLOW
@given(assessments())
def test_every_answer_obeys_the_published_schema(person: Assessment) -> None:
    text = "".join(checks_parts([person], tuple(dict.fromkeys(drug.drug for drug in person.drugs))))
    VALIDATOR.validate(json.loads(text))


def test_the_answer_says_what_the_assessment_says() -> None:
    person = with_everything()
    (answer,) = answers_of(person, "simvastatin")
    VALIDATOR.validate({"schema": "starling.checks/1", "answers": [answer]})
    assert (answer["action"], answer["headline"]) == ("consider_alternative", "CONSIDER ANOTHER MEDICINE")
    assert answer["conditions_open"] == [
        {"ask": ASKED.ask, "key": ASKED.key, "action": "contraindicated", "source": "FDA"}
    ]
    assert [one["effect"] for one in answer["medicines"]] == ["adjusted", "not_considered"]  # type: ignore[attr-defined]
    assert [one["offered"] for one in answer["alternatives"]] == [True, True, False]  # type: ignore[attr-defined]
    source: dict[str, str] = answer["sources"][0]  # type: ignore[index]
    assert (source["source"], source["text_as_of"], source["checked_on"]) == ("CPIC", "2022", "2025-11-20")
    assert answer["provenance"]["result_sha256"] == person.result_sha256  # type: ignore[index]


def test_people_and_drugs_follow_one_another_a_line_each() -> None:
    text = "".join(checks_parts([sample_assessment(), hostile_assessment()], ("codeine", "abacavir")))
    assert [json.loads(line.rstrip(","))["drug"] for line in text.splitlines()[1:-1]] == ["codeine", "abacavir"] * 2
    assert "\x1b" not in text and "\u202e" not in text


def test_without_anybody_there_is_an_empty_list() -> None:
    assert json.loads("".join(checks_parts([], ("codeine",)))) == {"schema": "starling.checks/1", "answers": []}


def test_a_drug_that_was_not_assessed_is_the_callers_error() -> None:
    with pytest.raises(KeyError):
        list(checks_parts([sample_assessment()], ("unobtainium",)))
    with pytest.raises(KeyError):
        checks_page(sample_assessment(), ("unobtainium",))


def _drugs() -> tuple[DrugResult, ...]:
    return sample_assessment().drugs


# --- the whole report -------------------------------------------------------------------------------------------------


def test_a_whole_report_asks_and_checks_as_the_answer_for_the_drug_does() -> None:
    person = with_everything()
    screen = on_one_line(render(person, colour=False, width=100))
    assert "Ask first: Is a strong CYP3A4 inhibitor taken? If so: do not use (contraindicated) [FDA]." in screen
    said = " ".join("".join(Reader(report_page(person)).texts).split())
    for text in (
        "Ask first: Is a strong CYP3A4 inhibitor taken? If so: do not use (contraindicated) [FDA].",
        "paroxetine: CYP2D6 counts as Poor Metabolizer.",
        "Instead: rosuvastatin (also restricted: ABCG2 poor)",
        "Not instead: lovastatin (SLCO1B1 poor rules it out too)",
    ):
        assert text in said


def test_a_whole_report_names_required_tests_whatever_the_drug_calls_for() -> None:
    required = Notice("TEST_REQUIRED", "FDA requires a test of HLA-B before simvastatin")
    drugs = tuple(replace(one, notes=(required,)) if one.drug == "simvastatin" else one for one in _drugs())
    person = sample_assessment(drugs=drugs)
    screen = on_one_line(render(person, colour=False, width=100))
    assert "FDA requires a test of HLA-B before simvastatin." in screen
    assert "tafenoquine: FDA requires a test of G6PD before tafenoquine (since July 2018)" in screen
    assert "oxycodone: CPIC looked at CYP2D6 and gives no recommendation" in screen


def _with_medicines(*names: str) -> tuple[str, ...]:
    said = "to what the sources of codeine say by genotype; interactions beyond that were not checked."
    own = MedicineEffect("codeine", "no_difference", "codeine is the medicine that was asked about.")
    first = MedicineEffect("paroxetine", "adjusted", "paroxetine: CYP2D6 counts as Poor Metabolizer while it is taken.")
    taken = (
        own,
        *(MedicineEffect(name, "no_difference", f"{name} makes no difference {said}") for name in names),
        first,
    )
    drugs = tuple(replace(one, medicines=taken) if one.drug == "codeine" else one for one in _drugs())
    return Answer.about(sample_assessment(drugs=drugs), "codeine").box_lines


def test_medicines_that_make_no_difference_are_named_in_one_line() -> None:
    many = [line for line in _with_medicines("warfarin", "omeprazole", "allopurinol") if "difference" in line]
    assert len(many) == 1 and many[0].startswith("Warfarin, omeprazole and allopurinol make no difference to what")
    few = [line for line in _with_medicines("warfarin", "omeprazole") if "difference" in line]
    assert len(few) == 2 and few[0].startswith("Warfarin makes")
    assert "paroxetine: CYP2D6 counts as Poor Metabolizer while it is taken." in _with_medicines("warfarin")
    assert not any("asked about" in line for line in _with_medicines("warfarin"))


def test_alternatives_with_long_remarks_stand_on_lines_of_their_own() -> None:
    why = "For one indication, " + "and for another one, " * 5
    names = ("prasugrel", "ticagrelor")
    checked = tuple(CheckedAlternative(name, None, f"{why} {name}", offered=True) for name in names)
    drugs = tuple(replace(one, alternatives=checked) if one.drug == "clopidogrel" else one for one in _drugs())
    box = Answer.about(sample_assessment(drugs=drugs), "clopidogrel").box_lines
    assert [line.split(" ")[1] for line in box if line.startswith("Instead: ")] == ["prasugrel", "ticagrelor"]
