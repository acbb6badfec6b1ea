"""A form with a file as a browser sends it, read piece by piece: the file is never whole in memory or on a disk.

The fields stand before the file, as they do on our page; what comes behind it is not read.
Source: RFC 7578; RFC 2046, section 5.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from starling.errors import InputError
from starling.values import dataclass

_TYPE: Final = re.compile(r'multipart/form-data\s*;\s*boundary="?([0-9A-Za-z\'()+_,./:=? -]{1,70})"?\s*', re.IGNORECASE)
_NAME: Final = re.compile(rb'(?i)\bname="([^"\r\n]*)"')
_FILE: Final = re.compile(rb'(?i)\bfilename="([^"\r\n]*)"')
#: bytes of the head of a part, and of a field that is no file; parts of a form (all ours)
_HEAD, _FIELD, _PARTS = 4_096, 8_192, 40


@dataclass(frozen=True, slots=True)
class Filled:
    """A form up to its file.  `name`: of the file, empty when none was chosen.  `pieces`: its content, read once."""

    fields: Mapping[str, str]
    name: str
    pieces: Iterator[bytes]


def filled(content_type: str, chunks: Iterable[bytes]) -> Filled:
    """The form in a body.  Raises: InputError BAD_REQUEST, also while the pieces are read."""
    boundary = _TYPE.fullmatch(content_type.strip())
    if boundary is None:
        raise _unreadable()
    feed, mark = _Feed(chunks), b"\r\n--" + boundary[1].encode()
    feed.buffer += b"\r\n"  # the first boundary stands at the very beginning
    feed.until(mark, _HEAD)
    fields: dict[str, str] = {}
    for _ in range(_PARTS):
        if feed.until(b"\r\n", 2):  # `--`: there is no part any more
            return Filled(fields, "", iter(()))
        head = feed.until(b"\r\n\r\n", _HEAD)
        name, file = _NAME.search(head), _FILE.search(head)
        if name is None:
            raise _unreadable()
        if file is not None:
            return Filled(fields, file[1].decode("utf-8", "replace"), feed.pieces(mark))
        fields[name[1].decode("utf-8", "replace")] = feed.until(mark, _FIELD).decode("utf-8", "replace").strip()
    raise _unreadable()


class _Feed:
    """Bytes as they arrive."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.buffer = bytearray()
        self._chunks = iter(chunks)

    def _more(self) -> None:
        """Raises: InputError BAD_REQUEST, when the body ends."""
        chunk = next(self._chunks, None)
        if chunk is None:
            raise _unreadable()
        self.buffer += chunk

    def until(self, mark: bytes, most: int) -> bytes:
        """What stands before the mark, which is read as well."""
        while (at := self.buffer.find(mark)) < 0:
            if len(self.buffer) > most + len(mark):
                raise _unreadable()
            self._more()
        if at > most:
            raise _unreadable()
        found = bytes(self.buffer[:at])
        del self.buffer[: at + len(mark)]
        return found

    def pieces(self, mark: bytes) -> Iterator[bytes]:
        """What stands before the mark, piece by piece."""
        while (at := self.buffer.find(mark)) < 0:
            known = len(self.buffer) - len(mark)
            if known > 0:
                yield bytes(self.buffer[:known])
                del self.buffer[:known]
            self._more()
        yield bytes(self.buffer[:at])


def _unreadable() -> InputError:
    return InputError("BAD_REQUEST", "the form cannot be read")
