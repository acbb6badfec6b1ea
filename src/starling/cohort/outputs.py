"""The files of one run beside each other, and how tables are put into them: whole or not at all.

What a run wrote it vouches for: the digests of all its tables stand in one file beside them, written last, and whoever
opens a table compares first.  A table that was altered, swapped for that of another run, or cut short is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starling.errors import InputError
from starling.formats.write import replacing, write_atomically
from starling.values import dataclass

if TYPE_CHECKING:
    import duckdb

SCHEMA: Final = 1
METADATA: Final = "starling"
#: DuckDB's own memory; more goes to a temporary folder.
_MEMORY: Final = "256MB"
#: What a run vouches for in a directory of evidence: the digest of every file in it.
EVIDENCE_DIGESTS: Final = "digests.json"


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of one run, named after its calls."""

    calls: Path

    def beside(self, what: str, suffix: str = ".parquet") -> Path:
        """`calls.parquet` -> `calls.WHAT.parquet`."""
        return self.calls.with_name(f"{self.calls.stem}.{what}{suffix}")

    @property
    def people(self) -> Path:
        """One row for each person: the pattern of every gene."""
        return self.beside("people")

    @property
    def patterns(self) -> Path:
        """One row for each pattern of each gene, with its result."""
        return self.beside("patterns")

    @property
    def advice(self) -> Path:
        """One row for each drug and combination of patterns."""
        return self.beside("advice")

    @property
    def answers(self) -> Path:
        """One row for each distinct answer of a drug."""
        return self.beside("answers")

    @property
    def positions(self) -> Path:
        """One row for each position: how many people were called there."""
        return self.beside("positions")

    @property
    def evidence(self) -> Path:
        """A directory with the records of every shard."""
        return self.beside("evidence")

    @property
    def digests(self) -> Path:
        """What each table held when it was written."""
        return self.beside("digests", ".json")

    @property
    def tables(self) -> tuple[Path, ...]:
        """The tables that belong together."""
        return (self.calls, self.people, self.patterns, self.advice, self.answers, self.positions)

    @property
    def work(self) -> Path:
        """Where shards wait until all are done."""
        return self.beside("unfinished", "")

    @property
    def written(self) -> tuple[Path, ...]:
        """Everything that a run, or a later one that compares with it, leaves in the folder."""
        differences = (self.beside("differences"), self.beside("differences", ".tsv"))
        return (*self.tables, *differences, self.digests, self.evidence, self.work)


@contextmanager
def work_directory(directory: Path) -> Iterator[None]:
    """The folder for unfinished work is there and nobody else's; it is gone at the end, unless something failed.

    Raises: InputError OUTPUT_UNWRITABLE, also when another run is writing the same output.
    """
    try:
        held = _hold(directory)
    except OSError as error:
        raise InputError("OUTPUT_UNWRITABLE", error.strerror or str(error), source=str(directory.parent)) from error
    if not held:
        message = "another run is writing these calls now; wait for its end, or name another output"
        raise InputError("OUTPUT_UNWRITABLE", message, source=str(directory.with_suffix(".parquet")))
    try:
        yield
        shutil.rmtree(directory)
    finally:
        for handle in held:
            os.close(handle)


def _hold(directory: Path) -> tuple[int, ...] | None:
    """Handles that lock the folder until they are closed or the process ends; None when another process has it.

    A run that ended between our look and our lock has taken the folder with it: then it is made anew.  Where the
    system or the disk knows no such locks, nothing is held and nobody is kept out.
    """
    directory.mkdir(exist_ok=True)
    if sys.platform == "win32":
        return (os.open(os.devnull, os.O_RDONLY),)
    import fcntl

    while True:
        directory.mkdir(exist_ok=True)
        handle = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError:
            return (handle,)
        if directory.exists() and os.path.samestat(os.fstat(handle), directory.stat()):
            return (handle,)
        os.close(handle)


def write_digests(target: Path, tables: Iterable[Path]) -> None:
    """`target` says what every table holds now: whoever opens one of them can tell whether it still does."""
    stated = {path.name: digest_of_file(path) for path in tables}
    write_atomically(target, json.dumps({"schema": SCHEMA, "sha256": stated}, indent=1) + "\n")


