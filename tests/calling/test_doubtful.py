"""What doubtful genotypes leave possible: every way to read them, or nothing that could be said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from starling.assessment import Options
from starling.calling.dispatch import call_gene
from starling.calling.doubtful import MAX_WAYS
from starling.calling.table import match_table
from starling.definitions import GeneDefinition
from starling.vocabulary import GeneCall, Locus, SampleGenotypes, State, Why
from tests.calling.support import definitions, person, toy

DPYD = definitions()["DPYD"]
C85 = Locus("chr1", 97883329)  # rs1801265, c.85T>C: normal function
SPLICE = Locus("chr1", 97450058)  # rs3918290, c.1905+1G>A (*2A)


def doubted(definition: GeneDefinition, *loci: Locus, filtered: bool = True, **fields: object) -> SampleGenotypes:
    sample = person(definition)
    weak = () if filtered else (Why.WEAK_EVIDENCE,)
    read = {each: replace(sample.genotypes[each], filtered=filtered, doubts=weak, **fields) for each in loci}  # type: ignore[arg-type]
    return replace(sample, genotypes={**sample.genotypes, **read})


def left(call: GeneCall, why: Why = Why.FILTERED) -> set[str]:
    return {str(each.diplotype) for each in call.evidence.consistent if each.why is why}


def called(definition: GeneDefinition, sample: SampleGenotypes) -> GeneCall:
    return call_gene(match_table(definition), sample, Options())


def test_a_doubtful_genotype_leaves_all_that_its_position_can_hold() -> None:
    splice = "c.1905+1G>A (*2A)"
    found = called(DPYD, doubted(DPYD, SPLICE))
    assert left(found) == {"Reference/Reference", f"Reference/{splice}", f"{splice}/{splice}"}
    weak = called(DPYD, doubted(DPYD, C85, filtered=False))
    assert left(weak, Why.WEAK_EVIDENCE) >= {"Reference/Reference"}
    assert not any("1905" in each for each in left(weak, Why.WEAK_EVIDENCE))
    assert weak.evidence.doubts == (Why.WEAK_EVIDENCE,)


def test_without_a_doubt_nothing_is_called_again() -> None:
    assert not any(each.why.is_about_a_genotype for each in called(DPYD, person(DPYD)).evidence.consistent)


def test_of_a_position_without_a_genotype_nothing_is_said() -> None:
    sample = doubted(DPYD, SPLICE, filtered=False, state=State.NOCALL, alleles=())
    assert not left(called(DPYD, sample), Why.WEAK_EVIDENCE)


def test_where_no_allele_fits_some_reading_nothing_is_said() -> None:
    two = toy("1 2\n*1 N | A C\n*2 N | T T")
    found = called(two, doubted(two, *list(person(two).genotypes)[:1]))
    assert found.evidence.doubts == (Why.FILTERED,) and not left(found)


@pytest.mark.parametrize(("sites", "said"), [(3, True), (4, False)])
def test_so_many_ways_to_read_a_gene_are_tried(sites: int, said: bool) -> None:
    assert (4**sites <= MAX_WAYS) is said
    assert bool(left(called(DPYD, doubted(DPYD, *list(person(DPYD).genotypes)[:sites])))) is said


def test_of_the_mitochondrial_gene_nothing_is_said() -> None:
    gene = definitions()["MT-RNR1"]
    sample = person(gene)
    read = {locus: replace(each, alleles=each.alleles[:1], filtered=True) for locus, each in sample.genotypes.items()}
    assert not left(called(gene, replace(sample, genotypes=read)))
