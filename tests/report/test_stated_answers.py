"""What the box of an answer says when something was stated of the patient."""

from __future__ import annotations

import pytest

from starling.errors import InputError
from starling.library import assess
from starling.report.answer import Answer, shared_limits
from starling.vocabulary import OutsideCall


def box(drug: str, results: str, *taken: str, **subject: str) -> tuple[str, ...]:
    outside = [OutsideCall(gene, pair) for gene, _, pair in (each.partition("=") for each in results.split())]
    asked = assess(outside=outside, drugs=[drug], medication=list(taken), subject=subject)
    return Answer.about(asked, drug).box_lines


def test_the_dose_of_a_source_stands_beside_the_prohibition_of_another() -> None:
    """Source: CPIC 2026 (PMID 41618934): in leukaemia a tenth of the dose, and on 3 days a week only."""
    said = box("mercaptopurine", "NUDT15=*3/*5 TPMT=*1/*1")
    assert (
        said[1].startswith("Ask first: What is mercaptopurine for? Cancer treatment: ") and "3 days a week" in said[1]
    )
    assert said[1].endswith("[CPIC].") and not any(line.startswith("CPIC") for line in said), said
    said = box("thioguanine", "TPMT=*3A/*3A")
    assert any(line.startswith("CPIC") and "3 days a week" in line for line in said), said


def test_a_source_that_names_the_indication_leads_and_the_other_stands_beside_it() -> None:
    """Source: CPIC 2026 (PMID 41618934) for cancer; DPWG 2025 names no indication, and allows a tenth."""
    said = box("mercaptopurine", "NUDT15=*3/*5 TPMT=*1/*1", indication="leukaemia")
    assert said[0].startswith("Cancer treatment: ") and "3 days a week" in said[0]
    assert "Sources differ, see below." in said
    assert any(line.startswith("DPWG, naming no indication: Avoid") for line in said), said
    assert not any(line.startswith("Instead") for line in said), said
    assert not any("mercaptopurine" in line for line in said if line.startswith("Not instead")), said


def test_a_result_with_a_medicine_outdoes_either_alone() -> None:
    """Source: US label of aripiprazole, section 2: a quarter of the dose, neither half nor 10 mg."""
    said = box("aripiprazole", "CYP2D6=*4/*4", "clarithromycin")
    assert said[0].startswith("A quarter of the usual dose")
    assert not any("half" in line.casefold() or "10 mg" in line for line in said), said


def test_a_child_s_prohibition_is_read_before_an_exception_for_adults() -> None:
    said = box("codeine", "CYP2D6=*1/*2x3", age="10")
    assert said[0].startswith("Child younger than 12 years: do not use")


@pytest.mark.parametrize(
    ("drug", "results", "taken"),
    [
        ("eliglustat", "CYP2D6=*1/*1", ("paroxetine", "ketoconazole")),
        ("eliglustat", "CYP2D6=*4/*5", ("ketoconazole",)),
        ("tamoxifen", "CYP2D6=*1/*1", ("paroxetine",)),
        ("citalopram", "CYP2C19=*1/*1", ("pimozide",)),
    ],
)
def test_no_dose_stands_under_a_prohibition_and_nothing_twice(drug: str, results: str, taken: tuple[str, ...]) -> None:
    said = box(drug, results, *taken)
    assert len(said) == 1 + len(taken), said
    assert len(set(said)) == len(said)


def test_whom_advice_speaks_of_does_not_lose_its_dose() -> None:
    asked = assess(outside=[OutsideCall("CYP3A5", "*1/*1")], drugs=["tacrolimus"], subject={"transplant": "kidney"})
    (dpwg,) = [row for row in asked.drug("tacrolimus").recommendations if row.source == "DPWG"]
    assert "2.5 times" in dpwg.advice.summary


def test_a_child_below_the_weight_of_a_guideline_is_not_advised_by_it() -> None:
    """Source: CPIC 2019 (PMID 31006110): efavirenz in adults, and in children above 40 kg."""
    assert box("efavirenz", "CYP2B6=*6/*6", weight="30")[0].startswith("Adults and children above 40 kg: ")
    assert not any("400 or 200 mg" in line for line in box("efavirenz", "CYP2B6=*6/*6", weight="30", age="10"))


