"""A gene's definition as bit masks: computed once per definition (see `Callers`), used for every patient."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from starling.definitions import GeneDefinition, NamedAllele
from starling.values import dataclass
from starling.vocabulary import ActivityScore, Locus

FunctionClass = tuple[str, ActivityScore | None]


@dataclass(frozen=True, slots=True, eq=False)
class MatchTable:
    """Masks over alleles (bit i: `alleles[i]`) and over sites (bit j: `loci[j]`).

    `accept[j][base]`: alleles that accept `base` at site j.  `defined`, `wobble`, `core`: per allele, its sites with a
    defined cell, with a cell of several bases, with a cell that excludes the reference base.
    `carriers[j]`: the alleles with a core cell at site j.  `plain`: alleles without any core cell.
    `homozygous[j]`, `hemizygous[j]`: the genotype of two references, and of one, at site j.
    `reference`: the reference row.  `classes`: alleles of equal function and activity; all members of one lead to the
    same phenotypes.
    """

    definition: GeneDefinition
    alleles: tuple[NamedAllele, ...]
    loci: tuple[Locus, ...]
    references: tuple[str, ...]
    accept: tuple[Mapping[str, int], ...]
    defined: tuple[int, ...]
    wobble: tuple[int, ...]
    core: tuple[int, ...]
    carriers: tuple[int, ...]
    plain: int
    homozygous: tuple[tuple[str, ...], ...]
    hemizygous: tuple[tuple[str, ...], ...]
    reference: NamedAllele
    classes: tuple[int, ...]
    class_of: tuple[int, ...]
    everything: int


@lru_cache(maxsize=1024)
def bits(mask: int) -> tuple[int, ...]:
    """The positions of the set bits, lowest first.  Kept, for people tested alike have the same sites missing.

    >>> bits(0b1010)
    (1, 3)
    """
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)


def match_table(definition: GeneDefinition) -> MatchTable:
    """The masks of a definition, made anew; structural alleles and ignored ones cannot be matched and have no bit."""
    alleles = tuple(
        allele
        for allele in definition.alleles
        if allele.cells and not allele.is_structural and allele.name not in definition.ignored_alleles
    )
    reference = next(allele for allele in alleles if allele.is_reference)
    reference_cells = dict(reference.cells)
    defined, wobble, core, carriers = _site_masks(definition, alleles)
    classes, class_of = _function_classes(alleles)
    return MatchTable(
        definition=definition,
        alleles=alleles,
        loci=tuple(site.locus for site in definition.sites),
        references=tuple(site.ref for site in definition.sites),
        accept=_accept_masks(definition, alleles, reference_cells),
        defined=defined,
        wobble=wobble,
        core=core,
        carriers=tuple(carriers),
        plain=sum(1 << bit for bit, sites in enumerate(core) if not sites),
        homozygous=tuple((site.ref, site.ref) for site in definition.sites),
        hemizygous=tuple((site.ref,) for site in definition.sites),
        reference=reference,
        classes=classes,
        class_of=class_of,
        everything=(1 << len(alleles)) - 1,
    )


def _accept_masks(
    definition: GeneDefinition, alleles: tuple[NamedAllele, ...], reference: Mapping[int, tuple[str, ...]]
) -> tuple[Mapping[str, int], ...]:
    undefined = [(1 << len(alleles)) - 1] * len(definition.sites)
    accept: list[dict[str, int]] = [{} for _ in definition.sites]
    bit = 1
    for allele in alleles:
        for site, bases in allele.cells:
            undefined[site] ^= bit
            masks = accept[site]
            for base in bases:
                masks[base] = masks.get(base, 0) | bit
        bit <<= 1
    for site, masks in enumerate(accept):
        for base in reference.get(site, (definition.sites[site].ref,)):
            masks[base] = masks.get(base, 0) | undefined[site]
    return tuple(accept)


def _site_masks(
    definition: GeneDefinition, alleles: tuple[NamedAllele, ...]
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], list[int]]:
    """Per allele its defined, its wobbling and its core sites; per site the alleles with a core cell there."""
    defined, wobble, core = [0] * len(alleles), [0] * len(alleles), [0] * len(alleles)
    carriers = [0] * len(definition.sites)
    places = [1 << site for site in range(len(definition.sites))]
    references = [site.ref for site in definition.sites]
    for number, allele in enumerate(alleles):
        for site, bases in allele.cells:
            defined[number] |= places[site]
            if len(bases) > 1:
                wobble[number] |= places[site]
            if references[site] not in bases:
                core[number] |= places[site]
                carriers[site] |= 1 << number
        if allele.is_reference:
            defined[number] = (1 << len(definition.sites)) - 1
    return tuple(defined), tuple(wobble), tuple(core), carriers


def _function_classes(alleles: tuple[NamedAllele, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    numbers: dict[FunctionClass, int] = {}
    masks: list[int] = []
    class_of: list[int] = []
    for bit, allele in enumerate(alleles):
        number = numbers.setdefault((allele.function, allele.activity), len(numbers))
        if number == len(masks):
            masks.append(0)
        masks[number] |= 1 << bit
        class_of.append(number)
    return tuple(masks), tuple(class_of)
