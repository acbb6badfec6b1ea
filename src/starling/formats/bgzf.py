"""BGZF: gzip in independent blocks of at most 64 KiB, so that a file can be entered anywhere.

`BlockFile` reads single blocks through a memory map; `BgzfWriter` writes them.
Source: SAM/BAM format specification, section 4.1 (hts-specs, SAMv1.pdf).
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Final

from starling.errors import InputError

MAGIC: Final = b"\x1f\x8b\x08\x04"
#: The empty block that ends a complete file (SAMv1 section 4.1.2).
END_OF_FILE: Final = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
#: Text per block as htslib writes it: even when incompressible, such a block stays within 64 KiB.
TEXT_PER_BLOCK: Final = 65_280
_LARGEST_BLOCK: Final = 65_536
#: ID1 ID2 CM FLG MTIME(4) XFL OS XLEN "BC" 2 BSIZE: what every common writer makes.
_HEADER: Final = struct.Struct("<4s6xHHHH")
_BC: Final = 0x4342
_PLAIN_HEADER_SIZE: Final = 18
_TRAILER: Final = struct.Struct("<II")
_CACHED_BLOCKS: Final = 64
#: The codes of a deflated block, and what its parts are headed by.
_DEFLATE_OVERHEAD: Final = 512


def is_bgzf(head: bytes) -> bool:
    """Whether a file that begins with `head` is BGZF, not some other gzip."""
    return _sizes(head, 0)[0] > 0


def _sizes(data: bytes | mmap.mmap, offset: int) -> tuple[int, int]:
    """(length of the block at `offset`, length of its header); (0, 0) when no block begins there."""
    if offset < 0 or offset + _PLAIN_HEADER_SIZE > len(data):
        return 0, 0
    magic, extra, tag, tag_size, block = _HEADER.unpack_from(data, offset)
    if magic != MAGIC:
        return 0, 0
    if extra == 6 and tag == _BC and tag_size == 2:
        return block + 1, _PLAIN_HEADER_SIZE
    return _sizes_of_rare_header(data, offset, extra)


def _sizes_of_rare_header(data: bytes | mmap.mmap, offset: int, extra: int) -> tuple[int, int]:
    """As `_sizes`, for a header in which BC is not the only extra field."""
    at, end = offset + 12, offset + 12 + extra
    while at + 6 <= min(end, len(data)):
        tag, size = struct.unpack_from("<HH", data, at)
        if tag == _BC and size == 2:
            return struct.unpack_from("<H", data, at + 4)[0] + 1, 12 + extra
        at += 4 + size
    return 0, 0


class BlockFile:
    """The blocks of one BGZF file.  Every inflated block is checked against its CRC-32 and its length."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        """Maps `stream`, a regular non-empty file, into memory.  Raises: InputError FILE_UNREADABLE."""
        self.name = name
        try:
            self._data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise InputError("FILE_UNREADABLE", f"cannot be mapped into memory ({error})", source=name) from error
        self.size = len(self._data)
        self.inflated = 0
        self._cache: OrderedDict[int, bytes] = OrderedDict()

    def close(self) -> None:
        """Nothing is held any more."""
        self._cache.clear()
        self._data.close()

    def is_block(self, offset: int) -> bool:
        """Whether a block begins at `offset`: its header is right and another block, or the end, follows it."""
        length, header = _sizes(self._data, offset)
        after = offset + length
        if length < header + 8 or after > self.size:
            return False
        return after == self.size or self._data[after : after + 4] == MAGIC

    def after(self, offset: int) -> int:
        """Where the next block begins.  Raises: InputError FILE_DAMAGED."""
        return offset + self._block(offset)[0]

    def first_from(self, offset: int, limit: int) -> int:
        """The first block that begins in `offset..limit-1`; -1 when none does."""
        while True:
            offset = self._data.find(MAGIC, offset, min(limit + 3, self.size))
            if offset < 0 or offset >= limit:
                return -1
            if self.is_block(offset):
                return offset
            offset += 1

    def before(self, offset: int) -> int:
        """The block that ends where the one at `offset` begins; -1 when there is none."""
        low, end = max(0, offset - _LARGEST_BLOCK), offset
        while (at := self._data.rfind(MAGIC, low, end)) >= 0:
            length, header = _sizes(self._data, at)
            if length >= header + 8 and at + length == offset:
                return at
            end = at + len(MAGIC) - 1
        return -1

    def text_size(self, offset: int) -> int:
        """How many bytes the block at `offset` inflates to, by its own statement.  Raises: InputError FILE_DAMAGED."""
        return int(_TRAILER.unpack_from(self._data, self.after(offset) - 8)[1])

    def text(self, offset: int) -> bytes:
        """The whole text of the block at `offset`.  Raises: InputError FILE_DAMAGED."""
        cached = self._cache.get(offset)
        if cached is not None:
            self._cache.move_to_end(offset)
            return cached
        text = self._inflate(offset)
        self._cache[offset] = text
        if len(self._cache) > _CACHED_BLOCKS:
            self._cache.popitem(last=False)
        return text

    def peek(self, offset: int, size: int) -> bytes:
        """At least the first `size` bytes of a block (all, when it is shorter), for steering only: not checked.

        A block whose text grew when it was deflated gives somewhat less.

        Raises: InputError FILE_DAMAGED.
        """
        cached = self._cache.get(offset)
        if cached is not None:
            return cached
        length, header = self._block(offset)
        # No writer makes text longer by deflating it, but for a few bytes: so much is enough, and copied quickly.
        end = offset + min(length - 8, header + size + _DEFLATE_OVERHEAD)
        try:
            return zlib.decompressobj(-15).decompress(self._data[offset + header : end], size)
        except zlib.error as error:
            raise self._damaged(offset, str(error)) from error

    def _inflate(self, offset: int) -> bytes:
        length, header = self._block(offset)
        end = offset + length
        crc, size = _TRAILER.unpack_from(self._data, end - 8)
        if size > _LARGEST_BLOCK:
            raise self._damaged(offset, f"a block claims {size} bytes of text")
        try:
            text = zlib.decompress(self._data[offset + header : end - 8], -15, max(size, 1))
        except zlib.error as error:
            raise self._damaged(offset, str(error)) from error
        self.inflated += 1
        if len(text) != size or zlib.crc32(text) != crc:
            raise self._damaged(offset, "the checksum or length of a block is wrong")
        return text

    def texts(self) -> Iterator[bytes]:
        """The text of all blocks from the first on, none of it kept.  Raises: InputError FILE_DAMAGED."""
        offset = 0
        while offset < self.size:
            yield self._inflate(offset)
            offset = self.after(offset)

    def is_complete(self) -> bool:
        """Whether the marker of a complete file is there.  Raises: InputError FILE_DAMAGED when a block is cut."""
        if self._data[-len(END_OF_FILE) :] == END_OF_FILE:
            return True
        if self.before(self.size) < 0:
            raise self._damaged(self.size, "the last block is incomplete, the end of the file is missing")
        return False

    def _block(self, offset: int) -> tuple[int, int]:
        """(length, length of its header) of the block at `offset`.  Raises: InputError FILE_DAMAGED."""
        length, header = _sizes(self._data, offset)
        if length < header + 8 or offset + length > self.size:
            raise self._damaged(offset, "a compressed block is cut short or is none")
        return length, header

    def _damaged(self, offset: int, what: str) -> InputError:
        return InputError("FILE_DAMAGED", f"damaged at byte {offset:,} of {self.size:,}: {what}", source=self.name)


class BgzfWriter:
    """Writes BGZF to a binary stream, which it does not close.  Equal text and settings make equal bytes.

    `level` is zlib's 0..9; `text_per_block` is lowered in tests only, to make records straddle blocks.
    """

    def __init__(self, stream: BinaryIO, *, level: int = 6, text_per_block: int = TEXT_PER_BLOCK) -> None:
        if not 1 <= text_per_block <= TEXT_PER_BLOCK:
            raise ValueError(f"text_per_block must be in 1..{TEXT_PER_BLOCK}")
        self._stream = stream
        self._level = level
        self._text_per_block = text_per_block
        self._pending = bytearray()
        self._offset = 0

    def write(self, text: bytes) -> int:
        """`text` is written, or held until a block is full."""
        self._pending += text
        while len(self._pending) >= self._text_per_block:
            self._write_block(bytes(self._pending[: self._text_per_block]))
            del self._pending[: self._text_per_block]
        return len(text)

    def tell(self) -> int:
        """The virtual offset (block offset << 16 | offset in its text) of the next byte written."""
        return self._offset << 16 | len(self._pending)

    def flush_block(self) -> None:
        """The next byte written begins a new block."""
        if self._pending:
            self._write_block(bytes(self._pending))
            self._pending.clear()

    def close(self) -> None:
        """Everything is written, the end-of-file marker included; the stream stays open."""
        self.flush_block()
        self._stream.write(END_OF_FILE)
        self._offset += len(END_OF_FILE)

    def _write_block(self, text: bytes) -> None:
        block = bgzf_block(text, level=self._level)
        self._stream.write(block)
        self._offset += len(block)

    def __enter__(self) -> BgzfWriter:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closed, unless an error made the file incomplete: then it must not look complete."""
        if kind is None:
            self.close()


def bgzf_block(text: bytes, *, level: int = 6) -> bytes:
    """One block that holds `text` (at most `TEXT_PER_BLOCK` bytes)."""
    body = _deflate(text, level)
    if len(body) + _PLAIN_HEADER_SIZE + 8 > _LARGEST_BLOCK:
        body = _deflate(text, 0)
    length = len(body) + _PLAIN_HEADER_SIZE + 8
    header = struct.pack("<4sIBBHHHH", MAGIC, 0, 0, 255, 6, _BC, 2, length - 1)
    return header + body + _TRAILER.pack(zlib.crc32(text), len(text))


def _deflate(text: bytes, level: int) -> bytes:
    deflater = zlib.compressobj(level, zlib.DEFLATED, -15)
    return deflater.compress(text) + deflater.flush()
