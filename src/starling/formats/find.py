"""The lines of a sorted BGZF file that touch regions, with or without an index.

`starling.formats.seek` says what is promised, and for which files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, TypeVar

from starling.formats.bgzf import BlockFile
from starling.formats.header import Header
from starling.formats.lines import Piece, pieces
from starling.formats.record import LARGEST_POSITION, parse_position, touches
from starling.formats.regions import Intervals, merge
from starling.formats.seek import DisorderError, Key, Seeker
from starling.formats.tabix import BadIndexError, Index

_WHOLE_CHROMOSOME_UP_TO_BYTES: Final = 2**20
_REACH: Final = 10_000
_REACH_STRUCTURAL: Final = 1_000_000
#: Text searched for reference blocks before the reach; a block is the last one before the region it covers.
_TEXT_BEFORE: Final = 65_536
_TEXT_BEFORE_PER_SAMPLE: Final = 256
_END: Final = re.compile(rb"END=(\d{1,10})")
#: INFO/SVLEN, or FORMAT/LEN.
_LENGTH: Final = re.compile(rb"LEN[=:\t]")
Answer = TypeVar("Answer")
Place = tuple[int, int]
_BLOCKS_COUNTED: Final = 16


class Finder:
    """Finds lines by region.  `reader` and `notes` say how, and change when an index turns out to be unusable."""

    def __init__(self, blocks: BlockFile, header: Header, first: tuple[int, int], index: Index | None) -> None:
        """Raises: DisorderError, InputError."""
        self.seeker = Seeker(blocks, first, tuple(header.contigs))
        self.notes: list[str] = []
        self._blocks = blocks
        self._first = first[0]
        self._index = index
        self._places: set[Place] = set()
        self._header = header
        seeker = self.seeker
        # A genotyped file keeps the ##ALT=<ID=NON_REF> of its gVCF, so only records say that there are blocks.
        spans = header.declares_structural or seeker.spans_seen or seeker.blocks_seen or seeker.structural_seen
        self._before = max(_TEXT_BEFORE, _TEXT_BEFORE_PER_SAMPLE * len(header.samples)) if spans else 0

    @property
    def reader(self) -> Literal["bisect", "index"]:
        """Whether the index is used."""
        return "bisect" if self._index is None else "index"

    def lines(self, wanted: Mapping[bytes, Intervals]) -> Iterator[bytes]:
        """Every line that touches a wanted interval, once, in file order, as far as `seek` promises.

        Raises: DisorderError (then the lines so far are right, but not all), InputError.
        """
        self._places.clear()
        for name in self._present(wanted):
            for start, end in merge(zip(wanted[name].starts, wanted[name].ends, strict=True), gap=self._reach()):
                yield from self._group(name, wanted[name], start, end)

    def has_record_near(self, name: bytes, start: int, end: int) -> bool:
        """Whether a record begins in `start..end`.  Raises: DisorderError, InputError."""
        rank = self.seeker.rank(name)
        if rank is None:
            return False
        key = self._first_at((rank, start))
        return key is not None and key <= (rank, end)

    def count(self) -> int:
        """How many records there are: as the index says, counted in a small file, else estimated from 16 blocks.

        The estimate is rounded down to two digits.  Raises: InputError FILE_DAMAGED.
        """
        stated = self._ask(Index.records)
        if stated is not None:
            return stated
        if self._blocks.size <= _WHOLE_CHROMOSOME_UP_TO_BYTES:
            return self._count_all()
        total = self._blocks.size - self._first
        step = total // _BLOCKS_COUNTED
        places = (self._first + step * number + step // 2 for number in range(_BLOCKS_COUNTED))
        found = (self._blocks.first_from(place, self._blocks.size) for place in places)
        blocks = {block for block in found if block >= 0}
        lines = sum(self._blocks.text(block).count(b"\n") for block in blocks)
        estimate = lines * total // max(sum(self._blocks.after(block) - block for block in blocks), 1)
        digits = int("1" + "0" * max(len(str(estimate)) - 2, 0))
        return estimate // digits * digits

    def _count_all(self) -> int:
        lines = (line for piece in self.seeker.pieces(self._first) for line in piece.text.split(b"\n"))
        return sum(1 for line in lines if line.strip() and not line.startswith(b"#"))

    def _reach(self) -> int:
        """How far before a region every line is looked at, see `seek`; an index that is dropped makes it longer."""
        if self._blocks.size <= _WHOLE_CHROMOSOME_UP_TO_BYTES:
            return LARGEST_POSITION
        structural = self._header.declares_structural or self.seeker.structural_seen
        return _REACH_STRUCTURAL if structural and self._index is None else _REACH

    def _present(self, wanted: Mapping[bytes, Intervals]) -> list[bytes]:
        """The wanted contigs that the file has, in its order; the absence of one is made sure of."""
        if not self.seeker.explored and not all(self._has(name) for name in wanted):
            self.seeker.learn_order()
        ranks = {name: rank for name in wanted if (rank := self.seeker.rank(name)) is not None}
        present = sorted(ranks, key=ranks.__getitem__)
        if self._index is not None and not set(present) <= set(self._index.names):
            self._drop_index("it does not know every chromosome of the file")
        return present

    def _has(self, name: bytes) -> bool:
        rank = self.seeker.rank(name)
        key = None if rank is None else self._first_at((rank, 0))
        return key is not None and key[0] == rank

    def _first_at(self, target: Key) -> Key | None:
        """The key of the first record at or after `target`; None when there is none."""
        for piece in self.seeker.pieces(self.seeker.seek(target)):
            at = self.seeker.find(piece.text, target)
            if at < len(piece.text):
                return self.seeker.key_at(piece.text, at)
        return None

    def _group(self, name: bytes, intervals: Intervals, start: int, end: int) -> Iterator[bytes]:
        """The lines that touch intervals in `start..end`, which lie closer to one another than the reach."""
        rank = self.seeker.rank(name) or 0
        low = (rank, max(0, start - self._reach()))
        begin = self.seeker.seek(low, self._hint(name, low[1]))
        begin = self.seeker.back(begin, self._before)
        yield from self._new(self._far(name, intervals, start, begin))
        walk = _Walk(self.seeker, name, intervals, (low, (rank, start), (rank, end + 1)), whole=begin == self._first)
        for piece in self.seeker.pieces(begin):
            yield from self._new(walk.take(piece, spanning=self._before > 0))
            if walk.over:
                return

    def _new(self, found: Iterable[tuple[Place, bytes]]) -> Iterator[bytes]:
        """Those of the lines that were not given before."""
        for place, line in found:
            if place not in self._places:
                self._places.add(place)
                yield line.rstrip(b"\r")

    def _far(self, name: bytes, intervals: Intervals, start: int, begin: int) -> Iterator[tuple[Place, bytes]]:
        """Lines before the block `begin` that touch an interval from `start` on; so, as the index knows, `start`."""
        if begin == self._first:
            return
        for offset, end in self._ask(lambda index: index.chunks(name, start, start)) or ():
            block, at = offset >> 16, offset & 0xFFFF
            stop = min((end >> 16, end & 0xFFFF), (begin, 1))
            if (block, at) >= stop:
                return
            if not self._blocks.is_block(block) or at > self._blocks.text_size(block):
                return self._drop_index("it names places where no record begins")
            for place, line in self._lines_from(block, at):
                if place >= stop:
                    break
                if not line.startswith(name + b"\t"):
                    return self._drop_index("it names places where other records are")
                position = parse_position(line.split(b"\t", 2)[1], self._blocks.name, None)
                if touches(intervals, position, line):
                    yield place, line

    def _lines_from(self, block: int, at: int) -> Iterator[tuple[Place, bytes]]:
        for piece in pieces(self._blocks, block, at):
            begin = 0
            while begin < len(piece.text):
                end = piece.text.find(b"\n", begin)
                yield piece.where(begin), piece.text[begin:end]
                begin = end + 1

    def _hint(self, name: bytes, position: int) -> int | None:
        offset = self._ask(lambda index: index.start(name, position))
        if offset is None:
            return None
        if not self._blocks.is_block(offset >> 16):
            self._drop_index("it names places where no block begins")
            return None
        return offset >> 16

    def _ask(self, question: Callable[[Index], Answer]) -> Answer | None:
        """What the index answers; None without a usable one."""
        if self._index is None:
            return None
        try:
            return question(self._index)
        except (BadIndexError, IndexError) as error:
            self._drop_index(str(error))
            return None

    def _drop_index(self, why: str) -> None:
        self._index = None
        self.notes.append(f"the index beside the file was not used: {why}")


class _Walk:
    """The lines of one group of intervals, taken from pieces that follow one another; `over` when all are found."""

    def __init__(
        self, seeker: Seeker, name: bytes, intervals: Intervals, keys: tuple[Key, Key, Key], *, whole: bool
    ) -> None:
        """`keys`: the first looked at, that of the first interval, the first beyond; `whole`: nothing lies before."""
        self.over = False
        self._seeker = seeker
        self._name = name
        self._intervals = intervals
        self._low, self._start, self._beyond = keys
        self._certified = whole
        self._previous = self._low[1]

    def take(self, piece: Piece, *, spanning: bool) -> list[tuple[Place, bytes]]:
        """(place, line) of the lines in this piece that touch an interval.  Raises: DisorderError, InputError."""
        begin = self._seeker.find(piece.text, self._low)
        end = self._seeker.find(piece.text, self._beyond)
        if begin > 0:
            self._certified = True
        elif not self._certified and piece.text:
            raise DisorderError("records are not where their neighbours say")
        found = self._spanning(piece, begin) if spanning and begin else []
        found += self._near(piece, begin, end)
        self.over = end < len(piece.text)
        return found

    def _near(self, piece: Piece, begin: int, end: int) -> list[tuple[Place, bytes]]:
        """Of the lines from `begin` to `end`, each of which is looked at, those that touch."""
        found: list[tuple[Place, bytes]] = []
        at = begin
        for line in piece.text[begin:end].split(b"\n"):
            if line[:1] not in (b"", b"#", b"\r"):
                name, digits = line.split(b"\t", 2)[:2]
                position = parse_position(digits, self._seeker.blocks.name, None)
                if position < self._previous or name != self._name:
                    raise DisorderError("records are not sorted by position")
                self._previous = position
                if touches(self._intervals, position, line):
                    found.append((piece.where(at), line))
            at += len(line) + 1
        return found

    def _spanning(self, piece: Piece, end: int) -> list[tuple[Place, bytes]]:
        """Of the lines before `end`, those whose stated span touches: reference blocks, structural variants."""
        text, reached = piece.text, self._start[1]
        places: list[int] = []
        if any(int(digits) >= reached for digits in _END.findall(text, 0, end)):
            places = [match.start() for match in _END.finditer(text, 0, end) if int(match[1]) >= reached]
        if text.find(b"LEN", 0, end) >= 0:
            places += [match.start() for match in _LENGTH.finditer(text, 0, end)]
        starts = {text.rfind(b"\n", 0, place) + 1 for place in places}
        found: list[tuple[Place, bytes]] = []
        for at in sorted(starts):
            line = text[at : text.find(b"\n", at)]
            if line.startswith(self._name + b"\t"):
                position = parse_position(line.split(b"\t", 2)[1], self._seeker.blocks.name, None)
                if touches(self._intervals, position, line):
                    found.append((piece.where(at), line))
        return found
