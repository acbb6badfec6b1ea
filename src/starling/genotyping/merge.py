"""Everything that the records of a file state about one slot of one person -> one `Genotype`.

Records add up: each gives the copies of its own changes, and what is left is reference.  The order of the records, the
order of the alleles in GT, and whether several ALTs stand in one record or in several never matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from starling.assessment import Options
from starling.genotyping.effects import DELETED, INTERRUPTED, NOT_BASES, UNKNOWN
from starling.genotyping.observation import Observation
from starling.genotyping.plan import Speaks
from starling.source.sites import BaseSlot, Slot
from starling.values import dataclass, replace
from starling.vocabulary import Genotype, Notice, State, Why

#: Where one allele is a whole genotype (on chrX: in a person with one X).
HAPLOID_CHROMOSOMES: Final = frozenset({"chrX", "chrY", "chrM"})


def in_order(alleles: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """Unphased alleles in the order of the definition, others last."""
    return tuple(sorted(alleles, key=lambda word: (words.index(word) if word in words else len(words), word)))


def is_link(phase: str | None) -> bool:
    """Whether the phase set only binds the bases of one ALT."""
    return phase is not None and ":mnp:" in phase


def genotype_at(
    slot: Slot, found: Sequence[Observation], options: Options, *, gvcf: bool = False, supported: bool = False
) -> Genotype | None:
    """The genotype at `slot`; None when nothing that was found speaks of it.

    `gvcf`: the file has blocks.  `supported`: it has depths or qualities, so that a column without them lacks them.
    """
    if supported:
        found = [_without_support(one) for one in found]
    genotype = _genotype_at(slot, found, options, gvcf=gvcf)
    notices, doubts = _reservations(slot, found)
    if not doubts:
        return genotype
    known = genotype or Genotype(slot.locus, state=State.NOCALL)
    return replace(
        known,
        notices=tuple(dict.fromkeys((*known.notices, *notices))),
        doubts=tuple(dict.fromkeys((*known.doubts, *doubts))),
    )


def _without_support(one: Observation) -> Observation:
    """The same, if other columns of the file have support: FORMAT lists it, and this one has none."""
    if not one.call.hollow or one.call.weak is not None:
        return one
    how = "was stated without the depth and quality that others of the file have"
    weak = Notice("NO_SUPPORT", f"reference {how}")
    if any(one.call.haplotypes):
        weak = Notice("WEAK_EVIDENCE", f"a genotype {how}; it was used, and is not certain")
    return one._replace(call=one.call._replace(weak=weak, bare=False))


def _reservations(slot: Slot, found: Iterable[Observation]) -> tuple[list[Notice], list[Why]]:
    """What keeps every result that looks at the slot from being certain, whatever the genotype.

    A length change that no definition names, at a single base; a copy number other than two of a record without GT; a
    REF that may be the other build's, or an exchanged ALT.
    """
    notices, doubts = [], []
    where = f"{slot.locus.chromosome}:{slot.locus.position}"
    strange = {name for one in found for name in one.strange}
    if strange:
        message = f"{', '.join(sorted(strange))} at {where} is an insertion or deletion that no definition lists"
        notices.append(Notice("UNDOCUMENTED_VARIANT", message))
        doubts.append(Why.UNDOCUMENTED_VARIANT)
    copies = sorted({one.call.copies for one in found if one.reserves and one.call.copies is not None})
    if copies:
        stated = ", ".join(map(str, copies))
        message = f"a record that states no genotype counts {stated} copies of a stretch with tested positions"
        notices.append(Notice("COPY_NUMBER_STATED", message))
        doubts.append(Why.COPY_NUMBER)
    own = slot.words[0]
    if isinstance(slot, BaseSlot) and slot.reference is None and any(_writes_another(one, own) for one in found):
        message = f"REF at {where} is not that of GRCh38 ({own}), and that of GRCh37 is not published"
        notices.append(Notice("REFERENCE_IN_DOUBT", message))
        doubts.append(Why.REFERENCE)
    return notices, doubts


def _writes_another(one: Observation, base: str) -> bool:
    """Whether the REF of a record that states the position is another one."""
    return one.plan.speaks in {Speaks.STATES, Speaks.BLOCK} and one.plan.words[0] != base


def _genotype_at(slot: Slot, found: Sequence[Observation], options: Options, *, gvcf: bool) -> Genotype | None:
    stating = [one for one in found if one.plan.speaks is Speaks.STATES]
    if not stating and not gvcf:
        stating = [one for one in found if one.plan.speaks is Speaks.LISTED]
    notices = _notices(found)
    removed = _removal(found)
    if removed is not None:
        return _nocall(slot, (removed, *notices), _beside_reference(slot, stating))
    if any(one.plan.speaks is Speaks.MISMATCH for one in found):
        mismatch = Notice("REF_MISMATCH", "a record whose REF is not the reference of the file's build was discarded")
        notices = (mismatch, *notices)
        if not stating:
            return _nocall(slot, notices)
    blocks = [one for one in found if one.plan.speaks is Speaks.BLOCK and one.end >= slot.position]
    if stating:
        return _beside_blocks(
            _merged(slot, stating, notices, options), slot.reference or stating[0].plan.words[0], blocks
        )
    if isinstance(slot, BaseSlot):
        crossing = [one for one in found if one.plan.speaks is Speaks.SPANS] if gvcf else []
        return _reference(slot, [*blocks, *crossing], notices, options) if blocks else None
    if not slot.is_known:
        return None
    covering = [one for one in found if one.plan.speaks in {Speaks.COVERS, Speaks.LISTED}]
    if all(one.plan.beside for one in covering) or not _is_covered(slot, covering):
        return None
    return _reference(slot, covering, notices, options)


def _beside_blocks(genotype: Genotype, reference: str, blocks: Iterable[Observation]) -> Genotype:
    """A variant beats a block over its base, and is not certain: no caller says both, so one is not of this place.

    `reference`: what the build has here, or as the file states it.
    """
    if all(allele == reference for allele in genotype.alleles):
        return genotype
    if not any(0 in one.haplotypes and one.call.doubt is None for one in blocks):
        return genotype
    how = "a variant is called where a reference block says that there is none; it was used, and is not certain"
    notices = (*genotype.notices, Notice("CONTRADICTORY_RECORDS", how))
    return replace(genotype, notices=notices, doubts=tuple(dict.fromkeys((*genotype.doubts, *_WEAK))))


def is_clear_reference(slot: Slot, one: Observation) -> bool:
    """Whether a record alone calls two documented reference alleles, over all of the slot, and nothing is to note."""
    plan, word = one.plan, one.plan.words[0]
    if not one.call.is_clear_reference or not has_clear_reference(slot) or word != slot.reference:
        return False
    if plan.speaks is Speaks.STATES:
        return True
    if isinstance(slot, BaseSlot):
        return plan.speaks is Speaks.BLOCK and one.end >= slot.position
    whole = plan.start <= slot.position and one.end >= slot.last
    return plan.speaks is Speaks.COVERS and not plan.beside and slot.is_known and whole


def has_clear_reference(slot: Slot) -> bool:
    """Whether two reference haplotypes are always one genotype here (chrM: one allele, with its share of reads)."""
    return slot.reference in slot.words and slot.locus.chromosome != "chrM"


def reference_genotype(slot: Slot, quality: int | None) -> Genotype:
    """Two reference alleles of which nothing is to be noted."""
    word = slot.reference
    assert word is not None
    # Positional: one is made for nearly every site of a person.
    return Genotype(slot.locus, (word, word), None, State.CALLED, quality, (), False, False, (), (), ())  # noqa: FBT003 - by position: one a site


def _notices(found: Sequence[Observation]) -> tuple[Notice, ...]:
    weak = (one.call.weak for one in found if one.call.more is not None)
    return tuple(dict.fromkeys(notice for notice in weak if notice is not None))


def _removal(found: Iterable[Observation]) -> Notice | None:
    """Why some haplotype has no base here, whatever other records say."""
    words = {word for one in found for word in one.stated}
    if DELETED in words:
        return Notice("DELETED", "a deletion leaves no base here on a strand")
    if UNKNOWN in words:
        return Notice("SYMBOLIC_ALLELE", "GT selects an allele that is not written out in bases")
    return None


def _nocall(
    slot: Slot, notices: Sequence[Notice], seen: tuple[str, ...] = (), doubts: tuple[Why, ...] = ()
) -> Genotype:
    return Genotype(slot.locus, state=State.NOCALL, seen=seen, notices=tuple(notices), doubts=doubts)


def _first(notices: Iterable[Notice | None]) -> tuple[Notice, ...]:
    """One of several, whatever the order of the records; none of none."""
    found = sorted({notice for notice in notices if notice is not None}, key=lambda one: (one.code, one.message))
    return tuple(found[:1])


# --- reference statements ---------------------------------------------------------------------------------------------


def _is_covered(slot: Slot, covering: Sequence[Observation]) -> bool:
    """Whether the pieces leave no gap in the indel's stretch."""
    reached = slot.start - 1
    for start, end in sorted((one.plan.start, one.end) for one in covering):
        if start > reached + 1:
            break
        reached = max(reached, end)
    return reached >= slot.last


