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
   file of more than 1 MiB when it is newer than the file, so that most heads need not be; else when the file has spans
   other than those of one person's blocks, or writes out alleles of 1,000 bases or more in the blocks that are looked
   at, or when the index is small (64 KiB).  Beside any other an index could add nothing but a deletion written out over
   more than *reach* in a file without shorter ones, and takes longer to read than all records.

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

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from starling.formats.bgzf import BlockFile
from starling.formats.heads import Heads
from starling.formats.lines import DisorderError, Key, Piece, pieces, record_at
from starling.formats.order import stretches
from starling.formats.record import may_span, parse_position

#: Blocks in which it is looked whether records have spans.
_SAMPLED: Final = 64
#: Text of which it is seen whether a record has a span.
_PEEK: Final = 1024
#: Bytes in which the columns before FORMAT of nearly every record fit.
_FIXED_COLUMNS: Final = 2048
_STRUCTURAL: Final = (b"<DEL", b"<DUP", b"<INV", b"<CNV", b"<CN", b"<INS", b"SVTYPE=")
#: Compressed size up to which every line is looked at before anything else.
SMALL: Final = 2**20


class Seeker:
    """Finds lines by key (rank of the contig, position) in the blocks of one sorted file.

    `heads`: where its records stand.  `checked_whole`: whether every line was looked at.
    """

    def __init__(self, blocks: BlockFile, first: tuple[int, int], heads: Heads) -> None:
        """`first`: block, and index in its text, of the first record.  Raises: DisorderError, InputError."""
        self.blocks = blocks
        self.heads = heads
        self.blocks_seen = False
        self.spans_seen = False
        self.structural_seen = False
        self.checked_whole = blocks.size <= SMALL
        self._first = first
        #: Where a piece begins -> the keys of its first and last line.
        self._checked: dict[tuple[int, int], tuple[Key, Key] | tuple[()]] = {}
        self._rank = {name: number for number, name in enumerate(heads.names)}
        self._look_for_spans()
        self._check_ends()

    def rank(self, name: bytes) -> int | None:
        """The place of a contig in the order of the file; None: the file has no such contig."""
        return self._rank.get(name)

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
            start = record_at(text, middle)
            if start < high and self.key_at(text, start) < target:
                low = text.find(b"\n", start) + 1
            else:
                high = middle
        return record_at(text, low)

    def key_at(self, text: bytes, at: int) -> Key:
        """The key of the record that begins at `at`.  Raises: DisorderError, InputError BAD_RECORD."""
        tab = text.find(b"\t", at)
        digits = text[tab + 1 : text.find(b"\t", tab + 1)]
        return self._key_for(text[at:tab], parse_position(digits, self.blocks.name, None))

    def _key_for(self, name: bytes, position: int) -> Key:
        rank = self._rank.get(name)
        if rank is None:
            raise DisorderError("records of a contig stand among those of another")
        return rank, position

    def _check_ends(self) -> None:
        """The last block with records is sorted; so is a small file from its first line to its last.

        Raises: DisorderError.
        """
        if self.heads.names:
            for _ in self.pieces(self._first[0] if self.checked_whole else self.heads.last):
                pass

    def _look_for_spans(self) -> None:
        """Whether records of a sample of blocks have spans."""
        for offset in self.heads.sample(_SAMPLED):
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
