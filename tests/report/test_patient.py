"""The patient's page: plain words, a card for the wallet, no reason to stop a medicine, safe against its content."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from starling.assessment import Advice, Assessment, DrugResult, MedicineEffect
from starling.report import patient
from starling.report.frame import CONTENT_POLICY
from starling.report.patient import card_lines, patient_page
from tests.report.reader import Reader
from tests.report.sample_assessment import HOSTILE, hostile_assessment, row, sample_assessment

#: words of the field that a page for patients does without; the card alone speaks to professionals
JARGON = re.compile(r"phenotype|genotype|diplotype|allele|metaboli[sz]er|contraindicated|pharmacogen|titrate|CPIC|DPWG")


def said_by(person: Assessment, *taken: str) -> str:
    return " ".join(" ".join(Reader(patient_page(person, taken=taken)).texts).split())


def test_it_is_no_reason_to_stop_a_medicine_and_says_so_first() -> None:
    said = said_by(sample_assessment())
    warning = said.index("This page is no reason to stop a medicine")
    assert warning < said.index("You must not be given")
    assert "without asking your doctor or pharmacist" in said


def test_the_card_names_what_must_not_be_given_and_why() -> None:
    lines = card_lines(sample_assessment())
    assert lines[0] == "I must not be given abacavir (HLA-B*57:01 positive)."
    assert "Avoid giving me clopidogrel (CYP2C19 Poor Metabolizer)." in lines
    assert any(
        line.startswith("Avoid giving me codeine (CYP2D6 counts as Poor") and "not certain" in line for line in lines
    )
    said = said_by(sample_assessment())
    for line in lines:
        assert line in said


def test_the_card_names_a_result_by_its_term_and_not_by_its_score() -> None:
    advice = Advice(id="T", action="avoid", summary="Avoid tegafur.")
    keys = ({"DPYD": "1.0"}, {"DPYD": "1.0 (Intermediate Metabolizer)"}, {"DPYD": "Intermediate Metabolizer"})
    for key in keys:
        drug = DrugResult(
            "tegafur", "advice", "avoid", recommendations=(row("tegafur", "avoid", "", key, advice=advice),)
        )
        assert card_lines(sample_assessment(drugs=(drug,))) == (
            "Avoid giving me tegafur (DPYD Intermediate Metabolizer).",
        )


def test_the_card_names_medicines_of_one_result_together_and_no_allele_that_is_absent() -> None:
    results = {
        "abacavir": {"HLA-B": "*57:01 positive"},
        "sevoflurane": {"RYR1": "Malignant Hyperthermia Susceptibility"},
        "desflurane": {"RYR1": "Malignant Hyperthermia Susceptibility"},
        "carbamazepine": {"HLA-A": "*31:01 positive", "HLA-B": "*15:02 negative"},
    }
    drugs = tuple(
        DrugResult(
            drug,
            "advice",
            "contraindicated",
            recommendations=(row(drug, "contraindicated", "", keys, advice=Advice(drug, "contraindicated", "No.")),),
        )
        for drug, keys in results.items()
    )
    assert set(card_lines(sample_assessment(drugs=drugs))) == {
        "I must not be given abacavir (HLA-B*57:01 positive).",
        "I must not be given desflurane or sevoflurane (RYR1 Malignant Hyperthermia Susceptibility).",
        "I must not be given carbamazepine (HLA-A*31:01 positive).",
    }


def test_a_card_without_such_a_medicine_says_that() -> None:
    usual = tuple(drug for drug in sample_assessment().drugs if drug.drug == "metoprolol")
    assert "No medicine that I must not be given was found." in said_by(sample_assessment(drugs=usual))


def test_what_is_taken_now_stands_first_with_what_to_do() -> None:
    said = said_by(sample_assessment(), "clopidogrel", "metoprolol", "pravastatin")
    own = said[said.index("Medicines that you take now") : said.index("You must not be given")]
    assert "works very little or not at all): often not right for you. Ask your doctor soon, and do not stop it" in own
    assert "this result is not certain): your genes do not give a clear answer." in own
    assert "works less than usual): your doctor may want to watch more closely how it works." in own
    assert "Medicines that you take now" not in said_by(sample_assessment())


def test_a_missing_test_is_named() -> None:
    assert "A test should be done before you take: tafenoquine." in said_by(sample_assessment())


def test_nobody_is_told_that_a_medicine_is_safe() -> None:
    said = said_by(sample_assessment())
    assert "That does not mean that they are safe." in said
    assert re.search(r"\b(?:is|are) safe\b", said.replace("does not mean that they are safe", "")) is None


def test_words_are_plain_and_sentences_short() -> None:
    """Our own sentences: at most 20 words each and 12 on average; no word of the trade."""
    texts = [*patient._DO_NOT_STOP, *patient._KNOW, *(part.text for part in patient._PARTS)]
    sentences = [one for text in texts for one in re.split(r"(?<=[.!?]) ", text)]
    lengths = [len(one.split()) for one in sentences]
    assert max(lengths) <= 20 and sum(lengths) / len(lengths) <= 12
    page = patient_page(sample_assessment(), taken=("clopidogrel",))
    without_card = re.sub(r'<div class="card">.*?</div>', "", page)
    assert JARGON.findall(" ".join(Reader(without_card).texts)) == []


@pytest.mark.parametrize("make", [sample_assessment, hostile_assessment])
def test_the_page_is_whole_and_loads_and_runs_nothing(make: Callable[[], Assessment]) -> None:
    text = patient_page(make(), taken=(HOSTILE,))
    seen = Reader(text)
    assert seen.open == []
    assert {"http-equiv": "Content-Security-Policy", "content": CONTENT_POLICY} in seen.named("meta")
    assert "<script" not in text and "\x1b" not in text and text.count("</style>") == 1
    assert "http:" not in text and "https:" not in text and "url(" not in text


def test_a_changed_gene_is_blamed_on_the_other_medicine() -> None:
    assert "your gene CYP2D6 works very little or not at all because of another medicine that you take" in said_by(
        sample_assessment()
    )


def test_whose_page_it_is_stands_at_its_head() -> None:
    assert "Ada Example, born 2 April 1961" in said_by(sample_assessment())
    nobody = replace(sample_assessment(), subject={})
    assert "SAMPLE-1" in said_by(nobody)


def test_a_medicine_that_another_one_rules_out_is_said_to_be_so_and_never_in_empty_brackets() -> None:
    effect = MedicineEffect("carbamazepine", "condition", "carbamazepine: never together with an inducer.")
    rows = (row("mavacamten", "contraindicated", "", {}),)
    drug = DrugResult("mavacamten", "advice", "contraindicated", recommendations=rows, medicines=(effect,))
    person = sample_assessment(drugs=(drug,))
    assert card_lines(person) == ("I must not be given mavacamten (with carbamazepine).",)
    assert "mavacamten (because you take carbamazepine)" in said_by(person)
    alone = sample_assessment(drugs=(replace(drug, medicines=()),))
    assert card_lines(alone) == ("I must not be given mavacamten.",)


def test_medicines_to_be_avoided_for_one_result_stand_in_one_line_of_the_card() -> None:
    drugs = tuple(
        DrugResult(name, "advice", "avoid", recommendations=(row(name, "avoid", "", {"NUDT15": "Poor Metabolizer"}),))
        for name in ("azathioprine", "thioguanine")
    )
    (line,) = card_lines(sample_assessment(drugs=drugs))
    assert line == "Avoid giving me azathioprine or thioguanine (NUDT15 Poor Metabolizer)."


def test_what_is_taken_stands_most_serious_first() -> None:
    said = said_by(sample_assessment(), "abacavir", "clopidogrel", "metoprolol", "pravastatin")
    own = said[said.index("Medicines that you take now") : said.index("These medicines could do you serious harm")]
    assert own.index("abacavir") < own.index("clopidogrel") < own.index("pravastatin")
    assert "you must not be given this. Ask your doctor soon" in own
