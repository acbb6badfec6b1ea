"""Whether lines are sorted by position on contigs that are not mixed: every one is looked at, nothing is assumed."""

from __future__ import annotations

from typing import Final

from starling.formats.lines import DisorderError
from starling.formats.record import LARGEST_POSITION
from starling.values import dataclass

_DIGITS_AND_TAB: Final = b"0123456789\t"
#: Runs that are looked for in one text: each ends where the contig changes, or POS has one digit more.
_FEW: Final = 16


@dataclass(frozen=True, slots=True)
class Run:
    """Lines proved to be sorted on one chromosome, with POS of one width: then bytes sort as numbers do."""

    name: bytes
    prefixes: list[bytes]

    def position(self, index: int) -> int:
        """POS of one of the lines."""
        return int(self.prefixes[index][len(self.name) + 1 : -1])

    def key(self, position: int) -> bytes:
        """The prefix that a line at `position` would have; positions of another width become the nearest end."""
        width = len(self.prefixes[0]) - len(self.name) - 2
        digits = b"%d" % max(position, 0)
        if len(digits) != width:
            digits = digits.zfill(width) if len(digits) < width else b"9" * width
        return self.name + b"\t" + digits + b"\t"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines that follow one another on one contig, sorted: where the first and the last of them begin, in bases."""

    name: bytes
    first: int
    last: int


def proved_run(lines: list[bytes]) -> Run | None:
    """The run that the lines are, if they are one; every line is looked at, at the speed of C."""
    if not lines:
        return None
    first, last = lines[0], lines[-1]
    tab = first.find(b"\t")
    width = first.find(b"\t", tab + 1) + 1
    name = first[: tab + 1]
    if tab <= 0 or width < tab + 3 or first[:1] == b"#" or not last.startswith(name):
        return None
    prefixes = [line[:width] for line in lines]
    # Everything between two texts that begin with `name` in byte order begins with `name`.
    if prefixes != sorted(prefixes):
        return None
    joined, count = b"".join(prefixes), len(lines)
    # Exactly two tabs each, the second one last; nothing but digits between them.
    if joined[width - 1 :: width] != b"\t" * count or joined.count(b"\t") != 2 * count:
        return None
    others = len(name.translate(None, _DIGITS_AND_TAB))
    if len(joined) != width * count or len(joined.translate(None, _DIGITS_AND_TAB)) != others * count:
        return None
    return Run(name[:-1], prefixes)


def stretches(text: bytes) -> list[Stretch]:
    """The stretches that whole lines consist of; blank lines count for nothing.

    Raises: DisorderError: positions go back, or there is a line that is no record, which a reading from the beginning
    names.
    """
    if not text.strip():
        return []
    lines = text.split(b"\n")
    lines.pop()
    return _proved(lines) or _looked_at(lines)


def _proved(lines: list[bytes]) -> list[Stretch]:
    """The stretches, when they are a few runs; empty when that is not proved."""
    found: list[Stretch] = []
    while lines and len(found) < _FEW:
        low = _alike(lines)
        run = proved_run(lines[:low])
        if run is None:
            return []
        first, last = run.position(0), run.position(-1)
        if found and found[-1].name == run.name:
            if first < found[-1].last:
                return []
            first = found.pop().first
        found.append(Stretch(run.name, first, last))
        lines = lines[low:]
    return [] if lines else found


def _alike(lines: list[bytes]) -> int:
    """How many lines, if they are sorted, have the contig of the first and a POS as wide; proves nothing."""
    first = lines[0]
    width = first.find(b"\t") + 1
    prefix, second = first[:width], first.find(b"\t", width)
    low, high = 1, len(lines)
    if lines[-1].startswith(prefix) and lines[-1].find(b"\t", width) == second:
        return high
    while low < high:
        middle = (low + high) // 2
        alike = lines[middle].startswith(prefix) and lines[middle].find(b"\t", width) == second
        low, high = (middle + 1, high) if alike else (low, middle)
    return low


def _looked_at(lines: list[bytes]) -> list[Stretch]:
    """The stretches, each line looked at by itself.  Raises: DisorderError."""
    found: list[Stretch] = []
    prefix, width, first, previous = b"", 0, 0, 0
    for line in lines:
        if not (width and line.startswith(prefix)):
            tab = line.find(b"\t")
            if tab <= 0 or line[:1] == b"#":
                if not line.strip():
                    continue
                raise DisorderError("there are lines among the records that are none")
            if width:
                found.append(Stretch(prefix[:-1], first, previous))
            prefix, width, first, previous = line[: tab + 1], tab + 1, -1, 0
        digits = line[width : line.find(b"\t", width)]
        if not digits.isdigit() or len(digits) > 10:
            raise DisorderError("a position cannot be read")
        position = int(digits)
        if position < previous or position > LARGEST_POSITION:
            raise DisorderError("records are not sorted by position")
        first, previous = (position if first < 0 else first), position
    if width:
        found.append(Stretch(prefix[:-1], first, previous))
    return found
