"""BGZF: gzip in independent blocks of at most 64 KiB, so that a file can be entered anywhere.

`BlockFile` reads single blocks, each with a call of its own: a file that is cut while it is open is an error to name,
where a memory map would end the process.  `BgzfWriter` writes them.
Source: SAM/BAM format specification, section 4.1 (hts-specs, SAMv1.pdf).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
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
_CACHED_BLOCKS: Final = 192
#: What the codes of a block take at its beginning, nearly always; with more of them less text is seen at once.
_TABLE_BYTES: Final = 128
#: The codes of a deflated block, and what its parts are headed by.
_DEFLATE_OVERHEAD: Final = 512


def is_bgzf(head: bytes) -> bool:
    """Whether a file that begins with `head` is BGZF, not some other gzip."""
    return _sizes(head, 0)[0] > 0


def _sizes(data: bytes, offset: int) -> tuple[int, int]:
    """(length of the block at `offset`, length of its header); (0, 0) when no block begins there."""
    if offset < 0 or offset + _PLAIN_HEADER_SIZE > len(data):
        return 0, 0
    magic, extra, tag, tag_size, block = _HEADER.unpack_from(data, offset)
    if magic != MAGIC:
        return 0, 0
    if extra == 6 and tag == _BC and tag_size == 2:
        return block + 1, _PLAIN_HEADER_SIZE
    return _sizes_of_rare_header(data, offset, extra)


def _sizes_of_rare_header(data: bytes, offset: int, extra: int) -> tuple[int, int]:
    """As `_sizes`, for a header in which BC is not the only extra field."""
    at, end = offset + 12, offset + 12 + extra
    while at + 6 <= min(end, len(data)):
        tag, size = struct.unpack_from("<HH", data, at)
        if tag == _BC and size == 2:
            return struct.unpack_from("<H", data, at + 4)[0] + 1, 12 + extra
        at += 4 + size
    return 0, 0


def _read_at(file: int, size: int, offset: int) -> bytes:
    """`size` bytes at `offset`, fewer only at the end of the file.  Raises: OSError."""
    data = _read_once(file, size, offset)
    while len(data) < size and (more := _read_once(file, size - len(data), offset + len(data))):
        data += more
    return data


def _seek_and_read(file: int, size: int, offset: int) -> bytes:
    os.lseek(file, offset, os.SEEK_SET)
    return os.read(file, size)


#: Windows has no pread.
_read_once: Final[Callable[[int, int, int], bytes]] = getattr(os, "pread", _seek_and_read)


class BlockFile:
    """The blocks of one BGZF file.  Every inflated block is checked against its CRC-32 and its length.

    `size`: in bytes, `modified`: when the file was last changed, in nanoseconds, both as the file was when opened.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        """Of `stream`, a regular non-empty file, which may be closed then.  Raises: InputError FILE_UNREADABLE."""
        self.name = name
        self._file = -1
        try:
            self._file = os.dup(stream.fileno())
            state = os.fstat(self._file)
        except (OSError, ValueError) as error:
            raise InputError("FILE_UNREADABLE", f"cannot be entered here and there ({error})", source=name) from error
        self.size = state.st_size
        self.modified = state.st_mtime_ns
        self.inflated = 0
        self._cache: OrderedDict[int, bytes] = OrderedDict()

    def close(self) -> None:
        """Nothing is held any more."""
        self._cache.clear()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        self.close()

    def _read(self, offset: int, size: int) -> bytes:
        """The bytes at `offset`, fewer only where the file ends.  Raises: InputError FILE_DAMAGED, FILE_UNREADABLE."""
        size = max(0, min(size, self.size - offset))
        try:
            data = _read_at(self._file, size, offset)
        except OSError as error:
            raise InputError("FILE_UNREADABLE", str(error.strerror or error), source=self.name) from error
        if len(data) < size:
            raise self._damaged(offset, "the file became shorter while it was read")
        return data

    def is_block(self, offset: int) -> bool:
        """Whether a block begins at `offset`: its header is right and another block, or the end, follows it."""
        length, header = self._sizes_at(offset)
        after = offset + length
        if length < header + 8 or after > self.size:
            return False
        return after == self.size or self._read(after, 4) == MAGIC

    def after(self, offset: int) -> int:
        """Where the next block begins.  Raises: InputError FILE_DAMAGED."""
        return offset + self._block(offset)[0]

    def between(self, begin: int, end: int) -> Iterator[int]:
        """The blocks from the one at `begin` to that before `end`.  Raises: InputError FILE_DAMAGED."""
        while begin < end:
            yield begin
            begin = self.after(begin)

    def beginnings(self, offset: int, size: int) -> Iterator[tuple[int, bytes]]:
        """(block, at least the first `size` bytes of its text, or all) of every block with text from `offset` on.

        For looking at all blocks of a file: nothing of it is checked, and a block whose text was stored, or grew when
        it was deflated, may give somewhat less.  Raises: InputError FILE_DAMAGED.
        """
        wanted, inflater, sizes = size + _PLAIN_HEADER_SIZE + _TABLE_BYTES, zlib.decompressobj, _HEADER.unpack_from
        file, end = self._file, self.size
        while offset < end:
            data = _read_once(file, wanted, offset)
            if len(data) < wanted:
                data = self._read(offset, wanted)
            if len(data) < _PLAIN_HEADER_SIZE:
                raise self._damaged(offset, "a compressed block is cut short or is none")
            magic, extra, tag, _, block = sizes(data)
            length, header = block + 1, _PLAIN_HEADER_SIZE
            if magic != MAGIC or extra != 6 or tag != _BC or offset + length > end:
                length, header = self._block(offset)
            try:
                text = inflater(-15).decompress(data[header : length - 8], size)
            except zlib.error as error:
                raise self._damaged(offset, str(error)) from error
            if text or length > len(END_OF_FILE):
                yield offset, text
            offset += length

    def text_size(self, offset: int) -> int:
        """How many bytes the block at `offset` inflates to, by its own statement.  Raises: InputError FILE_DAMAGED."""
        return int(_TRAILER.unpack(self._read(self.after(offset) - 8, 8))[1])

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
            return zlib.decompressobj(-15).decompress(self._read(offset + header, end - offset - header), size)
        except zlib.error as error:
            raise self._damaged(offset, str(error)) from error

    def _inflate(self, offset: int) -> bytes:
        length, header = self._block(offset)
        data = self._read(offset + header, length - header)
        crc, size = _TRAILER.unpack_from(data, len(data) - 8)
        if size > _LARGEST_BLOCK:
            raise self._damaged(offset, f"a block claims {size} bytes of text")
        try:
            text = zlib.decompress(data[:-8], -15, max(size, 1))
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
        if self._read(max(0, self.size - len(END_OF_FILE)), len(END_OF_FILE)) == END_OF_FILE:
            return True
        if not self._ends_with_a_block():
            raise self._damaged(self.size, "the last block is incomplete, the end of the file is missing")
        return False

    def _ends_with_a_block(self) -> bool:
        low = max(0, self.size - _LARGEST_BLOCK)
        data, at = self._read(low, _LARGEST_BLOCK), -1
        while (at := data.find(MAGIC, at + 1)) >= 0:
            length, header = _sizes(data, at)
            if length >= header + 8 and at + length == len(data):
                return True
        return False

    def _sizes_at(self, offset: int) -> tuple[int, int]:
        """As `_sizes`, of what stands at `offset`."""
        if not 0 <= offset < self.size:
            return 0, 0
        head = self._read(offset, _PLAIN_HEADER_SIZE)
        if head[:4] == MAGIC and len(head) == _PLAIN_HEADER_SIZE and head[10:12] != b"\x06\0":
            head = self._read(offset, 12 + int.from_bytes(head[10:12], "little"))
        return _sizes(head, 0)

    def _block(self, offset: int) -> tuple[int, int]:
        """(length, length of its header) of the block at `offset`.  Raises: InputError FILE_DAMAGED."""
        length, header = self._sizes_at(offset)
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
