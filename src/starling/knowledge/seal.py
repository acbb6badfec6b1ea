"""The digests inside a compiled file: every row is covered by one, and checked when it is read.

A table that is read whole has one digest; of a table that is read by key (a prescriber asks about one drug) every row
has its own.  They stand in the table `digest`; the digest of that table, with the version and the date, names the
knowledge: it is the stamp on every result.  Whoever alters a fact must alter the stamp, or is found by the first reader
of the row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

#: 'STAR': lets `file` and `KnowledgeBase.open` tell a knowledge base from any other SQLite file.
APPLICATION_ID: Final = 0x53544152
SCHEMA_VERSION: Final = 3
#: tables of which single rows are read; the first column is the key
BY_KEY: Final = frozenset({"gene", "guideline"})
#: what the digests do not cover: themselves, and the stamp that is made from them
UNCOVERED: Final = frozenset({"digest", "meta"})
#: SQLite writes the version of the library that made the file here; it carries no meaning for readers.
_LIBRARY_VERSION_FIELD: Final = slice(96, 100)

Rows = Sequence[Sequence[Any]]


def digest_of(rows: Rows) -> str:
    """SHA-256 over rows in the order given: the lengths of all texts and the numbers, row by row, then the texts."""
    shape = str([[len(field) if isinstance(field, str) else [field] for field in row] for row in rows])
    texts = "".join([field for row in rows for field in row if isinstance(field, str)])
    return hashlib.sha256((shape + texts).encode("utf-8", "surrogatepass")).hexdigest()


def stamp_of(version: str, as_of: str, checked_on: str, stated: Iterable[tuple[str, str, str]]) -> str:
    """The digest that names the knowledge: of its version, its dates and the digests of its rows."""
    return digest_of([(SCHEMA_VERSION, version, as_of, checked_on), *stated])


def digests(table: str, rows: Iterable[tuple[Any, ...]]) -> list[tuple[str, str, str]]:
    """The rows of the table `digest` for one table: (table, key or nothing, SHA-256)."""
    if table in BY_KEY:
        return [(table, str(row[0]), digest_of([row])) for row in rows]
    return [(table, "", digest_of(sorted(rows)))]


def normalised(data: bytes) -> bytes:
    """The file without a trace of the library that wrote it."""
    writable = bytearray(data)
    writable[_LIBRARY_VERSION_FIELD] = bytes(4)
    return bytes(writable)
