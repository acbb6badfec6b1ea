"""What a file's records state as the reference, held against what is known of its build: is it of this genome?

A record states its own REF and can be checked; a reference block, and the silence of a file, state none at the
positions that they speak for.  So where a record contradicts the reference, neither is believed; where several do, or
stand one base beside their place, nothing of the file is certain; where many do, the file is of no use at all.

The files of one person are believed together: who wrote one file for each chromosome made them all in one way, and what
shows in one of them took place in the others, which may hold nothing that shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, Literal

from starling.errors import InputError
from starling.formats.record import Record
from starling.gene_places import Ground
from starling.source.sites import BaseSlot, SiteMap
from starling.source.support import is_provisional
from starling.values import dataclass
from starling.vocabulary import Locus

#: Files are refused when this share of the tested positions, and so many of them, have another REF than the genome.
#: Ours: in what a caller wrote there is none.
REFUSED_SHARE: Final = 0.25
REFUSED_SITES: Final = 10
#: So many other REFs are no slip in one line: they are how the file was made.  Ours.
SEVERAL: Final = 2
#: So many variants one base beside a tested position, each with REF and ALT of that position, show that records were
#: displaced.  Ours: a person has one by chance in about ten genomes (1,246 positions, a variant in 1,000 to 2,000
#: bases, the same two bases in one of eight), so three in some thousands.
DISPLACED: Final = 3
_BASES: Final = frozenset("ACGT")
#: A place, and in words what a record states there.
Told = tuple[Locus, str]

#: What is not believed: nothing; blocks and silence at the sites whose REF differs between the builds, for the file was
#: lifted over; blocks and silence; or these, and nothing that the file states is certain.
Doubt = Literal["none", "differing", "blocks", "all"]


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the records of one file show of it.

    `build`: what they are held against.  `compared`: how many positions could be.  `wrong`: where REF is that of no
    build, `of_other_build`: where it is the other one's, `unconfirmed`: where it is not GRCh38's and GRCh37's is not
    published.  `beside`: sites that have their variant one base beside them.  `lifted`: the header says that positions
    were lifted over.
    """

    build: str = ""
    compared: int = 0
    wrong: tuple[Told, ...] = ()
    of_other_build: tuple[Told, ...] = ()
    unconfirmed: tuple[Told, ...] = ()
    beside: tuple[Locus, ...] = ()
    lifted: bool = False

    @property
    def contradictions(self) -> tuple[Told, ...]:
        """Every position whose REF is not the build's."""
        return (*self.wrong, *self.of_other_build, *self.unconfirmed)

    @property
    def is_clean(self) -> bool:
        """Whether nothing at all speaks against the file."""
        return not (self.contradictions or self.beside or self.lifted)


def doubt_of(files: Iterable[Testimony]) -> Doubt:
    """What is not believed of files that are one person's.  The other build's REF alone shows a lift-over."""
    suspect = [each for each in files if not each.is_clean]
    wrong = {place for each in suspect for place, _ in each.wrong}
    beside = {place for each in suspect for place in each.beside}
    if len(wrong) >= SEVERAL or len(beside) >= DISPLACED:
        return "all"
    if wrong:
        return "blocks"
    return "differing" if any(each.lifted or each.of_other_build for each in suspect) else "none"


def refuse(files: Sequence[Testimony], source: str) -> None:
    """Nothing, unless most of what can be checked in one person's files is wrong.

    Raises: InputError REFERENCE_DIFFERS.
    """
    stated = [told for each in files for told in each.contradictions]
    wrong, everything = len({place for place, _ in stated}), sum(each.compared for each in files)
    if wrong < REFUSED_SITES or len(stated) < REFUSED_SHARE * everything:
        return
    build = " or ".join(dict.fromkeys(each.build for each in files if each.contradictions))
    message = f"REF is not the base of {build} at {wrong} of {everything} tested positions ({stated[0][1]})"
    raise InputError("REFERENCE_DIFFERS", message, source=source)


