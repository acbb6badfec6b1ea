"""One pass over all lines of a file in any order: the records that touch the regions, and a count of all.

Most chunks hold nothing wanted.  A chunk whose lines are sorted on one chromosome (proved on the bytes, not assumed)
is searched by bisection; any other is read line by line.  Both find every record, however long its span is.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from starling.errors import InputError
from starling.formats.record import may_span, parse_position, span_end, touches
from starling.formats.regions import Intervals
from starling.values import dataclass

#: The FORMAT keys that name phase sets, of a genotype and of each of its alleles (VCF v4.4, section 1.6.2).
_PHASE_SETS: Final = frozenset({b"PS", b"PSL"})
_NOTHING: Final = Intervals(())
_DIGITS_AND_TAB: Final = b"0123456789\t"
#: Of a proved run about one position in so many bases is remembered: whether a gene has neighbours takes no more.
_REMEMBERED_BASES: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines proved to be sorted on one chromosome, with POS of one width: then bytes sort as numbers do."""

    name: bytes
    prefixes: list[bytes]

    def position(self, index: int) -> int:
        return int(self.prefixes[index][len(self.name) + 1 : -1])

    def key(self, position: int) -> bytes:
        """The prefix that a line at `position` would have; positions of another width become the nearest end."""
        width = len(self.prefixes[0]) - len(self.name) - 2
        digits = b"%d" % max(position, 0)
        if len(digits) != width:
            digits = digits.zfill(width) if len(digits) < width else b"9" * width
        return self.name + b"\t" + digits + b"\t"


class Scan:
    """The state of one pass.  `records`, `has_blocks` and `has_record_near` are final when `lines` is exhausted."""

    def __init__(self, wanted: Mapping[bytes, Intervals], source: str, line_number: int) -> None:
        self.records = 0
        self.has_blocks = False
        self._wanted = wanted
        self._source = source
        self._number = line_number
        self._positions: dict[bytes, array[int]] = {}
        self._phased: dict[bytes, set[int]] = {}

    def lines(self, chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
        """(line number, line without its line end) of every record that touches a wanted interval, in file order.

        Raises: InputError BAD_RECORD or NOT_TEXT.
        """
        for chunk in chunks:
            self._refuse_nul(chunk)
            lines = chunk.split(b"\n")
            lines.pop()
            if not self.has_blocks and b"<" in chunk:
                self.has_blocks = b"<NON_REF>" in chunk or b"<*>" in chunk
            if b"PS" in chunk:
                self._note_phase_sets(lines)
            run = _proved_run(lines)
            if run is None or may_span(chunk):
                yield from self._each(lines)
            else:
                yield from self._from_run(run, lines)
            self._number += len(lines)

    def has_record_near(self, chromosome: bytes, start: int, end: int) -> bool:
        """Whether a remembered record begins in `start..end`."""
        return any(start <= position <= end for position in self._positions.get(chromosome, ()))

    def phase_set_users(self, chromosome: bytes) -> frozenset[int]:
        """The sample columns that name a phase set (PS of a `|` genotype) on some record of the chromosome."""
        return frozenset(self._phased.get(chromosome, ()))

    def _note_phase_sets(self, lines: list[bytes]) -> None:
        for line in lines:
            if b"PS" not in line:
                continue
            fields = line.split(b"\t")
            keys = fields[8].split(b":") if len(fields) > 9 else []
            users = self._phased.setdefault(fields[0], set())
            for key in _PHASE_SETS.intersection(keys) if len(users) < len(fields) - 9 else ():
                at = keys.index(key)
                users.update(column for column, text in enumerate(fields[9:]) if _names_set(text.split(b":"), at))

    def _refuse_nul(self, chunk: bytes) -> None:
        at = chunk.find(b"\0")
        if at >= 0:
            line = self._number + 1 + chunk.count(b"\n", 0, at)
            raise InputError("NOT_TEXT", "a NUL byte in a record", source=self._source, line=line)

    def _from_run(self, run: _Run, lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
        self.records += len(lines)
        first, last = run.position(0), run.position(-1)
        remembered = self._positions.setdefault(run.name, array("q"))
        step = max(1, len(lines) // ((last - first) // _REMEMBERED_BASES + 1))
        remembered.extend(run.position(index) for index in range(0, len(lines), step))
        remembered.append(last)
        intervals = self._wanted.get(run.name, _NOTHING)
        at = bisect_left(intervals.ends, first)
        if at == len(intervals.ends):
            return
        longest = max(map(len, lines))
        done = 0
        while at < len(intervals.starts) and intervals.starts[at] <= last + longest:
            low = max(done, bisect_left(run.prefixes, run.key(intervals.starts[at] - longest)))
            done = max(low, bisect_right(run.prefixes, run.key(intervals.ends[at])))
            for index in range(low, done):
                position = run.position(index)
                if intervals.overlaps(position, span_end(position, lines[index])):
                    yield self._number + 1 + index, lines[index].rstrip(b"\r")
            at += 1

    def _each(self, lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
        name: bytes | None = None
        intervals, remembered = _NOTHING, array("q")
        for index, line in enumerate(lines):
            tab = line.find(b"\t")
            if tab <= 0:
                self._refuse_unless_empty(line, index)
                continue
            if line[:tab] != name:
                if line.startswith(b"#"):
                    continue
                name = line[:tab]
                intervals = self._wanted.get(name, _NOTHING)
                remembered = self._positions.setdefault(name, array("q"))
            digits = line[tab + 1 : line.find(b"\t", tab + 1)]
            short = len(digits) < 10 and digits.isdigit()
            position = int(digits) if short else parse_position(digits, self._source, self._number + 1 + index)
            self.records += 1
            remembered.append(position)
            if touches(intervals, position, line):
                yield self._number + 1 + index, line.rstrip(b"\r")

    def _refuse_unless_empty(self, line: bytes, index: int) -> None:
        if line.rstrip(b"\r") and not line.startswith(b"#"):
            message = "a record needs columns separated by tabs"
            raise InputError("BAD_RECORD", message, source=self._source, line=self._number + 1 + index)


def _names_set(values: list[bytes], at: int) -> bool:
    return b"|" in values[0] and at < len(values) and bool(values[at].strip().strip(b".,"))


def _proved_run(lines: list[bytes]) -> _Run | None:
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
    return _Run(name[:-1], prefixes)
