"""A cohort for MultiQC: call rates and phenotype counts of everybody, and nothing that the summary withholds."""

from __future__ import annotations

import json

from starling.report.summary_multiqc import multiqc
from starling.summary import ALL, RARE, Cell, Summary

STATED = {
    "knowledge": {"version": "2026.1", "sha256": "ab" * 32},
    "program": "starling 0",
    "files": ["<b>.vcf"],
    "skipped": [],
    "options": {"absent_is_reference": "no"},
}


def section(*cells: Cell, min_cell: int = 0) -> dict[str, object]:
    return dict(json.loads(multiqc(Summary(cells, (ALL, "north"), 40, min_cell, None, STATED))))


def cell(gene: str, item: str, count: int | None, group: str = ALL, kind: str = "phenotype") -> Cell:
    return Cell(kind, gene, group, item, count, 40)


def test_every_gene_has_its_call_rate_and_its_phenotypes() -> None:
    found = section(
        cell("CYP2C19", "Poor Metabolizer", 3),
        cell("CYP2C19", "Normal Metabolizer", 35),
        cell("CYP2C19", "not determined", 2),
        cell("CYP2C19", "Poor Metabolizer", 1, group="north"),
        cell("CYP2C19", "*1/*1", 9, kind="diplotype"),
        cell("TPMT", "Normal Metabolizer", 40),
    )
    assert found["data"] == {
        "CYP2C19": {"call_rate": 95.0, "Poor Metabolizer": 3, "Normal Metabolizer": 35, "not determined": 2},
        "TPMT": {"call_rate": 100.0, "Normal Metabolizer": 40},
    }
    headers = found["headers"]
    assert isinstance(headers, dict)
    assert list(headers) == ["call_rate", "Poor Metabolizer", "Normal Metabolizer", "not determined"]
    assert (found["plot_type"], found["id"]) == ("table", "starling_pharmacogenes")


def test_what_is_withheld_has_no_number_and_the_call_rate_is_the_least_that_the_rest_allows() -> None:
    found = section(
        cell("CYP2C19", "Normal Metabolizer", 30),
        cell("CYP2C19", RARE, None),
        cell("TPMT", "Normal Metabolizer", 30),
        cell("TPMT", "not determined", None),
        cell("UGT1A1", "Normal Metabolizer", 20),
        cell("UGT1A1", "not determined", 20),
        min_cell=10,
    )
    assert found["data"] == {
        "CYP2C19": {"call_rate": 52.5, "Normal Metabolizer": 30},  # at most 19 of 40 are among the rare results
        "TPMT": {"call_rate": 52.5, "Normal Metabolizer": 30},
        "UGT1A1": {"call_rate": 27.5, "Normal Metabolizer": 20, "not determined": 20},
    }
    assert found["headers"]["call_rate"]["title"] == "Called, at least"  # type: ignore[index]
    assert "counts below 10 are not given" in str(found["description"])


def test_names_of_files_cannot_become_markup() -> None:
    said = str(section(cell("TPMT", "Normal Metabolizer", 40))["description"])
    assert "<b>" not in said and "&lt;b&gt;.vcf" in said
