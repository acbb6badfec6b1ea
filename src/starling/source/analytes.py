"""What single tests look for, by name -> the sites that tell, and the word there that is looked for.

An allele is looked for at its most particular position: the one that the fewest alleles share.  One that is another
allele and more (TPMT *3A is *3B and *3C) needs all of its positions, and its absence alone says nothing of any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.definitions import GeneDefinition, NamedAllele, Site
from starling.formats.markers import Marker
from starling.source.normalise import COMPLEMENT
from starling.values import dataclass, replace

#: Separators that laboratories put between gene and allele, or leave out.
_SEPARATORS: Final = re.compile(r"[\s_*:]+")
#: A variant by its place in the gene (VKORC1 -1639G>A), which HGVS writes with `c.` before it.
_CODING: Final = re.compile(r"-?\d+(?:[+-]\d+)?[ACGT]>[ACGT]")
#: What a variant's name says of its alleles, in the direction in which the gene is read.
_CHANGE: Final = re.compile(r"(?P<ref>[ACGT])>(?P<alt>[ACGT])\s*$", re.IGNORECASE)

_MITOCHONDRIAL: Final = re.compile(r"m\.(?P<at>\d+)(?P<ref>[ACGT])>(?P<alt>[ACGT])")

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


def on_plus(marker: Marker, analyte: Analyte | None) -> Marker:
    """The same result with its bases on the plus strand, where the name of what was looked for says where they are.

    VKORC1 lies on the minus strand: in its gene -1639G>A is A/A where the genome has T/T.  Where the name says nothing
    (DPYD *2A as G/A), bases that the position has on the other strand alone are of that strand: a test states none, and
    looks for nothing else.  A/T and C/G, which either strand may mean, stay as they are.
    """
    if not marker.alleles or analyte is None or len(analyte.places) > 1:
        return marker
    site, found = analyte.places[0][0], set(marker.alleles)
    change, words = _CHANGE.search(marker.name), {site.ref, *site.alts}
    if change is None and not site.is_indel and not found <= words:
        other = tuple(base.translate(COMPLEMENT) for base in marker.alleles)
        return replace(marker, alleles=other) if words.issuperset(other) else marker
    if change is None:
        return marker
    named = (change["ref"].upper(), change["alt"].upper())
    turned = tuple(base.translate(COMPLEMENT) for base in named)
    on_minus = turned[0] == site.ref and turned[1] in site.alts
    if not on_minus or set(turned) == set(named) or not found <= set(named):
        return marker
    return replace(marker, alleles=tuple(base.translate(COMPLEMENT) for base in marker.alleles))


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
                    if _CODING.fullmatch(name):
                        found.setdefault(plain(f"{definition.gene}c.{name}"), analyte)
                    for other in _mitochondrial(name):
                        found.setdefault(plain(other), analyte)
                        found.setdefault(plain(f"{definition.gene}{other}"), analyte)
        for site in (*definition.sites, *definition.extra_sites):
            if site.rsid and site.alts:
                found[plain(site.rsid)] = Analyte(((site, site.alts[0]),))
    return found


def _mitochondrial(name: str) -> tuple[str, ...]:
    """The spellings of a mitochondrial variant (m.1555A>G, 1555A>G, A1555G), which needs no gene to be known by."""
    match = _MITOCHONDRIAL.fullmatch(name)
    return (name, name[2:], f"{match['ref']}{match['at']}{match['alt']}") if match else ()


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
