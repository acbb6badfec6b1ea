"""Genes read variant by variant: the variant of lowest function on each haplotype decides the phenotype.

DPYD and RYR1 variants are defined one by one and travel in any combination, so the general rule would find no
named allele for most carriers of two.  Phased: the diplotype is exact.  Unphased with more than one heterozygous
variant: no diplotype; the two lowest values decide, and every way to phase them is examined for certainty.
Source: PharmCAT gene definition exceptions (DPYD, RYR1); CPIC fluoropyrimidines (PMID 29152729, 38129972).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import product

from starling.definitions import NamedAllele
from starling.star_order import NameKey, diplotype_of, name_key
from starling.values import dataclass, replace
from starling.vocabulary import Ambiguous, CallResult, Consistent, Diplotype, Evidence, GeneCall, VariantCopies, Why

Severity = Callable[[NamedAllele], Fraction]
Pair = tuple[NamedAllele, NamedAllele]


@dataclass(frozen=True, slots=True)
class Carried:
    """A variant and where it lies: copies, and for one copy its phase group and haplotype (0 or 1) within it.

    `proxy`: another position stands in for the one that decides, which was not called; it may not be there at all.
    """

    allele: NamedAllele
    copies: int
    group: str
    haplotype: int = 0
    proxy: bool = False


@dataclass(frozen=True, slots=True)
class LowestFunctionGene:
    """What the rule needs of a gene: the reference, and how to order alleles by function.

    `severity(allele)`: smaller is worse; alleles of equal severity lead to equal phenotypes.
    """

    gene: str
    reference: NamedAllele
    severity: Severity

    def worst(self, alleles: Iterable[NamedAllele]) -> NamedAllele:
        """The allele of lowest function, see `rank`; the reference when there is none."""
        return min(alleles, key=self.rank, default=self.reference)

    def rank(self, allele: NamedAllele) -> tuple[Fraction, bool, NameKey]:
        """Sorts by function, lowest first; among equals variants before the reference, then in star order."""
        return self.severity(allele), allele.is_reference, name_key(allele.name)

    def ranked(self, pair: Pair) -> Pair:
        """The pair with the allele of lower rank first."""
        one, other = pair
        return pair if self.rank(one) <= self.rank(other) else (other, one)

    def severities(self, pair: Pair) -> tuple[Fraction, ...]:
        """What decides the phenotype of a pair."""
        return tuple(sorted(map(self.severity, pair)))


def call_carried(
    gene: LowestFunctionGene, carried: Sequence[Carried], hidden: Sequence[NamedAllele], evidence: Evidence
) -> GeneCall:
    """The call for the variants carried; `hidden`: alleles whose position was not called."""
    heterozygous = [variant for variant in carried if variant.copies == 1]
    exact = len({variant.group for variant in heterozygous}) <= 1
    result: CallResult = _exact(gene, _haplotypes(carried)) if exact else Ambiguous(())
    phases = _phases(gene, carried)
    deciding = _two_lowest(gene, phases)
    ordered = sorted(carried, key=lambda variant: name_key(variant.allele.name))
    names = [variant.allele.name for variant in ordered]
    evidence = replace(
        evidence,
        deciding=diplotype_of(*(allele.name for allele in deciding)),
        variants=tuple(VariantCopies(variant.allele.name, variant.copies) for variant in ordered),
        consistent=_consistent(gene, deciding, phases, _unseen(gene, carried, phases, hidden)),
        cannot_exclude=tuple(allele.name for allele in hidden if allele.name not in names),
    )
    return GeneCall(gene.gene, result, evidence)


def _haplotypes(carried: Iterable[Carried]) -> tuple[list[NamedAllele], list[NamedAllele]]:
    haplotypes: tuple[list[NamedAllele], list[NamedAllele]] = ([], [])
    for variant in carried:
        for haplotype in (0, 1):
            if variant.copies == 2 or variant.haplotype == haplotype:
                haplotypes[haplotype].append(variant.allele)
    return haplotypes


def _exact(gene: LowestFunctionGene, haplotypes: Iterable[Sequence[NamedAllele]]) -> Diplotype:
    return diplotype_of(*(_haplotype_name(gene, haplotype) for haplotype in haplotypes))


def _haplotype_name(gene: LowestFunctionGene, haplotype: Sequence[NamedAllele]) -> str:
    names = sorted((allele.name for allele in haplotype), key=name_key)
    if not names:
        return gene.reference.name
    return names[0] if len(names) == 1 else f"[{' + '.join(names)}]"


def _two_lowest(gene: LowestFunctionGene, phases: Iterable[Pair]) -> Pair:
    """The pair of lowest function that some phase of the data allows; variants of one known haplotype count once."""
    return min(phases, key=lambda pair: sorted(map(gene.rank, pair)))


def _consistent(
    gene: LowestFunctionGene, deciding: Pair, phases: Iterable[Pair], unseen: Iterable[Pair]
) -> tuple[Consistent, ...]:
    """One representative per pair of severities that some phase, or some uncalled position, would give."""
    told = gene.severities(deciding)
    found: dict[tuple[Fraction, ...], Consistent] = {}
    for why, pairs in ((Why.PHASE, phases), (Why.NOT_ASSAYED, unseen)):
        for one, other in pairs:
            key = gene.severities((one, other))
            if key != told and key not in found:
                found[key] = Consistent(diplotype_of(one.name, other.name), why)
    return tuple(found.values())


def _phases(gene: LowestFunctionGene, carried: Iterable[Carried]) -> list[Pair]:
    """The worst allele of each haplotype under every way to phase the groups, one entry per pair of severities."""
    groups: dict[str, list[Carried]] = {}
    for variant in carried:
        groups.setdefault("" if variant.copies == 2 else variant.group, []).append(variant)
    states = [(gene.reference, gene.reference)]
    for members in groups.values():
        left, right = _haplotypes(members)
        states = _distinct(
            gene,
            (
                (gene.worst([one, *left]), gene.worst([other, *right]))
                for a, b in states
                for one, other in ((a, b), (b, a))
            ),
        )
    return states


def _unseen(
    gene: LowestFunctionGene, carried: Sequence[Carried], phases: Sequence[Pair], hidden: Sequence[NamedAllele]
) -> list[Pair]:
    """What could be there unseen: a hidden allele on either haplotype, or nothing where a proxy stands in."""
    sure = [variant for variant in carried if not variant.proxy]
    phases = phases if len(sure) == len(carried) else [*phases, *_phases(gene, sure)]
    # by numerator and denominator: the hash of a Fraction is a modular power
    additions = list({gene.severity(allele).as_integer_ratio(): allele for allele in reversed(hidden)}.values())
    choices: list[list[NamedAllele]] = [[], *([allele] for allele in additions)]
    return _distinct(
        gene,
        (
            (gene.worst([one, *left]), gene.worst([other, *right]))
            for one, other in phases
            for left, right in product(choices, repeat=2)
        ),
    )


def _distinct(gene: LowestFunctionGene, pairs: Iterable[Pair]) -> list[Pair]:
    """One unordered pair per severities, whichever haplotype was written first: the first in rank."""
    found: dict[tuple[Fraction, ...], Pair] = {}
    for pair in sorted((gene.ranked(pair) for pair in pairs), key=lambda pair: tuple(map(gene.rank, pair))):
        found.setdefault(gene.severities(pair), pair)
    return list(found.values())