def digest_of_file(path: Path) -> str:
    """SHA-256 of the whole file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verified(calls: Path) -> Outputs:
    """The tables of an earlier run, each of which holds what was written.

    Raises: InputError BAD_CALLS with the table's name, FILE_NOT_FOUND when a table is not beside the calls.
    """
    metadata_of(calls)  # says of a file of another kind what it is not, before anything is missed beside it
    outputs = Outputs(calls)
    stated = _stated_digests(outputs.digests, "BAD_CALLS")
    for path in outputs.tables:
        _compare(path, stated, "BAD_CALLS", "belongs to the calls and must stay beside them")
    return outputs


def stated_digest(outputs: Outputs, table: Path) -> str:
    """What the digests beside the calls state of a table; of verified outputs that is its SHA-256, in hex."""
    return _stated_digests(outputs.digests, "BAD_CALLS")[table.name]


def verify_evidence(path: Path) -> None:
    """The file holds what was written.  Raises: InputError BAD_EVIDENCE, FILE_NOT_FOUND."""
    stated = _stated_digests(path.with_name(EVIDENCE_DIGESTS), "BAD_EVIDENCE")
    _compare(path, stated, "BAD_EVIDENCE", "no such evidence")


def _stated_digests(path: Path, code: str) -> Mapping[str, str]:
    """Name -> digest.  Raises: InputError `code`."""
    try:
        stated = json.loads(path.read_bytes())
        digests = stated["sha256"]
        if stated["schema"] != SCHEMA or not isinstance(digests, dict):
            raise KeyError("schema")
    except FileNotFoundError:
        message = "is missing: the digests of the tables must stay beside them"
        raise InputError(code, message, source=path.name) from None
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise InputError(code, "damaged: not the digests of tables", source=path.name) from error
    return digests


def _compare(path: Path, stated: Mapping[str, str], code: str, missing: str) -> None:
    try:
        found = digest_of_file(path)
    except FileNotFoundError:
        raise InputError("FILE_NOT_FOUND", missing, source=str(path)) from None
    except OSError as error:
        raise InputError("FILE_UNREADABLE", error.strerror or "cannot be read", source=str(path)) from error
    if path.name not in stated or found != stated[path.name]:
        message = "damaged, altered, or of another run: not what was written"
        raise InputError(code, message, source=path.name)


def metadata_of(calls: Path) -> dict[str, Any]:
    """What a table of calls states of itself.  Raises: InputError BAD_CALLS, FILE_NOT_FOUND."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        stated: dict[str, Any] = json.loads((pq.read_schema(calls).metadata or {})[METADATA.encode()])
        if stated["schema"] != SCHEMA:
            raise KeyError("schema")
    except FileNotFoundError:
        raise InputError("FILE_NOT_FOUND", "no such table of calls", source=str(calls)) from None
    except (KeyError, TypeError, ValueError, OSError, pa.ArrowException) as error:
        raise InputError("BAD_CALLS", "not a table of calls of this version", source=calls.name) from error
    return stated


@contextmanager
def connected(directory: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB with bounded memory that spills beside the output."""
    import duckdb

    # of this connection alone: another run in the same folder removes its own
    spill = directory / f".spill-{os.urandom(8).hex()}"
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    database = duckdb.connect(":memory:", config=settings)
    try:
        yield database
    finally:
        database.close()
        shutil.rmtree(spill, ignore_errors=True)


def copy_query(
    database: duckdb.DuckDBPyConnection, query: str, target: Path, metadata: Mapping[str, str] | None = None
) -> None:
    """`target` holds the answer to the query, whole or not at all."""
    with replacing(target) as temporary:
        said = ", ".join(f"{key}: {quoted(value)}" for key, value in (metadata or {}).items())
        extra = f", KV_METADATA {{{said}}}" if said else ""
        database.execute(f"COPY ({query}) TO {quoted(str(temporary))} (FORMAT parquet, COMPRESSION zstd{extra})")


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
