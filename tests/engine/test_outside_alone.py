"""What others state, without genotypes beside it, and with genes that nobody here knows."""

from __future__ import annotations

from pathlib import Path

import pytest

import starling
from starling.errors import InputError
from starling.vocabulary import OutsideCall


def test_a_result_needs_no_vcf(tmp_path: Path) -> None:
    path = tmp_path / "S1.tsv"
    path.write_text("Sample\tGenotype\tFilter\nP7\t*4/*4\tPASS\n")
    stated, given = starling.assess(outside=path, drugs="codeine"), starling.assess(path, drugs="codeine")
    for found in (stated, given):
        (gene,) = (each for each in found.genes if each.gene == "CYP2D6")
        assert (found.sample, gene.label, gene.phenotype) == ("P7", "*4/*4", "Poor Metabolizer")
        codes = [notice.code for notice in found.provenance.notices]
        assert {"SINGLE_TEST", "OUTSIDE_ONLY", "OUTSIDE_TOOL"} <= set(codes)
    assert stated.result_sha256 == given.result_sha256


def test_a_gene_that_is_not_covered_is_named_and_passed_over() -> None:
    outside = (OutsideCall("CYP1A2", "*1F/*1F"), OutsideCall("cyp2d6", "*4/*4"))
    found = starling.assess(outside=outside, genes="CYP2D6")
    assert found.genes[0].label == "*4/*4"
    assert any("CYP1A2 (*1F/*1F)" in notice.message for notice in found.provenance.notices)


def test_nothing_but_an_unknown_gene_is_refused() -> None:
    with pytest.raises(InputError) as raised:
        starling.assess(outside=(OutsideCall("XYZ1", "*1/*1", line=4, file="lab.tsv"),))
    assert (raised.value.code, raised.value.line) == ("UNKNOWN_GENE", 4)


def test_results_of_several_people_need_a_name(tmp_path: Path) -> None:
    path = tmp_path / "all.tsv"
    path.write_text("Sample\tGenotype\tFilter\nP1\t*4/*4\tPASS\nP2\t*1/*1\tPASS\n")
    with pytest.raises(InputError) as raised:
        starling.assess(outside=path)
    assert raised.value.code == "SEVERAL_PATIENTS"
    assert starling.assess(outside=path, sample="P2", genes="CYP2D6").genes[0].label == "*1/*1"
