"""Records of a sorted BGZF file, found without reading it whole: bisect the blocks, then read the few that matter.

What is promised.  Let *reach* be how far before a region the reader looks at every line:

| file                                                                           | reach                |
|--------------------------------------------------------------------------------|----------------------|
| at most 1 MiB compressed                                                       | the whole chromosome |
| no index, and symbolic ALTs other than of reference blocks (<DEL>, <CNV>)      | 1,000,000 bases      |
| any other                                                                      | 10,000 bases         |

1. Every record that touches a region and begins inside it, or at most *reach* before it, is found.
2. Reference blocks do not overlap one another, so the block that covers the start of a region is the last one before
   it.  In the gVCF of one person it is enough that a block begins within *reach*; otherwise, and wherever else spans
   are not those of REF (several people, structural variants), at least 64 KiB of text before that is searched as
   well, whatever the distance in bases: so the block is found however long it is.
3. What the index knows to touch a region is found too, however far away it begins, where an index is read: beside a
   file of more than 1 MiB that has spans other than those of one person's blocks, that writes out alleles of 1,000
   bases or more in the blocks that are looked at, or (without any spans) whose index is small (64 KiB).  Beside any
   other an index could add nothing but a deletion written out over more than *reach* in a file without shorter ones,
   and takes longer to read than all records.

This holds for files sorted by position within contigs that are not mixed.  Order is not believed: before anything is
looked for, the first record that begins in every block is read and compared with that of the block before; then every
line of every block that is inflated, of those in which one contig follows another, and of the last.  Files of at most
1 MiB are inflated whole.  Whatever contradicts raises `DisorderError`, and the caller reads the file whole.

What is left is a record that hides inside a block which nobody looked into.  It cannot make a wrong answer out of what
was found, for what was found is there; but it forbids to conclude anything from what was *not* found.  So silence is
taken for reference only where more is known: see `Finder.order`.

Only the beginnings of most blocks are inflated and not checked against their CRC-32; the blocks from which records come
are.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from starling.formats.bgzf import BlockFile
from starling.formats.lines import DisorderError, Piece, pieces
from starling.formats.order import stretches
from starling.formats.record import LARGEST_POSITION, LONGEST_LINE, may_span, parse_position

Key = tuple[int, int]

#: Blocks in which it is looked whether records have spans.
_SAMPLED: Final = 64
#: Text in which the rest of a line and the next record's CHROM and POS nearly always stand.
_BEGINNING: Final = 256
#: Text of which it is seen whether a record has a span.
_PEEK: Final = 1024
#: Bytes looked at of a block with long lines, before all of it.
_PEEKS: Final = (4096, 16_384)
#: Bytes in which the columns before FORMAT of nearly every record fit.
_FIXED_COLUMNS: Final = 2048
_STRUCTURAL: Final = (b"<DEL", b"<DUP", b"<INV", b"<CNV", b"<CN", b"<INS", b"SVTYPE=")
#: What a contig's name cannot begin with, nothing among it.
_NO_NAME: Final = frozenset({b"", b"#", b" ", b"\t", b"\r", b"\n"})
#: Compressed size up to which every line is looked at before anything else.
SMALL: Final = 2**20


class Seeker:
    """Finds lines by key (rank of the contig, position) in the blocks of one sorted file.

    `names`: the contigs that have records, in file order.  `offsets`: every block in which a record begins.
    `checked_whole`: whether every line was looked at.
    """

    def __init__(self, blocks: BlockFile, first: tuple[int, int]) -> None:
        """`first`: block, and index in its text, of the first record.  Raises: DisorderError, InputError."""
        self.blocks = blocks
        self.blocks_seen = False
        self.spans_seen = False
        self.structural_seen = False
        self.checked_whole = blocks.size <= SMALL
        self._first = first
        #: Of every block in which a record begins: where it stands, and where the first of them begins.
        self.offsets = array("q")
        self._positions = array("q")
        #: (number of the block whose first record is on another contig than that of the block before, contig)
        self._changes: list[tuple[int, bytes]] = []
        #: Where a piece begins -> the keys of its first and last line.
        self._checked: dict[tuple[int, int], tuple[Key, Key] | tuple[()]] = {}
        self._read_heads()
        self.names = self._contigs_in_order()
        self._rank = {name: number for number, name in enumerate(self.names)}
        self._keys = self._ranked()
        self._look_for_spans()
        self._check_ends()

    def rank(self, name: bytes) -> int | None:
        """The place of a contig in the order of the file; None: the file has no such contig."""
        return self._rank.get(name)

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
            size -= self.blocks.text_size(self.offsets[at])
        return self.offsets[at] if at < len(self.offsets) else offset

    def pieces(self, offset: int) -> Iterator[Piece]:
        """Whole lines from the first that begins after a line end in the block at `offset`, or from the first record.

        Every line is compared with the one before it.

        Raises: DisorderError, InputError FILE_DAMAGED, LINE_TOO_LONG.
        """
        before: Key | None = None
        for piece in pieces(self.blocks, offset, self._first[1] if offset == self._first[0] else None):
            place = piece.where(0)
            ends = self._checked.get(place) or self._ends(piece)
            self._checked[place] = ends
            if ends:
                if before is not None and ends[0] < before:
                    raise DisorderError("records are not sorted by position")
                before = ends[1]
            yield piece

    def _ends(self, piece: Piece) -> tuple[Key, Key] | tuple[()]:
        """The keys of the first and the last line, all between them sorted; empty without a line.

        Raises: DisorderError.
        """
        keys: list[Key] = []
        for stretch in stretches(piece.text):
            keys += (self._key_for(stretch.name, stretch.first), self._key_for(stretch.name, stretch.last))
        if any(later < earlier for earlier, later in pairwise(keys)):
            raise DisorderError("records are not sorted by position")
        return (keys[0], keys[-1]) if keys else ()

    def find(self, text: bytes, target: Key, begin: int = 0) -> int:
        """Where the first record at or after `target` stands in `text` (whole sorted lines); its length when none.

        `begin`: where a line begins before which nothing is looked at.  Raises: DisorderError, InputError BAD_RECORD.
        """
        low, high = begin, len(text)
        while low < high:
            middle = text.rfind(b"\n", low, (low + high) // 2) + 1 or low
            start = self._record_at(text, middle)
            if start < high and self.key_at(text, start) < target:
                low = text.find(b"\n", start) + 1
            else:
                high = middle
        return self._record_at(text, low)

    def key_at(self, text: bytes, at: int) -> Key:
        """The key of the record that begins at `at`.  Raises: DisorderError, InputError BAD_RECORD."""
        tab = text.find(b"\t", at)
        digits = text[tab + 1 : text.find(b"\t", tab + 1)]
        return self._key_for(text[at:tab], parse_position(digits, self.blocks.name, None))

    def _record_at(self, text: bytes, at: int) -> int:
        """The first line at or after `at` that is a record: not blank, not a header line; the length when none is."""
        while at < len(text):
            rest = text[at : at + 2]
            if rest[:1] in b"#":
                at = text.find(b"\n", at) + 1 or len(text)
            elif rest[:1].isspace():
                content = len(text) - len(text[at:].lstrip())
                begin = text.rfind(b"\n", at, content) + 1 or at
                if content < len(text) and begin == at:
                    return at
                at = begin if content < len(text) else len(text)
            else:
                return at
        return at

    def _key_for(self, name: bytes, position: int) -> Key:
        rank = self._rank.get(name)
        if rank is None:
            raise DisorderError("records of a contig stand among those of another")
        return rank, position

    def _read_heads(self) -> None:
        """The first record that begins in every block, those before compared with those after.

        Raises: DisorderError, InputError.
        """
        at = self._first[0]
        for piece in pieces(self.blocks, at, self._first[1]):
            begin = self._record_at(piece.text, 0)
            if begin < len(piece.text):
                self._add_head(at, *_name_and_digits(piece.text, begin))
                break
        name, position = (self._changes[-1][1], self._positions[-1]) if self._changes else (b"", 0)
        for offset, text in self.blocks.beginnings(self.blocks.after(at), _BEGINNING):
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
            text = self.blocks.peek(offset, size)
            begin = text.find(b"\n") + 1
            at = self._line_in(text, begin) if begin else len(text)
            if text.count(b"\t", at) >= 2:
                return self._add_head(offset, *_name_and_digits(text, at))
        text = self.blocks.text(offset)
        begin = text.find(b"\n") + 1
        at = self._line_in(text, begin) if begin else len(text)
        if at == len(text):
            return None
        line, following = text[at:], self.blocks.after(offset)
        while line.count(b"\t") < 2 and b"\n" not in line and following < self.blocks.size:
            line += self.blocks.text(following)
            following = self.blocks.after(following)
            if len(line) > LONGEST_LINE:
                break
        return self._add_head(offset, *_name_and_digits(line, 0))

    def _line_in(self, text: bytes, begin: int) -> int:
        """Where the first line from `begin` on that is not blank begins; the length when none does.

        Raises: DisorderError.
        """
        content = len(text) - len(text[begin:].lstrip())
        if text[content : content + 1] == b"#":
            raise DisorderError("there are header lines among the records")
        return len(text) if content == len(text) else text.rfind(b"\n", begin, content) + 1 or begin

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
            following = self.offsets[end] if end < len(self.offsets) else self.blocks.size
            for one in (name, *self._names_between(self.offsets[end - 1], following)):
                if not names or names[-1] != one:
                    names.append(one)
        if len(set(names)) != len(names):
            raise DisorderError("the records of a contig are not together")
        return names

    def _names_between(self, low: int, high: int) -> Iterator[bytes]:
        """The contigs of the lines from the head of the block `low` to that of the block `high`."""
        text = self.blocks.text(low)
        begin = self._first[1] if low == self._first[0] else text.find(b"\n") + 1
        end = text.rfind(b"\n", begin) + 1
        crossing = text[end:] if end else b""
        if end and not crossing and self.blocks.after(low) == high < self.blocks.size:
            crossing = self.blocks.peek(high, _BEGINNING)  # the line at the very beginning of a block is not its head
        if end and crossing.count(b"\t") >= 2 and self._line_in(crossing, 0) == 0:
            yield from (stretch.name for stretch in stretches(text[begin:end]))
            yield _name_and_digits(crossing, 0)[0]
            return
        for piece in pieces(self.blocks, low, self._first[1] if low == self._first[0] else None):
            cut = piece.index((high, 0))
            end = piece.text.find(b"\n", cut) + 1 if cut < len(piece.text) else cut
            yield from (stretch.name for stretch in stretches(piece.text[:end]))
            if cut < len(piece.text):
                return

    def _ranked(self) -> array[int]:
        """The keys of the heads, packed: sorted."""
        keys = array("q")
        for name, begin, end in self._heads_by_contig():
            above = self._rank[name] << 32
            keys.extend(above | position for position in self._positions[begin:end])
        return keys

    def _check_ends(self) -> None:
        """The last block with records is sorted; so is a small file from its first line to its last.

        Raises: DisorderError.
        """
        if self.offsets:
            for _ in self.pieces(self._first[0] if self.checked_whole else self.offsets[-1]):
                pass

    def _look_for_spans(self) -> None:
        """Whether records of a sample of blocks have spans."""
        for offset in self.sample(_SAMPLED):
            begin = self._first[1] if offset == self._first[0] else 0
            text = self.blocks.peek(offset, begin + _PEEK)
            begin = begin or text.find(b"\n") + 1
            if text.count(b"\t", begin, begin + _FIXED_COLUMNS) < 8:
                text = self.blocks.text(offset)
                begin = begin or text.find(b"\n") + 1
            end = text.find(b"\n", begin)
            self._note_spans(text[begin : end if end >= 0 else len(text)][:_FIXED_COLUMNS])

    def _note_spans(self, line: bytes) -> None:
        self.blocks_seen = self.blocks_seen or b"<NON_REF>" in line or b"<*>" in line
        self.spans_seen = self.spans_seen or may_span(line)
        self.structural_seen = self.structural_seen or any(name in line for name in _STRUCTURAL)


def _packed(key: Key) -> int:
    return key[0] << 32 | min(key[1], LARGEST_POSITION)


def _name_and_digits(text: bytes, at: int) -> tuple[bytes, bytes]:
    """CHROM and POS of the line that begins at `at`, as they stand; empty where there are no columns."""
    end = text.find(b"\n", at)
    name, _, rest = text[at : end if end >= 0 else len(text)].partition(b"\t")
    return name, rest.partition(b"\t")[0]
