"""Where the sites of genes are: of their definitions what the records of any file are held against."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from starling.definitions import Site
from starling.values import dataclass
from starling.vocabulary import BuildName

#: Regions closer than this are fetched as one.  Measured: in a genome of 5 million records all gaps up to 1,000 cost
#: the same, because neighbours share a block; in a dense panel of 3,202 people every record in a gap costs time.
MERGE_GAP: Final = 100


class Places(Protocol):
    """What is asked of a gene's definition here."""

    @property
    def chromosome(self) -> str:
        """Where it lies."""

    @property
    def sites(self) -> Sequence[Site]:
        """The sites of its alleles."""

    @property
    def extra_sites(self) -> Sequence[Site]:
        """The others that are read with it."""


@dataclass(frozen=True, slots=True)
class GenePlaces:
    """A gene's sites, without the alleles that they make up."""

    gene: str
    chromosome: str
    start: int
    end: int
    sites: tuple[Site, ...]
    extra_sites: tuple[Site, ...] = ()
    ignored_variants: frozenset[tuple[int, str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class GroundStretch:
    """The sites of one chromosome in the coordinates of one build.

    `positions`: those of single bases, sorted.  `bases`: position -> the base that a record should state as REF: the
    build's, or GRCh38's where the build's is not published.  `spans`: in which a record may speak of a site.
    """

    positions: Sequence[int]
    bases: Mapping[int, str]
    spans: tuple[tuple[int, int], ...]

    def between(self, start: int, end: int) -> Sequence[int]:
        """The positions in `start..end`."""
        return self.positions[bisect_left(self.positions, start) : bisect_right(self.positions, end)]


#: Chromosome -> what lies there.
Ground = Mapping[str, GroundStretch]


def position_in(site: Site, build: BuildName) -> int:
    """Where the site stands in files of the build."""
    return site.position if build == "GRCh38" else site.position_grch37


def reference_in(site: Site, build: BuildName) -> str | None:
    """REF of the site in files of the build; None where it is not known."""
    return site.ref if build == "GRCh38" else site.ref_grch37


def ground_of(places: Iterable[Places], build: BuildName) -> dict[str, GroundStretch]:
    """The ground of some genes: made when knowledge is compiled, and anew for definitions made by hand."""
    bases: dict[str, dict[int, str]] = {}
    stretches: dict[str, list[tuple[int, int]]] = {}
    for gene in places:
        own, ranges = bases.setdefault(gene.chromosome, {}), stretches.setdefault(gene.chromosome, [])
        for site in (*gene.sites, *gene.extra_sites):
            position = position_in(site, build)
            if site.is_indel:
                ranges.append((position, position + site.last - site.position))
            else:
                own.update(enumerate(reference_in(site, build) or site.ref, position))
    return {
        chromosome: GroundStretch(sorted(own), own, tuple(merged_spans(own, stretches[chromosome])))
        for chromosome, own in bases.items()
    }


def merged_spans(positions: Iterable[int], stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Single positions and the stretches of indels, merged across small gaps.

    One base is added on each side: an indel written at its right end may stand just behind the stretch, and a variant
    one base beside its place shows that records were displaced.
    """
    spans = sorted(
        [
            *((position - 1, position + 1) for position in positions),
            *((first - 1, last + 1) for first, last in stretches),
        ]
    )
    start, end = spans[0]
    for first, last in spans[1:]:
        if first > end + MERGE_GAP:
            yield max(start, 1), end
            start = first
        end = max(end, last)
    yield max(start, 1), end
