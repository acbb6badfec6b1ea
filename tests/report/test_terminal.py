"""Terminal text: the answer first, no line too wide, no colour unless asked for, nothing that steers the terminal."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from starling.assessment import Assessment, DrugResult
from starling.report.check import check_view
from starling.report.terminal import render
from starling.report.text import columns, pad, visible, wrap
from tests.report.sample_assessment import DRUGS, HOSTILE, hostile_assessment, sample_assessment

EXPECTED = Path(__file__).parent / "expected"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def _agrees(name: str, text: str) -> None:
    """The text is the committed one; STARLING_UPDATE_EXPECTED=1 writes it instead, to be read before committing."""
    path = EXPECTED / name
    if os.environ.get("STARLING_UPDATE_EXPECTED") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 100])
def test_the_report_reads_as_it_was_read_and_approved(width: int) -> None:
    _agrees(f"report-{width}.txt", render(sample_assessment(), colour=False, width=width))


READ = (
    *("abacavir", "amikacin", "azathioprine", "clopidogrel", "codeine", "hydrocodone", "metoprolol", "oxycodone"),
    *("quetiapine", "tafenoquine"),
)


@pytest.mark.parametrize("drug", READ)
def test_the_answer_for_a_drug_reads_as_it_was_read_and_approved(drug: str) -> None:
    _agrees(f"check-{drug}.txt", check_view(sample_assessment(), drug, colour=False, width=80))


@pytest.mark.parametrize("width", [1, 60, 73, 100, 120, 500])
@pytest.mark.parametrize("person", [sample_assessment(), hostile_assessment()], ids=["plain", "hostile"])
def test_no_line_is_wider_than_asked_for(person: Assessment, width: int) -> None:
    limit = max(60, min(120, width))
    texts = [render(person, colour=True, width=width)]
    texts += [check_view(person, drug.drug, colour=True, width=width) for drug in person.drugs]
    for text in texts:
        assert max(columns(COLOUR.sub("", line)) for line in text.splitlines()) <= limit


def test_colour_adds_nothing_but_colour() -> None:
    person = sample_assessment()
    for show in (render, lambda one, **how: check_view(one, "codeine", **how)):
        plain = show(person, colour=False, width=80)
        painted = show(person, colour=True, width=80)
        assert "\x1b" not in plain
        assert painted != plain
        assert COLOUR.sub("", painted) == plain


def test_no_hostile_text_steers_the_terminal() -> None:
    person = hostile_assessment()
    for text in (render(person, colour=False, width=80), check_view(person, HOSTILE, colour=False, width=80)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert all(character.isprintable() or character == "\n" for character in text)


def test_every_gene_and_drug_stands_in_the_report() -> None:
    text = " ".join(render(sample_assessment(), colour=False, width=100).split())
    for gene in sample_assessment().genes:
        assert gene.gene in text
    for drug in DRUGS:
        assert drug.drug in text


def test_the_answer_stands_in_the_first_lines() -> None:
    first, *lines = check_view(sample_assessment(), "clopidogrel", colour=False, width=80).splitlines()[1:4]
    assert "AVOID: clopidogrel" in first
    assert "choose prasugrel or ticagrelor" in lines[1]


def test_the_answer_for_a_drug_fits_one_screen() -> None:
    for drug in DRUGS:
        assert len(check_view(sample_assessment(), drug.drug, colour=False, width=80).splitlines()) <= 50


def test_a_drug_nobody_knows_is_the_callers_error() -> None:
    with pytest.raises(KeyError):
        check_view(sample_assessment(), "unobtainium", colour=False, width=80)


def test_a_drug_without_anything_is_never_called_safe() -> None:
    bare = sample_assessment(drugs=(DrugResult("mystery", "no_result", None),))
    answer = check_view(bare, "mystery", colour=False, width=80).replace("│", "")
    assert "not a statement of safety" in " ".join(answer.split())


def test_words_are_wrapped_padded_and_made_visible_by_columns() -> None:
    assert wrap("", 5) == [""]
    assert wrap("abcdefgh ij", 3) == ["abc", "def", "gh", "ij"]
    assert wrap("李李李", 4) == ["李李", "李"]
    assert columns("e\u0301") == 1
    assert pad("李", 4) == "李  "
    assert visible("a\x00\u2066\U000e0001") == "a\\x00\\u2066\\U000e0001"
    assert visible("क्\u200dष") == "क्\u200dष"


def test_what_a_medicine_superseded_never_heads_the_answer() -> None:
    text = check_view(sample_assessment(), "codeine", colour=False, width=80)
    assert "AVOID" in text.splitlines()[1]
    assert "By genotype alone" in text


def test_where_an_alternative_would_change_the_advice_the_report_says_so_at_the_drug() -> None:
    text = " ".join(render(sample_assessment(), colour=False, width=100).split())
    assert "CYP2D6: hydrocodone • CYP2D6 could be Poor Metabolizer" in text