def _reference(slot: Slot, found: Sequence[Observation], notices: Sequence[Notice], options: Options) -> Genotype:
    """What reference blocks, or the pieces that cover an indel's stretch, state together."""
    pieces = [one for one in found if one.end >= slot.start and one.plan.start <= slot.last]
    if any(INTERRUPTED in one.stated for one in pieces):
        message = "a variant lies where this indel could be written; reference blocks cannot exclude it"
        return _nocall(slot, (*notices, Notice("INDEL_NOT_EXCLUDED", message)))
    return _merged(slot, [_as_reference(one) for one in pieces], notices, options)


def _as_reference(one: Observation) -> Observation:
    """A piece of an indel's stretch on which other changes lie, read for its length only: reference."""
    call = one.call._replace(weak=None, against=None) if any(one.haplotypes) else one.call
    haplotypes = tuple(None if haplotype is None else 0 for haplotype in one.haplotypes)
    return one._replace(haplotypes=haplotypes, phase=None, call=call)


# --- records that list alleles ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tally:
    """Copies of one change: how many, on which haplotype, in which phase set."""

    copies: int
    haplotype: int
    phase: str | None
    word: str


_WEAK: Final = (Why.WEAK_EVIDENCE,)


def _merged(slot: Slot, found: Sequence[Observation], notices: Sequence[Notice], options: Options) -> Genotype:
    found = _speaking(found)
    ploidy = max((len(one.haplotypes) for one in found if not one.is_missing), default=0)
    if not ploidy:
        return _nocall(slot, notices, doubts=_WEAK if any(one.call.more is not None for one in found) else ())
    if ploidy == 1 and slot.locus.chromosome not in HAPLOID_CHROMOSOMES:
        message = f"one allele on {slot.locus.chromosome}, where everybody has two"
        return _nocall(slot, (*notices, Notice("HAPLOID_AUTOSOME", message)), _alternatives(slot, found))
    if any(len(one.haplotypes) != ploidy and not one.is_missing for one in found):
        return _contradiction(slot, found, notices, "some with one allele and some with two")
    tallies = _tallies(found)
    if tallies is None:
        return _contradiction(slot, found, notices, "with the same change in different copies")
    copies = sum(tally.copies for tally in tallies.values())
    if copies > ploidy:
        return _contradiction(slot, found, notices, "with more changes than there are strands")
    if copies < ploidy and any(None in one.haplotypes for one in found):
        return _half_call(slot, found, tallies, notices)
    if not copies and (doubtful := _doubtful_reference(slot, found, notices)) is not None:
        return doubtful
    used = [one for one in found if not copies or any(one.haplotypes)]
    placed = _place(tallies, found[0].plan.words[0], ploidy)
    if placed is None:
        return _contradiction(slot, found, notices, "with two changes on one strand")
    weak = _first(_doubts(used, placed.changes)) or _first(_not_excluded(found, placed.changes))
    return _called(slot, used, placed, (*notices, *weak), _WEAK if weak else (), options)


