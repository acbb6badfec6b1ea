"""What must hold for everybody: order never matters, phase only narrows, more data never contradicts, truth stays in.

A function pair is what decides the phenotype: (function, activity) of the two alleles.  `possible` is every pair that a
call reports or keeps as consistent; a phenotype is certain only when all of them mean the same term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.assessment import Options
from starling.calling.dispatch import call_gene
from starling.definitions import GeneDefinition, NamedAllele
from starling.vocabulary import (
    Ambiguous,
    Diplotype,
    GeneCall,
    Genotype,
    Locus,
    SampleGenotypes,
    State,
    Undetermined,
    Why,
)
from tests.calling.sampling import View, random_truth, seeded, shown
from tests.calling.support import called, definitions, names, person, table_of, toy

FunctionPair = tuple[tuple[str, str], ...]

#: MT-RNR1 has no haplotypes: see its own tests
GENES = sorted(set(definitions()) - {"MT-RNR1"})
VIEWS = {
    "complete": View(),
    "phased": View(phase_sets=1),
    "two sets": View(phase_sets=2),
    "missing": View(missing=0.2),
    "mostly missing": View(missing=0.85),
    "phased, missing": View(missing=0.3, phase_sets=1),
    "half": View(half=0.4, missing=0.1),
}
TOY = toy(
    """
           101  102  103  104
    *1 N |  A    C    G    T
    *2 D |  T    .    .    .
    *3 I |  .    T    .    .
    *4 P |  T    T    .    .
    *5 I |  .    T    A/G  .
    *6 D |  T    .    A    C
    """
)

seeds = st.integers(0, 1 << 32)
genes = st.sampled_from([*GENES, "TOY"])
views = st.sampled_from(sorted(VIEWS))
people = given(gene=genes, view=views, seed=seeds)


def definition_of(gene: str) -> GeneDefinition:
    return TOY if gene == "TOY" else definitions()[gene]


def made(gene: str, view: str, seed: int) -> tuple[GeneDefinition, tuple[NamedAllele, ...], SampleGenotypes]:
    random = seeded(f"{gene} {view} {seed}")
    definition = definition_of(gene)
    truth = random_truth(definition, random)
    return definition, truth, shown(definition, truth, VIEWS[view], random)


def call_of(definition: GeneDefinition, sample: SampleGenotypes) -> GeneCall:
    return call_gene(table_of(definition), sample, Options())


def functions(alleles: tuple[NamedAllele, ...]) -> FunctionPair:
    return tuple(sorted((allele.function, str(allele.activity)) for allele in alleles))


def possible(definition: GeneDefinition, call: GeneCall) -> set[FunctionPair]:
    by_name = {allele.reported_as: allele for allele in reversed(definition.alleles)}
    by_name |= {allele.name: allele for allele in definition.alleles}
    reported: tuple[Diplotype, ...] = ()
    if call.evidence.deciding is not None:
        reported = (call.evidence.deciding,)
    elif isinstance(call.result, Diplotype):
        reported = (call.result,)
    elif isinstance(call.result, Ambiguous):
        reported = call.result.diplotypes
    everything = [*reported, *(each.diplotype for each in call.evidence.consistent)]
    return {functions(tuple(by_name[name] for name in diplotype.alleles)) for diplotype in everything}


def changed(sample: SampleGenotypes, genotypes: Mapping[Locus, Genotype]) -> SampleGenotypes:
    return replace(sample, genotypes=dict(genotypes))


@people
def test_the_order_of_genotypes_never_matters(gene: str, view: str, seed: int) -> None:
    definition, _, sample = made(gene, view, seed)
    items = list(sample.genotypes.items())
    seeded(f"{seed}").shuffle(items)
    assert call_of(definition, changed(sample, dict(items))) == call_of(definition, sample)


@people
def test_the_order_of_alleles_in_an_unphased_genotype_never_matters(gene: str, view: str, seed: int) -> None:
    definition, _, sample = made(gene, view, seed)
    turned = {
        locus: replace(each, alleles=each.alleles[::-1]) if each.phase_set is None else each
        for locus, each in sample.genotypes.items()
    }
    assert call_of(definition, changed(sample, turned)) == call_of(definition, sample)


@people
def test_swapping_both_haplotypes_of_a_phase_set_never_matters(gene: str, view: str, seed: int) -> None:
    definition, _, sample = made(gene, view, seed)
    for phase_set in {each.phase_set for each in sample.genotypes.values()} - {None}:
        turned = {
            locus: replace(each, alleles=each.alleles[::-1]) if each.phase_set == phase_set else each
            for locus, each in sample.genotypes.items()
        }
        assert call_of(definition, changed(sample, turned)) == call_of(definition, sample)


@people
def test_the_name_of_a_phase_set_never_matters(gene: str, view: str, seed: int) -> None:
    definition, _, sample = made(gene, view, seed)
    renamed = {
        locus: replace(each, phase_set=each.phase_set and f"set {each.phase_set}")
        for locus, each in sample.genotypes.items()
    }
    assert call_of(definition, changed(sample, renamed)) == call_of(definition, sample)


@people
def test_the_truth_is_reported_or_remains_consistent(gene: str, view: str, seed: int) -> None:
    definition, truth, sample = made(gene, view, seed)
    call = call_of(definition, sample)
    if isinstance(call.result, Undetermined):
        assert call.result.reason in {"NOT_COVERED", "REQUIRED_POSITION_MISSING", "TOO_AMBIGUOUS"}
    elif Why.NOT_ASSAYED not in call.evidence.doubts:  # a HapB3 proxy says of itself that anything goes
        assert functions(truth) in possible(definition, call)


@people
def test_the_phased_call_is_the_unphased_one_or_among_what_it_keeps(gene: str, view: str, seed: int) -> None:
    definition, _, sample = made(gene, view, seed)
    unphased = {locus: replace(each, phase_set=None) for locus, each in sample.genotypes.items()}
    phased, less = call_of(definition, sample), call_of(definition, changed(sample, unphased))
    if not isinstance(less.result, Undetermined):
        assert possible(definition, phased) <= possible(definition, less)


@people
def test_a_site_more_never_makes_anything_new_possible(gene: str, view: str, seed: int) -> None:
    """So a certain term never becomes another certain term, and the truth is never lost."""
    definition, _, sample = made(gene, view, seed)
    random = seeded(f"{seed} less")
    loci = [locus for locus, each in sample.genotypes.items() if each.state is State.CALLED]
    if not loci:
        return
    dropped = random.sample(loci, random.randint(1, min(3, len(loci))))
    less = changed(sample, {locus: each for locus, each in sample.genotypes.items() if locus not in dropped})
    before, after = call_of(definition, less), call_of(definition, sample)
    if not isinstance(before.result, Undetermined):
        assert possible(definition, after) <= possible(definition, before)


@people
def test_whether_a_site_is_not_called_or_not_assayed_never_matters(gene: str, view: str, seed: int) -> None:
    definition, _, sample = made(gene, view, seed)
    absent = {site.locus: Genotype(site.locus, state=State.NOCALL) for site in definition.sites}
    assert call_of(definition, changed(sample, {**absent, **sample.genotypes})) == call_of(definition, sample)


@given(gene=st.sampled_from(GENES), seed=seeds)
def test_a_complete_phased_person_is_called_exactly(gene: str, seed: int) -> None:
    definition, truth, _ = made(gene, "phased", seed)
    sample = shown(definition, truth, VIEWS["phased"], seeded(f"{seed} phased"))
    call = call_of(definition, sample)
    expected = sorted(allele.reported_as for allele in truth)
    found = call.result.diplotypes if isinstance(call.result, Ambiguous) else (call.result,)
    assert expected in [sorted(each.alleles) for each in found if isinstance(each, Diplotype)]


@given(gene=st.sampled_from(GENES), seed=seeds)
@settings(max_examples=50)
def test_calls_are_values_and_repeatable(gene: str, seed: int) -> None:
    definition, _, sample = made(gene, "missing", seed)
    assert hash(call_of(definition, sample)) == hash(call_of(definition, sample))


# Traps, named by what goes wrong


def test_trap_star_2_star_17_read_as_star_1_star_2() -> None:
    genotypes = {94842866: "G/G", 94775367: "A/G", 94781859: "G/A", 94761900: "C/T"}
    assert names(called("CYP2C19", genotypes)) == ["*2/*17"]
    untested = called("CYP2C19", {**genotypes, 94761900: "-"})  # *17 not assayed: *1/*2, but *2/*17 stays
    assert "*1/*2" in names(untested)
    assert functions_of("CYP2C19", "*2", "*17") in possible(definitions()["CYP2C19"], untested)


def test_trap_tpmt_3b_3c_behind_1_3a() -> None:
    call = called("TPMT", {18130687: "T/C", 18138997: "C/T"})
    assert functions_of("TPMT", "*3B", "*3C") in possible(definitions()["TPMT"], call)


@pytest.mark.parametrize("text", ["-", "."])
def test_trap_ugt1a1_without_the_ta_repeat(text: str) -> None:
    call = called("UGT1A1", {233760233: text})
    assert functions_of("UGT1A1", "*28", "*28") in possible(definitions()["UGT1A1"], call)
    assert {"*28", "*36", "*37"} <= set(call.evidence.cannot_exclude)


def functions_of(gene: str, *alleles: str) -> FunctionPair:
    by_name = {allele.name: allele for allele in definitions()[gene].alleles}
    return functions(tuple(by_name[name] for name in alleles))


def test_the_simulated_people_are_not_all_alike() -> None:
    for gene in GENES:
        truths = {tuple(allele.name for allele in made(gene, "complete", seed)[1]) for seed in range(50)}
        assert len(truths) > (1 if len(definitions()[gene].alleles) < 3 else 3)
        assert person(definitions()[gene]).genotypes
