"""The faces of a cohort's summary: the same frame as a patient's page, hostile names harmless on both."""

from __future__ import annotations

import itertools
import json

import pytest

from starling.report.frame import CONTENT_POLICY
from starling.report.summary_json import document
from starling.report.summary_page import page
from starling.report.summary_table import table
from starling.report.text import visible
from starling.summary import ALL, Cell, Summary
from tests.report.reader import Reader

MARKUP, FORMULA, BIDI = "<script>alert(1)</script>", "=cmd()", "a\u202eb\tc"
STATED = {
    "knowledge": {"version": "2026.1", "sha256": "ab" * 32},
    "program": "starling 0",
    "files": [f"{number}.vcf" for number in range(7)] + [MARKUP],
    "skipped": [{"source": "other.vcf"}],
    "options": {"absent_is_reference": "yes"},
}


@pytest.fixture(scope="module", params=[0, 10])
def summary(request: pytest.FixtureRequest) -> Summary:
    """Four groups, three of them with names that attack, and a cell of every section; some suppressed."""
    groups = (ALL, MARKUP, FORMULA, BIDI)
    cells = [
        Cell(section, subject, group, item, None if group == FORMULA else 20, 40)
        for section, subject, items in (
            ("phenotype", "CYP2C19", ("Poor Metabolizer", "not determined")),
            ("phenotype", "CYP2D6", ("not determined",)),
            ("diplotype", "CYP2C19", ("*2/*2", MARKUP)),
            ("allele", "CYP2C19", ("*1", "*2")),
            ("actionable_drug", "clopidogrel", ("any", "avoid")),
            ("actionable", "any drug", ("no drug", "at least one drug")),
        )
        for item in items
        for group in groups
    ]
    cells += [Cell("missing", "CYP2C9", ALL, f"chr10:{place} not called", 10, 40) for place in range(60)]
    return Summary(tuple(cells), groups, 40, request.param, "population", STATED)


def test_the_page_has_the_frame_of_every_page(summary: Summary) -> None:
    text = page(summary)
    seen = Reader(text)
    assert seen.open == []
    assert text.startswith("<!DOCTYPE html>\n")
    assert {"http-equiv": "Content-Security-Policy", "content": CONTENT_POLICY} in seen.named("meta")
    assert not {name for _, attributes in seen.elements for name in attributes} & {"src", "href", "onload", "onclick"}
    assert "http:" not in text and "https:" not in text and "url(" not in text


def test_attack_markup_and_hidden_characters_in_names(summary: Summary) -> None:
    text = page(summary)
    assert "<script" not in text and "&lt;script&gt;" in text
    assert "\u202e" not in text and "a\\u202eb" in text


def test_every_picture_is_told_in_words_and_every_number_stands_below(summary: Summary) -> None:
    seen = Reader(page(summary))
    pictures = [each for each in seen.named("svg") if each.get("class") == "picture"]
    assert len(pictures) == 4  # CYP2C19's phenotypes, drugs, alleles, missing positions: CYP2D6 has nothing to draw
    assert all(each["role"] == "img" and each["aria-label"] for each in pictures)
    assert pictures[0]["aria-label"] == "CYP2C19: Poor Metabolizer 50.0%, not determined 50.0%"
    rows = sum(cell.subject != "CYP2D6" for cell in summary.cells)
    assert len(seen.named("tr")) == rows + len(seen.named("table"))
    assert seen.texts.count("suppressed") == 2 * sum(
        cell.count is None and cell.subject != "CYP2D6" for cell in summary.cells
    )


def test_attack_formulas_in_the_table(summary: Summary) -> None:
    text = table(summary)
    assert f"\t{FORMULA}\t" not in text and f"\t'{FORMULA}\t" in text
    assert "\u202e" not in text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert {line.count("\t") for line in lines} == {8}
    assert len(lines) == 1 + len(summary.cells)


def test_the_document_says_what_the_table_says(summary: Summary) -> None:
    read = json.loads(document(summary))
    assert [f"# {visible(note)}" for note in read["notes"]] == [
        line for line in table(summary).splitlines() if line.startswith("#")
    ]
    assert [(each["group"], each["count"]) for each in read["cells"]] == [
        (cell.group, cell.count) for cell in summary.cells
    ]
    assert {each["frequency"] is None for each in read["cells"] if each["count"] is None} == {True}


def test_the_table_says_what_it_is(summary: Summary) -> None:
    notes = list(itertools.takewhile(lambda line: line.startswith("#"), table(summary).splitlines()))
    assert "40 people" in notes[0] and "2026.1" in notes[0]
    assert any("left out: 1 file(s)" in note for note in notes)
    # a file may bear the name of its only person
    assert any("other.vcf" in note for note in notes) == (summary.min_cell == 0)
    assert any("0.vcf" in note for note in notes) == (summary.min_cell == 0)
    assert any("--absent-is-reference=yes" in note for note in notes)
    assert any("not to leave this site" in note for note in notes) == (summary.min_cell == 0)
    assert any("below 10 are not given" in note for note in notes) == (summary.min_cell == 10)
