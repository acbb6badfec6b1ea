"""Which single-position variants of a gene a person carries, for the genes read variant by variant."""

from __future__ import annotations

from starling.calling.general import undetermined
from starling.calling.genes.lowest_function import Carried, LowestFunctionGene, Severity
from starling.calling.phasing import Observation
from starling.calling.table import MatchTable, bits
from starling.definitions import NamedAllele
from starling.vocabulary import Evidence, GeneCall, Genotype, State

NOT_COVERED = "NOT_COVERED"


def gene_of(table: MatchTable, severity: Severity) -> LowestFunctionGene:
    """The gene as the lowest-function rule sees it."""
    return LowestFunctionGene(table.definition.gene, table.reference, severity)


def carried_at(site: int, locus_genotype: Genotype | None, base: str) -> tuple[int, str, int]:
    """Copies of `base`, the phase group and the haplotype; a half-call's base is one copy on an unknown haplotype."""
    group = f"unphased {site}"
    if locus_genotype is None:
        return 0, group, 0
    if locus_genotype.state is not State.CALLED:
        return int(base in locus_genotype.seen), group, 0
    alleles = locus_genotype.alleles
    if locus_genotype.phase_set is not None:
        group = locus_genotype.phase_set
    return alleles.count(base), group, alleles.index(base) if base in alleles else 0


def single_site_variants(table: MatchTable, seen: Observation, skip: frozenset[str] = frozenset()) -> list[Carried]:
    """Every one-position variant carried; alleles named in `skip` have a rule of their own."""
    found = []
    for site, genotype in seen.varied:
        if not (genotype.alleles or genotype.seen):
            continue
        for bit in bits(table.carriers[site]):
            allele = table.alleles[bit]
            base = allele.cells[0][1][0]
            if allele.name not in skip and (base in genotype.alleles or base in genotype.seen):
                found.append(Carried(allele, *carried_at(site, genotype, base)))
    return found


def hidden_alleles(table: MatchTable, missing: int) -> list[NamedAllele]:
    """Alleles that could be there unseen, because a position that defines them was not called."""
    if not missing:
        return []
    return [allele for allele, core in zip(table.alleles, table.core, strict=True) if core & missing]


def basic_evidence(table: MatchTable, seen: Observation) -> Evidence:
    """What was missing and noticed, before the rule adds its own."""
    return undetermined(table, seen, NOT_COVERED).evidence


def not_covered(table: MatchTable, seen: Observation) -> GeneCall | None:
    """The no-call when no position at all was called, else None."""
    if seen.present or seen.half:
        return None
    return undetermined(table, seen, NOT_COVERED)


def called(seen: Observation, site: int) -> bool:
    """Whether a site was called."""
    return bool(seen.present >> site & 1)