def _speaking(found: Sequence[Observation]) -> Sequence[Observation]:
    """Without the no-calls that another record makes good: one probe of several, or one caller, that saw nothing."""
    if len(found) < 2:
        return found
    told = {change for one in found if not one.is_missing for change in one.plan.changes}
    return [
        one for one in found if not one.is_missing or one.call.more is not None or not told.issuperset(one.plan.changes)
    ]


def _doubtful_reference(slot: Slot, found: Sequence[Observation], notices: Sequence[Notice]) -> Genotype | None:
    """No call, where the support of a reference statement is too little or contradicts it; None: it stands."""
    weak, against = (_first(one.call.weak for one in found), _first(one.call.against for one in found))
    if not (weak or against):
        return None
    return _nocall(slot, (*notices, *(weak or against)), doubts=_WEAK if against else ())


def _contradiction(slot: Slot, found: Iterable[Observation], notices: Sequence[Notice], how: str) -> Genotype:
    notice = Notice("CONTRADICTORY_RECORDS", f"several records state this position {how}")
    return _nocall(slot, (*notices, notice), _alternatives(slot, found), _WEAK)


def _beside_reference(slot: Slot, stating: Iterable[Observation]) -> tuple[str, ...]:
    """What records that list alleles call beside the reference of GRCh38."""
    return tuple(sorted({word for one in stating for word in one.stated} - NOT_BASES - {slot.words[0]}))


