"""Numbers and doses that cannot be misread."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.assessment import Condition, Dose
from starling.definitions import GuidanceRules
from starling.knowledge.base import KnowledgeBase
from starling.report.wording import condition_text, dose_text, doses_text, number, percent

#: What must not stand in a dose.  Source: ISMP list of error-prone abbreviations, symbols and dose designations.
ERROR_PRONE = {
    "trailing zero": re.compile(r"(?<![\d.])\d+\.0(?!\d|\.\d)"),
    "naked decimal point": re.compile(r"(?<![\d\w.])\.\d"),
    "error-prone abbreviation": re.compile(r"µg|\bU\b|\bIU\b|\b(?:QD|QOD|BID|TID|HS|qd|qod|cc)\b"),
}


def error_prone(text: str) -> tuple[str, ...]:
    """The rules for safe numbers and abbreviations that `text` breaks."""
    return tuple(rule for rule, pattern in ERROR_PRONE.items() if pattern.search(text))


@pytest.fixture(scope="module")
def rules() -> GuidanceRules:
    return KnowledgeBase.open().guidance


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (5.0, "5"), (20, "20"), (1200.0, "1200"), (0.25, "0.25"), (1e-07, "0.0000001"),
                        (Fraction(9, 8), "1.125"), (100.0, "100")],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


@given(st.decimals(min_value=0, max_value=100_000, places=3))
def test_every_number_is_safe_and_exact(value: object) -> None:
    text = number(float(str(value)))
    assert error_prone(text) == ()
    assert float(text) == float(str(value))


@pytest.mark.parametrize("factor", [0.07, 0.29, 0.57, 0.68, 1.1, 1.4])
def test_percentages_are_exact(factor: float) -> None:
    assert percent(factor) == f"{round(factor * 100)}%"


@pytest.mark.parametrize(
    ("dose", "text"),
    [
        (Dose("starting", factor=0.5), "50% of the usual starting dose"),
        (Dose("starting", factor=1.0), "the usual starting dose"),
        (Dose("daily", factor=1.6), "160% of the usual daily dose"),
        (Dose("starting", factor_min=0.3, factor_max=0.8), "30% to 80% of the usual starting dose"),
        (Dose("daily", factor_max=0.25), "at most 25% of the usual daily dose"),
        (Dose("maximum", max=20, unit="mg/day"), "at most 20 mg/day"),
        (Dose("starting", max=20, unit="mg"), "start with at most 20 mg"),
        (Dose("single", max=18, unit="mg"), "at most 18 mg per dose"),
        (Dose("single", value=84, unit="mg"), "84 mg per dose"),
        (Dose("interval", value=1, unit="doses/day"), "1 dose per day"),
        (Dose("interval", value=3, unit="doses/week"), "3 doses per week"),
        (Dose("starting", value=50, unit="µg/day"), "start with 50 mcg/day"),
        (Dose("target", value=1.2, unit="mg/kg/day"), "aim for 1.2 mg/kg/day"),
        (Dose("daily", value=20.0, unit="mg/day"), "20 mg/day"),
        (Dose("calculated", factor_min=0.7, text="as written"), "as written"),
    ],
)
def test_doses(dose: Dose, text: str) -> None:
    assert dose_text(dose) == text


def test_condition() -> None:
    condition = Condition("after menopause", "consider_alternative", (), ("aromatase inhibitor",))
    assert condition_text(condition) == "after menopause: consider another medicine; instead: aromatase inhibitor"


@pytest.mark.parametrize("text", ["5.0 mg", "give .5 mg", "10 µg", "2 mg QD", "10 U"])
def test_error_prone_text_is_found(text: str) -> None:
    """Source: ISMP list of error-prone abbreviations, symbols and dose designations."""
    assert error_prone(text)


@pytest.mark.parametrize("text", ["0.5 mg", "5 mg", "10 mcg", "score 2.05", "version 1.0.3"])
def test_safe_text_is_not(text: str) -> None:
    assert error_prone(text) == ()


def test_every_dose_of_the_knowledge_base_reads_safely(rules: GuidanceRules) -> None:
    seen = 0
    for guideline in rules.guidelines:
        for row in guideline.rows:
            advice = row.advice
            conditions = [*advice.conditions, *([advice.fallback] if advice.fallback else [])]
            for doses in (advice.dose, *(each.dose for each in conditions)):
                text = doses_text(doses)
                assert error_prone(text) == (), (advice.id, text)
                assert "None" not in text
                assert bool(text) == bool(doses)
                seen += bool(doses)
    assert seen > 500


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (
            "CYP2D6 ultrarapid metaboliser: do not give codeine.",
            "CYP2D6 ultrarapid metaboliser: do not give codeine: avoid",
        ),
        ("no other drug possible: avoid", "no other drug possible: avoid"),
        ("no other drug possible", "no other drug possible: avoid"),
    ],
)
def test_a_condition_reads_as_one_line(when: str, said: str) -> None:
    assert condition_text(Condition(when, "avoid")) == said
