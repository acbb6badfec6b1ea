"""G6PD on the X: one allele in males, two in females (CPIC, PMID 36049896)."""

from __future__ import annotations

import pytest

from starling.calling.table import match_table
from starling.vocabulary import Diplotype, Why
from tests.calling.support import called, definitions, names, others

G202, G376 = 154536002, 154535277  # rs1050828 C>T, rs1050829 T>C on the plus strand


@pytest.mark.parametrize("written", ["{0}", "{0}/{0}"])
@pytest.mark.parametrize(
    ("at_202", "at_376", "result"), [("C", "T", "B (reference)"), ("C", "C", "A"), ("T", "C", "A- 202A_376G")]
)
def test_a_male_has_one_allele(at_202: str, at_376: str, result: str, written: str) -> None:
    changes = {G202: written.format(at_202), G376: written.format(at_376)}
    call = called("G6PD", changes, haploid="/" not in written, hemizygous_x=True)
    assert call.result == Diplotype((result,))
    assert others(call) == {}


def test_nothing_stated_the_file_decides() -> None:
    assert names(called("G6PD", {G202: "T", G376: "C"}, haploid=True)) == ["A- 202A_376G"]
    assert names(called("G6PD", {G202: "C/T", G376: "T/C"})) == ["A- 202A_376G/B (reference)"]


def test_a_heterozygous_site_in_a_male_is_not_called() -> None:
    call = called("G6PD", {G376: "T/C"}, hemizygous_x=True)
    assert [locus.position for locus in call.evidence.missing] == [G376]
    assert names(call) == ["B (reference)"]
    assert "A" in call.evidence.cannot_exclude


def test_female() -> None:
    assert names(called("G6PD")) == ["B (reference)/B (reference)"]
    assert names(called("G6PD", {G202: "T/T", G376: "C/C"})) == ["A- 202A_376G/A- 202A_376G"]
    assert names(called("G6PD", {G202: "C/T", G376: "C/C"})) == ["A/A- 202A_376G"]


def test_phase_tells_a_minus_from_asahi_and_a() -> None:
    # 202A without 376G is Asahi
    unphased = called("G6PD", {G202: "C/T", G376: "T/C"})
    assert names(unphased) == ["A- 202A_376G/B (reference)"]
    assert names(called("G6PD", {G202: "C|T", G376: "C|T"})) == ["A/Asahi"]


def test_ignored_variants_and_alleles_are_not_looked_at() -> None:
    definition = definitions()["G6PD"]
    assert "Mediterranean Haplotype" not in {allele.name for allele in match_table(definition).alleles}
    ignored = {(position, alt) for position, _, alt in definition.ignored_variants}
    sites = {(site.position, alt) for site in definition.sites for alt in site.alts}
    assert not ignored & sites


def test_undocumented_is_read_as_reference_and_not_certain() -> None:
    call = called("G6PD", {G202: "G"}, haploid=True, hemizygous_x=True)
    assert names(call) == ["B (reference)"]
    assert call.evidence.doubts == (Why.UNDOCUMENTED_VARIANT,)
