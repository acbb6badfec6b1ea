"""DPYD: lowest function, and HapB3 in every combination of its two positions.

Source of the HapB3 cases: PMID 38129972 and the recorded behaviour of PharmCAT 3.1 (named in the last column).
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from starling.calling.genes.dpyd import HAPB3, INTRONIC_ALONE
from starling.vocabulary import Ambiguous, Why
from tests.calling.support import called, codes, names, others

EXONIC, INTRONIC = 97573863, 97579893
C61 = 97883353  # c.61C>T, no function; reference G, variant A
C557 = 97699474  # c.557A>G, decreased; T, C
C1905 = 97450058  # c.1905+1G>A (*2A), no function; C, T
C2846 = 97082391  # c.2846A>T, decreased; T, A
C85 = 97883329  # c.85T>C (*9A), normal; A, G

CASES = Path(__file__).parents[1] / "cases" / "hapb3.tsv"
with CASES.open(encoding="utf-8", newline="") as _handle:
    ROWS = list(csv.DictReader(_handle, delimiter="\t"))


def bases(text: str, reference: str, variant: str) -> str:
    return text.replace("0", reference).replace("1", variant)


def hapb3(row: dict[str, str]) -> dict[int, str]:
    return {EXONIC: bases(row["exonic"], "C", "T"), INTRONIC: bases(row["intronic"], "G", "C")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"exonic {row['exonic']} intronic {row['intronic']}")
def test_hapb3(row: dict[str, str]) -> None:
    call = called("DPYD", hapb3(row))
    copies = {each.name: each.copies for each in call.evidence.variants}
    assert names(call) == [row["diplotype"]], row["because"]
    assert copies.get(HAPB3, 0) == int(row["hapb3"])
    assert copies.get(INTRONIC_ALONE, 0) == int(row["intronic_alone"])
    assert ("HAPB3_EXONIC_ONLY" in codes(call)) == (row["benign"] == "yes")
    assert ("HAPB3_PROXY" in codes(call)) == (row["benign"] == "proxy")


def test_every_combination_of_hapb3_is_a_case() -> None:
    unphased = {(row["exonic"], row["intronic"]) for row in ROWS}
    states = ["0/0", "0/1", "1/1"]
    assert {(exonic, intronic) for exonic in states for intronic in states} <= unphased
    assert {("-", "-"), ("-", "0/1"), ("0/1", "-")} <= unphased


@pytest.mark.parametrize("tag", ["C/T", "T/T", "C|T"])
def test_a_proxy_is_never_certain_and_may_be_nothing(tag: str) -> None:
    call = called("DPYD", {EXONIC: tag, INTRONIC: "-"})
    assert call.evidence.doubts == (Why.NOT_ASSAYED,)
    assert others(call)["Reference/Reference"] == "not_assayed"


def test_without_the_intronic_position_the_cause_may_hide() -> None:
    call = called("DPYD", {INTRONIC: "-"})
    assert names(call) == ["Reference/Reference"]
    assert call.evidence.cannot_exclude == (INTRONIC_ALONE,)
    assert others(call) == {
        f"Reference/{INTRONIC_ALONE}": "not_assayed",
        f"{INTRONIC_ALONE}/{INTRONIC_ALONE}": "not_assayed",
    }


def test_without_the_exonic_position_nothing_hides() -> None:
    call = called("DPYD", {EXONIC: "-"})
    assert (others(call), call.evidence.cannot_exclude) == ({}, ())


def test_a_half_called_cause_counts_as_one_copy() -> None:
    call = called("DPYD", {INTRONIC: "C/.", EXONIC: "-"})
    assert names(call) == [f"Reference/{INTRONIC_ALONE}"]
    assert f"{INTRONIC_ALONE}/{INTRONIC_ALONE}" in others(call)


# Lowest function


def test_phased_data_give_the_exact_diplotype() -> None:
    call = called("DPYD", {C85: "A|G", C2846: "T|A", C557: "C|T"})
    assert names(call) == ["c.557A>G/[c.85T>C (*9A) + c.2846A>T]"]
    assert str(call.evidence.deciding) == "c.557A>G/c.2846A>T"
    assert others(call) == {}


def test_phased_in_cis_the_other_haplotype_is_normal() -> None:
    call = called("DPYD", {C557: "T|C", C2846: "T|A"})
    assert names(call) == ["Reference/[c.557A>G + c.2846A>T]"]
    assert str(call.evidence.deciding) == "Reference/c.557A>G"


def test_unphased_with_two_heterozygous_variants_there_is_no_diplotype() -> None:
    # CPIC: two different variants are presumed to lie on different haplotypes (PMID 29152729).
    call = called("DPYD", {C557: "T/C", C1905: "C/T"})
    assert call.result == Ambiguous(())
    assert [(each.name, each.copies) for each in call.evidence.variants] == [
        ("c.557A>G", 1),
        ("c.1905+1G>A (*2A)", 1),
    ]
    assert str(call.evidence.deciding) == "c.557A>G/c.1905+1G>A (*2A)"
    assert others(call) == {"Reference/c.1905+1G>A (*2A)": "phase"}


def test_one_heterozygous_variant_needs_no_phase() -> None:
    assert names(called("DPYD", {C557: "T/C", C85: "G/G"})) == ["c.85T>C (*9A)/[c.85T>C (*9A) + c.557A>G]"]


def test_hapb3_counts_as_one_heterozygous_variant() -> None:
    assert names(called("DPYD", {EXONIC: "C/T", INTRONIC: "G/C"})) == [f"Reference/{HAPB3}"]
    assert called("DPYD", {EXONIC: "C/T", INTRONIC: "G/C", C557: "T/C"}).result == Ambiguous(())


def test_a_benign_tag_does_not_count_as_heterozygous() -> None:
    assert names(called("DPYD", {EXONIC: "C/T", C557: "T/C"})) == ["Reference/c.557A>G"]


def test_variants_of_one_known_haplotype_do_not_make_both_haplotypes_reduced() -> None:
    # *2A and c.557A>G lie together; only c.85T>C, which is normal, may lie opposite.
    call = called("DPYD", {C557: "T|C", C1905: "C|T", C85: "A/G"})
    assert call.result == Ambiguous(())
    assert str(call.evidence.deciding) == "c.85T>C (*9A)/c.1905+1G>A (*2A)"
    assert others(call) == {}


def test_homozygous_counts_twice() -> None:
    call = called("DPYD", {C1905: "T/T", C557: "T/C", C2846: "T/A"})
    assert str(call.evidence.deciding) == "c.1905+1G>A (*2A)/c.1905+1G>A (*2A)"
    assert others(call) == {}


def test_phase_sets_are_not_joined() -> None:
    # PipelineTest.phaseSetDpyd: variants of two sets have no common phase
    assert called("DPYD", {C557: "T|C:1", C1905: "C|T:2"}).result == Ambiguous(())


def test_a_half_call_counts_as_one_copy_and_leaves_two_possible() -> None:
    call = called("DPYD", {C1905: "T/."})
    assert names(call) == ["Reference/c.1905+1G>A (*2A)"]
    assert others(call) == {"c.1905+1G>A (*2A)/c.1905+1G>A (*2A)": "not_assayed"}
    assert call.evidence.cannot_exclude == ()


def test_a_position_that_was_not_called_hides_its_allele_on_either_haplotype() -> None:
    call = called("DPYD", {C1905: "-", C557: "T/C"})
    assert names(call) == ["Reference/c.557A>G"]
    assert set(others(call)) == {
        "Reference/c.1905+1G>A (*2A)",
        "c.557A>G/c.1905+1G>A (*2A)",
        "c.1905+1G>A (*2A)/c.1905+1G>A (*2A)",
    }


def test_undocumented_is_read_as_reference_beside_a_known_variant() -> None:
    call = called("DPYD", {C1905: "C/G", C557: "T/C"})
    assert names(call) == ["Reference/c.557A>G"]
    assert call.evidence.doubts == (Why.UNDOCUMENTED_VARIANT,)


def test_two_alts_at_one_site_lie_on_two_haplotypes() -> None:
    call = called("DPYD", {C1905: "C/T"})
    assert len(call.evidence.variants) == 1
