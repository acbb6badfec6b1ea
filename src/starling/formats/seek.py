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

This holds for files sorted by position within contigs that are not mixed.  Order is not believed but probed: 64 keys
spread over the file, every key met while bisecting, every line read.  Whatever contradicts raises `DisorderError`,
and the caller reads the file whole.  Blocks that are only probed are not checked against their CRC-32; the blocks
from which records come are, and so are the keys on both sides of a region, so a damaged probe cannot hide a record.

What is known of the order comes from `Seeker._establish_order` alone: a proof over all blocks would stand there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from starling.formats.bgzf import BlockFile
from starling.formats.lines import DisorderError, Piece, pieces
from starling.formats.record import LARGEST_POSITION, may_span, parse_position
from starling.values import dataclass

Key = tuple[int, int]

_SAMPLED: Final = 64
#: Probes spent on finding out the order of contigs before the file is rather read whole.
_EXPLORED: Final = 4096
#: Probes that go where the target would be if records lay evenly; from then on every other one halves what is left.
_GUESSES: Final = 4
_PEEKS: Final = (1024, 65_536)
#: Bytes in which the columns before FORMAT of nearly every record fit; only probes look no further.
_FIXED_COLUMNS: Final = 2048
_STRUCTURAL: Final = (b"<DEL", b"<DUP", b"<INV", b"<CNV", b"<CN", b"<INS", b"SVTYPE=")
_AT_END: Final[Key] = (LARGEST_POSITION, LARGEST_POSITION)


@dataclass(frozen=True, slots=True)
class Head:
    """The first record that begins in a block or after it."""

    name: bytes
    position: int


