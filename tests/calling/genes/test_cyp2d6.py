"""CYP2D6 from a VCF: small variants only (PMID 27388693)."""

from __future__ import annotations

import pytest

from starling.calling.table import match_table
from starling.vocabulary import Undetermined
from tests.calling.support import called, codes, definitions, names
from tests.counting import lines_run

STAR4 = 42128945
STAR10 = {42126611: "G/G", 42129130: "G/G", 42130692: "A/A"}


def test_reference() -> None:
    assert names(called("CYP2D6")) == ["*1/*1"]


def test_star_4_and_star_10_share_variants() -> None:
    assert names(called("CYP2D6", STAR10)) == ["*10/*10"]
    assert names(called("CYP2D6", STAR10 | {STAR4: "T/T"})) == ["*4/*4"]
    assert names(called("CYP2D6", STAR10 | {STAR4: "C/T"})) == ["*4/*10"]


def test_star_4_alone_is_star_4() -> None:
    # 1847G>A decides; the other variants of *4 are wobbles
    assert names(called("CYP2D6", {STAR4: "C/T"})) == ["*1/*4"]


@pytest.mark.parametrize("changes", [{}, {STAR4: "C/T"}, STAR10])
def test_the_copy_number_is_not_assessed_and_said(changes: dict[int, str]) -> None:
    call = called("CYP2D6", changes)
    assert call.evidence.copy_number == "not_assessed"
    assert "COPY_NUMBER_NOT_ASSESSED" in codes(call)


def test_no_call_says_so_without_a_word_on_copies() -> None:
    call = called("CYP2D6", otherwise="-")
    assert call.result == Undetermined("NOT_COVERED")
    assert call.evidence.copy_number == "not_assessed"
    assert "COPY_NUMBER_NOT_ASSESSED" not in codes(call)


def test_structural_alleles_are_never_read_from_small_variants() -> None:
    table = {allele.name for allele in match_table(definitions()["CYP2D6"]).alleles}
    assert not table & {"*5", "*13", "*1x2", "*2x2", "*4x2", "*36+*10"}


@pytest.mark.parametrize("offset", [0, 40, 80, 120])
def test_the_worst_case_ends_soon(offset: int) -> None:
    sites = definitions()["CYP2D6"].sites
    changes = {site.position: "-" for site in sites[::2]}
    heterozygous = [site for site in sites[1::2]][offset // 4 :][:25]
    changes |= {site.position: f"{site.ref}/{site.alts[0]}" for site in heterozygous}
    called("CYP2D6")  # what is prepared once is not counted
    assert lines_run(lambda: called("CYP2D6", changes)) < 25_000
