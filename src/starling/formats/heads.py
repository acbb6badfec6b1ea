"""Where the records of a sorted BGZF file stand: the first that begins in each block, read of all blocks or as needed.

`EveryHead` reads the head of every block and so sees any that is not in order.  `IndexedHeads` reads those of the few
blocks that are asked for, beside an index that was made of the file by who refuses what is not sorted
(`starling.formats.fitting`): a genome has twelve thousand blocks, and a report needs fifty.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, Protocol

from starling.formats.bgzf import BlockFile
from starling.formats.lines import DisorderError, Key, line_in, name_and_digits, pieces, record_at
from starling.formats.order import stretches
from starling.formats.record import LARGEST_POSITION, LONGEST_LINE
from starling.formats.tabix import BadIndexError, Index

#: Text in which the rest of a line and the next record's CHROM and POS nearly always stand.
_BEGINNING: Final = 256
#: Bytes looked at of a block with long lines, before all of it.
_PEEKS: Final = (4096, 16_384)
#: What a contig's name cannot begin with, nothing among it.
_NO_NAME: Final = frozenset({b"", b"#", b" ", b"\t", b"\r", b"\n"})
#: Bases: the windows for which an index says where their records begin.
_WINDOW: Final = 1 << 14


class Heads(Protocol):
    """Blocks in which records begin, as far as known.  `names`: the contigs that have records, in file order."""

    names: list[bytes]

    def seek(self, target: Key) -> int:
        """The last block known whose head is before `target`: what is at or after it begins there or later."""

    def back(self, offset: int, size: int) -> int:
        """A block before the one at `offset` such that at least `size` bytes of text lie between, or the first."""

    def sample(self, count: int) -> list[int]:
        """At most about `count` blocks in which records begin, spread evenly over the file."""

    @property
    def last(self) -> int:
        """The last block known in which a record begins."""


class EveryHead:
    """The heads of all blocks, each compared with that before.  `offsets`: every block in which a record begins."""

    def __init__(self, blocks: BlockFile, first: tuple[int, int]) -> None:
        """`first`: block, and index in its text, of the first record.  Raises: DisorderError, InputError."""
        self._blocks = blocks
        self._first = first
        #: Of every block in which a record begins: where it stands, and where the first of them begins.
        self.offsets = array("q")
        self._positions = array("q")
        #: (number of the block whose first record is on another contig than that of the block before, contig)
        self._changes: list[tuple[int, bytes]] = []
        self._read_heads()
        self.names = self._contigs_in_order()
        self._keys = self._ranked()

    def seek(self, target: Key) -> int:
        """The last block whose head is before `target`: what is at or after `target` begins there or later."""
        at = bisect_left(self._keys, _packed(target))
        return self.offsets[at - 1] if at else self._first[0]

    @property
    def last(self) -> int:
        """The last block in which a record begins."""
        return self.offsets[-1] if self.offsets else self._first[0]

    def sample(self, count: int) -> list[int]:
        """At most `count` blocks in which records begin, spread evenly over the file."""
        return list(self.offsets[:: max(1, -(-len(self.offsets) // count))])

    def back(self, offset: int, size: int) -> int:
        """The block before the one at `offset` such that at least `size` bytes of text lie between, or the first."""
        at = bisect_left(self.offsets, offset)
        while size > 0 and at > 0:
            at -= 1
            size -= self._blocks.text_size(self.offsets[at])
        return self.offsets[at] if at < len(self.offsets) else offset

    def _read_heads(self) -> None:
        """The first record that begins in every block, those before compared with those after.

        Raises: DisorderError, InputError.
        """
        at = self._first[0]
        for piece in pieces(self._blocks, at, self._first[1]):
            begin = record_at(piece.text, 0)
            if begin < len(piece.text):
                self._add_head(at, *name_and_digits(piece.text, begin))
                break
        name, position = (self._changes[-1][1], self._positions[-1]) if self._changes else (b"", 0)
        for offset, text in self._blocks.beginnings(self._blocks.after(at), _BEGINNING):
            begin = text.find(b"\n") + 1
            columns = text[begin:].split(b"\t", 2)
            # only a line that is seen to begin, and whose two columns are seen to end, is taken as it is
            if not begin or len(columns) < 3 or not columns[1].isdigit() or columns[0][:1] in _NO_NAME:
                self._add_rare_head(offset)
                name = b""
            elif columns[0] == name and len(columns[1]) < 10 and (later := int(columns[1])) >= position:
                self.offsets.append(offset)
                self._positions.append(later)
                position = later
            else:
                self._add_head(offset, columns[0], columns[1])
                name, position = columns[0], self._positions[-1]

    def _add_head(self, offset: int, name: bytes, digits: bytes) -> None:
        if not digits.isdigit() or len(digits) > 10:
            raise DisorderError("a position cannot be read")
        position = int(digits)
        if not self._changes or self._changes[-1][1] != name:
            self._changes.append((len(self.offsets), name))
        elif position < self._positions[-1]:
            raise DisorderError("records are not sorted by position")
        self.offsets.append(offset)
        self._positions.append(position)

    def _add_rare_head(self, offset: int) -> None:
        """The head of a block of which more must be seen; none when no record begins in it."""
        for size in _PEEKS:
            text = self._blocks.peek(offset, size)
            begin = text.find(b"\n") + 1
            at = line_in(text, begin) if begin else len(text)
            if text.count(b"\t", at) >= 2:
                return self._add_head(offset, *name_and_digits(text, at))
        text = self._blocks.text(offset)
        begin = text.find(b"\n") + 1
        at = line_in(text, begin) if begin else len(text)
        if at == len(text):
            return None
        line, following = text[at:], self._blocks.after(offset)
        while line.count(b"\t") < 2 and b"\n" not in line and following < self._blocks.size:
            line += self._blocks.text(following)
            following = self._blocks.after(following)
            if len(line) > LONGEST_LINE:
                break
        return self._add_head(offset, *name_and_digits(line, 0))

    def _heads_by_contig(self) -> Iterator[tuple[bytes, int, int]]:
        """(contig, number of the first block whose head is on it, number behind the last), in file order."""
        for number, (begin, name) in enumerate(self._changes, 1):
            yield name, begin, self._changes[number][0] if number < len(self._changes) else len(self.offsets)

    def _contigs_in_order(self) -> list[bytes]:
        """Every contig that has records.  Where heads change their contig all lines between are looked at.

        Raises: DisorderError: the records of a contig are not together.
        """
        names: list[bytes] = []
        for name, _, end in self._heads_by_contig():
            following = self.offsets[end] if end < len(self.offsets) else self._blocks.size
            for one in (name, *self._names_between(self.offsets[end - 1], following)):
                if not names or names[-1] != one:
                    names.append(one)
        if len(set(names)) != len(names):
            raise DisorderError("the records of a contig are not together")
        return names

    def _names_between(self, low: int, high: int) -> Iterator[bytes]:
        """The contigs of the lines from the head of the block `low` to that of the block `high`."""
        text = self._blocks.text(low)
        begin = self._first[1] if low == self._first[0] else text.find(b"\n") + 1
        end = text.rfind(b"\n", begin) + 1
        crossing = text[end:] if end else b""
        if end and not crossing and self._blocks.after(low) == high < self._blocks.size:
            crossing = self._blocks.peek(high, _BEGINNING)  # the line at the very beginning of a block is not its head
        if end and crossing.count(b"\t") >= 2 and line_in(crossing, 0) == 0:
            yield from (stretch.name for stretch in stretches(text[begin:end]))
            yield name_and_digits(crossing, 0)[0]
            return
        for piece in pieces(self._blocks, low, self._first[1] if low == self._first[0] else None):
            cut = piece.index((high, 0))
            end = piece.text.find(b"\n", cut) + 1 if cut < len(piece.text) else cut
            yield from (stretch.name for stretch in stretches(piece.text[:end]))
            if cut < len(piece.text):
                return

    def _ranked(self) -> array[int]:
        """The keys of the heads, packed: sorted."""
        keys = array("q")
        rank = {name: number for number, name in enumerate(self.names)}
        for name, begin, end in self._heads_by_contig():
            above = rank[name] << 32
            keys.extend(above | position for position in self._positions[begin:end])
        return keys


class IndexedHeads:
    """The heads of the blocks asked for, in a file that an index fits: what the index says of its order is believed.

    Where the index names a place that is none, DisorderError is raised.
    """

    def __init__(self, blocks: BlockFile, first: tuple[int, int], index: Index, names: list[bytes]) -> None:
        """`names`: the contigs of the index that have records, in file order."""
        self.names = names
        self._blocks = blocks
        self._first = first
        self._index = index
        self._rank = {name: number for number, name in enumerate(names)}
        self._heads: dict[int, Key | None] = {}

    def seek(self, target: Key) -> int:
        """The last block whose head is before `target`; the first block where there is none."""
        rank, position = target
        block: int | None = None
        while rank >= 0 and block is None:
            block = self._before(self.names[rank], position, target)
            rank, position = rank - 1, LARGEST_POSITION
        return self._nearest(self._first[0] if block is None else block, target)

    @property
    def last(self) -> int:
        """The last block that the index names in which a record begins."""
        return self.seek((len(self.names) - 1, LARGEST_POSITION))

    def sample(self, count: int) -> list[int]:
        """Blocks that the index names, spread evenly over the file."""
        return [self._first[0], *self._index.sample(count)]

    def back(self, offset: int, size: int) -> int:
        """A block before the one at `offset` with at least `size` bytes of text between them, or the first."""
        begin = offset
        while size > 0 and begin != self._first[0]:
            end, begin = begin, self.seek(self._head(begin) or (0, 0))
            size -= sum(self._blocks.text_size(block) for block in self._blocks.between(begin, end))
        return begin

    def _before(self, name: bytes, position: int, target: Key) -> int | None:
        """A block in which records of a contig begin at or before `position`, its head before `target`; None: none."""
        step, asked = _WINDOW, 0
        while position > 0:
            try:
                offset = self._index.start(name, position)
            except (BadIndexError, IndexError) as error:
                raise DisorderError(f"the index beside the file cannot be read ({error})") from error
            if offset and offset != asked:
                head = self._head(offset >> 16)
                if head is not None and head < target:
                    return offset >> 16
                asked = offset
            position, step = position - step, 2 * step
        return None

    def _nearest(self, block: int, target: Key) -> int:
        """The last block from one on whose head is before `target`: a long record may touch what lies far behind it."""
        chain, looked_at = [block], 1
        while (following := self._blocks.after(chain[-1])) < self._blocks.size:
            chain.append(following)
            if len(chain) > looked_at:
                looked_at *= 2
                head = self._head(following)
                if head is not None and head >= target:
                    break
        low, high = 0, len(chain)
        while high - low > 1:
            middle = known = (low + high) // 2
            while known < high and self._head(chain[known]) is None:  # no record begins in a block of a long line
                known += 1
            head = self._head(chain[known]) if known < high else None
            if head is not None and head < target:
                low = known
            else:
                high = middle
        return chain[low]

    def _head(self, block: int) -> Key | None:
        """The key of the first record that begins in a block; None: none does.  Raises: DisorderError, InputError."""
        if block not in self._heads:
            self._heads[block] = self._read_head(block)
        return self._heads[block]

    def _read_head(self, block: int) -> Key | None:
        if not self._blocks.is_block(block):
            raise DisorderError("the index beside the file names places where no block begins")
        for looked_at in (*_PEEKS, None):
            text = self._blocks.text(block) if looked_at is None else self._blocks.peek(block, looked_at)
            begin = self._first[1] if block == self._first[0] else text.find(b"\n") + 1
            at = line_in(text, begin) if begin else len(text)
            if text.count(b"\t", at) >= 2:
                name, digits = name_and_digits(text, at)
                if name not in self._rank or not digits.isdigit():
                    raise DisorderError("the index beside the file names places where other records are")
                return self._rank[name], int(digits)
        return None


def _packed(key: Key) -> int:
    return key[0] << 32 | min(key[1], LARGEST_POSITION)
