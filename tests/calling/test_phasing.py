"""Observation: what was called, what was missing, what may be swapped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from starling.calling.phasing import MAX_HAPLOTYPE_PAIRS, TooAmbiguousError, haplotype_pairs, observe
from starling.calling.table import bits, match_table
from starling.definitions import GeneDefinition
from starling.vocabulary import Genotype, Notice, SampleGenotypes, State, Why
from tests.calling.support import definitions, person, seen_in, toy

TOY = toy(
    """
           101  102  103
    *1 N |  A    C    G
    *2 D |  T    .    .
    *3 D |  .    T    .
    *4 D |  T    T    .
    """
)


def pairs_of(definition: GeneDefinition, changes: dict[int, str], **how: object) -> set[tuple[tuple[str, ...], ...]]:
    table = match_table(definition)

    def told(mask: int | None) -> tuple[str, ...]:
        return () if mask is None else tuple(table.alleles[bit].name for bit in bits(mask))

    return {tuple(sorted(map(told, pair))) for pair in haplotype_pairs(seen_in(definition, changes, **how))}


def changed(definition: GeneDefinition, position: int, **fields: object) -> SampleGenotypes:
    """A reference person one of whose genotypes says something more."""
    sample = person(definition)
    found = next(each for locus, each in sample.genotypes.items() if locus.position == position)
    return replace(sample, genotypes={**sample.genotypes, found.locus: replace(found, **fields)})  # type: ignore[arg-type]


# Rule 4: phased or homozygous positions give one base to each haplotype; each unphased het branches.


def test_homozygous_positions_give_one_base_to_each_haplotype() -> None:
    assert pairs_of(TOY, {101: "T/T"}) == {(("*2",), ("*2",))}


def test_each_unphased_heterozygous_position_branches() -> None:
    assert pairs_of(TOY, {101: "A/T", 102: "C/T"}) == {(("*1",), ("*4",)), (("*2",), ("*3",))}


def test_within_a_phase_set_the_rest_follow() -> None:
    assert pairs_of(TOY, {101: "A|T", 102: "C|T"}) == {(("*1",), ("*4",))}
    assert pairs_of(TOY, {101: "A|T", 102: "T|C"}) == {(("*2",), ("*3",))}


def test_two_phase_sets_branch_against_each_other() -> None:
    assert pairs_of(TOY, {101: "A|T:1", 102: "C|T:2"}) == pairs_of(TOY, {101: "A/T", 102: "C/T"})


def test_haplotypes_that_no_allele_explains_are_not_pairs() -> None:
    assert pairs_of(toy("1 2\n*1 N | A C\n*2 N | T .\n*3 N | . T"), {1: "A/T", 2: "C/T"}) == {(("*2",), ("*3",))}


def test_a_missing_position_excludes_nothing() -> None:
    assert pairs_of(TOY, {101: "-", 102: "C/T"}) == {(("*1", "*2"), ("*3", "*4"))}


def test_nothing_fits_an_undocumented_homozygous_base() -> None:
    assert pairs_of(TOY, {101: "G/G"}) == set()


# States


@pytest.mark.parametrize("text", ["-", ".", "T"])
def test_what_does_not_say_both_haplotypes_is_missing(text: str) -> None:
    seen = seen_in(TOY, {102: text})
    assert (seen.missing, seen.present) == (0b010, 0b101)


def test_a_half_call_is_missing_and_remembered() -> None:
    seen = seen_in(TOY, {102: "T/."})
    assert (seen.missing, seen.half) == (0b010, ((1, "T"),))


def test_a_called_reference_is_present_whatever_else_is_said_about_it() -> None:
    sample = changed(TOY, 102, notices=(Notice("LOW_DEPTH", "x"),), filled=True)
    seen = observe(match_table(TOY), sample)
    assert (seen.present, seen.homozygous_reference, seen.filled) == (0b111, 0b111, 1)
    assert list(seen.notices) == [Notice("LOW_DEPTH", "x")]


def test_sites_filled_as_reference_are_counted() -> None:
    sample = person(TOY)
    filled = {locus: replace(each, filled=True) for locus, each in sample.genotypes.items()}
    assert observe(match_table(TOY), replace(sample, genotypes=filled)).filled == 3


def test_a_notice_is_said_once() -> None:
    sample, notice = person(TOY), Notice("PHASE_SET_MIXED", "said of every genotype")
    noted = {locus: replace(each, notices=(notice,)) for locus, each in sample.genotypes.items()}
    assert list(observe(match_table(TOY), replace(sample, genotypes=noted)).notices) == [notice]


# Rule 8 (c): filtered records and undocumented bases


def test_a_filtered_record_that_is_used_is_a_doubt() -> None:
    seen = observe(match_table(TOY), changed(TOY, 101, filtered=True))
    assert seen.doubts == (Why.FILTERED,)


def test_a_filtered_record_that_was_refused_is_missing_and_no_doubt() -> None:
    seen = observe(match_table(TOY), changed(TOY, 101, filtered=True, alleles=(), state=State.NOCALL))
    assert (seen.doubts, seen.missing) == ((), 0b001)


@pytest.mark.parametrize("gene", ["CACNA1S", "DPYD", "G6PD", "NUDT15", "RYR1", "TPMT"])
def test_toxic_genes_read_an_undocumented_base_as_reference_but_never_silently(gene: str) -> None:
    site = definitions()[gene].sites[0]
    seen = seen_in(definitions()[gene], {site.position: f"{site.ref}/{'N' * len(site.ref)}"})
    assert (seen.groups, seen.missing, seen.doubts) == ({}, 0, (Why.UNDOCUMENTED_VARIANT,))
    assert [notice.code for notice in seen.notices] == ["UNDOCUMENTED_VARIANT"]


@pytest.mark.parametrize("gene", ["CYP2C19", "CYP2D6", "SLCO1B1", "UGT1A1", "VKORC1", "CFTR"])
def test_elsewhere_an_undocumented_base_stays_and_nothing_matches(gene: str) -> None:
    site = definitions()[gene].sites[0]
    assert pairs_of(definitions()[gene], {site.position: f"{site.ref}/{'N' * len(site.ref)}"}) == set()


def test_an_undocumented_half_call_is_read_as_the_rule_of_its_gene_says() -> None:
    strict = toy("1\n*1 N | A\n*2 N | T")
    assert seen_in(replace(strict, undocumented_as_reference=True), {1: "G/."}).half == ((0, "A"),)
    assert seen_in(strict, {1: "G/."}).half == ((0, "G"),)


# One X


X = toy("1 2\nB N | A C\nA D | T .", chromosome="chrX")


@pytest.mark.parametrize(
    ("changes", "hemizygous", "haploid", "missing"),
    [
        ({1: "T", 2: "C"}, None, True, 0),  # nothing stated: the file decides
        ({1: "T", 2: "C"}, True, True, 0),
        ({1: "T/T", 2: "C/C"}, True, True, 0),  # 1/1 on one X is 1
        ({1: "A/T", 2: "C/C"}, True, True, 0b01),  # het on one X is no call
        ({1: "T/T", 2: "C/C"}, None, False, 0),
        ({1: "T", 2: "C/C"}, False, False, 0b01),
        ({1: "T", 2: "C/C"}, None, False, 0b01),
    ],
)
def test_one_x_or_two(changes: dict[int, str], hemizygous: bool | None, haploid: bool, missing: int) -> None:
    seen = seen_in(X, changes, hemizygous_x=hemizygous)
    assert (seen.haploid, seen.missing) == (haploid, missing)


def test_an_autosome_is_never_haploid() -> None:
    seen = seen_in(TOY, {}, haploid=True)
    assert (seen.haploid, seen.missing) == (False, 0b111)


# Bounded work


def explosive(sites: int) -> GeneDefinition:
    """Alleles that insist on one site each and accept anything elsewhere: every phase gives other haplotypes."""
    rows = ["*1 N | " + " ".join("A" * sites)]
    for site in range(sites):
        for base in "AT":
            cells = ["A/T"] * sites
            cells[site] = base
            rows.append(f"*{len(rows) + 1} N | {' '.join(cells)}")
    return toy("\n".join([" ".join(str(101 + site) for site in range(sites)), *rows]))


def test_work_is_bounded() -> None:
    assert MAX_HAPLOTYPE_PAIRS == 1 << 16
    definition = explosive(20)
    seen = seen_in(definition, {site.position: "A/T" for site in definition.sites})
    with pytest.raises(TooAmbiguousError):
        haplotype_pairs(seen)


def test_genotypes_of_another_gene_are_not_looked_at() -> None:
    sample = person(TOY)
    elsewhere = Genotype(definitions()["TPMT"].sites[0].locus, ("A", "A"), None, State.CALLED)
    more = replace(sample, genotypes={**sample.genotypes, elsewhere.locus: elsewhere})
    assert observe(match_table(TOY), more) == observe(match_table(TOY), sample)
