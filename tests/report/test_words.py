"""What a report says in words: never the opposite of what stands beside it, dates as people write them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from starling.assessment import Alternative, GeneResult
from starling.report.glance import not_shown
from starling.report.html import page
from starling.report.layout import Page
from starling.report.terminal import head_lines
from starling.report.words import age_words, certainty_words, dated, moment_words, reason_of, stated_subject
from starling.vocabulary import Why
from tests.report.reader import Reader
from tests.report.sample_assessment import sample_assessment

CALLED = GeneResult("CYP2C19", "called", None, (("*1", "*2"),), "*1/*2", "Intermediate Metabolizer", True)
HLA = replace(CALLED, gene="HLA-B", phenotype=None, phenotype_certain=False, source="outside")

EITHER = (
    Alternative("Poor Metabolizer", (("*2", "*2"),), Why.PHASE),
    Alternative("Normal Metabolizer", (("*1", "*1"),), Why.PHASE),
)


def test_a_row_that_nobody_dated_has_no_empty_date() -> None:
    assert age_words("2018", "2026-07-14") == "text of 2018, checked 14 July 2026"
    assert age_words("", "") == "text not dated"


@pytest.mark.parametrize(
    ("gene", "said"),
    [
        (CALLED, "certain"),
        (replace(CALLED, phenotype="Uncertain Susceptibility"), "genotype certain, its effect is not known"),
        (replace(CALLED, phenotype="Indeterminate"), "genotype certain, its effect is not known"),
        (replace(CALLED, phenotype="uncertain risk of hearing loss"), "genotype certain, its effect is not known"),
        (replace(CALLED, phenotype="Possible Decreased Function"), "genotype certain, its effect is not proved"),
        (replace(CALLED, phenotype="Likely Poor Metabolizer"), "genotype certain, its effect is not proved"),
        (replace(CALLED, phenotype="Uncertain Susceptibility", phenotype_certain=False), "not certain"),
        (replace(HLA, presence={"*57:01": "positive"}), "as stated"),
        (replace(HLA, presence={"*57:01": "positive"}, source="sample"), "as read"),
        (
            replace(HLA, presence={"*57:01": "positive", "*58:01": "nocall"}),
            "as stated; *58:01 not determined",
        ),
        (replace(HLA, presence={"*57:01": "nocall"}), "not determined"),
        (replace(HLA, phenotype_alternatives=EITHER), "not certain; could be Poor Metabolizer or Normal Metabolizer"),
        (replace(HLA, status="undetermined", reason="NOT_TESTED"), "no result"),
    ],
)
def test_certainty_never_contradicts_the_term_beside_it(gene: GeneResult, said: str) -> None:
    assert certainty_words(gene) == said


def test_a_result_that_is_undecided_says_between_what() -> None:
    undecided = replace(CALLED, status="ambiguous", phenotype=None, phenotype_certain=False)
    assert reason_of(replace(undecided, phenotype_alternatives=EITHER)) == (
        "undecided: Poor Metabolizer or Normal Metabolizer"
    )
    assert "no phenotype term" in reason_of(undecided)


def test_what_the_file_could_not_show_does_not_call_an_undecided_phenotype_given() -> None:
    undecided = replace(CALLED, phenotype=None, phenotype_certain=False, phenotype_alternatives=EITHER)
    said = " ".join(not_shown(undecided))
    assert said.startswith("The phenotype is undecided; it could be Poor Metabolizer or Normal Metabolizer, because ")
    given = replace(undecided, phenotype="Intermediate Metabolizer")
    assert " ".join(not_shown(given)).startswith("The phenotype is not certain; it could also be ")


def test_a_positive_hla_result_is_not_called_unknown_on_any_page() -> None:
    said = " ".join(Reader(page(sample_assessment())).texts)
    assert "not known; " not in said and "*57:01 positive" in said and "as stated" in said


def test_a_sex_that_was_stated_is_shown_and_what_the_subject_says_comes_first() -> None:
    stamp = replace(sample_assessment().provenance, options={"sex": "male"})
    silent = sample_assessment(subject={}, provenance=stamp)
    assert "Sex male" in dict(head_lines(silent))["Subject"]
    assert stated_subject(sample_assessment(subject={"sex": "female"}, provenance=stamp))["sex"] == "female"
    unknown = replace(stamp, options={"sex": "unknown"})
    assert "sex" not in stated_subject(sample_assessment(subject={}, provenance=unknown))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-07-14", "14 July 2026"),
        ("since 2018-07; then", "since July 2018; then"),
        ("(2026-01-01)", "(1 January 2026)"),
        (
            "as of 2026-07-13 (alleles), 2026-07-14 (guidelines)",
            "as of 13 July 2026 (alleles), 14 July 2026 (guidelines)",
        ),
        ("text of 2022", "text of 2022"),
        ("Ends 2026-07-14.", "Ends 14 July 2026."),
        *((same, same) for same in ("sample-2026-07-14.vcf", "2026-07-14.vcf", "2026-13", "2026-07-32", "1-2026-07")),
    ],
)
def test_dates_are_written_out_and_names_are_left_alone(text: str, said: str) -> None:
    assert dated(text) == said


@pytest.mark.parametrize("odd", ["", "yesterday", "2026-13-01T00:00:00+00:00", "2026-01-01T00:00:00+01:00"])
def test_a_moment_that_is_none_of_ours_stays_as_it_is(odd: str) -> None:
    assert moment_words(odd) == odd


# --- colours ----------------------------------------------------------------------------------------------------------


def luminance(number: int) -> float:
    """Relative luminance of a colour of the fixed palette.  Source: WCAG 2.2; ISO 8613-6 palette of xterm."""
    if number >= 232:
        parts = [8 + (number - 232) * 10] * 3
    else:
        steps, cube = (0, 95, 135, 175, 215, 255), number - 16
        parts = [steps[cube // 36], steps[cube // 6 % 6], steps[cube % 6]]
    linear = [part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


TONES = ("stop", "change", "dose", "test", "watch", "usual", "none", "quiet", "warn")


@pytest.mark.parametrize("tone", TONES)
def test_every_colour_is_legible_on_white_and_on_black(tone: str) -> None:
    code = Page.of(colour=True, width=80).paint("x", tone).split("m")[0].removeprefix("\x1b[")
    *_, palette, fixed, number = code.split(";")
    assert (palette, fixed) == ("38", "5"), "none of the sixteen colours that each terminal paints as it likes"
    assert int(number) >= 16
    assert 1.05 / (luminance(int(number)) + 0.05) >= 4.5
    assert (luminance(int(number)) + 0.05) / 0.05 >= 3.8
