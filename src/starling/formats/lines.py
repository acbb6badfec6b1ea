"""Whole lines from the blocks of a BGZF file, wherever the blocks cut them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from starling.errors import InputError
from starling.formats.bgzf import BlockFile
from starling.formats.record import LONGEST_LINE
from starling.values import dataclass

#: (number of the contig in file order, position)
Key = tuple[int, int]


class DisorderError(Exception):
    """The file is not sorted in a way that bisecting needs.  Never leaves the room: the file is read whole."""


@dataclass(slots=True)
class Piece:
    """Whole lines of text, and where they stand: (index in the text, block, index in its text) of each part."""

    text: bytes
    marks: list[tuple[int, int, int]]

    def where(self, index: int) -> tuple[int, int]:
        """The block that holds the byte at `index`, and where in its text.  Ordered as the file is."""
        begin, block, at = self.marks[bisect_left(self.marks, (index + 1, 0, 0)) - 1]
        return block, at + index - begin

    def index(self, place: tuple[int, int]) -> int:
        """How much of the text stands before a place of the file (block, index in its text)."""
        before = 0
        for begin, block, at in self.marks:
            if (block, at) >= place:
                return begin
            before = begin + place[1] - at if block == place[0] else len(self.text)
        return min(before, len(self.text))


def pieces(blocks: BlockFile, offset: int, begin: int | None) -> Iterator[Piece]:
    """Whole lines from index `begin` of the block at `offset` to the end of the file, about a block at a time.

    `begin`: None means after the first line end.  A last line without a line end is given one.
    Raises: InputError FILE_DAMAGED, LINE_TOO_LONG.
    """
    held: list[bytes] = []
    marks: list[tuple[int, int, int]] = []
    size = 0
    for block, index, text in _texts(blocks, offset, begin):
        marks.append((size, block, index))
        cut = text.rfind(b"\n", index) + 1
        if cut:
            held.append(text[index:cut])
            yield Piece(b"".join(held), marks)
            held, marks, size = [text[cut:]], [(0, block, cut)], len(text) - cut
            continue
        held.append(text[index:])
        size += len(text) - index
        if size > LONGEST_LINE:
            raise _too_long(blocks)
    if size:
        yield Piece(b"".join(held) + b"\n", marks)


def record_at(text: bytes, at: int) -> int:
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


def line_in(text: bytes, begin: int) -> int:
    """Where the first line from `begin` on that is not blank begins; the length when none does.

    Raises: DisorderError.
    """
    content = len(text) - len(text[begin:].lstrip())
    if text[content : content + 1] == b"#":
        raise DisorderError("there are header lines among the records")
    return len(text) if content == len(text) else text.rfind(b"\n", begin, content) + 1 or begin


def name_and_digits(text: bytes, at: int) -> tuple[bytes, bytes]:
    """CHROM and POS of the line that begins at `at`, as they stand; empty where there are no columns."""
    end = text.find(b"\n", at)
    name, _, rest = text[at : end if end >= 0 else len(text)].partition(b"\t")
    return name, rest.partition(b"\t")[0]


def _texts(blocks: BlockFile, offset: int, begin: int | None) -> Iterator[tuple[int, int, bytes]]:
    """(block, index where the text of interest begins, text) of each block from `offset` on."""
    skipped = 0
    while offset < blocks.size:
        text = blocks.text(offset)
        if begin is None:
            begin = text.find(b"\n") + 1 or None
        if begin is not None:
            yield offset, begin, text
            begin = 0
        elif (skipped := skipped + len(text)) > LONGEST_LINE:
            raise _too_long(blocks)
        offset = blocks.after(offset)


def _too_long(blocks: BlockFile) -> InputError:
    return InputError("LINE_TOO_LONG", f"a line is longer than {LONGEST_LINE:,} bytes", source=blocks.name)
