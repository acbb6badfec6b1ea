"""MT-RNR1: each variant judged alone, the highest risk wins (CPIC aminoglycosides, PMID 34032273)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from starling.assessment import Options
from starling.calling.dispatch import call_gene
from starling.vocabulary import Ambiguous, GeneCall, Locus, State, Undetermined, Why
from tests.calling.support import called, codes, definitions, genotype, names, others, person, table_of

RISK = {1095: "C", 1494: "T", 1555: "G"}
MT = definitions()["MT-RNR1"]


def with_share(position: int, text: str, base: str, share: float) -> GeneCall:
    sample = person(MT)
    locus = Locus("chrM", position)
    read = genotype(locus, text)
    assert read is not None
    read = replace(read, fractions=((base, share),))
    return call_gene(table_of(MT), replace(sample, genotypes={**sample.genotypes, locus: read}), Options())


def test_reference_is_normal() -> None:
    call = called("MT-RNR1")
    assert names(call) == ["Reference"]
    assert call.evidence.deciding is not None


@pytest.mark.parametrize("written", ["{0}", "{0}/{0}", "{1}/{0}", "{0}/."])
@pytest.mark.parametrize(("position", "base"), RISK.items())
def test_a_risk_variant_counts_whatever_the_ploidy(position: int, base: str, written: str) -> None:
    reference = next(site.ref for site in MT.sites if site.position == position)
    call = called("MT-RNR1", {position: written.format(base, reference)})
    assert names(call) == [f"m.{position}{reference}>{base}"]


def test_the_highest_risk_wins_and_every_variant_is_named() -> None:
    call = called("MT-RNR1", {827: "G", 1555: "G", 663: "G"})
    assert names(call) == ["[m.663A>G + m.827A>G + m.1555A>G]"]
    assert str(call.evidence.deciding) == "m.1555A>G"


@pytest.mark.parametrize("haploid", [True, False])
def test_how_the_other_positions_are_written_does_not_matter(haploid: bool) -> None:
    assert names(called("MT-RNR1", {1555: "G"}, haploid=haploid)) == ["m.1555A>G"]


@pytest.mark.parametrize("text", ["-", "."])
def test_nothing_is_said_without_the_commonest_risk_position(text: str) -> None:
    assert called("MT-RNR1", {1555: text}).result == Undetermined("REQUIRED_POSITION_MISSING")


@pytest.mark.parametrize("position", [1095, 1494])
@pytest.mark.parametrize("text", ["-", "."])
def test_normal_needs_the_three_risk_positions(position: int, text: str) -> None:
    """A test of m.1555A>G alone helps and is never certain: the other two remain possible, by name."""
    call = called("MT-RNR1", {position: text})
    assert call.result == Ambiguous(())
    assert [name for name in others(call) if f"m.{position}" in name]
    assert codes(call)[0] == "PARTLY_NEGATIVE"
    assert f"m.{position}" in call.evidence.notices[0].message
    assert ("m.1555A>G", 0) in [(each.name, each.copies) for each in call.evidence.variants]


def test_a_risk_variant_needs_no_other_position() -> None:
    call = called("MT-RNR1", {1555: "G"}, otherwise="-")
    assert names(call) == ["m.1555A>G"]
    assert others(call) == {}


def test_an_undefined_base_at_a_risk_position_is_not_normal() -> None:
    assert called("MT-RNR1", {1555: "C"}).result == Undetermined("UNDOCUMENTED_VARIANT")
    assert called("MT-RNR1", {1555: "C/."}).result == Undetermined("UNDOCUMENTED_VARIANT")


def test_an_undefined_base_elsewhere_is_a_doubt() -> None:
    call = called("MT-RNR1", {663: "C"})
    assert names(call) == ["Reference"]
    assert Why.UNDOCUMENTED_VARIANT in call.evidence.doubts


def test_an_uncalled_position_hides_uncertain_risk_only() -> None:
    call = called("MT-RNR1", {663: "-"})
    assert (names(call), others(call)) == (["Reference"], {"m.663A>G": "not_assayed"})


@pytest.mark.parametrize(
    ("share", "result", "code"),
    [
        (1.0, "m.1555A>G", None),
        (0.95, "m.1555A>G", None),
        (0.94, "m.1555A>G", "HETEROPLASMIC"),
        (0.05, "m.1555A>G", "HETEROPLASMIC"),
    ],
)
def test_heteroplasmy(share: float, result: str, code: str | None) -> None:
    call = with_share(1555, "A/G", "G", share)
    assert names(call) == [result]
    assert codes(call) == ([code] if code else [])
    assert [(each.name, each.fraction) for each in call.evidence.variants] == [("m.1555A>G", share)]


def test_below_the_threshold_a_stated_risk_variant_is_neither_risk_nor_reference() -> None:
    call = with_share(1555, "A/G", "G", 0.049)
    assert call.result == Undetermined("LOW_HETEROPLASMY")
    assert [(each.name, each.fraction) for each in call.evidence.variants] == [("m.1555A>G", 0.049)]
    assert codes(call) == ["LOW_HETEROPLASMY"]


def test_reads_count_whatever_gt_says() -> None:
    assert names(with_share(1555, "A", "G", 0.2)) == ["m.1555A>G"]
    assert names(with_share(1555, "A", "G", 0.01)) == ["Reference"]


def test_an_unknown_mitochondrial_reference_is_no_call() -> None:
    sample = replace(person(MT, {1555: "G"}), mitochondrial_reference_known=False)
    assert call_gene(table_of(MT), sample, Options()).result == Undetermined("REFERENCE_UNKNOWN")


def test_a_filtered_variant_is_a_doubt() -> None:
    sample = person(MT, {1555: "G"})
    locus = Locus("chrM", 1555)
    filtered = replace(sample.genotypes[locus], filtered=True, state=State.CALLED)
    call = call_gene(table_of(MT), replace(sample, genotypes={**sample.genotypes, locus: filtered}), Options())
    assert call.evidence.doubts == (Why.FILTERED,)
