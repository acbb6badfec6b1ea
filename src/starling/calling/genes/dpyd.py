"""DPYD: the variants of lowest activity on each haplotype decide; HapB3 is resolved first.

HapB3 is tagged by exonic c.1236G>A (rs56038477) but caused by intronic c.1129-5923C>G (rs75017182).  Copies of HapB3
are copies of the intronic variant; surplus exonic copies are benign; without the intronic position the exonic one is
a proxy, and the phenotype is not certain.
Source: Turner et al. 2024 (PMID 38129972); CPIC fluoropyrimidines 2017 with updates (PMID 29152729).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from starling.calling.genes.carried import (
    basic_evidence,
    called,
    carried_at,
    gene_of,
    hidden_alleles,
    not_covered,
    single_site_variants,
)
from starling.calling.genes.lowest_function import Carried, call_carried
from starling.calling.phasing import Observation, observe
from starling.calling.table import MatchTable
from starling.definitions import NamedAllele
from starling.values import replace
from starling.vocabulary import Evidence, GeneCall, Locus, Notice, SampleGenotypes, Why

INTRONIC: Final = Locus("chr1", 97579893)
EXONIC: Final = Locus("chr1", 97573863)
HAPB3: Final = "c.1129-5923C>G, c.1236G>A (HapB3)"
INTRONIC_ALONE: Final = "c.1129-5923C>G"
_RESOLVED: Final = frozenset({HAPB3, INTRONIC_ALONE})

_BENIGN = Notice("HAPB3_EXONIC_ONLY", "c.1236G>A without c.1129-5923C>G is benign: it is not HapB3 (PMID 38129972)")
_PROXY = Notice("HAPB3_PROXY", "c.1129-5923C>G was not called; c.1236G>A stands in for HapB3 (PMID 38129972)")


def call(table: MatchTable, sample: SampleGenotypes) -> GeneCall:
    """The DPYD call."""
    seen = observe(table, sample)
    uncovered = not_covered(table, seen)
    if uncovered is not None:
        return uncovered
    hapb3, evidence = _hapb3(table, seen, sample)
    others = single_site_variants(table, seen, skip=_RESOLVED)
    hidden = hidden_alleles(table, seen.missing)
    if _hapb3_is_settled(table, seen, sample):
        hidden = [allele for allele in hidden if allele.name != HAPB3]
    return call_carried(gene_of(table, severity), [*others, *hapb3], hidden, evidence)


def _hapb3_is_settled(table: MatchTable, seen: Observation, sample: SampleGenotypes) -> bool:
    """Whether no further copy of HapB3 can hide: its causal position was called, or its tag was called absent."""
    if called(seen, table.loci.index(INTRONIC)):
        return True
    tag = sample.genotypes.get(EXONIC)
    return called(seen, table.loci.index(EXONIC)) and tag is not None and "T" not in tag.alleles


def severity(allele: NamedAllele) -> Fraction:
    """How low the function of an allele is: smaller is worse."""
    return allele.activity.value if allele.activity else Fraction(1)


def _hapb3(table: MatchTable, seen: Observation, sample: SampleGenotypes) -> tuple[list[Carried], Evidence]:
    """The copies of HapB3 and of its causal variant alone, and what to say about them."""
    evidence = basic_evidence(table, seen)
    alleles = {allele.name: allele for allele in table.alleles if allele.name in _RESOLVED}
    intron, exon = table.loci.index(INTRONIC), table.loci.index(EXONIC)
    inside, inside_group, inside_haplotype = carried_at(intron, sample.genotypes.get(INTRONIC), "C")
    tagged, tagged_group, tagged_haplotype = carried_at(exon, sample.genotypes.get(EXONIC), "T")
    if not called(seen, intron) and not inside:
        found = [Carried(alleles[HAPB3], tagged, tagged_group, tagged_haplotype, proxy=True)] if tagged else []
        return found, _noting(evidence, _PROXY, Why.NOT_ASSAYED) if tagged else evidence
    both = min(inside, tagged)
    apart = inside == tagged == 1 and inside_group == tagged_group and inside_haplotype != tagged_haplotype
    both = 0 if apart else both
    found = []
    if both:
        haplotype = tagged_haplotype if tagged == 1 and inside == 2 else inside_haplotype
        group = tagged_group if tagged == 1 and inside == 2 else inside_group
        found.append(Carried(alleles[HAPB3], both, group, haplotype))
    if inside > both:
        haplotype = 1 - tagged_haplotype if both else inside_haplotype
        group = tagged_group if both else inside_group
        found.append(Carried(alleles[INTRONIC_ALONE], inside - both, group, haplotype))
    return found, _noting(evidence, _BENIGN, None) if tagged > both else evidence


def _noting(evidence: Evidence, notice: Notice, doubt: Why | None) -> Evidence:
    doubts = evidence.doubts if doubt is None or doubt in evidence.doubts else (*evidence.doubts, doubt)
    return replace(evidence, notices=(*evidence.notices, notice), doubts=doubts)
