"""Regions asked for, as sorted intervals per chromosome."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Region(NamedTuple):
    """A stretch of one chromosome, named as in the file; 1-based, both ends inclusive."""

    chromosome: str
    start: int
    end: int


class Intervals:
    """Disjoint sorted intervals of one chromosome, 1-based inclusive."""

    __slots__ = ("ends", "starts")

    def __init__(self, pairs: Iterable[tuple[int, int]]) -> None:
        merged = merge(pairs)
        self.starts = [start for start, _ in merged]
        self.ends = [end for _, end in merged]

    @property
    def sides(self) -> tuple[list[int], list[int]]:
        """The starts, and the ends."""
        return self.starts, self.ends

    def next_start(self, position: int) -> int | None:
        """The start of the first interval that ends at or after `position`; None when all lie before it."""
        index = bisect_left(self.ends, position)
        return self.starts[index] if index < len(self.starts) else None

    def overlaps(self, start: int, end: int) -> bool:
        """Whether `start..end` touches an interval."""
        following = self.next_start(start)
        return following is not None and following <= end


def merge(pairs: Iterable[tuple[int, int]], *, gap: int = 0) -> list[tuple[int, int]]:
    """The same positions as sorted intervals, those joined that overlap, touch, or lie at most `gap` apart.

    Empty intervals (end before start) are left out.
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(pairs):
        if end < start:
            continue
        if merged and start <= merged[-1][1] + 1 + gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def by_chromosome(regions: Sequence[Region]) -> dict[bytes, Intervals]:
    """The regions as intervals per chromosome name, as bytes for comparison with undecoded lines."""
    pairs: dict[str, list[tuple[int, int]]] = {}
    for chromosome, start, end in regions:
        pairs.setdefault(chromosome, []).append((start, end))
    made: dict[tuple[tuple[int, int], ...], Intervals] = {}  # a chromosome is asked for under each of its names
    return {name.encode(): _once(tuple(values), made) for name, values in pairs.items()}


def _once(pairs: tuple[tuple[int, int], ...], made: dict[tuple[tuple[int, int], ...], Intervals]) -> Intervals:
    found = made.get(pairs)
    if found is None:
        found = made[pairs] = Intervals(pairs)
    return found


def whatever_case(wanted: Mapping[bytes, Intervals]) -> dict[bytes, Intervals]:
    """The same by lower-case names: what is written `CHR6` somewhere is `chr6`."""
    alike: dict[bytes, list[Intervals]] = {}
    for name, intervals in wanted.items():
        alike.setdefault(name.lower(), []).append(intervals)
    return {name: own[0] if len(own) == 1 else _joined(own) for name, own in alike.items()}


def _joined(several: Iterable[Intervals]) -> Intervals:
    return Intervals(pair for each in several for pair in zip(*each.sides, strict=True))
