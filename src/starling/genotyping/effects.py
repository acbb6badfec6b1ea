"""What one ALT of a record does at the slots of its chromosome.

Three signs stand for "no base known": `DELETED`, `UNKNOWN` (symbolic, N, a complex change) and, only when reference
blocks are put together over an indel's stretch, `INTERRUPTED`.
Source: VCF v4.5, section 1.6.1.5 (ALT: bases, `*`, symbolic alleles, breakends) and section 5 (structural variants).
"""

from __future__ import annotations

from typing import Final

from starling.formats.record import Record
from starling.source.normalise import Event, trim, trim_start_first
from starling.source.sites import BaseSlot, ChromosomeSites, IndelSlot
from starling.values import dataclass, replace

DELETED: Final = "*"
UNKNOWN: Final = "?"
INTERRUPTED: Final = "~"
NOT_BASES: Final = frozenset({DELETED, UNKNOWN, INTERRUPTED})

#: ALTs that stand for "any other allele" in a gVCF.
ANY_OTHER: Final = frozenset({"<NON_REF>", "<*>", "<X>"})
_REMOVING: Final = ("<DEL", "<CN0>")
#: These add or turn sequence at their ends and leave the bases between them in place.
_AT_ENDS: Final = ("<INS", "<INV")
_BASES: Final = frozenset("ACGT")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Effect:
    """One ALT.  `name`: the same for the same change (of one base: the new base).

    `removed`, `unknown`: first and last position without a base, or with an unknown one.

    `event`: the trimmed change of an ALT that is written out.  `match`: (slot, ALT) of the indel site that it is.
    `breaks`: it does something between POS and the next base that no site describes.  `furthest`: the event as far to
    the right as the record's own bases allow, of a change of length.
    """

    name: str
    event: Event | None = None
    removed: Span | None = None
    unknown: Span | None = None
    match: tuple[int, str] | None = None
    breaks: int | None = None
    furthest: Event | None = None

    @property
    def substitution(self) -> Event | None:
        """The change, when it replaces bases one by one."""
        return self.event if self.event is not None and self.event.kind == "substitution" else None


def effect_of(alt: str, record: Record, sites: ChromosomeSites) -> Effect:
    """What `alt` does; ALTs that are to be read as reference do nothing."""
    position = record.position
    if alt == "*":
        return Effect(alt, removed=(position, position + len(record.ref) - 1))
    if alt in ANY_OTHER:
        return Effect(alt, unknown=(position, record.end))
    if alt.startswith(_REMOVING):
        return Effect(f"{position}{alt}{record.end}", removed=(position + 1, record.end))
    if alt.startswith(_AT_ENDS) or "[" in alt or "]" in alt:
        return Effect(f"{position}{alt}", breaks=position)
    if alt.startswith("<") or not alt.isalpha():
        return Effect(f"{position}{alt}", unknown=(position + 1, record.end))
    event = trim(position, record.ref, alt)
    name = event.alt if len(event.ref) == len(event.alt) == 1 else f"{event.position}{event.ref}>{event.alt}"
    if event.kind == "none" or event in sites.ignored:
        return Effect(name)
    if event.kind == "substitution":
        return Effect(name, event)
    furthest = trim_start_first(position, record.ref, alt)
    if event.kind == "complex" or not _BASES.issuperset(event.alt):
        return Effect(name, event, unknown=(event.position, event.end), furthest=furthest)
    return replace(_indel_effect(name, event, sites), furthest=furthest)


def _indel_effect(name: str, event: Event, sites: ChromosomeSites) -> Effect:
    """A known indel is put at its site's own place, so that every way to write it removes the same bases."""
    match = None
    for slot in sites.indels_touching(event.anchor, event.position):
        found = slot.find(event)
        if found is not None:
            event, word = found
            match, name = (slot.number, word), f"{slot.position}{slot.reference}>{word}"
            break
    removed = (event.position, event.end) if event.kind == "deletion" else None
    return Effect(name, event, removed=removed, match=match)


def base_at(effect: Effect, slot: BaseSlot, ignored: frozenset[Event]) -> str | None:
    """The base, or sign, that the ALT puts at `slot`; None: it leaves the reference."""
    position = slot.position
    if _covers(effect.removed, position):
        return DELETED
    if _covers(effect.unknown, position):
        return UNKNOWN
    event = effect.substitution
    if event is None or not event.position <= position <= event.end:
        return None
    before, after = event.ref[position - event.position], event.alt[position - event.position]
    if before == after or Event(position, before, after) in ignored:
        return None
    return after if after in _BASES else UNKNOWN


def word_at(effect: Effect, slot: IndelSlot) -> str | None:
    """The site's ALT, another change's name, or a sign, that the ALT puts at an indel slot; None: nothing there.

    Another length change anchored in the stretch is not documented; a deletion over the anchor leaves no base.
    """
    if effect.match is not None and effect.match[0] == slot.number:
        return effect.match[1]
    if _covers(effect.removed, slot.position):
        return DELETED
    if effect.match is not None:
        return None
    if effect.name == DELETED:
        return INTERRUPTED if _overlaps(effect.removed, slot) else None
    if effect.event is None:
        touched = _overlaps(effect.removed, slot) or _overlaps(effect.unknown, slot)
        broken = effect.breaks is not None and slot.position <= effect.breaks <= slot.last
        return UNKNOWN if touched or broken else None
    if effect.event.kind == "substitution":
        return None
    inside = slot.position <= effect.event.anchor <= slot.last
    return effect.event.name if inside or _overlaps(effect.unknown, slot) else None


def is_documented(effect: Effect, sites: ChromosomeSites) -> bool:
    """Whether the ALT only makes changes that the definitions name."""
    if effect.match is not None:
        return True
    event = effect.substitution
    if event is None:
        return effect.event is None and (effect.removed, effect.unknown, effect.breaks) == (None, None, None)
    for offset, (before, after) in enumerate(zip(event.ref, event.alt, strict=True)):
        slot = sites.bases.get(event.position + offset)
        if before != after and (slot is None or after not in slot.words):
            return False
    return True


def is_strange_at(effect: Effect, slot: BaseSlot) -> bool:
    """Whether the ALT inserts or deletes, at this base or over it, what no definition names.

    The same change can be written at several places of a repeat: at all that the record and the base itself show.
    """
    event, furthest, position = effect.event, effect.furthest, slot.position
    if effect.breaks == position:
        return True
    if event is None or furthest is None or effect.match is not None:
        return False
    unit = furthest.ref or furthest.alt
    shifts = furthest.kind in {"insertion", "deletion"} and slot.reference == unit[0]
    return event.anchor <= position <= furthest.end + shifts


def is_structural(alt: str) -> bool:
    """Whether the ALT is a symbolic variant or a breakend: no bases, and no "any other allele" either."""
    return alt not in ANY_OTHER and (alt.startswith("<") or "[" in alt or "]" in alt)


def _covers(span: Span | None, position: int) -> bool:
    return span is not None and span[0] <= position <= span[1]


def _overlaps(span: Span | None, slot: IndelSlot) -> bool:
    return span is not None and span[0] <= slot.last and span[1] >= slot.position
