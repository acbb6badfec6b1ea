"""A gene's definition as bit masks: computed once per definition (see `Callers`), used for every patient."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

from starling.definitions import AlleleMasks, GeneDefinition, NamedAllele
from starling.masks import masks_of
from starling.values import dataclass, field
from starling.vocabulary import Locus


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
    #: what was matched before (see `matching.match`)
    matches: dict[Hashable, Any] = field(default_factory=dict)


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
    """The table of a definition; structural alleles and ignored ones cannot be matched and have no bit.

    The masks are those of the compiled knowledge; they are made anew where the definition was changed since.
    """
    masks = _masks(definition)
    alleles = tuple([definition.alleles[number] for number in masks.rows])
    references = tuple([site.ref for site in definition.sites])
    return MatchTable(
        definition=definition,
        alleles=alleles,
        loci=tuple([site.locus for site in definition.sites]),
        references=references,
        accept=masks.accept,
        defined=masks.defined,
        wobble=masks.wobble,
        core=masks.core,
        carriers=masks.carriers,
        plain=sum([1 << bit for bit, sites in enumerate(masks.core) if not sites]),
        homozygous=tuple(zip(references, references, strict=True)),
        hemizygous=tuple(zip(references, strict=True)),
        reference=next(allele for allele in alleles if allele.is_reference),
        classes=masks.classes,
        class_of=masks.class_of,
        everything=(1 << len(alleles)) - 1,
    )


def _masks(definition: GeneDefinition) -> AlleleMasks:
    """Those of the compiled knowledge, unless the definition was changed since."""
    made = definition.compiled
    if (
        made is not None
        and made.sites is definition.sites
        and made.alleles is definition.alleles
        and made.ignored_alleles == definition.ignored_alleles
    ):
        return made.masks
    return masks_of(definition.sites, definition.alleles, definition.ignored_alleles)
