"""The first page: it alone answers who, what, how sure, what was not looked at, and who signs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from starling.assessment import Adjusted, Assessment, CheckedAlternative, DrugResult, GeneResult, Harm, MedicineEffect
from starling.assessment import OpenCondition as Open
from starling.notices import NO_PHENOTYPE_TERMS
from starling.report.first_page import certainty_mark, first_page, missed
from starling.report.html import Extent, page
from starling.report.taken import effects, medicines, taken
from starling.report.terminal import render
from starling.vocabulary import Notice
from tests.report.reader import Reader
from tests.report.sample_assessment import DRUGS, row, sample_assessment

_ALL: tuple[Extent, ...] = ("whole", "full")


def said(person: Assessment) -> str:
    """The words of the first page."""
    return " ".join("".join(f"{text} " for text in Reader(first_page(person)).texts).split())


def section(person: Assessment, title: str) -> str:
    """The words under one heading of the first page."""
    text = re.sub(r"<h2[^>]*>", "\n##", first_page(person))
    (found,) = [part for part in text.split("\n##") if title in part.partition("</h2>")[0]]
    return " ".join(re.sub("<[^>]*>", " ", found).split())


def test_short_is_the_first_page_and_nothing_else() -> None:
    person = sample_assessment()
    short = page(person, extent="short")
    assert str(first_page(person)) in short
    assert 'id="evidence"' not in short and "<input" not in short
    assert len(short) < len(page(person)) / 2


def test_the_first_page_is_what_prints_unless_all_is_asked_for() -> None:
    person = sample_assessment()
    style = re.sub(r"\s+", " ", page(person))
    assert "@media print { .ways, .beyond { display: none; }" in style
    checked = {extent: re.findall(r"<input[^>]*checked[^>]*>", page(person, extent=extent)) for extent in _ALL}
    assert [('id="print-whole"' in one) for one in checked["whole"]] == [False]
    assert [('id="print-whole"' in one) for one in checked["full"]] == [True]


def test_evidence_is_folded_unless_asked_for() -> None:
    person = sample_assessment()
    assert '<details class="drug">' in page(person)
    assert '<details class="drug" open="open">' in page(person, extent="full")


def test_what_can_kill_leads_whatever_its_action_says() -> None:
    text = said(sample_assessment())
    assert text.index("Life-threatening: 2 drugs") < text.index("fluorouracil") < text.index("own medicines")
    assert text.index("fluorouracil") < text.index("simvastatin")
    assert "No life-threatening finding" in said(sample_assessment(drugs=DRUGS[1:4]))


def test_a_serious_harm_says_that_it_is_and_an_uncertain_result_too() -> None:
    harm = Harm("serious", "myelosuppression", "TPMT", "Intermediate Metabolizer", "PMID 30447069")
    changed = [replace(drug, harm=harm) if drug.drug == "azathioprine" else drug for drug in DRUGS]
    person = sample_assessment(drugs=tuple(changed))
    assert "Life-threatening: 2 drugs; serious: 1 drug " in said(person)
    text = section(person, "Life-threatening")
    assert "TPMT Intermediate Metabolizer not certain" in text
    assert "serious : myelosuppression" in text


def test_each_medicine_of_the_patient_is_answered_with_what_it_does_to_others() -> None:
    text = section(sample_assessment(), "own medicines")
    assert text.index("Plavix (clopidogrel) Avoid") < text.index("paroxetine")
    assert "CYP2D6 counts as Poor Metabolizer; counts in the answer for 1 other drug: codeine" in text
    assert "paroxitine No answer Not a drug of this knowledge base; that is not a statement of safety." in text
    assert "not an interaction checker" in text
    assert "no medicine was named" in section(_taking(), "own medicines")


def _taking(*names: str) -> Assessment:
    stamp = sample_assessment().provenance
    return sample_assessment(provenance=replace(stamp, options={"medication": names}))


def test_what_a_patient_takes_is_known_by_ingredient() -> None:
    assert taken(sample_assessment()) == {"clopidogrel"}
    assert [each.shown for each in medicines(_taking("Codeine"))] == ["Codeine"]
    assert taken(_taking("Codeine")) == {"codeine"}


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ("condition", "counts in the answer for 1 other drug: tamoxifen"),
        ("no_difference", "no other answer here depends on it"),
        ("not_considered", "not known here as changing the answer for another drug; not considered"),
    ],
)
def test_what_the_answers_say_of_a_medicine_is_told(effect: str, expected: str) -> None:
    told = MedicineEffect("ketoconazole", effect, "")  # type: ignore[arg-type]  # one of the literals
    person = replace(
        _taking("ketoconazole"), genes=(), drugs=(DrugResult("tamoxifen", "no_row", None, medicines=(told,)),)
    )
    (medicine,) = medicines(person)
    assert list(effects(medicine, person)) == [expected]


def test_a_name_within_another_name_is_not_that_medicine() -> None:
    gene = GeneResult(
        "CYP2D6", "called", None, (), "*1/*1", "Normal Metabolizer", True, adjusted=Adjusted(None, None, "esomeprazole")
    )
    person = replace(_taking("omeprazole"), genes=(gene,), drugs=())
    assert list(effects(medicines(person)[0], person)) == [
        "not known here as changing the answer for another drug; not considered"
    ]


def test_open_questions_and_checked_alternatives_stand_at_the_medicine() -> None:
    answer = replace(
        DRUGS[5],
        conditions_open=(Open("Is omeprazole taken?", "taking: omeprazole", "avoid", "FDA"),),
        alternatives=(
            CheckedAlternative("prasugrel", None, "No gene-based restriction.", offered=True),
            CheckedAlternative("ticagrelor", "avoid", "Restricted.", offered=False),
        ),
    )
    text = section(replace(sample_assessment(), drugs=(answer,)), "own medicines")
    assert "Ask: Is omeprazole taken?" in text
    assert "Instead, checked on this patient: prasugrel" in text and "ticagrelor" not in text.partition("Instead")[2]


def test_every_gene_stands_in_the_strip_with_a_mark_that_is_spoken() -> None:
    person = sample_assessment()
    text = section(person, "Genes")
    for gene in person.genes:
        assert gene.gene in text
    assert "MT-RNR1 : the file does not say which mitochondrial reference it uses (no result)" in text
    marks = {gene.gene: certainty_mark(gene) for gene in person.genes}
    assert marks["CYP2C19"] == "certain"
    assert marks["TPMT"] == marks["HLA-B"] == "not certain"
    assert marks["MT-RNR1"] == "no result"


def test_what_was_not_looked_at_is_said() -> None:
    text = list(missed(sample_assessment()))
    assert "Deletions, duplications and hybrids of CYP2D6." in text
    assert "HLA-B*58:01: could not be determined." in text
    assert "8 positions not read, never counted as normal: MT-RNR1 (8)." in text
    assert "37 positions ASSUMED to be reference, not read." in text
    bare = replace(sample_assessment(), genes=())
    assert "45 positions not read, never counted as normal." in list(missed(bare))


def test_the_report_can_be_signed_and_blanks_are_filled_by_hand() -> None:
    blank = Reader(first_page(sample_assessment()))
    assert sum(place.get("class") == "open" for place in blank.named("dd")) == 7
    assert "not signed" in said(sample_assessment())
    stated = {
        "status": "amended",
        "replaces": "0123456789ab",
        "interpreted_by": "A. Pharmacist",
        "reviewed_by": "B. Geneticist",
        "reported": "2026-11-20",
        "accession": "L-77",
        "method": "array",
        "laboratory": "Example laboratory",
    }
    text = said(sample_assessment(subject=stated))
    for value in ("AMENDED", "0123456789ab", "A. Pharmacist", "B. Geneticist", "20 November 2026", "L-77", "array"):
        assert value in text
    assert "Signed     accession L-77" in render(sample_assessment(subject=stated), colour=False, width=100)


def test_days_are_written_as_people_write_them() -> None:
    text = said(sample_assessment())
    assert "2 April 1961" in text and "14 November 2025" in text and "21 November 2026, 23:40 UTC" in text


def test_an_effect_on_concentrations_alone_is_folded() -> None:
    slight = DrugResult(
        "galantamine",
        "advice",
        "adjust_dose",
        recommendations=(
            row("galantamine", "adjust_dose", "Titrate.", {"CYP2D6": "0"}, source="FDA", strength="Category 3"),
        ),
    )
    person = sample_assessment(drugs=(slight,))
    assert "And 1 to be monitored, or with an effect on concentrations only" in said(person)
    assert "galantamine" not in section(person, "Also to act on")
    assert "EFFECT ON CONCENTRATIONS ONLY: 1" in render(person, colour=False, width=80)


def test_many_findings_are_set_in_small_print_and_none_that_kills_is_left_out() -> None:
    drugs = tuple(
        replace(
            DRUGS[0],
            drug=f"drug{number}",
            harm=Harm("life-threatening", f"harm {number}", "HLA-B", "*57:01 positive", "label"),
        )
        for number in range(25)
    )
    text = first_page(sample_assessment(drugs=drugs))
    assert 'class="sheet dense densest"' in text
    assert all(f"harm {number}" in text for number in range(25))


def test_a_sex_stated_for_reading_stands_at_the_head() -> None:
    person = sample_assessment()
    options = {**person.provenance.options, "sex": "female"}
    stated = replace(person, subject={}, provenance=replace(person.provenance, options=options))
    assert "Sex female" in said(stated)


def test_alleles_are_the_result_where_no_terms_are_defined() -> None:
    note = Notice(NO_PHENOTYPE_TERMS, "No terms.")
    person = sample_assessment()
    base = next(gene for gene in person.genes if gene.gene == "CYP2C19")
    gene = replace(
        base, gene="CYP4F2", diplotypes=(("*1", "*3"),), label="*1/*3", phenotype=None, phenotype_certain=False
    )
    plain = replace(gene, phenotype_alternatives=(), missing_positions=(), cannot_exclude=(), warnings=(note,))
    assert certainty_mark(plain) == "certain"
    assert certainty_mark(replace(plain, missing_positions=("chr19:15879621",))) == "not certain"
    assert certainty_mark(replace(plain, warnings=(note, Notice("DEPTH", "Few reads.")))) == "not certain"
    text = section(replace(person, genes=(plain,)), "Genes")
    assert "CYP4F2 *1/*3" in text and "no phenotype term" not in text


def test_alternatives_beyond_those_named_are_counted_in_one_phrase() -> None:
    names = ("prasugrel", "ticagrelor", "ticlopidine", "aspirin", "warfarin")
    offered = tuple(CheckedAlternative(name, None, "", offered=True) for name in names)
    person = replace(sample_assessment(), drugs=(replace(DRUGS[5], alternatives=offered),))
    assert "prasugrel, ticagrelor, ticlopidine, aspirin or 1 more: see the whole report" in section(
        person, "own medicines"
    )


def test_two_results_that_contradict_each_other_are_said_first_and_never_marked_certain() -> None:
    person = sample_assessment()
    base = next(gene for gene in person.genes if gene.gene == "CYP2C19")
    differ = "stated as *1/*2, but the sample's own data read *1/*4"
    gene = replace(base, source="outside", conflict=differ)
    assert certainty_mark(gene) == "not certain"
    text = said(replace(person, genes=(gene,)))
    assert f"CYP2C19 {differ}." in text[: text.index("Life-threatening")]
