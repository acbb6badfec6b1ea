"""Combinations and partial alleles, for research (calling rules, section 3; PharmCAT "NamedAlleleMatcher 201")."""

from __future__ import annotations

import pytest

from starling.calling.combinations import MAX_GROUPS, describe
from starling.calling.table import match_table
from starling.vocabulary import Undetermined
from tests.calling.support import called, definitions, names, toy
from tests.counting import lines_run

TOY = toy(
    """
             1  2  3  4  5
    *1  N |  A  A  A  A  A
    *2  D |  T  .  .  .  .
    *6  D |  .  T  T  .  .
    *14 D |  .  .  .  T  .
    *17 D |  .  .  T  T  .
    *20 D |  .  .  .  T  T
    """
)


@pytest.mark.parametrize(
    ("haplotype", "words"),
    [
        ("", "*1"),
        ("1", "*2"),
        ("12", "[*2 + g.2A>T]"),  # *6 is not wholly there: its position is left over
        ("123", "[*2 + *6]"),
        ("1234", "[*2 + *6 + *14]"),  # *17 overlaps *6, which comes first among equals
        ("34", "*17"),
        ("345", "[*17 + g.5A>T]"),
        ("5", "g.5A>T"),  # a partial off the reference: the position alone
        ("25", "[g.2A>T + g.5A>T]"),
    ],
)
def test_a_haplotype_in_words(haplotype: str, words: str) -> None:
    assert describe(match_table(TOY), tuple((int(number) - 1, "T") for number in haplotype)) == words


def test_phased_haplotypes_are_described_each() -> None:
    call = called(TOY, {1: "T|A", 2: "T|A", 3: "T|A", 5: "A|T"}, combinations=True)
    assert names(call) == ["g.5A>T/[*2 + *6]"]
    assert call.evidence.research_only


def test_unphased_every_pair_is_described() -> None:
    call = called(TOY, {2: "T/A", 5: "A/T"}, combinations=True)
    assert names(call) == ["*1/[g.2A>T + g.5A>T]", "g.2A>T/g.5A>T"]


def test_homozygous_bases_lie_on_both_haplotypes() -> None:
    call = called(TOY, {5: "T/T", 1: "T/A"}, combinations=True)
    assert names(call) == ["g.5A>T/[*2 + g.5A>T]"]


def test_one_x_has_one_haplotype() -> None:
    definition = toy("1 2\nB N | A A\nA D | T .\nC D | . T", chromosome="chrX")
    assert names(called(definition, {1: "T", 2: "T"}, haploid=True, combinations=True)) == ["[A + C]"]


def test_novel_variants_are_not_considered() -> None:
    assert called(TOY, {1: "A/G"}, combinations=True).result == Undetermined("UNDOCUMENTED_VARIANT")


def test_cyp2b6_combination() -> None:
    # PharmCAT's example of the notation: CYP2B6 [*6 + *14]/*13 and its like
    alleles = {allele.name: allele for allele in definitions()["CYP2B6"].alleles}
    sites = definitions()["CYP2B6"].sites
    bases = {sites[number].position: cell[0] for name in ("*6", "*14") for number, cell in alleles[name].cells}
    reference = {site.position: site.ref for site in sites}
    changes = {position: f"{reference[position]}|{base}" for position, base in bases.items()}
    assert names(called("CYP2B6", changes, combinations=True)) == ["*1/[*6 + *14]"]


def test_too_many_branches_stay_without_a_call() -> None:
    sites = definitions()["CYP2D6"].sites
    found = {site.position: f"{site.ref}/{site.alts[0]}" for site in sites[: MAX_GROUPS + 1]}
    assert called("CYP2D6", found, combinations=True).result == Undetermined("NO_MATCH")


def test_the_most_branches_end_soon() -> None:
    sites = definitions()["CYP2D6"].sites
    found = {site.position: f"{site.ref}/{site.alts[0]}" for site in sites[:MAX_GROUPS]}
    called("CYP2D6")  # what is prepared once is not counted
    assert lines_run(lambda: called("CYP2D6", found, combinations=True)) < 600_000
    call = called("CYP2D6", found, combinations=True)
    assert len(names(call)) == 2 ** (MAX_GROUPS - 1)
