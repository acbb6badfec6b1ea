"""What is no call for the person as a whole is not forgotten: a variant that was seen keeps the gene from certainty."""

from __future__ import annotations

import pytest

from starling.assessment import GeneResult, Options
from starling.vocabulary import Sex
from tests.bundled import bundled_engine
from tests.genotyping.reading import read

G38 = "##reference=GRCh38"


def result(gene: str, changed: dict[int, str], sex: Sex = "unknown") -> GeneResult:
    """The gene of somebody who is reference but for the records of some positions (POS -> REF, ALT, GT)."""
    definition = bundled_engine().knowledge.definitions[gene]
    ploidy = "0" if sex == "male" else "0/0"
    records = {site.position: f"{site.ref} {','.join(site.alts)} {ploidy}" for site in definition.sites} | changed
    lines = [f"{definition.chromosome} {position} {text}" for position, text in sorted(records.items())]
    options = Options(sex=sex)
    call = bundled_engine().call(gene, read(*lines, header=G38, options=options), options)
    (found,) = bundled_engine().interpreted({gene: call}, {gene: call})
    return found


@pytest.mark.parametrize("alts", ["G,*", "G,<NON_REF>"])
def test_an_undocumented_base_beside_a_deletion_leaves_nothing_certain(alts: str) -> None:
    """CYP2C19 94762760 A>C is no tier-1 position: that it was not called does not matter, that G was seen does."""
    at = 94762760
    assert result("CYP2C19", {at: f"A {alts} ./."}).phenotype_certain
    assert not result("CYP2C19", {at: f"A {alts} 1/2"}).phenotype_certain


@pytest.mark.parametrize("at", [154532046, 154533025, 154546057])
def test_an_undocumented_base_that_is_het_on_the_only_x_of_a_man_leaves_nothing_certain(at: int) -> None:
    """G6PD: that the position was not called does not matter, that a base was seen there which nobody knows does."""
    sites = {site.position: site.ref for site in bundled_engine().knowledge.definitions["G6PD"].sites}
    strange = {"A": "T", "T": "A"}[sites[at]]
    assert result("G6PD", {at: f"{sites[at]} {strange} ."}, "male").phenotype_certain
    assert not result("G6PD", {at: f"{sites[at]} {strange} 0/1"}, "male").phenotype_certain
