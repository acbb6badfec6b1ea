"""What was asked for and changed nothing is said in the result, on every face."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import starling
from starling.assessment import Assessment, Options
from starling.vocabulary import OutsideCall
from tests.commands import run

EXAMPLE = Path(starling.__file__).parent / "examples" / "example.vcf"


def unused(assessment: Assessment) -> list[str]:
    said = {"OPTION_WITHOUT_EFFECT", "FACT_NOT_CONSIDERED"}
    return [each.message for each in assessment.provenance.notices if each.code in said]


def test_nothing_is_said_when_nothing_was_asked_for() -> None:
    assert unused(starling.assess(EXAMPLE)) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (Options(absent_is_reference="yes"), "NOT applied"),
        (Options(min_dp=5), "min-dp"),
        (Options(min_gq=5), "min-gq"),
        (Options(min_gp=0.5), "min-gp"),
        (Options(max_other_reads=0.5), "max-other-reads"),
        (Options(min_het_reads=0.2), "min-het-reads"),
        (Options(phase="ignore"), "phase ignore"),
        (Options(phase="sets"), "phase sets"),
        (Options(pass_only=True), "pass-only"),
        (Options(combinations=True), "combinations"),
        (Options(sources=("CPIK",)), "source CPIK"),
    ],
)
def test_an_option_without_effect_says_so(options: Options, says: str) -> None:
    (said,) = unused(starling.assess(EXAMPLE, options=options))
    assert says in said


def test_regions_without_a_position_of_interest_say_so(tmp_path: Path) -> None:
    bed = tmp_path / "callable.bed"
    bed.write_text("chr21\t1\t100\n")
    (said,) = unused(starling.assess(EXAMPLE, options=Options(callable_bed=str(bed))))
    assert "no position of interest" in said


def test_an_option_with_an_effect_is_not_named(tmp_path: Path) -> None:
    few = tmp_path / "few.vcf"
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    few.write_text("".join(line for line in lines if not line.startswith("chr10\t")), encoding="utf-8")
    assert unused(starling.assess(few, options=Options(absent_is_reference="force"))) == []
    declared = tmp_path / "declared.vcf"
    more = '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="x">\n##FILTER=<ID=q10,Description="x">\n'
    declared.write_text("".join([lines[0], more, *lines[1:]]), encoding="utf-8")
    assert unused(starling.assess(declared, options=Options(min_dp=5, pass_only=True))) == []


@pytest.mark.parametrize(
    ("gt", "phase", "silent"),
    [
        ("0|1", "ignore", True),
        ("0|1", "sets", True),
        ("0/1", "ignore", False),
        ("1|1", "ignore", False),
        ("0|1:7", "ignore", True),
        ("0|1:7", "sets", False),  # the set is believed: nothing changed
    ],
)
def test_phase_that_is_not_believed_is_an_effect(tmp_path: Path, gt: str, phase: str, *, silent: bool) -> None:
    keys = "GT:PS" if ":" in gt else "GT"
    text = (
        "##fileformat=VCFv4.2\n##contig=<ID=chr10,length=133797422>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
        f"chr10\t94781859\t.\tG\tA\t.\tPASS\t.\t{keys}\t{gt}\n"
    )
    path = tmp_path / "one.vcf"
    path.write_text(text, encoding="utf-8")
    said = unused(starling.assess(path, options=Options(phase=phase)))  # type: ignore[arg-type]
    assert (said == []) is silent


def test_options_of_reading_say_so_where_nothing_is_read() -> None:
    options = Options(build="GRCh38", absent_is_reference="yes", callable_bed="x.bed", min_dp=1, phase="sets")
    said = unused(starling.assess(outside=[OutsideCall("CYP2D6", "*1/*4")], options=options))
    assert [each.split(" ")[0] for each in said] == ["build", "absent-is-reference", "callable", "min-dp", "phase"]
    assert all("no genotypes were given" in each for each in said)


def test_what_is_said_of_the_patient_and_used_by_nothing_is_named() -> None:
    said = unused(
        starling.assess(
            EXAMPLE,
            drugs="codeine",
            medication=["paroxetine", "abacavir"],
            subject={"name": "Ada", "colour": "blue", "sex": "weiblich"},
            outside=[OutsideCall("TPMT", "*1/*3A")],
        )
    )
    for word in ("abacavir", "colour", "sex=weiblich", "TPMT"):
        assert any(word in each for each in said), word
    assert not any("paroxetine" in each or "name" in each for each in said)


def test_every_face_shows_it(tmp_path: Path) -> None:
    asked = ("--absent-is-reference", "--min-dp", "5")
    for name in ("out.txt", "out.html", "out.tsv", "out.json"):
        assert run("report", EXAMPLE, *asked, "-o", tmp_path / name).code == 0
        said = " ".join((tmp_path / name).read_text(encoding="utf-8").split())
        assert "NOT applied" in said and "min-dp had no effect" in said, name
    shown = " ".join(run("check", "codeine", EXAMPLE, *asked).out.split())
    assert "NOT applied" in shown and "min-dp had no effect" in shown
    facts = ("--age", "67", "--height", "175", "--weight", "80")
    dosed = json.loads(run("dose", "warfarin", EXAMPLE, *asked, *facts, "--json").out)
    assert "OPTION_WITHOUT_EFFECT" in {each["code"] for each in dosed["notices"]}


def test_a_medicine_that_is_itself_asked_about_is_never_without_effect() -> None:
    said = unused(starling.assess(EXAMPLE, drugs=["warfarin", "codeine"], medication=["warfarin", "abacavir"]))
    assert any("abacavir" in each for each in said) and not any("warfarin" in each for each in said)


@pytest.mark.parametrize(
    ("drug", "facts", "says"),
    [
        ("phenytoin", {"pregnant": True}, "pregnancy had no effect: nothing that sources here say of phenytoin"),
        ("siponimod", {"pregnant": True}, "pregnancy had no effect"),
        ("warfarin", {"breastfeeding": True}, "breastfeeding had no effect"),
        ("warfarin", {"pregnant": True}, ""),  # its label does
        ("tafenoquine", {"age": 9}, "age had no effect"),
        ("warfarin", {"age": 9}, ""),  # its flow gives children no dose
        ("tafenoquine", {"age": 40}, ""),
        ("phenytoin", {"pregnant": False}, ""),
        ("primaquine", {"pregnant": True}, ""),
        ("codeine", {"age": 9}, ""),
        ("codeine", {"breastfeeding": True}, ""),
    ],
)
def test_a_pregnancy_that_no_source_asks_about_is_not_passed_over(drug: str, facts: dict[str, Any], says: str) -> None:
    assessment = starling.assess(EXAMPLE, drugs=drug, **facts)
    assert bool(unused(assessment)) == bool(says)
    assert says in " ".join(unused(assessment))


def test_a_medicine_that_decided_under_its_brand_is_not_said_to_have_done_nothing() -> None:
    assessment = starling.assess(EXAMPLE, drugs="simvastatin", medication=["Paxlovid"])
    assert assessment.drug("simvastatin").headline_action == "contraindicated"
    assert unused(assessment) == []


def test_drugs_that_are_asked_about_together_are_not_taken_together() -> None:
    both = starling.assess(EXAMPLE, drugs=("codeine", "paroxetine"))
    assert [each.message for each in both.provenance.notices if each.code == "ANSWERED_APART"] == [
        "codeine, paroxetine: each was answered as if the others were not taken; name as medicines what is taken "
        "together"
    ]
    assert not any(
        each.code == "ANSWERED_APART" for each in starling.assess(EXAMPLE, drugs="codeine").provenance.notices
    )
