"""Random people whose truth is known: two alleles of a gene, written as genotypes that show less and less of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from starling.definitions import GeneDefinition, NamedAllele
from starling.vocabulary import Genotype, Locus, SampleGenotypes, State
from tests.calling.support import table_of


@dataclass(frozen=True)
class View:
    """How much of a person a file shows: chances per site, and how many phase sets (0: unphased)."""

    missing: float = 0.0
    half: float = 0.0
    mutated: float = 0.0
    phase_sets: int = 0
    haploid: bool = False


def seeded(seed: str) -> Random:
    """The same people in every run."""
    return Random(seed)


def haplotype_of(definition: GeneDefinition, allele: NamedAllele, random: Random) -> list[str]:
    """One base per site: the allele's own, the reference where it says nothing, any of the accepted in a wobble."""
    own = dict(allele.cells)
    filling = dict(next(each for each in definition.alleles if each.is_reference).cells)
    choices = [own.get(number, filling.get(number, (site.ref,))) for number, site in enumerate(definition.sites)]
    return [random.choice(bases) for bases in choices]


def random_truth(definition: GeneDefinition, random: Random, *, haploid: bool = False) -> tuple[NamedAllele, ...]:
    """One allele or two, the reference as often as in people."""
    alleles = table_of(definition).alleles
    reference = next(allele for allele in alleles if allele.is_reference)
    return tuple(reference if random.random() < 0.2 else random.choice(alleles) for _ in range(1 if haploid else 2))


def shown(definition: GeneDefinition, truth: tuple[NamedAllele, ...], view: View, random: Random) -> SampleGenotypes:
    """The person of `truth` as `view` shows them."""
    haplotypes = [haplotype_of(definition, allele, random) for allele in truth]
    for number, site in enumerate(definition.sites):
        if random.random() < view.mutated:
            random.choice(haplotypes)[number] = random.choice([*site.alts, "N"])
    genotypes: dict[Locus, Genotype] = {}
    turned: Mapping[int, bool] = {number: random.random() < 0.5 for number in range(view.phase_sets)}
    for number, site in enumerate(definition.sites):
        bases = [haplotype[number] for haplotype in haplotypes]
        chance = random.random()
        if chance < view.missing:
            continue
        if chance < view.missing + view.half and bases[-1] != site.ref:
            genotypes[site.locus] = Genotype(site.locus, state=State.NOCALL, seen=(bases[-1],))
            continue
        phase_set = random.randrange(view.phase_sets) if view.phase_sets else None
        if turned[phase_set] if phase_set is not None else random.random() < 0.5:
            bases.reverse()
        name = None if phase_set is None else str(phase_set)
        genotypes[site.locus] = Genotype(site.locus, tuple(bases), name, State.CALLED)
    return SampleGenotypes("random", genotypes, hemizygous_x=True if view.haploid else None)


def heterozygous(sample: SampleGenotypes) -> int:
    """How many groups may branch."""
    found = [each for each in sample.genotypes.values() if len(set(each.alleles)) > 1 or each.seen]
    return len({each.phase_set if each.phase_set is not None else each.locus for each in found})
