"""Genes read variant by variant: the variant of lowest function on each strand decides the phenotype.

DPYD and RYR1 variants are defined one by one and travel in any combination, so the general rule would find no
named allele for most carriers of two.  Phased: the diplotype is exact.  Unphased with more than one heterozygous
variant: no diplotype; the two lowest values decide, and every way to phase them is examined for certainty.
Source: PharmCAT gene definition exceptions (DPYD, RYR1); CPIC fluoropyrimidines (PMID 29152729, 38129972).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from starling.calling.ranking import diplotype_of
from starling.definitions import NamedAllele
from starling.vocabulary import Ambiguous, CallResult, Consistent, Diplotype, Evidence, GeneCall, VariantCopies, Why

Severity = Callable[[NamedAllele], object]


@dataclass(frozen=True, slots=True)
class Carried:
    """A variant and where it lies: copies, and for one copy its phase group and strand (0 or 1) within it."""

    allele: NamedAllele
    copies: int
    group: str
    strand: int = 0


@dataclass(frozen=True, slots=True)
class LowestFunctionGene:
    """What the rule needs of a gene: its alleles in star order, the reference, and how to order them by function.

    `severity(allele)`: smaller is worse; alleles of equal severity lead to equal phenotypes.
    """

    gene: str
    order: dict[str, int]
    reference: NamedAllele
    severity: Severity

    def worst(self, alleles: Iterable[NamedAllele]) -> NamedAllele:
        """The allele of lowest function, the first in star order among equals; the reference when there is none."""
        return min(alleles, key=lambda allele: (self.severity(allele), self.order[allele.name]), default=self.reference)


def call_carried(
    gene: LowestFunctionGene, carried: Sequence[Carried], hidden: Sequence[NamedAllele], evidence: Evidence
) -> GeneCall:
    """The call for the variants carried; `hidden`: alleles whose position was not called."""
    heterozygous = [variant for variant in carried if variant.copies == 1]
    exact = len({variant.group for variant in heterozygous}) <= 1
    strands = _strands(carried)
    result: CallResult = _exact(gene, strands) if exact else Ambiguous(())
    deciding = _deciding(gene, strands) if exact else _two_lowest(gene, carried)
    ordered = sorted(carried, key=lambda variant: gene.order[variant.allele.name])
    variants = tuple(VariantCopies(variant.allele.name, variant.copies) for variant in ordered)
    consistent = _consistent(gene, carried, hidden, deciding)
    return GeneCall(gene.gene, result, replace(evidence, deciding=deciding, variants=variants, consistent=consistent))


def _strands(carried: Iterable[Carried]) -> tuple[list[NamedAllele], list[NamedAllele]]:
    strands: tuple[list[NamedAllele], list[NamedAllele]] = ([], [])
    for variant in carried:
        for strand in (0, 1):
            if variant.copies == 2 or variant.strand == strand:
                strands[strand].append(variant.allele)
    return strands


def _exact(gene: LowestFunctionGene, strands: Iterable[Sequence[NamedAllele]]) -> Diplotype:
    return diplotype_of(*(_strand_name(gene, strand) for strand in strands))


def _strand_name(gene: LowestFunctionGene, strand: Sequence[NamedAllele]) -> str:
    names = sorted((allele.name for allele in strand), key=lambda name: gene.order[name])
    if not names:
        return gene.reference.name
    return names[0] if len(names) == 1 else f"[{' + '.join(names)}]"


def _deciding(gene: LowestFunctionGene, strands: Iterable[Sequence[NamedAllele]]) -> Diplotype:
    return diplotype_of(*(gene.worst(strand).name for strand in strands))


def _two_lowest(gene: LowestFunctionGene, carried: Iterable[Carried]) -> Diplotype:
    copies = [variant.allele for variant in carried for _ in range(variant.copies)]
    copies.sort(key=lambda allele: (gene.severity(allele), gene.order[allele.name]))
    return diplotype_of(copies[0].name, copies[1].name)


def _consistent(
    gene: LowestFunctionGene, carried: Sequence[Carried], hidden: Sequence[NamedAllele], deciding: Diplotype
) -> tuple[Consistent, ...]:
    """One representative per pair of severities that some phase, or some uncalled position, would give."""
    by_name = {variant.allele.name: variant.allele for variant in carried} | {gene.reference.name: gene.reference}
    severity = gene.severity
    told = sorted(str(severity(by_name[name])) for name in deciding.alleles)
    found: dict[tuple[str, ...], Consistent] = {}
    phases = _phases(gene, carried)
    for why, pairs in ((Why.PHASE, phases), (Why.NOT_ASSAYED, _with_hidden(gene, phases, hidden))):
        for one, other in pairs:
            key = tuple(sorted((str(severity(one)), str(severity(other)))))
            if list(key) != told and key not in found:
                found[key] = Consistent(diplotype_of(one.name, other.name), why)
    return tuple(found.values())


def _phases(gene: LowestFunctionGene, carried: Iterable[Carried]) -> list[tuple[NamedAllele, NamedAllele]]:
    """The worst allele of each strand under every way to phase the groups, one entry per pair of severities."""
    groups: dict[str, list[Carried]] = {}
    for variant in carried:
        groups.setdefault("" if variant.copies == 2 else variant.group, []).append(variant)
    states = [(gene.reference, gene.reference)]
    for members in groups.values():
        left, right = _strands(members)
        states = _distinct(
            gene,
            (
                (gene.worst([one, *left]), gene.worst([other, *right]))
                for a, b in states
                for one, other in ((a, b), (b, a))
            ),
        )
    return states


def _with_hidden(
    gene: LowestFunctionGene, phases: Iterable[tuple[NamedAllele, NamedAllele]], hidden: Sequence[NamedAllele]
) -> list[tuple[NamedAllele, NamedAllele]]:
    additions = list({str(gene.severity(allele)): allele for allele in reversed(hidden)}.values())
    choices: list[list[NamedAllele]] = [[], *([allele] for allele in additions)]
    return _distinct(
        gene,
        (
            (gene.worst([one, *left]), gene.worst([other, *right]))
            for one, other in phases
            for left, right in product(choices, repeat=2)
        ),
    )


def _distinct(
    gene: LowestFunctionGene, pairs: Iterable[tuple[NamedAllele, NamedAllele]]
) -> list[tuple[NamedAllele, NamedAllele]]:
    return list({(str(gene.severity(one)), str(gene.severity(other))): (one, other) for one, other in pairs}.values())