def _alternatives(slot: Slot, found: Iterable[Observation]) -> tuple[str, ...]:
    """What some record calls beside the reference, in bases."""
    words = {word for one in found for word in one.stated}
    return tuple(sorted(words - NOT_BASES - {slot.words[0], slot.reference}))


def _tallies(found: Sequence[Observation]) -> dict[str, _Tally] | None:
    """Every change with its copies; None when two records list one change with different copies."""
    counted: dict[str, tuple[int, int]] = {}
    tallies: dict[str, _Tally] = {}
    for one in found:
        for change in {change for change in one.plan.changes if change is not None}:
            haplotypes = [
                index
                for index, haplotype in enumerate(one.haplotypes)
                if haplotype is not None and one.plan.changes[haplotype] == change
            ]
            count = len(haplotypes), one.haplotypes.count(None)
            if counted.setdefault(change, count) != count:
                return None
            if not haplotypes:
                continue
            word = one.plan.words[one.haplotypes[haplotypes[0]] or 0]
            tally = _Tally(len(haplotypes), haplotypes[0], one.phase if len(one.haplotypes) > 1 else None, word)
            if not _agree(tallies.setdefault(change, tally), tally):
                return None
    return tallies


def _agree(known: _Tally, again: _Tally) -> bool:
    """Whether a change stated twice is stated alike; where only the phase differs, it is given up."""
    if known.phase == again.phase:
        return known.phase is None or known.copies > 1 or known.haplotype == again.haplotype
    known.phase = None
    return True


def _half_call(
    slot: Slot, found: Sequence[Observation], tallies: dict[str, _Tally], notices: Sequence[Notice]
) -> Genotype:
    """`1/.` is no call, but what was seen is kept."""
    own = slot.words[0]
    stated = {tally.word for tally in tallies.values()}
    if not stated:
        stated = {word for one in found if None in one.haplotypes for word in one.stated}
    seen = tuple(sorted(word for word in stated if word != own))
    half = bool(seen) or any(None in one.haplotypes and not one.is_missing for one in found)
    if any(one.call.more is not None for one in found):
        return _nocall(slot, notices, _alternatives(slot, found), _WEAK)
    weak = _first(one.call.doubt for one in found if any(one.haplotypes))
    told = (*notices, *([Notice("HALF_CALL", "one allele of two is unknown")] if half else []), *weak)
    return _nocall(slot, told, seen, _WEAK if weak else ())


@dataclass(frozen=True, slots=True)
class _Placed:
    """One word, and the change behind it (None: reference), per haplotype."""

    words: tuple[str, ...]
    changes: tuple[str | None, ...]
    phase: str | None


def _place(tallies: dict[str, _Tally], reference: str, ploidy: int) -> _Placed | None:
    """The changes on their haplotypes; None when two of one phase set lie on one haplotype."""
    names = sorted(name for name, tally in tallies.items() for _ in range(tally.copies))
    if len(names) < ploidy or ploidy == 1 or names[0] == names[1]:
        first = tallies[names[0]] if names else None
        words = [tallies[name].word for name in names] + [reference] * (ploidy - len(names))
        changes = [*names, *[None] * (ploidy - len(names))]
        if first is not None and len(names) == 1 and first.haplotype == 1 and first.phase is not None:
            words.reverse()
            changes.reverse()
        phase = first.phase if first is not None and len(names) == 1 and ploidy == 2 else None
        return _Placed(tuple(words), tuple(changes), phase)
    one, other = (tallies[name] for name in names)
    if one.phase is not None and one.phase == other.phase and one.haplotype == other.haplotype:
        return None
    leader = min((tally for tally in (one, other) if tally.phase), key=_leads, default=None)
    phase = leader.phase if leader is not None else None
    if one.phase and other.phase and one.phase != other.phase and not (is_link(one.phase) or is_link(other.phase)):
        phase = None
    turned = leader is not None and (leader is one) == (leader.haplotype == 1)
    order = (1, 0) if turned and phase is not None else (0, 1)
    both = (one.word, other.word)
    return _Placed(tuple(both[i] for i in order), tuple(names[i] for i in order), phase)


