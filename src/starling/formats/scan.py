"""One pass over all lines of a file in any order: the records that touch the regions, and a count of all.

Most chunks hold nothing wanted.  A chunk whose lines are sorted on one chromosome (proved on the bytes, not assumed)
is searched by bisection; any other is read line by line.  Both find every record, however long its span is.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.errors import InputError
from starling.formats.order import Run, proved_run
from starling.formats.record import may_span, parse_position, span_end, touches
from starling.formats.regions import Intervals, whatever_case

#: The FORMAT keys that name phase sets, of a genotype and of each of its alleles (VCF v4.4, section 1.6.2).
_PHASE_SETS: Final = frozenset({b"PS", b"PSL"})
_NOTHING: Final = Intervals(())
#: Of a proved run about one position in so many bases is remembered: whether a gene has neighbours takes no more.
_REMEMBERED_BASES: Final = 10_000


class Scan:
    """The state of one pass.  `records`, `has_blocks` and `has_record_near` are final when `lines` is exhausted."""

    def __init__(
        self, wanted: Mapping[bytes, Intervals], source: str, line_number: int, samples: Sequence[str] | None = None
    ) -> None:
        """`samples`: those of the header, which every later header must have, too; None: there is none to compare."""
        self.records = 0
        self.has_blocks = False
        self._wanted = whatever_case(wanted)
        self._samples = None if samples is None else "\t".join(samples).encode()
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
            if not chunk.strip():
                self._number += chunk.count(b"\n")
                continue
            lines = chunk.split(b"\n")
            lines.pop()
            if not self.has_blocks and b"<" in chunk:
                self.has_blocks = b"<NON_REF>" in chunk or b"<*>" in chunk
            if b"PS" in chunk:
                self._note_phase_sets(lines)
            run = proved_run(lines)
            if run is None or may_span(chunk):
                yield from self._each(lines)
            else:
                yield from self._from_run(run, lines)
            self._number += len(lines)

    def has_record_near(self, chromosome: bytes, start: int, end: int) -> bool:
        """Whether a remembered record begins in `start..end`."""
        return any(start <= position <= end for position in self._positions.get(chromosome.lower(), ()))

    def phase_set_users(self, chromosome: bytes) -> frozenset[int]:
        """The sample columns that name a phase set (PS of a `|` genotype) on some record of the chromosome."""
        return frozenset(self._phased.get(chromosome.lower(), ()))

    def _note_phase_sets(self, lines: list[bytes]) -> None:
        for line in lines:
            if b"PS" not in line:
                continue
            fields = line.split(b"\t")
            keys = fields[8].split(b":") if len(fields) > 9 else []
            users = self._phased.setdefault(fields[0].lower(), set())
            for key in _PHASE_SETS.intersection(keys) if len(users) < len(fields) - 9 else ():
                at = keys.index(key)
                users.update(column for column, text in enumerate(fields[9:]) if _names_set(text.split(b":"), at))

    def _refuse_nul(self, chunk: bytes) -> None:
        at = chunk.find(b"\0")
        if at >= 0:
            line = self._number + 1 + chunk.count(b"\n", 0, at)
            raise InputError("NOT_TEXT", "a NUL byte in a record", source=self._source, line=line)

    def _from_run(self, run: Run, lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
        self.records += len(lines)
        first, last = run.position(0), run.position(-1)
        remembered = self._positions.setdefault(run.name.lower(), array("q"))
        step = max(1, len(lines) // ((last - first) // _REMEMBERED_BASES + 1))
        remembered.extend(run.position(index) for index in range(0, len(lines), step))
        remembered.append(last)
        intervals = self._wanted.get(run.name.lower(), _NOTHING)
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
        intervals, remembered, count = _NOTHING, array("q"), 0
        for index, line in enumerate(lines):
            tab = line.find(b"\t")
            if tab <= 0:
                self._refuse_unless_empty(line, index)
                continue
            if line[:tab] != name:
                if line.startswith(b"#"):
                    self._refuse_other_header(line, index)
                    continue
                if not line.strip():
                    continue
                name = line[:tab]
                intervals = self._wanted.get(name.lower(), _NOTHING)
                remembered = self._positions.setdefault(name.lower(), array("q"))
            digits = line[tab + 1 : line.find(b"\t", tab + 1)]
            short = len(digits) < 10 and digits.isdigit()
            position = int(digits) if short else parse_position(digits, self._source, self._number + 1 + index)
            count += 1
            remembered.append(position)
            if touches(intervals, position, line):
                yield self._number + 1 + index, line.rstrip(b"\r") if line.endswith(b"\r") else line
        self.records += count

    def _refuse_other_header(self, line: bytes, index: int) -> None:
        """Files joined end to end bring their headers; those of other people would be taken for the first one's."""
        if self._samples is None or not line.startswith(b"#CHROM\t"):
            return
        if line.rstrip(b"\r\n").split(b"\t", 9)[9:] != [self._samples]:
            message = "a second header names other samples than the first"
            raise InputError("BAD_HEADER", message, source=self._source, line=self._number + 1 + index)

    def _refuse_unless_empty(self, line: bytes, index: int) -> None:
        if line.strip() and not line.startswith(b"#"):
            message = "a record needs columns separated by tabs"
            raise InputError("BAD_RECORD", message, source=self._source, line=self._number + 1 + index)


def _names_set(values: list[bytes], at: int) -> bool:
    return b"|" in values[0] and at < len(values) and bool(values[at].strip().strip(b".,"))
