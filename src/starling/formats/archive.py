"""The one text of a ZIP archive.  Source: PKWARE APPNOTE.TXT 6.3.10, section 4.3.7.

Archives of PyPGx hold a table, `data.tsv`, and beside it `metadata.txt`, which says what it is of.
Source: github.com/sbslee/pypgx pypgx/sdk/utils.py (Archive).
"""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from typing import BinaryIO, Final, cast

from starling.errors import InputError
from starling.formats.stream import ALWAYS_UNPACKED, MOST_UNPACKED

_TABLE: Final = "data.tsv"
_NOTE: Final = "metadata.txt"
#: What is raised for an archive that cannot be opened, or unpacked at once.
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError)


def only_text(file: BinaryIO, name: str) -> BinaryIO:
    """The one text in an archive, as a stream that closes the archive with it.

    Raises: InputError NOT_VCF, FILE_DAMAGED.
    """
    try:
        archive = zipfile.ZipFile(file)
        content, _ = _parts(archive, name)
        most = MOST_UNPACKED * content.compress_size + ALWAYS_UNPACKED
        stream = _Member(archive.open(content), file, name, most)
    except _DAMAGE as error:
        file.close()
        raise InputError("FILE_DAMAGED", f"the ZIP archive cannot be unpacked: {error}", source=name) from error
    except BaseException:
        file.close()
        raise
    return cast("BinaryIO", stream)


def text_and_note(data: bytes, name: str, most: int) -> tuple[bytes, bytes]:
    """The one text of an archive in memory, `most` bytes of it at most, and what stands beside it of itself.

    Raises: InputError NOT_VCF, FILE_DAMAGED.
    """
    try:
        archive = zipfile.ZipFile(BytesIO(data))
        content, note = _parts(archive, name)
        with archive.open(content) as stream:
            text = stream.read(most)
        return text, b"" if note is None else archive.open(note).read(ALWAYS_UNPACKED)
    except _DAMAGE as error:
        raise InputError("FILE_DAMAGED", f"the ZIP archive cannot be unpacked: {error}", source=name) from error


def _parts(archive: zipfile.ZipFile, name: str) -> tuple[zipfile.ZipInfo, zipfile.ZipInfo | None]:
    """The one text, and what says what it is, if the archive has that.  Raises: InputError NOT_VCF."""
    inside = [each for each in archive.infolist() if _is_content(each)]
    if {each.filename.rpartition("/")[2] for each in inside} == {_TABLE, _NOTE} and len(inside) == 2:
        content, note = sorted(inside, key=lambda each: each.filename.endswith(_NOTE))
    elif len(inside) == 1:
        content, note = inside[0], None
    else:
        shown = ", ".join(each.filename[:60] for each in inside[:3]) or "nothing"
        message = f"this is a ZIP archive that holds {shown}; unpack it and name the one file to read"
        raise InputError("NOT_VCF", message, source=name)
    if any(each.flag_bits & 1 for each in inside):
        raise InputError("NOT_VCF", "this ZIP archive needs a password; unpack it first", source=name)
    return content, note


def _is_content(entry: zipfile.ZipInfo) -> bool:
    """Not a folder, and not what some systems add of their own; what has no name is neither."""
    parts = entry.filename.split("/")
    return bool(entry.filename) and not entry.is_dir() and parts[0] != "__MACOSX" and not parts[-1].startswith(".")


class _Member:
    """What lies in an archive, to be read once; the archive is closed with it."""

    def __init__(self, stream: object, file: BinaryIO, name: str, most: int) -> None:
        """`most`: bytes that it may unpack to."""
        self._stream = cast("BinaryIO", stream)
        self._file = file
        self._name = name
        self._left = most

    def read(self, size: int = -1) -> bytes:
        """The next bytes.  Raises: InputError FILE_DAMAGED; BAD_MARKERS for what was made to fill the memory."""
        try:
            data = self._stream.read(size)
            self._left -= len(data)
            if self._left < 0:
                message = f"unpacks to more than {MOST_UNPACKED} times its size, as no results of an array do"
                raise InputError("BAD_MARKERS", message, source=self._name)
            return data
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
            raise InputError("FILE_DAMAGED", f"the ZIP archive is damaged: {error}", source=self._name) from error

    def close(self) -> None:
        """The archive is closed, too."""
        self._stream.close()
        self._file.close()
