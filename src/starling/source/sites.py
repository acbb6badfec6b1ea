"""The positions of interest as they stand in one file: in its build's coordinates and with its build's bases.

Two kinds of slot: a *base* (one reference position; single-base sites, and the parts of sites such as RYR1 TC>CT that
replace several bases) and an *indel* (a stretch within which one length change can be written).
"""

from __future__ import annotations

from _thread import allocate_lock
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from starling.definitions import GeneDefinition, Site
from starling.gene_places import GenePlaces, Ground, ground_of, merged_spans, position_in, reference_in
from starling.source.normalise import Event, is_same_indel, trim
from starling.values import dataclass, field
from starling.vocabulary import BuildName, Genotype, Locus


class BaseSlot(NamedTuple):
    """One reference base.  `reference`: of the file's build, None where unknown; `words`: bases the definition names.

    `site`: None when the base only is a part of a longer site.
    """

    number: int
    locus: Locus
    position: int
    reference: str | None
    words: tuple[str, ...]
    site: Site | None

    @property
    def start(self) -> int:
        """The position in the file."""
        return self.position

    @property
    def last(self) -> int:
        """The position in the file."""
        return self.position

    def accepts_reference(self, base: str) -> bool:
        """Whether a record of this file may state `base` as REF here.

        Where the build's own base is not known, any base that the definition names may be it.
        """
        return base == self.reference if self.reference is not None else base in self.words


@dataclass(frozen=True, slots=True)
class IndelSlot:
    """A stretch `position..last` of the file within which the changes of one indel site can be written.

    `is_known`: the reference of the file's build is known here; else only a record that states its REF counts.
    """

    number: int
    locus: Locus
    position: int
    last: int
    site: Site
    known: tuple[tuple[Event, str], ...]
    is_known: bool = True

    @property
    def start(self) -> int:
        """The anchor's position in the file."""
        return self.position

    @property
    def reference(self) -> str:
        """REF of the site; no indel site differs between the builds."""
        return self.site.ref

    @property
    def words(self) -> tuple[str, ...]:
        """REF and ALTs of the site."""
        return (self.site.ref, *self.site.alts)

    @property
    def stated_end(self) -> int:
        """Where the site's own REF ends."""
        return self.position + len(self.site.ref) - 1

    def find(self, event: Event) -> tuple[Event, str] | None:
        """The site's own (change, ALT) that `event` writes in whatever place; None when it is none of them."""
        for known, word in self.known:
            if is_same_indel(event, known, self.last):
                return known, word
        return None


Slot = BaseSlot | IndelSlot


@dataclass(frozen=True, slots=True)
class CompositeSite:
    """A site that replaces several bases: read from its base slots, `parts`."""

    site: Site
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GeneSpan:
    """Where a gene lies in the file, and the numbers of its slots (some extra sites lie far from the gene)."""

    gene: str
    chromosome: str
    start: int
    end: int
    slots: range


@dataclass(frozen=True)
class ChromosomeSites:
    """The slots of one chromosome and the changes to read as reference there."""

    name: str
    bases: Mapping[int, BaseSlot]
    indels: tuple[IndelSlot, ...]
    ignored: frozenset[Event] = frozenset()

    @cached_property
    def positions(self) -> list[int]:
        """The positions of the base slots, sorted."""
        return sorted(self.bases)

    @cached_property
    def plain(self) -> Mapping[int, BaseSlot]:
        """The base slots that lie in no indel's stretch and have nothing unusual: the quick way is open."""
        unusual = {event.position for event in self.ignored}
        for slot in self.indels:
            unusual.update(range(slot.position, slot.last + 1))
        return {at: slot for at, slot in self.bases.items() if at not in unusual and slot.reference is not None}

    def bases_between(self, start: int, end: int) -> list[BaseSlot]:
        """Every base slot at `start..end`."""
        low, high = bisect_left(self.positions, start), bisect_right(self.positions, end)
        return [self.bases[position] for position in self.positions[low:high]]

    def indels_touching(self, start: int, end: int) -> list[IndelSlot]:
        """Every indel slot whose stretch overlaps `start..end`."""
        return [slot for slot in self.indels if slot.position <= end and slot.last >= start]


