"""The lines of a sorted BGZF file that touch regions, with or without an index.

`starling.formats.seek` says what is promised, and for which files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeVar

from starling.formats.bgzf import BlockFile
from starling.formats.content import OrderName
from starling.formats.fitting import contigs_of, fits_all, is_fresh
from starling.formats.header import Header
from starling.formats.heads import EveryHead, IndexedHeads
from starling.formats.lines import DisorderError, Key, Piece, pieces
from starling.formats.record import LARGEST_POSITION, parse_position, touches
from starling.formats.regions import Intervals, merge
from starling.formats.seek import SMALL, Seeker
from starling.formats.tabix import BadIndexError, Index, read_index

_REACH: Final = 10_000
_REACH_STRUCTURAL: Final = 1_000_000
#: Text searched for reference blocks before the reach; a block is the last one before the region it covers.
_TEXT_BEFORE: Final = 65_536
_TEXT_BEFORE_PER_SAMPLE: Final = 256
_END: Final = re.compile(rb"END=(\d{1,10})")
#: INFO/SVLEN, or FORMAT/LEN.
_LENGTH: Final = re.compile(rb"LEN[=:\t]")
#: A reference block: its only ALT stands for any allele.
_BLOCK: Final = re.compile(rb"\t<(?:NON_REF|\*)>\t")
#: Reading an index takes about 15 ms a megabyte, bisecting a genome instead of asking it less than 10 ms.
_READ_AT_NO_COST_UP_TO_BYTES: Final = 65_536
#: Where deletions longer than the reach are written out, shorter ones are too, and far more of them: looked for in
#: blocks that are inflated anyway.  Callers of small variants from short reads write out a few hundred bases.
_LONG_ALLELE: Final = 1_000
_BASES: Final = b"ACGTNacgtn"
_BLOCKS_SEARCHED: Final = 32
Answer = TypeVar("Answer")
Place = tuple[int, int]
_BLOCKS_COUNTED: Final = 16


class Finder:
    """Finds lines by region.  `reader` and `notes` say how, and change when an index turns out to be unusable."""

    def __init__(
        self, blocks: BlockFile, header: Header, first: tuple[int, int], index: Path | None, *, prove_order: bool
    ) -> None:
        """`index`: the file beside, if there is one; `prove_order`: what it says of the order is not just believed.

        Raises: DisorderError, InputError.
        """
        self.notes: list[str] = []
        self._blocks = blocks
        self._first = first[0]
        self._index: Index | None = None
        self._unread = index
        self._proved_by_index = False
        self._believed: IndexedHeads | None = None
        if not prove_order:
            self._believed = self._believed_heads(first)
        self.seeker = Seeker(blocks, first, self._believed or EveryHead(blocks, first))
        self._places: set[Place] = set()
        self._single = len(header.samples) == 1
        self._declares_structural = header.declares_structural
        seeker = self.seeker
        # A genotyped file keeps the ##ALT=<ID=NON_REF> of its gVCF, so only records say that there are blocks.
        spans = self._is_structural or seeker.spans_seen or seeker.blocks_seen
        self._before = max(_TEXT_BEFORE, _TEXT_BEFORE_PER_SAMPLE * len(header.samples)) if spans else 0
        self._count: int | None = None
        unread = None if seeker.checked_whole else self._unread
        if unread is not None and (prove_order or self._index_helps(unread)):
            self._use_index()

    @property
    def reader(self) -> Literal["bisect", "index"]:
        """Whether the index is used."""
        return "bisect" if self._index is None else "index"

    @property
    def order(self) -> OrderName:
        """What proves that the records are sorted: every line, an index that fits, or the heads of all blocks."""
        return "whole" if self.seeker.checked_whole else "index" if self._proved_by_index else "blocks"

    def lines(self, wanted: Mapping[bytes, Intervals]) -> Iterator[bytes]:
        """Every line that touches a wanted interval, once, in file order, as far as `seek` promises.

        `wanted`: by the lower-case name of the contig.
        Raises: DisorderError (then the lines so far are right, but not all), InputError.
        """
        self._places.clear()
        groups = [
            (name, start, end)
            for name in self._present(wanted)
            for start, end in merge(zip(*wanted[name.lower()].sides, strict=True), gap=self._reach())
        ]
        if self._unread is not None and not self.seeker.checked_whole and self._any_long(groups):
            self._use_index()
        for name, start, end in groups:
            yield from self._group(name, wanted[name.lower()], start, end)

    def has_record_near(self, name: bytes, start: int, end: int) -> bool:
        """Whether a record begins in `start..end`.  Raises: DisorderError, InputError."""
        for own in self.seeker.heads.names:
            rank = self.seeker.rank(own)
            if own.lower() == name.lower() and rank is not None:
                key = self._first_at((rank, start))
                if key is not None and key <= (rank, end):
                    return True
        return False

    def count(self) -> int:
        """How many records there are: as the index says, counted in a small file, else estimated from 16 blocks.

        The estimate is rounded down to two digits.  Raises: InputError FILE_DAMAGED.
        """
        if self._count is None:
            self._count = self._counted()
        return self._count

    def _counted(self) -> int:
        stated = self._ask(Index.records) if self._unread is None else self._stated_records(self._unread)
        if stated is not None:
            return stated
        if self.seeker.checked_whole:
            return self._count_all()
        total = self._blocks.size - self._first
        blocks = self.seeker.heads.sample(_BLOCKS_COUNTED)
        lines = sum(self._blocks.text(block).count(b"\n") for block in blocks)
        estimate = lines * total // max(sum(self._blocks.after(block) - block for block in blocks), 1)
        digits = int("1" + "0" * max(len(str(estimate)) - 2, 0))
        return estimate // digits * digits

    def _stated_records(self, index: Path) -> int | None:
        """How many records an index says there are; None when it does not, or cannot be read."""
        try:
            return read_index(index).records()
        except (BadIndexError, IndexError) as error:
            self._drop_index(str(error))
            self._unread = None
            return None

    def _count_all(self) -> int:
        lines = (line for piece in self.seeker.pieces(self._first) for line in piece.text.split(b"\n"))
        return sum(1 for line in lines if line.strip() and not line.startswith(b"#"))

    def _reach(self) -> int:
        """How far before a region every line is looked at, see `seek`; an index that is dropped makes it longer."""
        if self.seeker.checked_whole:
            return LARGEST_POSITION
        return _REACH_STRUCTURAL if self._is_structural and self._index is None else _REACH

    @property
    def _is_structural(self) -> bool:
        return self._declares_structural or self.seeker.structural_seen

    @property
    def _only_blocks(self) -> bool:
        """Whether long spans are those of reference blocks alone.  Those of several people may overlap (FORMAT/LEN)."""
        return self.seeker.blocks_seen and not self._is_structural and self._single

    def _index_helps(self, index: Path) -> bool:
        """Whether the index is likely to know of a record that bisecting does not find, or costs nothing."""
        if self._only_blocks:
            return False
        return self._before > 0 or index.stat().st_size <= _READ_AT_NO_COST_UP_TO_BYTES

    def _any_long(self, groups: Sequence[tuple[bytes, int, int]]) -> bool:
        """Whether long alleles are written out where the groups begin (in some of these blocks, if there are many)."""
        blocks: set[int] = set()
        for name, start, _ in groups[:: len(groups) // _BLOCKS_SEARCHED + 1]:
            blocks.add(self.seeker.heads.seek((self.seeker.rank(name) or 0, max(0, start - self._reach()))))
        return any(_writes_out_long_alleles(self._blocks.text(block)) for block in blocks)

    def _believed_heads(self, first: tuple[int, int]) -> IndexedHeads | None:
        """The heads as an index knows them that is newer than the file and fits it; None without such an index."""
        path = self._unread
        if path is None or self._blocks.size <= SMALL or not is_fresh(path, self._blocks):
            return None
        self._unread = None
        try:
            index = read_index(path)
            names = contigs_of(index, self._blocks)
        except (BadIndexError, IndexError) as error:
            self._drop_index(str(error))
            return None
        self._index, self._proved_by_index = index, bool(names)
        return IndexedHeads(self._blocks, first, index, names) if names else None

    def _use_index(self) -> None:
        """The index that was not read is, and compared with the file."""
        path, self._unread = self._unread, None
        try:
            self._index = read_index(path) if path is not None else None
        except BadIndexError as error:
            self._drop_index(str(error))
            return
        heads = self.seeker.heads
        if isinstance(heads, EveryHead) and path is not None and is_fresh(path, self._blocks):
            self._proved_by_index = bool(self._ask(lambda index: fits_all(index, self._blocks, heads)))

    def _present(self, wanted: Mapping[bytes, Intervals]) -> list[bytes]:
        """The contigs of the file that are wanted, in its order, whatever the header says, in whatever case."""
        present = [name for name in self.seeker.heads.names if name.lower() in wanted]
        if self._index is not None and not set(present) <= set(self._index.names):
            self._drop_index("it does not know every chromosome of the file")
        return present

    def _first_at(self, target: Key) -> Key | None:
        """The key of the first record at or after `target`; None when there is none."""
        for piece in self.seeker.pieces(self.seeker.heads.seek(target)):
            at = self.seeker.find(piece.text, target)
            if at < len(piece.text):
                return self.seeker.key_at(piece.text, at)
        return None

    def _group(self, name: bytes, intervals: Intervals, start: int, end: int) -> Iterator[bytes]:
        """The lines that touch intervals in `start..end`, which lie closer to one another than the reach."""
        rank = self.seeker.rank(name) or 0
        low = (rank, max(0, start - self._reach()))
        begin = self.seeker.heads.seek(low)
        if not self._begins_a_block(begin, low, (rank, start + 1)):
            begin = self.seeker.heads.back(begin, self._before)
        yield from self._new(self._far(name, intervals, start, begin))
        walk = _Walk(self.seeker, name, intervals, (low, (rank, start), (rank, end + 1)), whole=begin == self._first)
        for piece in self.seeker.pieces(begin):
            yield from self._new(walk.take(piece, spanning=self._before > 0))
            if walk.over:
                return

    def _begins_a_block(self, begin: int, low: Key, beyond: Key) -> bool:
        """Whether a reference block of a file of one person begins at `low` or later and before `beyond`.

        Then none that begins earlier reaches so far: blocks do not overlap.
        """
        if not self._only_blocks:
            return False
        text = next((piece.text for piece in self.seeker.pieces(begin)), b"")
        low_at = self.seeker.find(text, low)
        return _BLOCK.search(text, low_at, self.seeker.find(text, beyond, low_at)) is not None

    def _new(self, found: Iterable[tuple[Place, bytes]]) -> Iterator[bytes]:
        """Those of the lines that were not given before."""
        for place, line in found:
            if place not in self._places:
                self._places.add(place)
                yield line.rstrip(b"\r")

    def _far(self, name: bytes, intervals: Intervals, start: int, begin: int) -> Iterator[tuple[Place, bytes]]:
        """Lines before the block `begin` that touch an interval from `start` on; so, as the index knows, `start`."""
        if begin == self._first or self._only_blocks:
            return
        least = self._ask(lambda index: index.start(name, start))
        if least is not None and least > begin << 16:
            return
        for offset, end in self._ask(lambda index: index.chunks(name, start, start)) or ():
            block, at = offset >> 16, offset & 0xFFFF
            stop = min((end >> 16, end & 0xFFFF), (begin, 1))
            if (block, at) >= stop:
                return
            if not self._blocks.is_block(block) or at > self._blocks.text_size(block):
                return self._drop_index("it names places where no record begins")
            for piece in pieces(self._blocks, block, at):
                if not piece.text.startswith(name + b"\t"):
                    return self._drop_index("it names places where other records are")
                before = piece.index(stop)
                yield from _spanning(piece, before, name, start, intervals, self._blocks.name)
                if before < len(piece.text):
                    break

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
        """Another way is taken; where the heads are those of the index there is none but reading all."""
        self._index = None
        self._proved_by_index = False
        self.notes.append(f"the index beside the file was not used: {why}")
        if self._believed:
            raise DisorderError("the index beside the file does not fit it")


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
        end = self._seeker.find(piece.text, self._beyond, begin)
        if begin > 0:
            self._certified = True
        elif not self._certified and piece.text:
            raise DisorderError("records are not where their neighbours say")
        found: list[tuple[Place, bytes]] = []
        if spanning and begin:
            name, source = self._name, self._seeker.blocks.name
            found = _spanning(piece, begin, name, self._start[1], self._intervals, source)
        found += self._near(piece, begin, end)
        self.over = end < len(piece.text)
        return found

    def _near(self, piece: Piece, begin: int, end: int) -> list[tuple[Place, bytes]]:
        """Of the lines from `begin` to `end`, each of which is looked at, those that touch."""
        found: list[tuple[Place, bytes]] = []
        at, prefix, source = begin, self._name + b"\t", self._seeker.blocks.name
        width, previous, intervals = len(prefix), self._previous, self._intervals
        for line in piece.text[begin:end].split(b"\n"):
            if line.startswith(prefix):
                position = parse_position(line[width : line.find(b"\t", width)], source, None)
                if position < previous:
                    raise DisorderError("records are not sorted by position")
                previous = position
                if touches(intervals, position, line):
                    found.append((piece.where(at), line))
            elif line[:1] not in (b"", b"#", b"\r"):
                raise DisorderError("records are not sorted by position")
            at += len(line) + 1
        self._previous = previous
        return found


def _spanning(
    piece: Piece, end: int, name: bytes, start: int, intervals: Intervals, source: str
) -> list[tuple[Place, bytes]]:
    """Of the lines before `end`, those that touch and reach `start`: reference blocks, structural variants.

    Deletions written out are so long as lines.
    """
    text = piece.text
    places: list[int] = []
    if max(map(int, _END.findall(text, 0, end)), default=0) >= start:
        places = [match.start() for match in _END.finditer(text, 0, end) if int(match[1]) >= start]
    if text.find(b"LEN", 0, end) >= 0:
        places += [match.start() for match in _LENGTH.finditer(text, 0, end)]
    places += _long_lines(text, end)
    found: list[tuple[Place, bytes]] = []
    for at in sorted({text.rfind(b"\n", 0, place) + 1 for place in places}):
        line = text[at : text.find(b"\n", at)]
        if line.startswith(name + b"\t"):
            position = parse_position(line.split(b"\t", 2)[1], source, None)
            if touches(intervals, position, line):
                found.append((piece.where(at), line))
    return found


def _long_lines(text: bytes, end: int) -> list[int]:
    """A place in every line before `end` that is longer than the reach, so that its REF may be, and in some others."""
    half = _REACH // 2
    return [at for at in range(0, end - half, half) if text.find(b"\n", at, at + half) < 0]


def _writes_out_long_alleles(text: bytes) -> bool:
    half = _LONG_ALLELE // 2
    places = (at for at in range(0, len(text) - half, half) if text.find(b"\t", at, at + half) < 0)
    return any(not text[at : at + half].strip(_BASES) for at in places)
