"""How an input begins, however it is wrapped: plain, gzip, the one text of a ZIP archive, UTF-16, a pipe.

What can be read once only (standard input, a pipe, what lies in an archive) is handed on as a stream that begins again
at its first byte.

Source: RFC 1952 (gzip); PKWARE APPNOTE.TXT 6.3.10, section 4.3.7 (ZIP); The Unicode Standard, section 23.8 (marks of
byte order).
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, cast

from starling.errors import InputError
from starling.formats.bgzf import is_bgzf
from starling.formats.stream import GZIP, ZIP, TextStream, encoding_of, open_bytes
from starling.values import dataclass

#: Enough for the comments of most exports; where they are longer, for their beginning and their end.
HEAD_BYTES: Final = 16_384
#: An archive on standard input is held in memory, for its list of contents stands at its end.  No array's export,
#: packed, is larger.  Source: ours.
_LARGEST_PIPED_ARCHIVE: Final = 256 * 2**20
_EMPTY_ZIP: Final = b"PK\x05\x06"


@dataclass(frozen=True, slots=True)
class Beginning:
    """`head`: the first bytes as UTF-8, inflated.  `stream`: the whole, where the path cannot be opened again."""

    name: str
    head: bytes
    stream: BinaryIO | None = None


def begin(path: str | Path) -> Beginning:
    """How the input begins.

    Raises: InputError FILE_*, NOT_VCF for an archive that does not hold one text.
    """
    if str(path) == "-":
        return _once(cast("BinaryIO", sys.stdin.buffer), "stdin")
    path = Path(path)
    stream, size = open_bytes(path)
    if size is None:
        return _once(stream, path.name)
    with stream:
        data = stream.read(HEAD_BYTES)
    if data[:4] in {ZIP, _EMPTY_ZIP}:
        return _from_archive(path.open("rb"), path.name)
    head = _inflated(data)
    if is_bgzf(data) or not _is_all_comment(head):
        return Beginning(path.name, _as_utf8(head))
    stream, size = open_bytes(path)
    with stream:
        return Beginning(path.name, _behind_comments(stream, path.name, head))


def _once(stream: BinaryIO, name: str) -> Beginning:
    """The beginning of what can be read only once."""
    data = _up_to(stream, HEAD_BYTES)
    if data[:4] in {ZIP, _EMPTY_ZIP}:
        whole = data + _up_to(stream, _LARGEST_PIPED_ARCHIVE)
        if len(whole) >= _LARGEST_PIPED_ARCHIVE:
            raise InputError("NOT_VCF", "this is a ZIP archive too large to be read from a pipe", source=name)
        return _from_archive(BytesIO(whole), name)
    head = _inflated(data)
    if not _is_all_comment(head):
        return Beginning(name, _as_utf8(head), _replayed(data, stream))
    seen = _Recorded(_replayed(data, stream))
    head = _behind_comments(cast("BinaryIO", seen), name, head)
    return Beginning(name, head, _replayed(bytes(seen.data), stream))


def _from_archive(file: BinaryIO, name: str) -> Beginning:
    from starling.formats.archive import only_text  # what unpacks archives loads every kind of them

    return _once(only_text(file, name), name)


def _up_to(stream: BinaryIO, size: int) -> bytes:
    """So many bytes, or all there are: a pipe may give few at a time."""
    parts, missing = [], size
    try:
        while missing > 0 and (part := stream.read(missing)):
            parts.append(part)
            missing -= len(part)
    except OSError as error:
        raise InputError("FILE_UNREADABLE", error.strerror or str(error), source="stdin") from error
    return b"".join(parts)


def _inflated(data: bytes) -> bytes:
    if data[:2] != GZIP:
        return data
    try:
        return zlib.decompressobj(31).decompress(data, HEAD_BYTES)
    except zlib.error:
        return b""  # the reader names what is wrong


def _as_utf8(head: bytes) -> bytes:
    return head.decode(encoding_of(head), errors="ignore").encode() if _is_wide(head) else head


def _is_wide(head: bytes) -> bool:
    return encoding_of(head).startswith("utf-16")


def _is_all_comment(head: bytes) -> bool:
    """Whether no row has come yet."""
    text = _as_utf8(head).removeprefix(b"\xef\xbb\xbf")
    if len(head) < HEAD_BYTES or not text.startswith(b"#") or text.startswith(b"##fileformat"):
        return False
    return all(line.startswith(b"#") for line in text.splitlines() if line.strip())


def _behind_comments(stream: BinaryIO, name: str, head: bytes) -> bytes:
    """The beginning and the end of the comments, and the first row."""
    text, wide = TextStream(stream, name, None), _is_wide(head)
    last = b""
    try:
        for chunk in text.chunks():
            last = (last + chunk.replace(b"\0", b"") if wide else last + chunk)[-4 * HEAD_BYTES :]
            rows = last[last.find(b"\n") + 1 :].splitlines()
            if any(line.strip() and not line.startswith(b"#") for line in rows):
                break
    except InputError:
        return _as_utf8(head)  # the reader names what is wrong
    return _as_utf8(head).rpartition(b"\n")[0] + b"\n" + _around_first_row(last)


def _around_first_row(text: bytes) -> bytes:
    lines = text[text.find(b"\n") + 1 :].splitlines()
    first = next((at for at, line in enumerate(lines) if line.strip() and not line.startswith(b"#")), len(lines))
    return b"\n".join(lines[max(0, first - 20) : first + 20])[: 4 * HEAD_BYTES] + b"\n"


# --- streams ----------------------------------------------------------------------------------------------------------


class _Begun:
    """A stream of which some bytes were read already."""

    def __init__(self, before: bytes, rest: BinaryIO) -> None:
        self._before = before
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        """The next bytes: first those that were read."""
        if not self._before:
            return self._rest.read(size)
        end = len(self._before) if size < 0 else size
        data, self._before = self._before[:end], self._before[end:]
        return data + self._rest.read(-1) if size < 0 else data

    def close(self) -> None:
        """What lies beneath is closed, unless it is standard input."""
        if self._rest is not sys.stdin.buffer:
            self._rest.close()


def _replayed(before: bytes, rest: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", _Begun(before, rest))


class _Recorded:
    """A stream that remembers what was read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.data = bytearray()
        self._read: Callable[[int], bytes] = stream.read

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._read(size)
        self.data += data
        return data