def _leads(tally: _Tally) -> tuple[bool, str]:
    """A phase set of the file before one that only binds the bases of an ALT."""
    return is_link(tally.phase), tally.phase or ""


def _unread(used: Sequence[Observation], changes: tuple[str | None, ...]) -> bool:
    """Whether a haplotype's allele has no read in a record that states it."""
    for one in used:
        read = {one.plan.changes[s] for s in one.haplotypes if s is not None and s not in one.call.unread}
        unread = {one.plan.changes[s] for s in one.haplotypes if s is not None and s in one.call.unread}
        if any(change in changes for change in unread - read):
            return True
    return False


def _called(
    slot: Slot,
    used: Sequence[Observation],
    placed: _Placed,
    notices: Sequence[Notice],
    doubts: tuple[Why, ...],
    options: Options,
) -> Genotype:
    filters = sorted({one.call.filtered for one in used if one.call.filtered})
    notes = list(notices)
    if filters:
        verb = "not used" if options.pass_only else "used"
        notes.append(Notice("FILTERED_RECORD", f"the record did not pass its filters ({'; '.join(filters)}); {verb}"))
        if options.pass_only:
            return _nocall(slot, notes)
    own = slot.words
    strange = sorted(set(placed.words) - set(own))
    if strange:
        message = f"{', '.join(strange)} at {slot.locus.chromosome}:{slot.locus.position} is not in the definition"
        notes.append(Notice("UNDOCUMENTED_VARIANT", message))
    words, phase = placed.words, placed.phase
    if slot.locus.chromosome == "chrM" and len(set(words)) == 1:
        words = words[:1]  # callers write chrM with one allele or with two
    if len(words) == 2 and words[0] == words[1]:
        phase = None
    if phase is None and len(words) == 2:
        words = in_order(words, own)
    qualities = [one.call.quality for one in used if one.call.quality is not None]
    return Genotype(
        locus=slot.locus,
        alleles=words,
        phase_set=phase,
        state=State.CALLED,
        quality=min(qualities, default=None),
        filtered=bool(filters),
        fractions=_fractions(used),
        notices=tuple(notes),
        doubts=doubts,
    )


def _doubts(used: Sequence[Observation], changes: tuple[str | None, ...]) -> Iterator[Notice | None]:
    """Why the records of a genotype that lists a variant do not make it certain.

    Of an ALT that has a record of its own, the reads and likelihoods count the other ALT for REF, or not at all.
    """
    yield from (one.call.weak for one in used)
    apart = len({one.plan.changes for one in used}) > 1
    if not apart:
        yield from (one.call.against for one in used)
    elif _unread(used, changes):
        yield Notice("WEAK_EVIDENCE", "an allele of the genotype has not one read; it was used, and is not certain")


def _not_excluded(found: Sequence[Observation], changes: tuple[str | None, ...]) -> Iterator[Notice | None]:
    """Why an ALT with a record of its own may lie on the haplotype that is left, although that record says it does not.

    What another record excludes with support is excluded.
    """
    if None not in changes:
        return
    told = {change for one in found if one.call.doubt is None for change in one.plan.changes}
    for one in found:
        if not any(one.haplotypes) and not told.issuperset(one.plan.changes):
            yield one.call.doubt


def _fractions(used: Sequence[Observation]) -> tuple[tuple[str, float], ...]:
    """The share of the reads of every variant that is written out in bases."""
    shares = {
        (one.plan.words[index], share)
        for one in used
        for index, share in one.call.fractions
        if index < len(one.plan.words) and one.plan.words[index] not in NOT_BASES
    }
    return tuple(sorted(shares))
