"""Jobs whose released result waits for an interface: their names alone, in the store, in the order of release."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

#: the tables: what goes by HL7 v2, and what is written into an EHR
HL7, EHR = "hl7_result", "ehr_result"
_TABLE: Final = """CREATE TABLE IF NOT EXISTS hl7_result (
    number INTEGER PRIMARY KEY, job TEXT NOT NULL UNIQUE, aside TEXT NOT NULL DEFAULT ''
) STRICT"""


class Waiting:
    """The queue.  Whoever calls it holds the lock of the store; `put` and `done` take part in the open transaction."""

    def __init__(self, connection: Any, table: str = HL7) -> None:
        """`table`: HL7 or EHR."""
        self._connection = connection
        self._table = table
        self._done(_TABLE)

    def _done(self, said: str, *values: str) -> Any:
        """A statement, on the table of this queue."""
        return self._connection.execute(said.replace(HL7, self._table), values)

    def put(self, job: str) -> None:
        """The result of this job waits, once."""
        self._done("INSERT OR IGNORE INTO hl7_result (job) VALUES (?)", job)

    def next(self) -> str:
        """The job that waits longest; empty when none does."""
        rows = self._done("SELECT job FROM hl7_result WHERE aside = '' ORDER BY number LIMIT 1")
        return str(next(iter(rows), ("",))[0])

    def forget(self, jobs: Iterable[str]) -> None:
        """Nothing waits of these jobs, nor what a receiver said of them."""
        for job in jobs:
            self._done("DELETE FROM hl7_result WHERE job = ?", job)

    def done(self, job: str, *, aside: str = "") -> None:
        """It was acknowledged; or the receiver will never take it (`aside`: its words), and it is not sent again."""
        if aside:
            self._done("UPDATE hl7_result SET aside = ? WHERE job = ?", aside[:200], job)
        else:
            self._done("DELETE FROM hl7_result WHERE job = ?", job)
