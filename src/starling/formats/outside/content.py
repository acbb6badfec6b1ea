"""What a tool's result file is to its reader: a small text with a name, and what each tool promises."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.formats.stream import open_bytes
from starling.values import dataclass
from starling.vocabulary import OutsideCall

_LARGEST_FILE: Final = 64 * 2**20
#: Stands between diplotypes that a tool could not tell apart.
OR: Final = " or "


@dataclass(frozen=True, slots=True)
class Text:
    """A result file as text.  `lines`: without line ends; `document`: the value when it is JSON, else None."""

    name: str
    lines: tuple[str, ...]
    document: object = None

    @classmethod
    def of(cls, text: str, name: str) -> Text:
        """The text of a file called `name`.  Raises: InputError BAD_OUTSIDE_CALL when it begins as JSON and is none."""
        plain = text.removeprefix("\ufeff")
        lines = tuple(line.removesuffix("\r") for line in plain.split("\n"))
        return cls(name, lines, _document(plain, name) if plain.lstrip()[:1] in {"{", "["} else None)

    @property
    def filled(self) -> tuple[tuple[int, str], ...]:
        """(line number, line) of everything that is not empty."""
        return tuple((number, line) for number, line in enumerate(self.lines, 1) if line.strip())

    @property
    def head(self) -> tuple[str, ...]:
        """The fields of the first line that is not empty, separated by tabs."""
        return cells(next(filter(str.strip, self.lines), ""))

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
    the file; raises InputError BAD_OUTSIDE_CALL with the line.
    """

    name: str
    matches: Callable[[Text], bool]
    read: Callable[[Text], Iterable[OutsideCall]]


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
    """What to say of a result that did not pass the tool's own filter; empty when it passed."""
    return "" if filtered.upper() in {"", "PASS", "."} else f"its filter says {filtered[:60]}"


def read_text(path: Path) -> Text:
    """The text of a small file.

    Raises: InputError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY, NOT_TEXT, BAD_OUTSIDE_CALL.
    """
    stream, _ = open_bytes(path)
    with stream:
        try:
            data = stream.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise InputError("FILE_UNREADABLE", str(error.strerror), source=path.name) from error
    if len(data) > _LARGEST_FILE:
        raise InputError("BAD_OUTSIDE_CALL", f"the file is longer than {_LARGEST_FILE:,} bytes", source=path.name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("NOT_TEXT", "the file is not UTF-8", source=path.name, line=line) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError("NOT_TEXT", "a NUL byte in the file", source=path.name, line=line)
    return Text.of(text, path.name)


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
