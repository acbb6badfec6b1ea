"""One person's slots -> the genotypes of all sites: what only shows when the sites are seen together.

Phase sets of a sample that uses PS, sites that replace several bases, one X or two, several files of one person, and
reference assumed where an option says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.assessment import Options
from starling.definitions import Site
from starling.errors import InputError
from starling.genotyping.merge import (
    genotype_at,
    has_clear_reference,
    in_order,
    is_clear_reference,
    reference_genotype,
)
from starling.genotyping.observation import Cell, Observation, ReferenceCall, calls_in, stated
from starling.genotyping.plan import Speaks
from starling.source.sites import BaseSlot, CompositeSite, SiteMap, Slot
from starling.source.witness import Doubt, Testimony, doubt_of, refuse
from starling.values import dataclass, replace
from starling.vocabulary import Genotype, Locus, Notice, Remark, SampleGenotypes, Sex, State, Why

#: No-calls that say "no data": another file of the same person may say more.
_SILENT: Final = frozenset(
    {
        "HALF_CALL",
        "INDEL_NOT_EXCLUDED",
        "LOW_DEPTH",
        "LOW_PROBABILITY",
        "LOW_QUALITY",
        "NO_SUPPORT",
        "REFERENCE_IN_DOUBT",
    }
)

#: Distinct observations, and clear reference calls of a site, of which the genotype is kept (about 8 MB): far more than
#: a cohort's sites have.
_KEPT: Final = 1 << 14
#: How a record speaks of a base that it does not write.
_UNSTATED: Final = frozenset({Speaks.BLOCK, Speaks.COVERS, Speaks.LISTED, Speaks.SPANS})
_DISBELIEVED: Final = Notice(
    "REFERENCE_IN_DOUBT",
    "a reference block was not believed: the data were lifted over, or contradict the genome",
)
_CONTRADICTED: Final = Notice(
    "REFERENCE_IN_DOUBT",
    "several records contradict the reference genome or stand beside their place; nothing in the data is certain",
)
_MIXED: Final = Notice(
    "PHASE_SET_MIXED", "phased without a phase set in a sample that names phase sets; read as unphased"
)


@dataclass(frozen=True, slots=True)
class Part:
    """What one file holds of one person.

    `absent_is_reference`: slots that are reference when the file does not mention them.  `gvcf`: the file states
    reference in blocks.  `phase_sets`: chromosomes on which the person's column names phase sets in this file.
    `supported`: some column of the file has depths or qualities.  `testimony`: what it shows of itself.
    """

    source: str
    sites: SiteMap
    cells: Sequence[Cell]
    absent_is_reference: frozenset[int] = frozenset()
    gvcf: bool = False
    phase_sets: frozenset[str] = frozenset()
    mitochondrial_reference_known: bool = True
    remarks: tuple[Remark, ...] = ()
    supported: bool = False
    testimony: Testimony = Testimony()

    def doubted(self, doubt: Doubt) -> frozenset[int]:
        """The slots at which reference blocks, and silence, are not believed."""
        if doubt in {"blocks", "all"}:
            return frozenset(range(len(self.sites.slots)))
        return self.sites.differing if doubt == "differing" else frozenset()


class Resolver:
    """Cells -> genotypes; what many people state of a slot in the same words is worked out once for all of them."""

    def __init__(self, options: Options) -> None:
        self._options = options
        # by identity, which a reader gives to equal observations; each is held here, so that no other takes its place
        self._known: dict[tuple[int, bool, bool], tuple[Observation, Genotype | None]] = {}

    def resolve(self, part: Part, doubt: Doubt = "none") -> dict[int, Genotype]:
        """The genotype of every slot of which the part's records speak, as far as the person's files are believed."""
        found: dict[int, Genotype] = {}
        slots, clear = part.sites.slots, part.sites.clear
        genotype: Genotype | None
        for index, cell in enumerate(part.cells):
            if cell is None:
                continue
            if isinstance(cell, ReferenceCall):
                genotype = clear.get((index, cell.call.quality)) or self._marked(part.sites, slots[index], cell)
            elif isinstance(cell, Observation):
                genotype = self._alone(part, slots[index], cell)
            else:
                genotype = genotype_at(slots[index], cell, self._options, gvcf=part.gvcf, supported=part.supported)
            if genotype is not None:
                found[index] = genotype
        for index in part.doubted(doubt):
            cell = part.cells[index]
            if cell is not None and not isinstance(cell, ReferenceCall):
                self._disbelieve(part, index, cell, found, writes=doubt == "differing")
        if doubt == "all":
            _doubt(found)
        _unmix(part, found)
        return found

    def _disbelieve(self, part: Part, index: int, cell: Cell, found: dict[int, Genotype], *, writes: bool) -> None:
        """Blocks are left out at a slot; where nothing else speaks of it, it is a no-call that says why.

        `writes`: records without an ALT that write out their base are believed.
        """
        slot = part.sites.slots[index]
        every = stated(cell, slot)
        kept = [one for one in every if one.plan.speaks not in _UNSTATED or (writes and _is_written(one))]
        if len(kept) == len(every):
            return
        genotype = genotype_at(slot, kept, self._options, gvcf=part.gvcf, supported=part.supported) if kept else None
        known = genotype or Genotype(slot.locus, state=State.NOCALL)
        doubts = (*known.doubts, *(found[index].doubts if index in found else ()))
        found[index] = replace(known, notices=(*known.notices, _DISBELIEVED), doubts=tuple(dict.fromkeys(doubts)))

    def _alone(self, part: Part, slot: Slot, one: Observation) -> Genotype | None:
        if is_clear_reference(slot, one):
            return _clear(part.sites, slot, one.call.quality)
        key = (id(one), part.gvcf, part.supported)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            genotype = genotype_at(slot, [one], self._options, gvcf=part.gvcf, supported=part.supported)
            known = self._known[key] = one, genotype
        return known[1]

    def _marked(self, sites: SiteMap, slot: Slot, cell: ReferenceCall) -> Genotype:
        if has_clear_reference(slot):
            return _clear(sites, slot, cell.call.quality)
        return genotype_at(slot, stated(cell, slot), self._options) or Genotype(slot.locus)


def _doubt(found: dict[int, Genotype]) -> None:
    """Nothing that the file states is certain."""
    for index, genotype in found.items():
        doubts = tuple(dict.fromkeys((*genotype.doubts, Why.REFERENCE)))
        found[index] = replace(genotype, notices=(*genotype.notices, _CONTRADICTED), doubts=doubts)


def _is_written(one: Observation) -> bool:
    """Whether a record without an ALT writes out the base that it speaks of."""
    return len(one.plan.words) == 1 and one.plan.start == one.end


def _clear(sites: SiteMap, slot: Slot, quality: int | None) -> Genotype:
    """The genotype of a clear reference call: one for everybody."""
    key = (slot.number, quality)
    genotype = sites.clear.get(key)
    if genotype is None:
        if len(sites.clear) >= _KEPT:
            sites.clear.clear()
        genotype = sites.clear[key] = reference_genotype(slot, quality)
    return genotype


def _observations(cells: Iterable[Cell]) -> Iterator[Observation]:
    """All but clear reference calls."""
    for cell in cells:
        if isinstance(cell, Observation):
            yield cell
        elif isinstance(cell, list):
            yield from cell


def _unmix(part: Part, found: dict[int, Genotype]) -> None:
    """`|` without PS is no phase on a chromosome where the sample uses PS."""
    slots = part.sites.slots
    named = {slots[one.plan.slot].locus.chromosome for one in _observations(part.cells) if one.call.explicit}
    named |= part.phase_sets
    for index, genotype in found.items() if named else ():
        if genotype.phase_set is not None and genotype.phase_set in named:
            alleles = in_order(genotype.alleles, slots[index].words)
            found[index] = replace(genotype, alleles=alleles, phase_set=None, notices=(*genotype.notices, _MIXED))


# --- the person -------------------------------------------------------------------------------------------------------


def person(sample: str, parts: Sequence[Part], resolver: Resolver, sex: Sex) -> SampleGenotypes:
    """Everything that the files of one person state.

    Raises: InputError CONFLICTING_PARTS when two of them state a site differently, REFERENCE_DIFFERS when together
    they are of another genome.
    """
    sites, doubt = parts[0].sites, _doubt_of(parts)
    found = _joined(parts, resolver, doubt)
    x_slots = [index for index in sites.on("chrX") if index in found]
    hemizygous = _hemizygous([found[index] for index in x_slots], sex)
    for index in x_slots:
        found[index] = _on_x(found[index], sites.slots[index], sex)
    _settle_ploidy(found, x_slots, sites, sex)
    _fill(parts, found, doubt, hemizygous=hemizygous is True)
    genotypes = {genotype.locus: genotype for index, genotype in found.items() if index not in sites.parts}
    for composite in sites.composites:
        genotype = _composite(composite, [found.get(index) for index in composite.parts])
        if genotype is not None:
            genotypes[genotype.locus] = genotype
    return SampleGenotypes(
        sample=sample,
        genotypes=genotypes,
        remarks=_remarks(parts, genotypes),
        mitochondrial_reference_known=_mitochondrial_reference_known(parts),
        hemizygous_x=hemizygous,
    )


def _doubt_of(parts: Sequence[Part]) -> Doubt:
    testimonies = [part.testimony for part in parts]
    if len(parts) > 1:
        refuse(testimonies, ", ".join(part.source for part in parts))
    return doubt_of(testimonies)


def _remarks(parts: Sequence[Part], genotypes: Mapping[Locus, Genotype]) -> tuple[Remark, ...]:
    remarks = [remark for part in parts for remark in part.remarks]
    bare = [place for part in parts for place in _bare_references(part)]
    if bare:
        message = "reference calls without depth or quality were accepted as they stand"
        remarks.append(Remark("SUPPORT_NOT_STATED", message, tuple(dict.fromkeys(bare))))
    filled = tuple([genotype.locus for genotype in genotypes.values() if genotype.filled])
    if filled:
        message = "positions that the file does not mention were taken as reference, as an option asked"
        remarks.append(Remark("ASSUMED_REFERENCE", message, filled, counted=True))
    return tuple(dict.fromkeys(remarks))


def _bare_references(part: Part) -> Iterator[Locus]:
    """Where a reference call with nothing to support it was accepted."""
    for slot, cell in zip(part.sites.slots, part.cells, strict=True):
        if cell is not None and any(call.bare and not (call.hollow and part.supported) for call in calls_in(cell)):
            yield slot.locus


def _mitochondrial_reference_known(parts: Sequence[Part]) -> bool:
    """As the files say that hold chrM; as all say, when none does."""
    if len(parts) == 1:
        return parts[0].mitochondrial_reference_known
    mitochondrial = parts[0].sites.on("chrM")
    holding = [part for part in parts if any(part.cells[index] is not None for index in mitochondrial)]
    return all(part.mitochondrial_reference_known for part in holding or parts)


def _joined(parts: Sequence[Part], resolver: Resolver, doubt: Doubt) -> dict[int, Genotype]:
    if len(parts) == 1:
        return resolver.resolve(parts[0], doubt)
    joined: dict[int, Genotype] = {}
    for number, part in enumerate(sorted(parts, key=lambda part: part.source)):
        for index, genotype in resolver.resolve(part, doubt).items():
            if genotype.phase_set is not None:
                genotype = replace(genotype, phase_set=f"{number}:{genotype.phase_set}")
            if index in joined:
                genotype = _both(joined[index], genotype, part.sites.slots[index], parts)
            joined[index] = genotype
    return joined


def _both(known: Genotype, again: Genotype, slot: Slot, parts: Sequence[Part]) -> Genotype:
    """One of two statements: they agree, or one of them says nothing.  Phase of one file is not that of another."""
    if known.state is State.CALLED and again.state is State.CALLED:
        if sorted(known.alleles) != sorted(again.alleles):
            where = f"{known.locus.chromosome}:{known.locus.position}"
            stated = " and ".join("/".join(genotype.alleles) for genotype in (known, again))
            message = f"two files of one sample state {where} as {stated}"
            raise InputError("CONFLICTING_PARTS", message, source=", ".join(part.source for part in parts))
        return replace(
            known,
            alleles=in_order(known.alleles, slot.words),
            phase_set=None,
            filtered=known.filtered or again.filtered,
            notices=tuple(dict.fromkeys((*known.notices, *again.notices))),
            doubts=tuple(dict.fromkeys((*known.doubts, *again.doubts))),
        )
    first, second = (known, again) if known.state is State.CALLED else (again, known)
    silent = not second.seen and all(notice.code in _SILENT for notice in second.notices)
    return first if silent else second


# --- one X or two -----------------------------------------------------------------------------------------------------


def _hemizygous(called: Iterable[Genotype], sex: Sex) -> bool | None:
    """Whether there is one X: stated, or read from haploid calls.  All sites asked for lie outside the PARs."""
    if sex != "unknown":
        return sex == "male"
    alleles = [genotype.alleles for genotype in called if genotype.state is State.CALLED]
    if any(len(set(pair)) > 1 for pair in alleles):
        return False
    return True if alleles and all(len(pair) == 1 for pair in alleles) else None


def _on_x(genotype: Genotype, slot: Slot, sex: Sex) -> Genotype:
    if genotype.state is not State.CALLED or sex == "unknown":
        return genotype
    haploid = len(genotype.alleles) == 1
    if sex == "female":
        notice = Notice("HAPLOID_IN_FEMALE", "one allele on chrX in a person stated to have two X")
        return _without(genotype, slot, notice) if haploid else genotype
    if len(set(genotype.alleles)) > 1:
        notice = Notice("HET_IN_MALE", "heterozygous on chrX in a person stated to have one X")
        return _without(genotype, slot, notice)
    return genotype if haploid else replace(genotype, alleles=genotype.alleles[:1])


def _settle_ploidy(found: dict[int, Genotype], x_slots: Sequence[int], sites: SiteMap, sex: Sex) -> None:
    """With haploid and diploid calls mixed: beside a het the haploid ones are no calls, else each counts as one."""
    if sex != "unknown":
        return
    called = {index: found[index] for index in x_slots if found[index].state is State.CALLED}
    haploid = [index for index, genotype in called.items() if len(genotype.alleles) == 1]
    if not haploid or len(haploid) == len(called):
        return
    if any(len(set(genotype.alleles)) > 1 for genotype in called.values()):
        for index in haploid:
            notice = Notice("HAPLOID_IN_FEMALE", "one allele on chrX in a person who is heterozygous elsewhere on it")
            found[index] = _without(found[index], sites.slots[index], notice)
        return
    for index, genotype in called.items():
        found[index] = replace(genotype, alleles=genotype.alleles[:1])


def _without(genotype: Genotype, slot: Slot, notice: Notice) -> Genotype:
    """No call, because of how many X there are; what was called beside the reference stays seen."""
    seen = tuple(sorted({*genotype.alleles} - {slot.words[0]}))
    notices = (*genotype.notices, notice)
    return Genotype(genotype.locus, state=State.NOCALL, seen=seen, notices=notices, doubts=genotype.doubts)


# --- sites that no record mentions, and sites of several bases --------------------------------------------------------


def _fill(parts: Sequence[Part], found: dict[int, Genotype], doubt: Doubt, *, hemizygous: bool) -> None:
    """Silence is reference where an option says so and the files are believed.

    Who had two copies of the other build's REF has no record there, and none after lift-over.
    """
    for part in parts:
        for index in part.absent_is_reference - part.doubted(doubt):
            slot = part.sites.slots[index]
            if index in found or slot.reference is None or not (isinstance(slot, BaseSlot) or slot.is_known):
                continue
            haploid = slot.locus.chromosome == "chrM" or (hemizygous and slot.locus.chromosome == "chrX")
            alleles = (slot.reference,) * (1 if haploid else 2)
            found[index] = Genotype(slot.locus, alleles, state=State.CALLED, filled=True)


def _composite(composite: CompositeSite, parts: Sequence[Genotype | None]) -> Genotype | None:
    """A site of several bases, when they are on one haplotype for sure: homozygous, one het, or one phase set.

    Two unphased hets may lie on one haplotype: no call, but the ALT counts as seen.
    """
    site = composite.site
    known = [part for part in parts if part is not None]
    if not known:
        return None
    notices = tuple(dict.fromkeys(notice for part in known for notice in part.notices if notice.code != _STRANGE))
    doubts = tuple(dict.fromkeys(doubt for part in known for doubt in part.doubts))
    if len(known) < len(parts) or any(part.state is not State.CALLED for part in known):
        return Genotype(site.locus, state=State.NOCALL, seen=_seen(site, parts), notices=notices, doubts=doubts)
    hets = [part for part in known if len(set(part.alleles)) > 1]
    sets = {part.phase_set for part in hets}
    ploidy = min(len(part.alleles) for part in known)
    if len(hets) > 1 and (None in sets or len(sets) > 1):
        notice = Notice("UNPHASED_SUBSTITUTION", "the bases of this change may lie on one strand or on two")
        seen, notices = _seen(site, parts), (*notices, notice)
        return Genotype(site.locus, state=State.NOCALL, seen=seen, notices=notices, doubts=doubts)
    alleles = tuple("".join(part.alleles[haplotype] for part in known) for haplotype in range(ploidy))
    strange = sorted(set(alleles) - {site.ref, *site.alts})
    if strange:
        message = f"{', '.join(strange)} at {site.chromosome}:{site.position} is not in the definition"
        notices = (*notices, Notice(_STRANGE, message))
    phase = next(iter(sets)) if sets and len(set(alleles)) > 1 else None
    if phase is None:
        alleles = in_order(alleles, (site.ref, *site.alts))
    return Genotype(
        locus=site.locus,
        alleles=alleles,
        phase_set=phase,
        state=State.CALLED,
        quality=min((part.quality for part in known if part.quality is not None), default=None),
        filled=any(part.filled for part in known),
        filtered=any(part.filtered for part in known),
        notices=notices,
        doubts=doubts,
    )


_STRANGE: Final = "UNDOCUMENTED_VARIANT"


def _seen(site: Site, parts: Sequence[Genotype | None]) -> tuple[str, ...]:
    """The ALTs that may be there, and every base that no ALT has, each written into REF."""
    alts = [alt for alt in site.alts if _may_carry(alt, parts)]
    strange = []
    for at, part in enumerate(parts):
        known = {word[at] for word in (site.ref, *site.alts)}
        bases = {*part.alleles, *part.seen} - known if part is not None else ()
        strange += [site.ref[:at] + base + site.ref[at + 1 :] for base in sorted(bases)]
    return (*alts, *strange)


def _may_carry(alt: str, parts: Sequence[Genotype | None]) -> bool:
    """Whether every base of `alt` was seen, called or half-called."""
    return all(
        part is not None and (base in part.alleles or base in part.seen) for base, part in zip(alt, parts, strict=True)
    )
