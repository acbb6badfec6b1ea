"""What an ALT does to the reference, independent of how the record writes it.

Trimming leaves the smallest change; an indel in a repeat is compared with a site's own through the repeat, not through
a reference sequence, which is not there at run time.
Source: Tan et al. 2015, unified representation of genetic variants, PMID 25701572.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["none", "substitution", "deletion", "insertion", "complex"]


class Event(NamedTuple):
    """The smallest change: `ref` at `position` becomes `alt`.

    A deletion has no `alt`; an insertion has no `ref` and stands before `position`.
    """

    position: int
    ref: str
    alt: str

    @property
    def kind(self) -> Kind:
        """What sort of change it is."""
        if len(self.ref) == len(self.alt):
            return "substitution" if self.ref else "none"
        if not self.alt:
            return "deletion"
        return "insertion" if not self.ref else "complex"

    @property
    def anchor(self) -> int:
        """The position of the base before the change."""
        return self.position - 1

    @property
    def end(self) -> int:
        """The last reference position that changes (for an insertion: its anchor)."""
        return self.position + len(self.ref) - 1

    @property
    def name(self) -> str:
        """The change as text; it never equals a base or an ALT of a site."""
        if self.kind == "insertion":
            return f"ins{self.alt}"
        return f"del{self.ref}" if self.kind == "deletion" else f"{self.ref}>{self.alt}"


def trim(position: int, ref: str, alt: str) -> Event:
    """The change without the bases that REF and ALT share at their ends; the end is trimmed first.

    >>> trim(233760233, "CAT", "CATAT")  # UGT1A1 *28: one more TA repeat
    Event(position=233760234, ref='', alt='AT')
    """
    end = 0
    while end < min(len(ref), len(alt)) and ref[-1 - end] == alt[-1 - end]:
        end += 1
    ref, alt = ref[: len(ref) - end], alt[: len(alt) - end]
    start = 0
    while start < min(len(ref), len(alt)) and ref[start] == alt[start]:
        start += 1
    return Event(position + start, ref[start:], alt[start:])


def trim_start_first(position: int, ref: str, alt: str) -> Event:
    """The same change as far to the right as the record's own bases allow: what they share at the start goes first.

    >>> trim_start_first(99672916, "T", "TACGT")  # anchored at CYP3A5*3, as the record has it
    Event(position=99672917, ref='', alt='ACGT')
    >>> trim(99672916, "T", "TACGT")  # the same insertion, anchored before it
    Event(position=99672916, ref='', alt='TACG')
    """
    start = 0
    while start < min(len(ref), len(alt)) and ref[start] == alt[start]:
        start += 1
    return trim(position + start, ref[start:], alt[start:])


#: bases as the other strand reads them, one by one
COMPLEMENT: Final = str.maketrans("ACGT", "TGCA")


def rotate(unit: str, steps: int) -> str:
    """`unit` read from `steps` bases further on, going round.

    >>> rotate("GGAGTC", 1)  # the NUDT15 repeat, one base to the right
    'GAGTCG'
    """
    steps %= len(unit)
    return unit[steps:] + unit[:steps]


def is_same_indel(event: Event, known: Event, last: int) -> bool:
    """Whether `event` writes the same allele as `known`, which can be shifted right up to position `last`.

    Both must change the length equally and, within `known.anchor..last`, insert or delete a rotation of one unit.

    >>> is_same_indel(Event(233760249, "", "AT"), Event(233760234, "", "AT"), 233760248)  # *28 written at its 3' end
    False
    >>> is_same_indel(Event(233760249, "", "TA"), Event(233760234, "", "AT"), 233760248)
    True
    """
    if event.kind != known.kind or (len(event.ref), len(event.alt)) != (len(known.ref), len(known.alt)):
        return False
    if not known.anchor <= event.anchor <= last or event.end > last:
        return False
    steps = event.anchor - known.anchor
    if event.kind == "deletion":
        return event.ref == rotate(known.ref, steps)
    return event.kind == "insertion" and event.alt == rotate(known.alt, steps)
