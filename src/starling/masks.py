"""The cells of a definition table as bits: made when knowledge is compiled, and anew for a definition made by hand."""

from __future__ import annotations

from collections.abc import Sequence

from starling.definitions import AlleleMasks, NamedAllele, Site
from starling.vocabulary import ActivityScore

FunctionClass = tuple[str, ActivityScore | None]


def masks_of(sites: Sequence[Site], alleles: Sequence[NamedAllele], ignored: frozenset[str]) -> AlleleMasks:
    """The masks; structural alleles, alleles without cells and those `ignored` cannot be matched and have no bit."""
    rows = [
        number
        for number, allele in enumerate(alleles)
        if allele.cells and not allele.is_structural and allele.name not in ignored
    ]
    matched = [alleles[number] for number in rows]
    defined, wobble, core, carriers = _site_masks(sites, matched)
    classes, class_of = _function_classes(matched)
    return AlleleMasks(
        rows=tuple(rows),
        accept=_accept_masks(sites, matched),
        carriers=tuple(carriers),
        defined=tuple(defined),
        wobble=tuple(wobble),
        core=tuple(core),
        classes=tuple(classes),
        class_of=tuple(class_of),
    )


def _accept_masks(sites: Sequence[Site], alleles: Sequence[NamedAllele]) -> tuple[dict[str, int], ...]:
    """An allele accepts what its cell lists; where it has none, what the reference allele does."""
    undefined = [(1 << len(alleles)) - 1] * len(sites)
    accept: list[dict[str, int]] = [{} for _ in sites]
    for number, allele in enumerate(alleles):
        for site, bases in allele.cells:
            undefined[site] ^= 1 << number
            for base in bases:
                accept[site][base] = accept[site].get(base, 0) | 1 << number
    reference = dict(next(allele for allele in alleles if allele.is_reference).cells)
    for site, masks in enumerate(accept):
        for base in reference.get(site, (sites[site].ref,)):
            masks[base] = masks.get(base, 0) | undefined[site]
    return tuple(accept)


def _site_masks(
    sites: Sequence[Site], alleles: Sequence[NamedAllele]
) -> tuple[list[int], list[int], list[int], list[int]]:
    """Per allele its defined, its wobbling and its core sites; per site the alleles with a core cell there."""
    defined, wobble, core = ([0] * len(alleles) for _ in range(3))
    carriers = [0] * len(sites)
    for number, allele in enumerate(alleles):
        for site, bases in allele.cells:
            defined[number] |= 1 << site
            if len(bases) > 1:
                wobble[number] |= 1 << site
            if sites[site].ref not in bases:
                core[number] |= 1 << site
                carriers[site] |= 1 << number
        if allele.is_reference:
            defined[number] = (1 << len(sites)) - 1
    return defined, wobble, core, carriers


def _function_classes(alleles: Sequence[NamedAllele]) -> tuple[list[int], list[int]]:
    """The alleles of each function and activity, and for each allele which of these it is in."""
    numbers: dict[FunctionClass, int] = {}
    masks: list[int] = []
    class_of: list[int] = []
    for bit, allele in enumerate(alleles):
        number = numbers.setdefault((allele.function, allele.activity), len(numbers))
        if number == len(masks):
            masks.append(0)
        masks[number] |= 1 << bit
        class_of.append(number)
    return masks, class_of