@dataclass(frozen=True)
class SiteMap:
    """All slots for one build; `slots[i].number == i`."""

    chromosomes: Mapping[str, ChromosomeSites]
    slots: tuple[Slot, ...]
    composites: tuple[CompositeSite, ...]
    genes: tuple[GeneSpan, ...]

    @cached_property
    def spans(self) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """Chromosome -> the intervals in which a record may speak of a site, in the file's coordinates."""
        return {
            name: tuple(merged_spans(own.bases, [(slot.position, slot.last) for slot in own.indels]))
            for name, own in self.chromosomes.items()
        }

    @cached_property
    def parts(self) -> frozenset[int]:
        """The slots that are parts of longer sites and no sites themselves."""
        return frozenset(part for composite in self.composites for part in composite.parts)

    @cached_property
    def differing(self) -> frozenset[int]:
        """The slots at which the builds are known to have different references."""
        return frozenset(
            slot.number
            for slot in self.slots
            if slot.site is not None and slot.site.ref_grch37 not in {slot.site.ref, None}
        )

    @cached_property
    def clear(self) -> dict[tuple[int, int | None], Genotype]:
        """(slot, quality) -> the genotype of a clear reference call: whoever makes one shares it with everybody."""
        return {}

    def on(self, chromosome: str) -> tuple[int, ...]:
        """The slots of one chromosome."""
        spans = (gene.slots for gene in self.genes if gene.chromosome == chromosome)
        return tuple(number for span in spans for number in span)


@dataclass
class _Draft:
    """A chromosome under construction."""

    bases: dict[int, BaseSlot] = field(default_factory=dict)
    indels: list[IndelSlot] = field(default_factory=list)
    ignored: set[Event] = field(default_factory=set)


def site_map(definitions: Iterable[GeneDefinition | GenePlaces], build: BuildName) -> SiteMap:
    """Every site of the definitions as slots in the coordinates of `build`; slots are numbered alike in all builds."""
    drafts: dict[str, _Draft] = {}
    slots: list[Slot] = []
    composites: list[CompositeSite] = []
    genes: list[GeneSpan] = []
    for definition in definitions:
        draft = drafts.setdefault(definition.chromosome, _Draft())
        shift, first = _shift(definition, build), len(slots)
        draft.ignored.update(trim(position + shift, ref, alt) for position, ref, alt in definition.ignored_variants)
        for site in (*definition.sites, *definition.extra_sites):
            _add(site, build, draft, slots, composites)
        span = (definition.start + shift, definition.end + shift)
        genes.append(GeneSpan(definition.gene, definition.chromosome, *span, range(first, len(slots))))
    chromosomes = {
        name: ChromosomeSites(name, draft.bases, tuple(draft.indels), frozenset(draft.ignored))
        for name, draft in drafts.items()
    }
    return SiteMap(chromosomes, tuple(slots), tuple(composites), tuple(genes))


def _shift(definition: GeneDefinition | GenePlaces, build: BuildName) -> int:
    """File position minus GRCh38 position: constant within every gene of the knowledge base."""
    site = definition.sites[0]
    return position_in(site, build) - site.position


def _add(site: Site, build: BuildName, draft: _Draft, slots: list[Slot], composites: list[CompositeSite]) -> None:
    ref, alts = site.ref, site.alts
    position, reference = position_in(site, build), reference_in(site, build)
    if len(ref) == 1 and len("".join(alts)) == len(alts):
        # As a tuple, which takes half as long: nearly all sites are of one base.
        base = tuple.__new__(BaseSlot, (len(slots), site.locus, position, reference, (ref, *alts), site))
        slots.append(base)
        draft.bases[position] = base
    elif site.is_indel:
        known = tuple((trim(position, site.ref, alt), alt) for alt in site.alts)
        last = position + site.last - site.position
        indel = IndelSlot(len(slots), site.locus, position, last, site, known, is_known=reference is not None)
        slots.append(indel)
        draft.indels.append(indel)
    else:
        composites.append(CompositeSite(site, tuple(range(len(slots), len(slots) + len(site.ref)))))
        for offset in range(len(site.ref)):
            words = tuple(dict.fromkeys(word[offset] for word in (site.ref, *site.alts)))
            known_base = None if reference is None else reference[offset]
            locus = Locus(site.chromosome, site.position + offset)
            base = BaseSlot(len(slots), locus, position + offset, known_base, words, None)
            slots.append(base)
            draft.bases[base.position] = base


