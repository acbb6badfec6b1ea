"""What happened to an audit log: a pure judgement on its rows and on the checkpoints that somebody kept.

Three things hold a row: its own hash, the chain that runs through all rows, and the checkpoints, of which at least one
lies outside the store.  Whoever has the key of the store can write all that lies inside anew; the one outside remains.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, Literal

from starling.errors import TrustError
from starling.trust.merkle import Frontier, leaf_hash
from starling.trust.note import Checkpoint
from starling.values import dataclass

__all__ = ["CHAIN_START", "Kind", "Row", "Seen", "Verdict", "chained", "judge", "number_of"]

Kind = Literal["", "edit", "delete", "reorder", "truncate", "replay", "rewrite", "witness"]
#: before the first event
CHAIN_START: Final = bytes(32)

_SAID: Final[dict[str, str]] = {
    "": "nothing was changed",
    "edit": "this event is not the one that was recorded",
    "delete": "this event was taken out",
    "reorder": "another event stands in the place of this one, which stands elsewhere",
    "truncate": "events from this one on were cut off",
    "replay": "not the store that the second place saw: an older one was put back, or all of it was written anew",
    "rewrite": "this event or a later one, and every hash after it, was written anew",
    "witness": "the checkpoint in the second place is missing, or no key of this log signed it",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One event as it lies in the store: canonical JSON; hashes of the subtrees that it completes, from the leaf up."""

    index: int
    event: bytes
    nodes: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """A signed checkpoint, and whether it lay inside the store."""

    checkpoint: Checkpoint
    inside: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind`: what was done to the log, empty for nothing.  `index`: the first event concerned, None where none is.

    `size`: events that are there.  `seen`: how many of them a checkpoint outside the store vouches for; 0 when there is
    none, and then nobody can say that the end was not cut off.
    """

    kind: Kind
    index: int | None
    size: int
    seen: int

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.kind

    def text(self) -> str:
        """One line for a person."""
        where = "" if self.index is None else f"event {self.index}: "
        if self.kind:
            return f"{self.kind}: {where}{_SAID[self.kind]}; {self.size} events are there"
        outside = (
            f"a checkpoint outside the store vouches for the first {self.seen}"
            if self.seen
            else "no checkpoint from outside the store was compared, so an end that was cut off would not show"
        )
        return f"{_SAID['']}; {self.size} events are there; {outside}"

    def require(self) -> Verdict:
        """The verdict, which is sound.  Raises: TrustError LOG_TAMPERED with the line."""
        if self.kind:
            raise TrustError("LOG_TAMPERED", f"audit log: {self.text()}")
        return self


def chained(before: bytes, leaf: bytes) -> bytes:
    """The chain after one more event."""
    return sha256(before + leaf).digest()


def number_of(event: bytes) -> int | None:
    """The place that an event itself names; None when it names none."""
    try:
        read = json.loads(event)
        named = read["id"] if isinstance(read, dict) else None
        return int(named) if isinstance(named, str) and named.isascii() and named.isdigit() else None
    except (ValueError, KeyError, RecursionError):
        return None


def judge(rows: Iterable[Row], seen: Sequence[Seen], named_elsewhere: Callable[[int], bool]) -> Verdict:
    """What was done to a log whose rows these are, in the order of their places; the first thing that is found.

    `named_elsewhere(index)`: whether any row holds the event that names this place as its own.
    """
    tree, chain = Frontier(), CHAIN_START
    roots = {each.checkpoint.size: b"" for each in seen}
    outside = max((each.checkpoint.size for each in seen if not each.inside), default=0)
    fault: tuple[Kind, int | None] | None = None
    roots |= {0: tree.root()}
    for row in rows:
        leaf = leaf_hash(row.event)
        chain = chained(chain, leaf)
        kind = _fault_of(row, tree.size, chain, tree.add(leaf), named_elsewhere) if fault is None else ""
        if kind:
            fault = (kind, tree.size - 1)
        if tree.size in roots:
            roots[tree.size] = tree.root()
    if fault is None:
        fault = _against(seen, roots, tree.size)
    kind, index = fault if fault is not None else ("", None)
    return Verdict(kind, index, tree.size, outside if not kind else 0)


def _fault_of(
    row: Row, place: int, chain: bytes, nodes: Sequence[bytes], named_elsewhere: Callable[[int], bool]
) -> Kind:
    named = number_of(row.event)
    if row.index == place == named:
        return "" if row.chain == chain and row.nodes == b"".join(nodes) else "edit"
    if named_elsewhere(place):
        return "reorder"
    # a row that was moved up still fits its own hash
    return "delete" if row.index != place or row.nodes.startswith(nodes[0]) else "edit"


def _against(seen: Sequence[Seen], roots: dict[int, bytes], size: int) -> tuple[Kind, int | None] | None:
    """What the checkpoints say of rows that fit each other."""
    wrong = [each for each in seen if not _fits(each, roots, size)]
    if not wrong:
        return None
    inside = any(each.inside for each in wrong)
    first = min(each.checkpoint.size for each in wrong)
    if first > size:
        return ("truncate" if inside else "replay"), size
    # Where all inside fits, it may have been made after the fork and shows nothing of where that was.
    asked = [each for each in seen if inside or not each.inside]
    good = max((each.checkpoint.size for each in asked if each.checkpoint.size < first), default=0)
    return ("rewrite", good) if inside else ("replay", good or None)


def _fits(each: Seen, roots: dict[int, bytes], size: int) -> bool:
    return each.checkpoint.size <= size and roots[each.checkpoint.size] == each.checkpoint.root