class Witness:
    """Record after record of one file.  `testimony` is final when all were heard."""

    def __init__(self, ground: Ground, sites: Callable[[], SiteMap], *, alone: bool) -> None:
        """`sites`: gives the map of the same sites, which is looked at where a record contradicts the ground.

        `alone`: the file is of one person, whose genotype tells which variants are there.
        """
        self._ground = ground
        self._map = sites
        self._alone = alone
        #: Chromosome and position of what a record confirms.
        self._confirmed: set[tuple[str, int]] = set()
        #: Slot -> where, and with which REF, a record contradicts it; and those of which only GRCh38's base is known.
        self._denied: dict[int, tuple[int, str]] = {}
        self._unconfirmed: dict[int, tuple[int, str]] = {}
        self._beside: set[int] = set()

    def hear(self, chromosome: str, record: Record) -> None:
        """What the record says of the reference is kept.

        PLINK marks what it does not know to be the reference (PR): its genotypes are right whichever allele is REF.
        """
        if is_provisional(record):
            return
        ground, ref, position = self._ground[chromosome], record.ref, record.position
        known = ground.bases.get(position)
        if known == ref:  # as nearly every record does
            self._confirmed.add((chromosome, position))
        elif len(ref) > 1:
            for at in ground.between(position, position + len(ref) - 1):
                if ref[at - position] == ground.bases[at]:
                    self._confirmed.add((chromosome, at))
                else:
                    self._deny(chromosome, at, ref[at - position], position)
        elif known is not None:
            self._deny(chromosome, position, ref, position)
        elif self._alone and not _BASES.isdisjoint(record.alts) and ref in _BASES:
            self._look_beside(chromosome, record)

    @cached_property
    def _sites(self) -> SiteMap:
        return self._map()

    def _deny(self, chromosome: str, at: int, base: str, position: int) -> None:
        if base in _BASES and chromosome != "chrM":  # whose two sequences are told apart elsewhere
            slot = self._sites.chromosomes[chromosome].bases[at]
            known = self._denied if slot.reference is not None else self._unconfirmed
            known.setdefault(slot.number, (position, base))

    def _look_beside(self, chromosome: str, record: Record) -> None:
        for at in (record.position - 1, record.position + 1):
            if record.ref != self._ground[chromosome].bases.get(at):
                continue
            slot = self._sites.chromosomes[chromosome].bases[at]
            called = record.columns[0].partition(":")[0].replace("|", "/").split("/")
            if any(alt in slot.words and str(number) in called for number, alt in enumerate(record.alts, 1)):
                self._beside.add(slot.number)

    def testimony(self, build: str, *, lifted: bool) -> Testimony:
        """What was heard, of a file of this build; `lifted`: its header says that it was lifted over."""
        other = {number for number in self._denied if self._is_of_other_build(number)}
        denied = (self._sites.slots[number] for number in (*self._denied, *self._unconfirmed))
        return Testimony(
            build=build,
            compared=len(self._confirmed.union((slot.locus.chromosome, slot.start) for slot in denied)),
            wrong=self._told({number: told for number, told in self._denied.items() if number not in other}),
            of_other_build=self._told({number: self._denied[number] for number in sorted(other)}),
            unconfirmed=self._told(self._unconfirmed),
            beside=tuple(self._sites.slots[number].locus for number in sorted(self._beside)),
            lifted=lifted,
        )

    def _told(self, stated: Mapping[int, tuple[int, str]]) -> tuple[Told, ...]:
        found = []
        for number, (position, base) in stated.items():
            slot = self._sites.slots[number]
            assert isinstance(slot, BaseSlot)
            where = f"{slot.locus.chromosome}:{position} states {base} for {slot.reference or slot.words[0]}"
            found.append((slot.locus, where))
        return tuple(found)

    def _is_of_other_build(self, number: int) -> bool:
        slot = self._sites.slots[number]
        if number not in self._sites.differing or slot.site is None:
            return False
        return self._denied[number][1] in {slot.site.ref, slot.site.ref_grch37}