class Seeker:
    """Finds lines by key (rank of the contig, position) in the blocks of one sorted file."""

    def __init__(self, blocks: BlockFile, first: tuple[int, int], contigs: Sequence[str]) -> None:
        """`first`: block, and index in its text, of the first record.  Raises: DisorderError, InputError."""
        self.blocks = blocks
        self.blocks_seen = False
        self.spans_seen = False
        self.structural_seen = False
        self.explored = False
        self._first = first
        self._heads: dict[int, Head | None] = {}
        self._offsets: list[int] = []
        self._keys: list[Key] = []
        self._sample = self._sampled_offsets()
        self._rank: dict[bytes, int] = {}
        self._establish_order(contigs)

    def rank(self, name: bytes) -> int | None:
        """The place of a contig in the order of the file; None: the file has no such contig."""
        return self._rank.get(name)

    def has_met(self, rank: int) -> bool:
        """Whether a record that was looked at stands on the contig."""
        at = bisect_left(self._keys, (rank, 0))
        return at < len(self._keys) and self._keys[at][0] == rank

    def learn_order(self) -> None:
        """The order of contigs is that of the data, every contig found; the header's is no longer used.

        Raises: DisorderError.
        """
        self._rank = self._rank_of_data()

    def seek(self, target: Key) -> int:
        """The last block whose head is before `target`: what is at or after `target` begins there or later.

        Raises: DisorderError, InputError.
        """
        at = bisect_left(self._keys, target)
        low = self._offsets[at - 1] if at else self._first[0]
        high = self._offsets[at] if at < len(self._offsets) else self.blocks.size
        between = (self._keys[at - 1] if at else _AT_END, self._keys[at] if at < len(self._keys) else _AT_END)
        following, probes = self.blocks.after(low), 0
        while following < high:
            share = _share(between, target) if probes < _GUESSES or probes % 2 else 0.5
            # The block that the place is in, rather than the one that begins behind it.
            middle = max(following, low + int((high - low) * share) - (following - low))
            offset = self.blocks.first_from(middle, high)
            probes += 1
            if offset < 0:
                high = middle
            elif (key := self._key(offset)) < target:
                low, following, between = offset, self.blocks.after(offset), (key, between[1])
            else:
                high, between = offset, (between[0], key)
        return low

    def back(self, offset: int, size: int) -> int:
        """The block before the one at `offset` such that at least `size` bytes of text lie between, or the first."""
        while size > 0 and offset > self._first[0]:
            previous = self.blocks.before(offset)
            if previous < 0:
                break
            offset = previous
            size -= self.blocks.text_size(offset)
        return offset

    def pieces(self, offset: int) -> Iterator[Piece]:
        """Whole lines from the first that begins after a line end in the block at `offset`, or from the first record.

        Raises: InputError FILE_DAMAGED, LINE_TOO_LONG.
        """
        return pieces(self.blocks, offset, self._first[1] if offset == self._first[0] else None)

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
        """The first line at or after `at` that is a record: not empty, not a header line."""
        while at < len(text) and text[at] in b"#\r\n":
            at = text.find(b"\n", at) + 1
        return at

    def _key_for(self, name: bytes, position: int) -> Key:
        rank = self._rank.get(name)
        if rank is None:
            raise DisorderError("a contig that the header does not name")
        return rank, position

    def _key(self, offset: int) -> Key:
        """The key of a block's head, remembered and compared with those of its neighbours."""
        at = bisect_left(self._offsets, offset)
        if at < len(self._offsets) and self._offsets[at] == offset:
            return self._keys[at]
        head = self._head(offset)
        key = _AT_END if head is None else self._key_for(head.name, head.position)
        if (at and self._keys[at - 1] > key) or (at < len(self._keys) and self._keys[at] < key):
            raise DisorderError("records are not sorted by position")
        self._offsets.insert(at, offset)
        self._keys.insert(at, key)
        return key

    def _head(self, offset: int) -> Head | None:
        """The first record that begins after a line end in the block at `offset`, or later."""
        if offset not in self._heads:
            self._heads[offset] = self._peeked_head(offset) or self._read_head(offset)
        return self._heads[offset]

    def _peeked_head(self, offset: int) -> Head | None:
        """The head, when the first kilobyte, or the whole, of the block holds enough of it."""
        begin = self._first[1] if offset == self._first[0] else None
        for size in _PEEKS:
            text = self.blocks.peek(offset, size + (begin or 0))
            at = begin if begin is not None else text.find(b"\n") + 1
            if at or begin is not None:
                at = self._record_at(text, at)
                if text.count(b"\t", at, at + _FIXED_COLUMNS) >= 8:
                    return self._head_at(text, at)
        return None

    def _read_head(self, offset: int) -> Head | None:
        for piece in self.pieces(offset):
            at = self._record_at(piece.text, 0)
            if at < len(piece.text):
                return self._head_at(piece.text, at)
        return None

    def _head_at(self, text: bytes, at: int) -> Head:
        name, position = _read_key(text, at, self.blocks.name)
        end = text.find(b"\n", at)
        line = text[at : end if end >= 0 else len(text)][:_FIXED_COLUMNS]
        self.blocks_seen = self.blocks_seen or b"<NON_REF>" in line or b"<*>" in line
        self.spans_seen = self.spans_seen or may_span(line)
        self.structural_seen = self.structural_seen or any(name in line for name in _STRUCTURAL)
        return Head(name, position)

    def _establish_order(self, contigs: Sequence[str]) -> None:
        """The file is sorted, as far as is known, and `_rank` is the order of its contigs.  Raises: DisorderError."""
        self._rank = self._rank_of_header(contigs) or self._rank_of_data()

    def _sampled_offsets(self) -> list[int]:
        """Blocks spread evenly over the file, the first one included."""
        first, size = self._first[0], self.blocks.size
        found = {first}
        for number in range(1, _SAMPLED):
            offset = self.blocks.first_from(first + (size - first) * number // _SAMPLED, size)
            if offset >= 0:
                found.add(offset)
        return sorted(found)

    def _rank_of_header(self, contigs: Sequence[str]) -> dict[bytes, int] | None:
        """The header's order, when the sampled keys agree with it."""
        self._rank = {name.encode(): number for number, name in enumerate(contigs)}
        try:
            for offset in self._sample:
                self._key(offset)
        except DisorderError:
            return None
        return self._rank

    def _rank_of_data(self) -> dict[bytes, int]:
        """The order in which contigs come in the file, all of them.  Raises: DisorderError."""
        self.explored = True
        names: list[bytes] = []
        for low, high in zip(self._sample, [*self._sample[1:], self.blocks.size], strict=True):
            for name in self._names_between(low, high):
                if not names or names[-1] != name:
                    names.append(name)
        rank = {name: number for number, name in enumerate(names)}
        if len(rank) != len(names):
            raise DisorderError("the records of a contig are not together")
        self._rank = rank
        self._offsets, self._keys = [], []
        for offset in sorted(self._heads):
            self._key(offset)
        return rank

    def _names_between(self, low: int, high: int) -> Iterator[bytes]:
        """The contigs of the records that begin in the blocks `low..high`, in order."""
        if len(self._heads) > _EXPLORED:
            raise DisorderError("too many contigs in an order that the header does not state")
        first = self._head(low)
        last = self._head(high) if high < self.blocks.size else None
        if first is None:
            return
        if last is not None and first.name == last.name:
            yield first.name
            return
        following = self.blocks.after(low)
        middle = self.blocks.first_from((following + high) // 2, high) if following < high else -1
        if middle < 0 and following < high:
            middle = following
        if middle >= 0:
            yield from self._names_between(low, middle)
            yield from self._names_between(middle, high)
            return
        yield from self._names_within(low, high)

    def _names_within(self, low: int, high: int) -> Iterator[bytes]:
        """The contigs of the lines that begin in the block `low`, which is followed by `high`."""
        for piece in self.pieces(low):
            at = self._record_at(piece.text, 0)
            while at < len(piece.text):
                if piece.where(at)[0] >= high:
                    return
                yield _read_key(piece.text, at, self.blocks.name)[0]
                at = self._record_at(piece.text, piece.text.find(b"\n", at) + 1)


def _share(between: tuple[Key, Key], target: Key) -> float:
    """How far the target is from the first of two keys to the second, if records lie evenly; a half when unknown."""
    (rank, low), (other, high) = between
    if not rank == other == target[0] or high <= low:
        return 0.5
    return (target[1] - low) / (high - low)


def _read_key(text: bytes, at: int, source: str) -> tuple[bytes, int]:
    """(contig, position) of the line that begins at `at`.  Raises: InputError BAD_RECORD."""
    tab = text.find(b"\t", at)
    second = text.find(b"\t", tab + 1)
    return text[at:tab], parse_position(text[tab + 1 : second], source, None)
