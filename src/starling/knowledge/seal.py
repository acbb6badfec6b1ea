"""The digests inside a compiled file: every row is covered by one, and checked when it is read.

A table that is read whole has one digest; of a table that is read by key (a prescriber asks about one drug) every row
has its own, and the table a digest of those.  They stand in the table `digest`; the digest of the digests of all
tables, with the version and the dates, names the knowledge: it is the stamp on every result.  Whoever alters a fact
must alter the stamp, or is found by the first reader of the row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

#: 'STAR': lets `file` and `KnowledgeBase.open` tell a knowledge base from any other SQLite file.
APPLICATION_ID: Final = 0x53544152
SCHEMA_VERSION: Final = 5
#: tables of which single rows are read; the first column is the key
BY_KEY: Final = frozenset({"gene", "guideline"})
#: what the digests do not cover: themselves, and the stamp that is made from them
UNCOVERED: Final = frozenset({"digest", "meta"})
#: SQLite writes the version of the library that made the file here; it carries no meaning for readers.
_LIBRARY_VERSION_FIELD: Final = slice(96, 100)

#: what SQLite gives for a field
_KINDS: Final = {str: 0, int: 1, float: 2, type(None): 3}

#: what the signature of a compiled file is for: who signs and who believes it must say the same
SIGNED_FOR: Final = "starling.knowledge/1 file"

Rows = Sequence[Sequence[Any]]


def digest_of(rows: Rows) -> str:
    """SHA-256 over rows in the order given: how many fields each has, their kinds and lengths, then all in one text.

    Nothing here loops in Python: everything that is read passes through.
    """
    fields = list(chain.from_iterable(rows))
    kinds = list(map(type, fields))
    if kinds.count(str) == len(kinds):  # as in most tables
        texts, known = fields, _listed(0, len(fields))
    else:
        texts, known = list(map(str, fields)), str(list(map(_KINDS.get, kinds)))
    widths = list(map(len, rows))
    alike = len(widths) > 1 and widths.count(widths[0]) == len(widths)
    shape = f"{_listed(widths[0], len(widths)) if alike else widths}{known}{list(map(len, texts))}"
    return hashlib.sha256((shape + "".join(texts)).encode("utf-8", "surrogatepass")).hexdigest()


def _listed(number: int, count: int) -> str:
    """A list of one number, so many times, as text."""
    return f"[{', '.join([str(number)] * count)}]"


#: what `meta` says of an edition, beside the digest that names it
NAMES: Final = ("version", "as_of", "checked_on", "signed_by")


def stamp_of(names: Sequence[str], stated: Iterable[tuple[str, str, str]]) -> str:
    """The digest that names the knowledge: of its NAMES and the digests of its tables."""
    return digest_of([(SCHEMA_VERSION, *names), *(each for each in stated if not each[1])])


def digests(table: str, rows: Iterable[tuple[Any, ...]]) -> list[tuple[str, str, str]]:
    """The rows of the table `digest` for one table: (table, key or nothing, SHA-256)."""
    if table not in BY_KEY:
        return [(table, "", digest_of(sorted(rows)))]
    own = [(table, str(row[0]), digest_of([row])) for row in rows]
    return [(table, "", digest_of_keys(own)), *own]


def digest_of_keys(stated: Iterable[tuple[str, str, str]]) -> str:
    """The digest of a table that is read by key: of the digests of its rows."""
    return digest_of(sorted(stated))


def normalised(data: bytes) -> bytes:
    """The file without a trace of the library that wrote it."""
    writable = bytearray(data)
    writable[_LIBRARY_VERSION_FIELD] = bytes(4)
    return bytes(writable)
