"""Text from a file or a pipe, whatever its compression, in chunks that end at line ends.

The whole input passes through here once: it is hashed on the way, and progress is told.
"""

from __future__ import annotations

import errno
import hashlib
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from starling.errors import InputError
from starling.formats.header import Header, parse_header, refuse_foreign
from starling.formats.record import LONGEST_LINE

Progress = Callable[[int, int | None], None]

#: Exports of arrays shrink to a third when they are packed, final reports of many samples to a twentieth; what unpacks
#: to more than this many times its size was made to fill the memory.  Source: ours.
MOST_UNPACKED: Final = 50
#: Bytes that may come of however little.
ALWAYS_UNPACKED: Final = 2**20
#: Bytes of an input that are taken at once.
RAW_BYTES: Final = 128 * 1024
_TEXT_BYTES: Final = 1024 * 1024
#: Headers of half a million samples are about 10 MB.
_LONGEST_HEADER: Final = 256 * 2**20
#: Far more than contigs of any assembly; each line takes more memory than its bytes.
_MOST_HEADER_LINES: Final = 1_000_000
#: How a ZIP archive begins that holds something, and what is packed with gzip; the marks of UTF-16.
#: Source: PKWARE APPNOTE.TXT 6.3.10, section 4.3.7; RFC 1952; The Unicode Standard, section 23.8.
ZIP: Final = b"PK\x03\x04"
GZIP: Final = b"\x1f\x8b"
UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
#: In so many bytes every second one is zero when a text in Latin letters is UTF-16 and lost its mark.
_WIDE: Final = 16


def open_bytes(path: Path) -> tuple[BinaryIO, int | None]:
    """The file, open for reading, and its size (None: a pipe or a device).

    Raises: InputError FILE_NOT_FOUND, FILE_UNREADABLE or FILE_EMPTY.
    """
    name = path.name or str(path)
    try:
        mode = path.stat()
        if stat.S_ISDIR(mode.st_mode):
            raise InputError("FILE_UNREADABLE", "this is a directory", source=name)
        stream = path.open("rb")
    except (OSError, ValueError) as error:
        missing = isinstance(error, OSError) and error.errno in {errno.ENOENT, errno.ENOTDIR}
        code, text = ("FILE_NOT_FOUND", "no such file") if missing else ("FILE_UNREADABLE", _reason(error))
        raise InputError(code, text, source=name) from error
    if not stat.S_ISREG(mode.st_mode):
        return stream, None
    if mode.st_size == 0:
        stream.close()
        raise InputError("FILE_EMPTY", "the file is empty", source=name)
    return stream, mode.st_size


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def encoding_of(data: bytes) -> str:
    """The encoding of a text that begins so: UTF-16 by its mark or by its zeros, else UTF-8, with a mark or without."""
    if data[:2] in UTF16:
        return "utf-16"
    even, odd = data[0:_WIDE:2], data[1:_WIDE:2]
    if odd and all(even) and not any(odd):
        return "utf-16-le"
    return "utf-16-be" if odd and all(odd) and not any(even) else "utf-8-sig"


