"""The table: rectangular, stable, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from starling.assessment import CheckedAlternative, MedicineEffect, OpenCondition
from starling.report.tsv import COLUMNS, cell, table
from starling.vocabulary import Notice
from tests.report.sample_assessment import hostile_assessment, sample_assessment


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_there_is_a_row_for_each_gene_and_each_recommendation() -> None:
    person = sample_assessment()
    rows = _read(table([person, person]))
    genes = [row["gene"] for row in rows if row["kind"] == "gene"]
    drugs = [row["drug"] for row in rows if row["kind"] == "drug"]
    assert genes == [gene.gene for gene in person.genes] * 2
    assert drugs == [drug.drug for drug in person.drugs for _ in drug.recommendations or (None,)] * 2


def test_the_columns_are_those_that_others_rely_on() -> None:
    head = table([]).splitlines()
    assert head == ["\t".join(COLUMNS)]
    assert COLUMNS[:9] == (
        "sample",
        "kind",
        "gene",
        "drug",
        "status",
        "reason",
        "call",
        "phenotype",
        "phenotype_certain",
    )
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_every_row_fills_only_known_columns_and_has_all_of_them() -> None:
    for person in (sample_assessment(), hostile_assessment()):
        for line in table([person]).split("\n")[:-1]:
            assert line.count("\t") == len(COLUMNS) - 1


def test_a_row_says_what_the_json_says() -> None:
    rows = {(row["kind"], row["gene"] or row["drug"]): row for row in _read(table([sample_assessment()]))}
    cyp2d6, azathioprine = rows["gene", "CYP2D6"], rows["drug", "azathioprine"]
    assert cyp2d6["call"] == "*1/*4"
    assert cyp2d6["phenotype_certain"] == "no"
    assert cyp2d6["phenotype_alternatives"] == "Poor Metabolizer; Normal Metabolizer"
    assert cyp2d6["adjusted_by"] == "paroxetine"
    assert rows["gene", "MT-RNR1"]["variants"] == "m.1555A>G x1 (0.37)"
    assert azathioprine["dose"] == "30% to 80% of the usual starting dose"
    assert azathioprine["genes_used"] == "TPMT Intermediate Metabolizer; NUDT15 Normal Metabolizer"
    assert rows["drug", "amikacin"]["genes_missing"] == "MT-RNR1"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r\n+", " @", "\uff1d"])
def test_no_cell_is_a_formula(begin: str) -> None:
    assert cell(begin + "cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize("text", ["*1/*2", ">=3.0", "1.25", "c.1905+1G>A (*2A)", ""])
def test_ordinary_cells_are_left_alone(text: str) -> None:
    assert cell(text) == text


def test_no_cell_breaks_its_row() -> None:
    assert cell("a\tb\r\nc\u2028d") == "a b c d"
    assert "\x1b" not in cell("\x1b[31m")


def test_a_drug_keeps_its_own_notes_beside_those_of_its_rows() -> None:
    rows = {row["drug"]: row for row in _read(table([sample_assessment()])) if row["kind"] == "drug"}
    assert rows["tafenoquine"]["notes"].startswith(
        "TEST_REQUIRED: FDA requires a test of G6PD before tafenoquine (since 2018"
    )
    assert "NO_ROW: dpwg-tafenoquine" in rows["tafenoquine"]["notes"]
    assert rows["oxycodone"]["notes"].startswith("NO_GUIDELINE: CPIC looked at CYP2D6")
    note = Notice("TEST_REQUIRED", "a test is required")
    drugs = tuple(
        replace(drug, notes=(note,)) if drug.drug == "hydrocodone" else drug for drug in sample_assessment().drugs
    )
    (row,) = [row for row in _read(table([sample_assessment(drugs=drugs)])) if row["drug"] == "hydrocodone"]
    assert row["notes"].startswith("TEST_REQUIRED: a test is required; ALTERNATIVE_CHANGES_ACTION: ")


def test_questions_medicines_and_checked_alternatives_have_columns() -> None:
    drug = replace(
        sample_assessment().drugs[0],
        conditions_open=(OpenCondition("Is it taken?", "taking: x", "avoid", "FDA"),),
        medicines=(MedicineEffect("x", "condition", "It decides."),),
        alternatives=(
            CheckedAlternative("y", "avoid", "Also avoided.", offered=False),
            CheckedAlternative("z", "standard", "", offered=True),
        ),
    )
    (row, *_) = [row for row in _read(table([sample_assessment(drugs=(drug,))])) if row["kind"] == "drug"]
    assert row["ask_first"] == "Is it taken? If so: avoid [FDA]."
    assert row["medicines"] == "x: It decides."
    assert row["checked_alternatives"] == "not y (also avoided); z"
