"""What single tests look for, by name -> the sites that tell, and the word there that is looked for.

An allele is looked for at its most particular position: the one that the fewest alleles share.  One that is another
allele and more (TPMT *3A is *3B and *3C) needs all of its positions, and its absence alone says nothing of any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.definitions import GeneDefinition, NamedAllele, Site
from starling.values import dataclass

#: Separators that laboratories put between gene and allele, or leave out.
_SEPARATORS: Final = re.compile(r"[\s_*:]+")

#: What an allele shows for certain: (site, word) of positions.
Core = frozenset[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Analyte:
    """What a test of this name looks at.  `compound`: its absence says nothing of its positions one by one."""

    places: tuple[tuple[Site, str], ...]
    compound: bool = False


def plain(name: str) -> str:
    """A name as it is compared: `CYP2C19 *2`, `CYP2C19_2` and `cyp2c19*2` are one."""
    return _SEPARATORS.sub("", name).casefold()


def analytes(definitions: Mapping[str, GeneDefinition]) -> dict[str, Analyte]:
    """Plain name -> what is looked at: rsids, variants, alleles behind their gene, and their other names."""
    found: dict[str, Analyte] = {}
    for definition in definitions.values():
        cores = {allele: _core(allele, definition) for allele in definition.alleles}
        holders = _holders(cores)
        for allele, core in cores.items():
            analyte = _analyte(allele, core, holders, definition.sites)
            if analyte is not None:
                for name in _names(allele, definition):
                    found.setdefault(plain(f"{definition.gene}{name}"), analyte)
                    if name.startswith("m."):
                        found.setdefault(plain(name), analyte)
        for site in (*definition.sites, *definition.extra_sites):
            if site.rsid and site.alts:
                found[plain(site.rsid)] = Analyte(((site, site.alts[0]),))
    return found


def _holders(cores: Mapping[NamedAllele, Core]) -> dict[tuple[int, str], list[tuple[str, Core]]]:
    """(site, word) -> the alleles that have it, each with its core: how particular a position is, is counted once."""
    found: dict[tuple[int, str], list[tuple[str, Core]]] = {}
    for allele, core in cores.items():
        for place in core:
            found.setdefault(place, []).append((_name(allele), core))
    return found


def _analyte(
    allele: NamedAllele,
    core: Core,
    holders: Mapping[tuple[int, str], Sequence[tuple[str, Core]]],
    sites: Sequence[Site],
) -> Analyte | None:
    """What is looked at for an allele: of positions that equally few alleles share, the first."""
    if allele.is_reference or allele.is_structural or not core:
        return None
    others = {place: [each for name, each in holders[place] if name != _name(allele)] for place in sorted(core)}
    tag = min(others, key=lambda place: len(others[place]))
    if any(other < core for other in others[tag]):
        return Analyte(tuple((sites[site], word) for site, word in sorted(core)), compound=True)
    return Analyte(((sites[tag[0]], tag[1]),))


def _core(allele: NamedAllele, definition: GeneDefinition) -> Core:
    """(site, word) of every position at which the allele differs from the reference for certain."""
    cells: Iterable[tuple[int, tuple[str, ...]]] = ((site, tuple(words)) for site, words in allele.cells)
    return frozenset((site, words[0]) for site, words in cells if definition.sites[site].ref not in words)


def _name(allele: NamedAllele) -> str:
    return allele.reported_as or allele.name


def _names(allele: NamedAllele, definition: GeneDefinition) -> Iterator[str]:
    """The allele's name, what stands in it in brackets and before them, and its other names."""
    yield allele.name
    before, bracket, within = allele.name.partition(" (")
    if bracket and "," not in before and "variant" not in before:
        yield from (before, within.rstrip(")"))
    for alias, name in definition.aliases.items():
        if name == allele.name:
            yield alias
            reference = [other for other, of in definition.aliases.items() if of == definition.reference]
            yield from (f"{other}>{alias[-1]}" for other in reference if other[:-1] == alias[:-1])
