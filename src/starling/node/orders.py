"""Orders of a laboratory system: which specimen was ordered under which number, until the patient is forgotten.

What comes of the specimen, by whatever way its file came in, is sent back under the number of the order (OBR-2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from starling.node.values import Patient

_TABLE: Final = """CREATE TABLE IF NOT EXISTS hl7_order (
    placer TEXT PRIMARY KEY, specimen TEXT NOT NULL, identifier TEXT NOT NULL, second_identifier TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID"""


class Orders:
    """The orders of one node.  Whoever calls it holds the lock of the store; changes take part in its transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        connection.execute(_TABLE)

    def put(self, placer: str, specimen: str, identifiers: tuple[str, str], at: str) -> None:
        """The order stands; one of the same number takes its place."""
        self._connection.execute(
            "INSERT OR REPLACE INTO hl7_order VALUES (?, ?, ?, ?, ?)", (placer, specimen, *identifiers, at)
        )

    def cancelled(self, placer: str) -> bool:
        """The order stands no more; False: there was none."""
        return bool([*self._connection.execute("DELETE FROM hl7_order WHERE placer = ? RETURNING 1", (placer,))])

    def of(self, specimen: str, patient: Patient) -> str:
        """The number under which this specimen of this patient was ordered last; empty when nobody did."""
        names = (patient.identifier, patient.second_identifier)
        rows = self._connection.execute(
            "SELECT placer FROM hl7_order WHERE specimen = ? AND (identifier IN (?, ?) OR second_identifier IN (?, ?))"
            " ORDER BY at DESC LIMIT 1", (specimen, *names, *names),
        )  # fmt: skip
        return str(next(iter(rows), ("",))[0])

    def forget(self, names: Iterable[str]) -> None:
        """No order of whoever has one of these identifiers is there any more."""
        for each in names:
            self._connection.execute("DELETE FROM hl7_order WHERE ? IN (identifier, second_identifier)", (each,))