def test_a_limit_by_age_stands_beside_a_graver_answer() -> None:
    """Source: US label of citalopram, section 2."""
    said = box("citalopram", "CYP2C19=*2/*2", age="70")
    assert any(line.startswith("Also: No more than 20 mg/day above 60") for line in said), said
    assert not any("Sources differ" in line for line in box("citalopram", "CYP2C19=*1/*1", age="70"))


def test_what_an_untested_gene_would_rule_out_stands_beside_the_dose_of_another() -> None:
    """Source: CPIC 2020 (PMID 32779747): HLA-B*15:02 comes before the dose by CYP2C9."""
    said = box("phenytoin", "CYP2C9=*3/*3")
    assert "Test HLA-B first: if it is *15:02 positive: do not use (contraindicated)." in said


def test_a_stroke_of_the_past_is_asked_whatever_the_indication() -> None:
    """Source: US label of prasugrel, boxed warning: not after a stroke or TIA."""
    instead = " ".join(box("clopidogrel", "CYP2C19=*2/*2", indication="PCI"))
    assert "prasugrel (ask first: Is the patient known to have had stroke or TIA?" in instead
    past = box("clopidogrel", "CYP2C19=*2/*2", indication="PCI", history="TIA")
    assert any(line.startswith("Not instead: prasugrel") and "after a stroke or TIA" in line for line in past), past
    assert box("prasugrel", "CYP2C19=*2/*2")[0].startswith("Ask first: Is the patient known to have had stroke")


@pytest.mark.parametrize("fact", ["pregnant", "breastfeeding"])
def test_a_man_is_neither_pregnant_nor_breastfeeding(fact: str) -> None:
    with pytest.raises(InputError, match="contradicts sex=male"):
        box("codeine", "CYP2D6=*1/*1", sex="male", **{fact: "yes"})
    assert not any(fact in line for line in box("codeine", "CYP2D6=*1/*1", sex="male", age="40"))


def test_an_absent_allele_is_never_named_as_the_danger() -> None:
    """Source: CPIC 2017 (PMID 29392710): carriers of HLA-B*15:02 or HLA-A*31:01 do not start carbamazepine."""
    said = " ".join(box("carbamazepine", "CYP2D6=*1/*1"))
    assert "*15:02 positive" in said and "*31:01 positive" in said
    assert "negative" not in said


def test_no_gene_is_missing_where_a_medicine_rules_the_drug_out() -> None:
    said = box("pazopanib", "UGT1A1=*1/*1", "ketoconazole")
    assert said[0].startswith("Avoid with a strong CYP3A4 inhibitor")
    assert not any(line.startswith("Not known") for line in said), said


def test_a_child_is_given_no_number_of_adults_by_any_source() -> None:
    """Source: US label of warfarin, section 8.4; PMID 28198005: children have a figure of their own."""
    asked = assess(outside=[OutsideCall("CYP2C9", "*2/*3")], drugs=["warfarin"], subject={"age": "10"})
    for row in asked.drug("warfarin").recommendations:
        assert not row.advice.dose and not row.advice.conditions, row.guideline
        assert "%" not in row.advice.summary and "mg" not in row.advice.summary, row.guideline
    assert "lower warfarin dose" in box("warfarin", "CYP2C9=*2/*3", age="10")[0]


def test_three_strengths_of_one_class_are_a_list() -> None:
    asks = next(line for line in box("thioridazine", "CYP2D6=*1/*1") if line.startswith("Ask first"))
    assert "a strong, moderate or weak CYP2D6 inhibitor" in asks


def test_that_it_is_no_interaction_checker_is_said_once() -> None:
    asked = assess(outside=[OutsideCall("CYP2D6", "*1/*1")], drugs=["tamoxifen"], medication=["paroxetine"])
    assert " ".join(shared_limits(asked)).count("interaction checker") == 1
