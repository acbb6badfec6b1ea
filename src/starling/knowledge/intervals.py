"""Where a sequence change can be written: from an HGVS description to the last position of the same change.

VCF writes an indel at its 5'-most place, HGVS at its 3'-most; between the two every placement is the same allele.
Source: HGVS nomenclature, 3' rule, https://hgvs-nomenclature.org/stable/recommendations/general/ .
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from starling.values import dataclass

_CHANGE: Final = re.compile(
    r"[gm]\.(?P<start>\d+)(?:_(?P<end>\d+))?"
    r"(?:(?P<ref>[ACGT])>(?P<alt>[ACGT])|(?P<kind>delins|del|dup|ins)(?P<bases>[ACGT]*)"
    r"|(?P<unit>[ACGT]+)\[(?P<copies>\d+)\])"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One HGVS description: `kind` is `>`, `del`, `dup`, `ins`, `delins` or `repeat` (then `bases` is the unit)."""

    kind: str
    start: int
    end: int
    bases: str = ""
    copies: int = 0


def parse_hgvs(text: str) -> tuple[Change, ...]:
    """Every change that `g.1A>C; g.1A>T` lists.

    Raises: ValueError when a part is not one of the forms the tables use.

    >>> parse_hgvs("g.233760235TA[8]")[0].copies  # UGT1A1 *28: eight TA repeats instead of seven
    8
    """
    return tuple(_parse_change(part) for part in text.split("; "))


def last_position(position: int, ref: str, alts: Sequence[str], changes: Sequence[Change]) -> int:
    """The 3'-most reference position at which a change of this site can be written.

    An insertion between n and n+1 ends at n: an indel anchored later inserts elsewhere.
    Raises: ValueError when the repeat counts do not agree with REF and ALTS.

    >>> last_position(233760233, "CAT", ["C", "CATAT"], parse_hgvs("g.233760235TA[6]; g.233760235TA[8]"))
    233760248
    """
    ends = [position + len(ref) - 1]
    shifts = [len(alt) - len(ref) for alt in alts]
    for change in changes:
        if change.kind == "ins":
            ends.append(change.start)
        elif change.kind == "repeat":
            ends.append(change.start + len(change.bases) * reference_copies(changes, shifts) - 1)
        elif change.kind != ">":
            ends.append(change.end)
    return max(ends)


def reference_copies(changes: Sequence[Change], shifts: Sequence[int]) -> int:
    """How often the reference holds the repeated unit, from the length changes that go with the stated copies.

    Raises: ValueError when a stated count is neither the reference's nor that of a listed ALT.
    """
    repeats = [change for change in changes if change.kind == "repeat"]
    unit = len(repeats[0].bases)
    if any(shift % unit for shift in shifts) or any(change.start != repeats[0].start for change in repeats):
        raise ValueError("a length change is not a whole number of repeat units")
    steps = {shift // unit for shift in shifts}
    copies = max(change.copies for change in repeats) - max(steps | ({0} if len(repeats) > len(shifts) else set()))
    if any(change.copies - copies not in steps | {0} for change in repeats):
        raise ValueError("the repeat counts do not agree with REF and ALTS")
    return copies


def disagreement(position: int, ref: str, alts: Sequence[str], changes: Sequence[Change]) -> str | None:
    """Why the descriptions do not describe these alleles; None when they do."""
    try:
        last_position(position, ref, alts, changes)
    except ValueError as error:
        return str(error)
    shifts = {len(alt) - len(ref) for alt in alts}
    substituted = {change.bases for change in changes if change.kind == ">"}
    if substituted and (substituted != set(alts) or any(change.start != position for change in changes)):
        return "the substitutions differ from REF, ALTS and position"
    for change in changes:
        if change.kind in {"del", "dup", "ins"} and _length_change(change) not in shifts:
            return f"no ALT changes the length by {_length_change(change):+d}"
        if change.start < position:
            return "the description begins before the VCF anchor"
    return None


def _length_change(change: Change) -> int:
    if change.kind == "ins":
        return len(change.bases)
    span = change.end - change.start + 1
    return span if change.kind == "dup" else -span


def _parse_change(text: str) -> Change:
    match = _CHANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an HGVS form that the tables use")
    start = int(match["start"])
    end = int(match["end"] or start)
    if match["alt"]:
        return Change(">", start, end, match["alt"])
    if match["unit"]:
        return Change("repeat", start, end, match["unit"], int(match["copies"]))
    return Change(match["kind"], start, end, match["bases"])
