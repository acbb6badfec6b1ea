"""What a file's records state as the reference, held against what is known of its build: is it of this genome?

A record states its own REF and can be checked; a reference block, and the silence of a file, state none at the
positions that they speak for.  So where a record contradicts the reference, neither is believed; where several do, or
stand one base beside their place, nothing of the file is certain; where many do, the file is of no use at all.
"""

from __future__ import annotations

from typing import Final, Literal

from starling.errors import InputError
from starling.formats.record import Record
from starling.source.sites import BaseSlot, ChromosomeSites, SiteMap

#: A file is refused when this share of the tested positions, and so many of them, have another REF than the genome.
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

#: What is not believed: nothing; blocks and silence at the sites whose REF differs between the builds, for the file was
#: lifted over; blocks and silence; or these, and nothing that the file states is certain.
Doubt = Literal["none", "differing", "blocks", "all"]


class Witness:
    """Record after record of one file.  `doubt` and `refuse` are final when all were heard."""

    def __init__(self, sites: SiteMap, *, alone: bool) -> None:
        """`alone`: the file is of one person, whose genotype tells which variants are there."""
        self._sites = sites
        self._alone = alone
        self._confirmed: set[int] = set()
        #: Slot -> where, and with which REF, a record contradicts it; and those of which only GRCh38's base is known.
        self._denied: dict[int, tuple[int, str]] = {}
        self._unconfirmed: dict[int, tuple[int, str]] = {}
        self._beside: set[int] = set()

    def hear(self, chromosome: str, record: Record) -> None:
        """What the record says of the reference is kept.

        PLINK marks what it does not know to be the reference (PR): its genotypes are right whichever allele is REF.
        """
        if record.info.endswith("PR") and "PR" in record.info.split(";"):
            return
        sites, ref, position = self._sites.chromosomes[chromosome], record.ref, record.position
        if len(ref) > 1:
            for spanned in sites.bases_between(position, position + len(ref) - 1):
                self._compare(spanned, ref[spanned.position - position], position)
            return
        slot = sites.bases.get(position)
        if slot is not None:
            self._compare(slot, ref, position)
        elif self._alone and record.alts and ref in _BASES:
            self._look_beside(sites, record)

    def _compare(self, slot: BaseSlot, base: str, position: int) -> None:
        if base == (slot.reference or slot.words[0]):
            self._confirmed.add(slot.number)
        elif base in _BASES and slot.locus.chromosome != "chrM":  # whose two sequences are told apart elsewhere
            known = self._denied if slot.reference is not None else self._unconfirmed
            known.setdefault(slot.number, (position, base))

    def _look_beside(self, sites: ChromosomeSites, record: Record) -> None:
        for step in (-1, 1):
            slot = sites.bases.get(record.position + step)
            if slot is None or record.ref != (slot.reference or slot.words[0]):
                continue
            called = record.columns[0].partition(":")[0].replace("|", "/").split("/")
            if any(alt in slot.words and str(number) in called for number, alt in enumerate(record.alts, 1)):
                self._beside.add(slot.number)

    @property
    def doubt(self) -> Doubt:
        """What is not believed.  The other build's REF alone shows that the file was lifted over."""
        wrong = sum(not self._is_of_other_build(number) for number in self._denied)
        if wrong >= SEVERAL or len(self._beside) >= DISPLACED:
            return "all"
        return "blocks" if wrong else "differing" if self._denied else "none"

    def _is_of_other_build(self, number: int) -> bool:
        slot = self._sites.slots[number]
        if number not in self._sites.differing or slot.site is None:
            return False
        return self._denied[number][1] in {slot.site.ref, slot.site.ref_grch37}

    def refuse(self, source: str, build: str) -> None:
        """Nothing, unless most of what can be checked is wrong.  Raises: InputError REFERENCE_DIFFERS."""
        wrong = self._denied | self._unconfirmed
        everything = len(wrong.keys() | self._confirmed)
        if len(wrong) < REFUSED_SITES or len(wrong) < REFUSED_SHARE * everything:
            return
        number, (position, base) = next(iter(wrong.items()))
        slot = self._sites.slots[number]
        assert isinstance(slot, BaseSlot)
        where = f"{slot.locus.chromosome}:{position} states {base} for {slot.reference or slot.words[0]}"
        message = f"REF is not the base of {build} at {len(wrong)} of {everything} tested positions ({where})"
        raise InputError("REFERENCE_DIFFERS", message, source=source)
