"""Rows of a compiled file, believed only when they give the digest that the compiler stored (see `seal`).

The file is never written: SQLite opens it with `mode=ro` and `immutable=1`, so that a read-only medium and several
processes at once are fine.  Only what is asked for is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, Self

from starling.assessment import KnowledgeStamp
from starling.errors import KnowledgeError
from starling.knowledge.seal import (
    APPLICATION_ID,
    BY_KEY,
    NAMES,
    SCHEMA_VERSION,
    UNCOVERED,
    digest_of,
    digest_of_keys,
    digests,
    stamp_of,
)

_MAGIC: Final = b"SQLite format 3\x00"
_HEADER_BYTES: Final = 100
_PAGE_SIZE_FIELD: Final = slice(16, 18)
_PAGE_COUNT_FIELD: Final = slice(28, 32)
_SCHEMA_VERSION_FIELD: Final = slice(60, 64)
_APPLICATION_ID_FIELD: Final = slice(68, 72)

Row = tuple[Any, ...]


class Rows:
    """The tables of one file.  Threads may share it: SQLite serialises them."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self._database = database
        self._name = name
        meta: dict[str, str] = dict(self._execute("SELECT key, value FROM meta"))
        stated = self._execute("SELECT * FROM digest WHERE key = '' ORDER BY 1")
        version, as_of, checked_on, signed_by = names = [str(meta.get(key)) for key in NAMES]
        sha256 = str(meta.get("sha256"))
        if stamp_of(names, stated) != sha256:
            raise self._damaged("its version, dates and digests do not give the digest that the file states")
        self.stamp = KnowledgeStamp(version, sha256, as_of, checked_on, signed_by)
        self._digests = {table: str(sha256) for table, _, sha256 in stated}
        self._known: dict[str, dict[str, str]] = {}
        self._kept: dict[str, list[Row]] = {}

    @classmethod
    def open(cls, path: Path) -> Self:
        """The rows of the file.

        Raises: KnowledgeError when it is missing, unreadable, of another kind or schema version, or not whole.
        """
        _check_header(path)
        try:
            # check_same_thread: several threads may read, and nothing is ever written
            uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            return cls(sqlite3.connect(uri, uri=True, check_same_thread=False), path.name)
        except sqlite3.Error as error:
            message = f"{path.name}: not readable as a database ({error})"
            raise KnowledgeError("KNOWLEDGE_DAMAGED", message) from error

    def close(self) -> None:
        """The file is released."""
        self._database.close()

    def table(self, name: str) -> list[Row]:
        """Every row of a table, in key order.  Raises: KnowledgeError when one was altered, lost or added.

        A table that is read whole is read once: whoever narrows the knowledge to a question asks for it again.
        """
        rows = self._kept.get(name)
        if rows is None:
            rows = self._execute(_all_of(name))
            self._verify(name, rows)
            if name not in BY_KEY:
                self._kept[name] = rows
        return rows

    def keys(self, name: str) -> tuple[str, ...]:
        """The keys of a table that is read by key, in order."""
        return tuple(self._digests_of(name))

    def at(self, name: str, keys: Collection[str]) -> list[Row]:
        """The rows of these keys, in key order.  Raises: KnowledgeError when one was altered or lost."""
        wanted = [key for key in self.keys(name) if key in keys]
        rows = self._execute(_all_of(name, f"WHERE {name} IN ({', '.join('?' * len(wanted))})"), *wanted)
        if [row[0] for row in rows] != wanted:
            raise self._damaged(f"rows of {name} are missing")
        self._verify_each(name, rows)
        return rows

    def verify(self) -> bool:
        """Whether every row of every table gives the stored digests (a slow check, for diagnosis)."""
        names = {name for (name,) in self._execute("SELECT name FROM sqlite_schema WHERE type = 'table'")} - UNCOVERED
        made = [each for name in names for each in digests(name, self._execute(_all_of(name)))]
        return sorted(made) == self._execute("SELECT * FROM digest ORDER BY 1, 2")

    def _digests_of(self, name: str) -> dict[str, str]:
        """Key -> digest of its row.  Raises: KnowledgeError when they do not give the digest of the table."""
        known = self._known.get(name)
        if known is None:
            stated = self._execute("SELECT * FROM digest WHERE \"table\" = ? AND key != '' ORDER BY 2", name)
            if digest_of_keys(stated) != self._digests.get(name):
                raise self._damaged(f"the digests of {name} do not give theirs")
            known = self._known[name] = {key: sha256 for _, key, sha256 in stated}
        return known

    def _verify(self, name: str, rows: list[Row]) -> None:
        if name in BY_KEY:
            if tuple(row[0] for row in rows) != self.keys(name):
                raise self._damaged(f"rows of {name} are missing")
            self._verify_each(name, rows)
        elif digest_of(sorted(rows)) != self._digests.get(name):
            raise self._damaged(f"the rows of {name} do not give their digest")

    def _verify_each(self, name: str, rows: list[Row]) -> None:
        stated = self._digests_of(name)
        for row in rows:
            if digest_of([row]) != stated[row[0]]:
                raise self._damaged(f"{name} {row[0]} does not give its digest")

    def _execute(self, query: str, *values: str) -> list[Row]:
        try:
            return self._database.execute(query, values).fetchall()
        except (sqlite3.Error, UnicodeError) as error:
            raise self._damaged(f"unreadable ({error})") from error

    def _damaged(self, what: str) -> KnowledgeError:
        return KnowledgeError("KNOWLEDGE_DAMAGED", f"{self._name}: {what}")


def _all_of(table: str, condition: str = "") -> str:
    """Rows in the order of the first column, the key: tables are our own, never the user's text."""
    return f"SELECT * FROM {table} {condition} ORDER BY 1"  # noqa: S608 -- own table names


def _check_header(path: Path) -> None:
    name = path.name
    try:
        with path.open("rb") as stream:
            header = stream.read(_HEADER_BYTES)
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise KnowledgeError("KNOWLEDGE_NOT_FOUND", f"{name}: no such knowledge base") from error
    except OSError as error:
        raise KnowledgeError("KNOWLEDGE_NOT_FOUND", f"{name}: cannot be read ({error.strerror})") from error
    if not header.startswith(_MAGIC) or header[_APPLICATION_ID_FIELD] != APPLICATION_ID.to_bytes(4, "big"):
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{name}: not a compiled knowledge base")
    schema = int.from_bytes(header[_SCHEMA_VERSION_FIELD], "big")
    if schema != SCHEMA_VERSION:
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{name}: schema {schema}, this program reads {SCHEMA_VERSION}")
    pages = int.from_bytes(header[_PAGE_COUNT_FIELD], "big")
    if size != pages * int.from_bytes(header[_PAGE_SIZE_FIELD], "big"):
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{name}: {size} bytes are not the {pages} pages that it states")
