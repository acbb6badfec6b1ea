"""One record -> what each of its alleles means at each slot: worked out once, whatever the number of samples."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from starling.formats.record import Record
from starling.genotyping.effects import (
    ANY_OTHER,
    INTERRUPTED,
    NOT_BASES,
    Effect,
    base_at,
    effect_of,
    is_documented,
    is_strange_at,
    is_structural,
    word_at,
)
from starling.source.sites import BaseSlot, ChromosomeSites, IndelSlot
from starling.values import dataclass


class Speaks(Enum):
    """How a record speaks of a slot.

    STATES: it lists alleles there.  BLOCK: it says that there is no variant.  COVERS: it accounts for a part of an
    indel's stretch.  LISTED: it is the anchor base of an insertion site, without an ALT, which states the site unless
    the file has blocks.  SPANS: its REF runs over the base, which says nothing of it, and only counts against a block.
    REMOVES: it matters only when GT selects an allele without a base there.  MISMATCH: its REF contradicts the build.
    """

    STATES = 1
    BLOCK = 2
    COVERS = 3
    LISTED = 4
    SPANS = 5
    REMOVES = 6
    MISMATCH = 7


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """One slot.  `words`: what REF and each ALT put there; `changes`: which change does it (None: leaves REF).

    `start..end`: the part of an indel's stretch, or of the reference, of which the record speaks.  `strange`: per
    allele, the insertion or deletion at a single base that no definition names (empty: none of them is).  `beside`: no
    ALT is one of the site's, nor any other allele: that none is called there says nothing of those of the site.
    """

    slot: int
    speaks: Speaks
    words: tuple[str, ...]
    changes: tuple[str | None, ...]
    start: int
    end: int
    strange: tuple[str | None, ...] = ()
    beside: bool = False


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """All slots of one record.  `links`: per allele, a name when it changes several bases at once, on one haplotype.

    `resizes`: some ALT changes the length: of what lies behind POS reference only says that this did not happen.
    """

    slots: tuple[SlotPlan, ...]
    links: tuple[str | None, ...]
    resizes: bool = False


def plan_record(record: Record, sites: ChromosomeSites) -> RecordPlan | None:
    """What the record means at the slots it touches; None when it touches none."""
    if _contradicts(record, sites):
        return _mismatch(record, sites)
    if not record.alts or ANY_OTHER.issuperset(record.alts):
        slots = _block(record, sites)
        return RecordPlan(slots, (None,) * (1 + len(record.alts))) if slots else None
    effects = [effect_of(alt, record, sites) for alt in record.alts]
    bases = _base_plans(record, effects, sites)
    slots = (*bases, *_indel_plans(record, effects, sites))
    resizes = any(effect.substitution is None and effect.name not in ANY_OTHER for effect in effects)
    return RecordPlan(slots, _links(effects, bases, sites.name), resizes) if slots else None


def quick_plan(slot: BaseSlot, alts: tuple[str, ...]) -> RecordPlan:
    """The plan of a record that lists single bases at a single base of known reference."""
    words = (slot.reference or slot.words[0], *alts)
    plan = SlotPlan(slot.number, Speaks.STATES, words, (None, *alts), slot.position, slot.position)
    return RecordPlan((plan,), (None,) * len(words))


def _text_end(record: Record) -> int:
    return record.position + len(record.ref) - 1


def _contradicts(record: Record, sites: ChromosomeSites) -> bool:
    """Whether REF differs from what is known of the reference of the file's build.

    Structural variants are often written with N for REF.
    """
    if record.alts and all(is_structural(alt) for alt in record.alts):
        return False
    start, end, ref = record.position, _text_end(record), record.ref
    for base in sites.bases_between(start, end):
        if not base.accepts_reference(ref[base.position - start]):
            return True
    for indel in sites.indels_touching(start, end):
        low, high = max(start, indel.position), min(end, indel.stated_end)
        known = indel.reference[low - indel.position : high - indel.position + 1]
        if low <= high and ref[low - start : high - start + 1] != known:
            return True
    return False


def _mismatch(record: Record, sites: ChromosomeSites) -> RecordPlan | None:
    end = max(record.end, _text_end(record))
    touched: list[BaseSlot | IndelSlot] = [
        *sites.bases_between(record.position, end),
        *sites.indels_touching(record.position, end),
    ]
    none = (None,) * (1 + len(record.alts))
    slots = tuple(
        SlotPlan(slot.number, Speaks.MISMATCH, (INTERRUPTED,) * len(none), none, record.position, end)
        for slot in touched
    )
    return RecordPlan(slots, none) if slots else None


# --- records without an ALT of their own ------------------------------------------------------------------------------


def _block(record: Record, sites: ChromosomeSites) -> tuple[SlotPlan, ...]:
    """A reference block, a single reference base, or a listed site that varies in nobody."""
    start, end = record.position, max(record.end, _text_end(record))
    none = (None,) * (1 + len(record.alts))
    signs = ("?",) * len(record.alts)
    listed = len(record.ref) > 1 and end == _text_end(record)
    plans = []
    for base in sites.bases_between(start, end):
        reference = base.reference
        if reference is None and end == _text_end(record):
            reference = record.ref[base.position - start]
        if reference is not None and not (listed and base.site is not None):
            plans.append(SlotPlan(base.number, Speaks.BLOCK, (reference, *signs), none, start, end))
    for indel in sites.indels_touching(start, end):
        own = not record.alts and start == indel.position and record.ref == indel.reference
        alone = Speaks.STATES if listed else Speaks.LISTED
        speaks = alone if own and end == _text_end(record) else Speaks.COVERS
        plans.append(SlotPlan(indel.number, speaks, (indel.reference, *signs), none, start, end))
    return tuple(plans)


# --- records that list alleles ----------------------------------------------------------------------------------------


def _base_plans(record: Record, effects: Sequence[Effect], sites: ChromosomeSites) -> tuple[SlotPlan, ...]:
    """Bases between the first and the last one that some ALT substitutes are stated; others only when removed.

    `<NON_REF>` and its kin stand for any other allele at POS, whose base is stated with them.
    """
    substitutions = [event for effect in effects if (event := effect.substitution) is not None]
    stated = range(
        min((event.position for event in substitutions), default=0),
        max((event.end for event in substitutions), default=-1) + 1,
    )
    any_other = not ANY_OTHER.isdisjoint(record.alts)
    spans = [span for effect in effects for span in (effect.removed, effect.unknown) if span is not None]
    first = min([record.position, *(start for start, _ in spans)])
    reached = (effect.furthest.end + 1 for effect in effects if effect.furthest is not None)
    last = max([_text_end(record), *(end for _, end in spans), *reached])
    plans = []
    for slot in sites.bases_between(first, last):
        listed = slot.position in stated or (any_other and slot.position == record.position)
        plan = _base_plan(record, effects, slot, sites, stated=listed)
        if plan is not None:
            plans.append(plan)
    return tuple(plans)


def _base_plan(
    record: Record, effects: Sequence[Effect], slot: BaseSlot, sites: ChromosomeSites, *, stated: bool
) -> SlotPlan | None:
    offset = slot.position - record.position
    spanned = 0 <= offset < len(record.ref)
    reference = record.ref[offset] if spanned else slot.reference or slot.words[0]
    found = [base_at(effect, slot, sites.ignored) for effect in effects]
    strange = tuple(effect.name if is_strange_at(effect, slot) else None for effect in effects)
    if not stated and not spanned and not any(found) and not any(strange):
        return None
    words = (reference, *(word or reference for word in found))
    changes = (None, *(effect.name if word else None for effect, word in zip(effects, found, strict=True)))
    speaks = Speaks.STATES if stated else Speaks.REMOVES if any(found) and not spanned else Speaks.SPANS
    names = (None, *strange) if any(strange) else ()
    return SlotPlan(slot.number, speaks, words, changes, record.position, _text_end(record), names)


def _indel_plans(record: Record, effects: Sequence[Effect], sites: ChromosomeSites) -> tuple[SlotPlan, ...]:
    spans = [span for effect in effects for span in (effect.removed, effect.unknown) if span is not None]
    first = min([record.position - 1, *(start for start, _ in spans)])
    last = max([_text_end(record), *(end for _, end in spans)])
    return tuple(_indel_plan(record, effects, slot, sites) for slot in sites.indels_touching(first, last))


def _indel_plan(record: Record, effects: Sequence[Effect], slot: IndelSlot, sites: ChromosomeSites) -> SlotPlan:
    found = [word_at(effect, slot) for effect in effects]
    start, end = record.position, _text_end(record)
    spelt_out = start <= slot.position < slot.last <= end and any(effect.substitution for effect in effects)
    named = spelt_out or not set(slot.words).isdisjoint(found)
    if named or any(word is not None and word not in NOT_BASES for word in found):
        speaks = Speaks.STATES
        words = (slot.reference, *(word or slot.reference for word in found))
    else:
        speaks = Speaks.COVERS
        others = (
            word or (slot.reference if is_documented(effect, sites) else INTERRUPTED)
            for effect, word in zip(effects, found, strict=True)
        )
        words = (slot.reference, *others)
    changes = (None, *(effect.name if word else None for effect, word in zip(effects, found, strict=True)))
    any_other = start == slot.position and not ANY_OTHER.isdisjoint(record.alts)
    return SlotPlan(slot.number, speaks, words, changes, start, end, beside=not (named or any_other))


def _links(effects: Sequence[Effect], bases: Sequence[SlotPlan], chromosome: str) -> tuple[str | None, ...]:
    """A name for every ALT that substitutes several bases of interest: they lie on one haplotype whatever GT says."""
    links: list[str | None] = [None]
    for index, effect in enumerate(effects, 1):
        changed = sum(plan.changes[index] is not None and plan.words[index] not in NOT_BASES for plan in bases)
        links.append(f"{chromosome}:mnp:{effect.name}" if changed > 1 else None)
    return tuple(links)