class Maps:
    """The sites of some genes as a map in either build: made when first asked for, then kept; threads may share it."""

    def __init__(self, places: Iterable[GeneDefinition | GenePlaces]) -> None:
        self._places = tuple(places)
        self._maps: dict[BuildName, SiteMap] = {}
        self._lock = allocate_lock()

    def of(self, build: BuildName) -> SiteMap:
        """The map of all sites."""
        with self._lock:
            if build not in self._maps:
                self._maps[build] = site_map(self._places, build)
            return self._maps[build]


class SiteMaps:
    """The sites of the genes asked about, as maps in either build: made when first asked for, then kept.

    An engine holds one; threads may share it.
    """

    def __init__(
        self,
        definitions: Mapping[str, GeneDefinition],
        genes: Collection[str] | None = None,
        whole: Callable[[], SiteMaps] | None = None,
        everywhere: Callable[[], Maps] | None = None,
        ground: Callable[[BuildName], Ground] | None = None,
    ) -> None:
        """`definitions`: of every gene on a chromosome that holds one asked about.

        `genes`: those asked about; None: all.  `whole`: gives the maps of every gene that is known, which are looked at
        only when a file cannot be understood by less; None: these are they.  `everywhere`: gives the same without
        alleles, which is less to read.  `ground`: what every file is held against, if it was made beforehand.
        """
        self.definitions = definitions
        self.genes = tuple(gene for gene in definitions if genes is None or gene in genes)
        self._whole = whole
        self._everywhere = everywhere
        self._ground = ground
        self._grounds: dict[BuildName, Ground] = {}
        needed = {definitions[gene].chromosome for gene in self.genes}
        self._read = Maps(each for each in definitions.values() if each.chromosome in needed)

    @property
    def whole(self) -> SiteMaps:
        """The maps of every gene that is known."""
        return self if self._whole is None else self._whole()

    @property
    def is_whole(self) -> bool:
        """Whether every gene that is known is asked about."""
        return self._whole is None

    def about(self, genes: Collection[str]) -> SiteMaps:
        """The same for some genes; those that have no definition (HLA) have no sites."""
        return SiteMaps(self.definitions, genes, lambda: self.whole, self._everywhere, self.ground)

    def ground(self, build: BuildName) -> Ground:
        """Where every gene that is known has its sites, asked about or not, and what is the reference there."""
        if self._ground is not None:
            return self._ground(build)
        if build not in self._grounds:
            self._grounds[build] = ground_of(self.whole.definitions.values(), build)
        return self._grounds[build]

    def everywhere(self, build: BuildName) -> SiteMap:
        """The sites of every gene that is known as a map: needed where a record contradicts the ground."""
        return self.whole.of(build) if self._everywhere is None else self._everywhere().of(build)

    def of(self, build: BuildName) -> SiteMap:
        """The map of the sites to read.

        Beside those of the genes asked about these are all others on their chromosomes: whether a sample names phase
        sets shows anywhere on a chromosome.
        """
        return self._read.of(build)

    @cached_property
    def loci(self) -> frozenset[Locus]:
        """Every place of the genes asked about, and of the bases that make up their longer sites."""
        return frozenset(
            Locus(site.chromosome, site.position + offset)
            for gene in self.genes
            for site in (*self.definitions[gene].sites, *self.definitions[gene].extra_sites)
            for offset in range(len(site.ref))
        )

    @property
    def count(self) -> int:
        """How many sites the genes asked about have."""
        asked = (self.definitions[gene] for gene in self.genes)
        return sum(len(each.sites) + len(each.extra_sites) for each in asked)
