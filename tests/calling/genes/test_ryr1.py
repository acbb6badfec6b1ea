"""RYR1: malignant hyperthermia first (CPIC volatile anaesthetics, PMID 30499100)."""

from __future__ import annotations

from starling.definitions import NamedAllele
from starling.vocabulary import Ambiguous
from tests.calling.support import called, definitions, names, others
from tests.counting import lines_run

SITES = definitions()["RYR1"].sites


def some(function: str, skip: int = 0) -> tuple[str, int, str, str]:
    """(name, position, reference, variant) of an allele of this function at a site with one ALT."""

    def fits(allele: NamedAllele) -> bool:
        single = len(allele.cells) == 1 and len(SITES[allele.cells[0][0]].alts) == 1
        return allele.function == function and not allele.is_reference and single

    allele = [each for each in definitions()["RYR1"].alleles if fits(each)][skip]
    site = SITES[allele.cells[0][0]]
    return allele.name, site.position, site.ref, allele.cells[0][1][0]


MH, MH_AT, MH_REF, MH_ALT = some("Malignant Hyperthermia associated")
UNSURE, UNSURE_AT, UNSURE_REF, UNSURE_ALT = some("Uncertain function", 3)
BENIGN, BENIGN_AT, BENIGN_REF, BENIGN_ALT = some("Normal function")


def test_one_variant_is_exact() -> None:
    assert names(called("RYR1", {MH_AT: f"{MH_REF}/{MH_ALT}"})) == [f"Reference/{MH}"]


def test_malignant_hyperthermia_decides_among_several() -> None:
    call = called(
        "RYR1",
        {
            UNSURE_AT: f"{UNSURE_REF}/{UNSURE_ALT}",
            MH_AT: f"{MH_REF}/{MH_ALT}",
            BENIGN_AT: f"{BENIGN_REF}/{BENIGN_ALT}",
        },
    )
    assert call.result == Ambiguous(())
    assert call.evidence.deciding is not None
    assert set(call.evidence.deciding.alleles) == {MH, UNSURE}
    assert {each.name for each in call.evidence.variants} == {MH, UNSURE, BENIGN}


def test_on_one_haplotype_the_worst_decides() -> None:
    call = called(
        "RYR1",
        {UNSURE_AT: f"{UNSURE_REF}|{UNSURE_ALT}", MH_AT: f"{MH_REF}|{MH_ALT}", BENIGN_AT: f"{BENIGN_ALT}|{BENIGN_REF}"},
    )
    assert call.evidence.deciding is not None
    assert set(call.evidence.deciding.alleles) == {BENIGN, MH}


def test_two_alts_of_one_site_lie_on_two_haplotypes() -> None:
    # c.178G>A and c.178G>T share a position
    alleles = {allele.name: allele for allele in definitions()["RYR1"].alleles}
    site = SITES[alleles["c.178G>A"].cells[0][0]]
    one, other = (alleles[name].cells[0][1][0] for name in ("c.178G>A", "c.178G>T"))
    assert names(called("RYR1", {site.position: f"{one}/{other}"})) == ["c.178G>A/c.178G>T"]


def test_a_position_that_was_not_called_may_hide_malignant_hyperthermia() -> None:
    call = called("RYR1", {MH_AT: "-"})
    assert names(call) == ["Reference/Reference"]
    assert f"Reference/{MH}" in others(call)
    assert MH in call.evidence.cannot_exclude


def test_a_hundred_unphased_variants_end_soon() -> None:
    changes = {site.position: f"{site.ref}/{site.alts[0]}" for site in SITES[:100]}
    called("RYR1")  # what is prepared once is not counted
    assert lines_run(lambda: called("RYR1", changes)) < 200_000
    call = called("RYR1", changes)
    assert len(call.evidence.variants) >= 100