class TextStream:
    """One pass over an input: first the header, then the lines.

    `digest` is known when the pass is over.  `bytes_read`: of the input so far, before they were unpacked.
    """

    def __init__(self, stream: BinaryIO, name: str, size: int | None, progress: Progress | None = None) -> None:
        self.name = name
        self.line_number = 0
        self.digest: str | None = None
        self.bytes_read = 0
        self._stream = stream
        self._size = size
        self._progress = progress
        self._texts = self._whole_lines()
        self._rest = b""

    def close(self) -> None:
        """The input is closed, unless it is standard input."""
        if self._stream is not sys.stdin.buffer:
            self._stream.close()

    def header(self) -> Header:
        """The header; the lines after it come from `chunks`.

        Raises: InputError FILE_EMPTY, NOT_VCF, BAD_HEADER and as `parse_header`.
        """
        collector = HeaderCollector(self.name)
        for text in self._texts:
            rest = collector.add(text)
            if rest is not None:
                self._rest = text[rest:]
                self.line_number = len(collector.lines)
                return parse_header(collector.lines, self.name)
        raise collector.unfinished()

    def chunks(self) -> Iterator[bytes]:
        """Texts of whole lines, each ending in a line feed, from the first record to the end of the input.

        Raises: InputError FILE_DAMAGED, FILE_UNREADABLE or LINE_TOO_LONG.
        """
        if self._rest:
            rest, self._rest = self._rest, b""
            yield rest
        yield from self._texts

    def _whole_lines(self) -> Iterator[bytes]:
        parts: list[bytes] = []
        held, number = 0, 1
        for text in self._inflated():
            cut = text.rfind(b"\n") + 1
            if cut:
                number += text.count(b"\n")
                parts.append(text[:cut])
                yield b"".join(parts)
                parts, held = [text[cut:]], len(text) - cut
                continue
            parts.append(text)
            held += len(text)
            if held > LONGEST_LINE:
                message = f"a line is longer than {LONGEST_LINE:,} bytes"
                raise InputError("LINE_TOO_LONG", message, source=self.name, line=number)
        if held:
            yield b"".join(parts) + b"\n"

    def _inflated(self) -> Iterator[bytes]:
        raw = self._raw()
        first = next(raw, b"")
        if not first:
            raise InputError("FILE_EMPTY", "the input is empty", source=self.name)
        if first[:2] != GZIP:
            yield first
            yield from raw
            return
        yield from gunzip(first, raw, self.name)

    def _raw(self) -> Iterator[bytes]:
        hasher = hashlib.sha256()
        try:
            while data := self._stream.read(RAW_BYTES):
                hasher.update(data)
                self.bytes_read += len(data)
                yield data
                if self._progress is not None:
                    self._progress(self.bytes_read, self._size)
        except OSError as error:
            raise InputError("FILE_UNREADABLE", _reason(error), source=self.name) from error
        self.digest = hasher.hexdigest()


def gunzip(data: bytes, raw: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The text of all gzip members, of which each is checked against its CRC-32 and length by zlib.

    `raw`: what follows `data`, in small pieces: each member costs a copy of what is left of its piece.
    Raises: InputError FILE_DAMAGED.
    """
    inflater = zlib.decompressobj(31)
    try:
        while data:
            yield inflater.decompress(data, _TEXT_BYTES)
            data = inflater.unconsumed_tail
            if inflater.eof:
                data = _after_padding(inflater.unused_data, raw)
                inflater = zlib.decompressobj(31) if data else inflater
            data = data or next(raw, b"")
    except zlib.error as error:
        raise InputError("FILE_DAMAGED", f"the compressed data is damaged: {error}", source=name) from error
    if not inflater.eof:
        raise InputError("FILE_DAMAGED", "the compressed data ends too early", source=name)


def _after_padding(data: bytes, raw: Iterator[bytes]) -> bytes:
    """What follows a gzip member, without the zero bytes that tapes and some copies add; empty at the end."""
    while not (rest := data.lstrip(b"\0")):
        data = next(raw, b"")
        if not data:
            return b""
    return rest


class HeaderCollector:
    """Gathers header lines from texts of whole lines."""

    def __init__(self, name: str) -> None:
        self.lines: list[bytes] = []
        self._name = name
        self._size = 0

    def add(self, text: bytes) -> int | None:
        """Where the first record stands in `text`; None while the `#CHROM` line has not come.

        Raises: InputError NOT_VCF or BAD_HEADER.
        """
        if not self.lines:
            refuse_foreign(text[:65_536], self._name)
        self._size += len(text)
        if self._size > _LONGEST_HEADER:
            raise self._bad(f"the header is longer than {_LONGEST_HEADER:,} bytes")
        at = 0
        while at < len(text):
            after = text.find(b"\n", at) + 1
            line = text[at : after - 1]
            self.lines.append(line)
            if len(self.lines) > _MOST_HEADER_LINES:
                raise self._bad(f"the header has more than {_MOST_HEADER_LINES:,} lines")
            at = after
            if line.startswith(b"#CHROM"):
                return at
            if not line.startswith(b"##") and not (len(self.lines) == 1 and line.startswith(b"\xef\xbb\xbf##")):
                raise self._bad("the #CHROM line is missing")
        return None

    def unfinished(self) -> InputError:
        """What to raise when the input ends before the `#CHROM` line: FILE_EMPTY or BAD_HEADER."""
        if not self.lines:
            return InputError("FILE_EMPTY", "the file has no content", source=self._name)
        return self._bad("the file ends before the #CHROM line")

    def _bad(self, message: str) -> InputError:
        return InputError("BAD_HEADER", message, source=self._name, line=max(len(self.lines), 1))
