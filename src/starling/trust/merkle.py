"""The Merkle tree of RFC 6962: one hash that stands for a whole list, and short proofs about what is in it.

Two proofs matter.  An inclusion proof shows that an entry is in the list that a root stands for; a consistency proof
that a longer list begins with the whole of a shorter one, so that nothing in it was changed.  Pure functions on hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
#: The root of no entries.  Source: RFC 6962, section 2.1.
EMPTY: Final = sha256(b"").digest()

#: (level, index) -> the hash over the 2^level leaves from index * 2^level on; asked only where all of them are there.
Nodes = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry.  Source: RFC 6962, section 2.1; the prefix keeps leaves and nodes apart."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees.  Source: RFC 6962, section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def completed(index: int, leaf: bytes, nodes: Nodes) -> list[bytes]:
    """The subtrees that the leaf at `index` completes, the smallest (the leaf itself) first."""
    found = [leaf]
    while index >> (len(found) - 1) & 1:
        level = len(found) - 1
        found.append(node_hash(nodes(level, (index >> level) - 1), found[-1]))
    return found


def root(size: int, nodes: Nodes) -> bytes:
    """The hash that stands for the first `size` leaves."""
    return _over(0, size, nodes) if size else EMPTY


def prove_inclusion(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """What shows that leaf `index` is among the first `size`, from the leaf up.  Source: RFC 6962, section 2.1.1."""
    assert 0 <= index < size
    return _path(index, 0, size, nodes)


def prove_consistency(old: int, size: int, nodes: Nodes) -> list[bytes]:
    """What shows that the first `size` leaves begin with the first `old`.  Source: RFC 6962, section 2.1.2."""
    assert 0 < old <= size
    return _subproof(old, 0, size, nodes, whole=True)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether the proof leads from the leaf to the root.  Source: RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == expected


def verify_consistency(old: int, size: int, before: bytes, after: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof leads to both roots.  Source: RFC 9162, section 2.1.4.2."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and before == after
    # where `old` is a power of two its root is a subtree, and is the proof's first step
    steps = [before, *proof] if old & (old - 1) == 0 else [*proof]
    if not steps:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == before and second == after


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _over(start: int, count: int, nodes: Nodes) -> bytes:
    """The hash over `count` leaves from `start` on, which lies at the edge of a subtree of at least this size."""
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return nodes(level, start >> level)
    left = _split(count)
    return node_hash(_over(start, left, nodes), _over(start + left, count - left, nodes))


def _path(index: int, start: int, count: int, nodes: Nodes) -> list[bytes]:
    if count == 1:
        return []
    left = _split(count)
    if index < left:
        return [*_path(index, start, left, nodes), _over(start + left, count - left, nodes)]
    return [*_path(index - left, start + left, count - left, nodes), _over(start, left, nodes)]


def _subproof(old: int, start: int, count: int, nodes: Nodes, *, whole: bool) -> list[bytes]:
    """`whole`: the verifier has the hash over these `old` leaves already, as the root of the shorter list."""
    if old == count:
        return [] if whole else [_over(start, count, nodes)]
    left = _split(count)
    if old <= left:
        return [*_subproof(old, start, left, nodes, whole=whole), _over(start + left, count - left, nodes)]
    rest = _subproof(old - left, start + left, count - left, nodes, whole=False)
    return [*rest, _over(start, left, nodes)]


class Frontier:
    """The roots of a list that grows: holds one hash for each bit of its size, and no leaf."""

    __slots__ = ("_stack", "size")

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[bytes] = []

    def add(self, leaf: bytes) -> list[bytes]:
        """One more leaf; gives the subtrees that it completes, as `completed` does."""
        found = [leaf]
        while self.size >> (len(found) - 1) & 1:
            found.append(node_hash(self._stack.pop(), found[-1]))
        self._stack.append(found[-1])
        self.size += 1
        return found

    def root(self) -> bytes:
        """The hash that stands for all leaves so far."""
        if not self._stack:
            return EMPTY
        *rest, found = self._stack
        for left in reversed(rest):
            found = node_hash(left, found)
        return found
