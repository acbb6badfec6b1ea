"""What a tool's result file is to its reader: a small text with a name, and what each tool promises."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.formats import hl7
from starling.formats.stream import GZIP, RAW_BYTES, ZIP, encoding_of, gunzip, open_bytes
from starling.values import dataclass
from starling.vocabulary import OutsideCall

_LARGEST_FILE: Final = 64 * 2**20
#: How an archive of PyPGx says what its table is of.  Source: github.com/sbslee/pypgx, sdk/utils.py (Archive).
_GENE_NOTE: Final = re.compile(r"^Gene=([A-Za-z0-9-]{2,20})\s*$", re.MULTILINE)
#: Stands between diplotypes that a tool could not tell apart.
OR: Final = " or "


@dataclass(frozen=True, slots=True)
class Text:
    """A result file as text.

    `lines`: without line ends; `filled`: (line number, line) of everything that is not empty; `document`: the value
    when it is JSON, else None; `gene`: what the file was packed with says that it is of.
    """

    name: str
    lines: tuple[str, ...]
    filled: tuple[tuple[int, str], ...]
    document: object = None
    gene: str = ""

    @classmethod
    def of(cls, text: str, name: str, *, gene: str = "") -> Text:
        """The text of a file called `name`.  Raises: InputError BAD_OUTSIDE_CALL when it begins as JSON and is none."""
        plain = (
            text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        )  # old spreadsheets end lines in \r
        lines = tuple(plain.split("\n"))
        filled = tuple((number, line) for number, line in enumerate(lines, 1) if line.strip())
        document = _document(plain, name) if plain.lstrip()[:1] in {"{", "["} else None
        return cls(name, lines, filled, document, gene)

    @property
    def head(self) -> tuple[str, ...]:
        """The fields of the first line that is not empty, separated by tabs."""
        return cells(self.filled[0][1]) if self.filled else ()

    def wrong(self, message: str, line: int | None = None) -> InputError:
        """The error to raise."""
        return InputError("BAD_OUTSIDE_CALL", message, source=self.name, line=line)

    def gene_in_name(self, genes: Sequence[str]) -> str:
        """The one of `genes` that the name of the file holds; empty when none or several do."""
        found = [gene for gene in genes if gene.casefold() in self.name.casefold()]
        return found[0] if len(found) == 1 else ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program whose results are read.

    `name`: as its authors write it.  `matches`: whether a file is its result.  `read`: what it states, in the order of
    the file; raises InputError BAD_OUTSIDE_CALL with the line.  `marks`: what the beginning of a long JSON result of it
    holds, which cannot be read as JSON.
    """

    name: str
    matches: Callable[[Text], bool]
    read: Callable[[Text], Iterable[OutsideCall]]
    marks: tuple[str, ...] = ()


def cells(line: str) -> tuple[str, ...]:
    """The fields of a line that are separated by tabs, without quotes."""
    return tuple(cell.strip().strip('"').strip() for cell in line.split("\t"))


def every_line(is_row: Callable[[tuple[str, ...]], bool]) -> Callable[[Text], bool]:
    """A test whether a file has lines, each of which is such a row."""
    return lambda text: bool(text.filled) and all(is_row(cells(line)) for _, line in text.filled)


def text_of(value: object) -> str:
    """A scalar of JSON as text; empty for null, lists and objects."""
    return "" if value is None or isinstance(value, (list, dict, bool)) else str(value).strip()


def fields_of(value: object) -> dict[str, object]:
    """An object of JSON; empty for anything else."""
    return value if isinstance(value, dict) else {}


def items_of(value: object) -> list[object]:
    """A list of JSON; empty for anything else."""
    return value if isinstance(value, list) else []


def either(diplotypes: Iterable[str]) -> str:
    """Several possible diplotypes as one statement, each once."""
    return OR.join(dict.fromkeys(text for text in diplotypes if text))


def filter_note(filtered: str) -> str:
    """What to say of a result that did not pass the tool's own filter; empty when it passed, or none was applied."""
    return "" if filtered.upper() in {"", "PASS", ".", "NONE"} else f"its filter says {filtered[:60]}"


def read_text(path: Path) -> Text:
    """The text of a small file: plain, gzip, or packed as ZIP (then with the gene that the archive names, if it does).

    Raises: InputError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY, FILE_DAMAGED, NOT_TEXT, NOT_VCF, BAD_OUTSIDE_CALL.
    """
    name = path.name
    stream, _ = open_bytes(path)
    with stream:
        try:
            data = stream.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise InputError("FILE_UNREADABLE", str(error.strerror), source=name) from error
    gene = ""
    if data.startswith(ZIP):
        from starling.formats.archive import text_and_note  # what unpacks archives is loaded for one only

        data, note = text_and_note(data, name, _LARGEST_FILE + 1)
        stated = _GENE_NOTE.search(note.decode("utf-8", errors="replace"))
        gene = stated[1] if stated else ""
    elif data.startswith(GZIP):
        data = _unzipped(data, name)
    if len(data) > _LARGEST_FILE:
        raise InputError("BAD_OUTSIDE_CALL", f"the file is longer than {_LARGEST_FILE:,} bytes", source=name)
    return Text.of(_decoded(data, name), name, gene=gene)


def _unzipped(data: bytes, name: str) -> bytes:
    """What is packed; of what is longer than is allowed, a little more than that."""
    pieces = (data[at : at + RAW_BYTES] for at in range(0, len(data), RAW_BYTES))
    text = bytearray()
    for part in gunzip(next(pieces), pieces, name):
        text += part
        if len(text) > _LARGEST_FILE:
            break
    return bytes(text)


def _decoded(data: bytes, name: str) -> str:
    if hl7.begins(data[:64]):
        return hl7.decoded(data, name)  # which states its character set itself
    try:
        text = data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("NOT_TEXT", "neither UTF-8 nor UTF-16", source=name, line=line) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError("NOT_TEXT", "a NUL byte in the file", source=name, line=line)
    return text


def _document(text: str, name: str) -> object:
    try:
        value: object = json.loads(text)
    except RecursionError:
        raise InputError("BAD_OUTSIDE_CALL", "JSON nested too deeply", source=name) from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        reason = getattr(error, "msg", "a number too long")
        raise InputError("BAD_OUTSIDE_CALL", f"not JSON ({reason})", source=name, line=line) from None
    return value
