"""The files of one run beside each other, and how tables are put into them: whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starling.errors import InputError
from starling.formats.write import replacing
from starling.values import dataclass

if TYPE_CHECKING:
    import duckdb

SCHEMA: Final = 1
METADATA: Final = "starling"
#: DuckDB's own memory; more goes to a temporary folder.
_MEMORY: Final = "256MB"


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
    def work(self) -> Path:
        """Where shards wait until all are done."""
        return self.beside("unfinished", "")

    @property
    def written(self) -> tuple[Path, ...]:
        """Everything that a run, or a later one that compares with it, leaves in the folder."""
        tables = (self.calls, self.people, self.patterns, self.advice, self.answers, self.positions)
        differences = (self.beside("differences"), self.beside("differences", ".tsv"))
        return (*tables, *differences, self.evidence, self.work)


def make_work_directory(directory: Path) -> None:
    """The folder for unfinished work is there.  Raises: InputError OUTPUT_UNWRITABLE."""
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError("OUTPUT_UNWRITABLE", error.strerror or str(error), source=str(directory.parent)) from error


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
    except (KeyError, ValueError, OSError, pa.ArrowException) as error:
        raise InputError("BAD_CALLS", "not a table of calls of this version", source=calls.name) from error
    return stated


@contextmanager
def connected(directory: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB with bounded memory that spills beside the output."""
    import duckdb

    spill = directory / ".spill"
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
