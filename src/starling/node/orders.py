"""What interfaces of HL7 v2 leave in the store: orders, and the answers to messages that may come again.

What comes of a specimen, by whatever way its file came in, is sent back under the number of its order (OBR-2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from starling.formats.hl7.writing import escaped
from starling.node.values import Patient

_TABLE: Final = """CREATE TABLE IF NOT EXISTS hl7_order (
    placer TEXT PRIMARY KEY, specimen TEXT NOT NULL, identifier TEXT NOT NULL, second_identifier TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID"""
_MESSAGES: Final = """CREATE TABLE IF NOT EXISTS hl7_message (
    sender TEXT NOT NULL, control TEXT NOT NULL, sha256 TEXT NOT NULL, reply TEXT NOT NULL, at TEXT NOT NULL,
    job TEXT NOT NULL, PRIMARY KEY (sender, control)
) STRICT, WITHOUT ROWID"""
#: messages of each sender whose control ids are remembered: no interface sends one again after so many (ours)
_REMEMBERED: Final = 100_000


class Orders:
    """The orders of one node.  Whoever calls it holds the lock of the store; changes take part in its transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        connection.execute(_TABLE)
        connection.execute(_MESSAGES)

    def answered(self, sender: str, control: str) -> tuple[str, str]:
        """(digest of the message, its answer) of a control id that was used; empty when it was not."""
        rows = self._connection.execute(
            "SELECT sha256, reply FROM hl7_message WHERE sender = ? AND control = ?", (sender, control)
        )
        digest, reply = next(iter(rows), ("", ""))
        return str(digest), str(reply)

    def remember(self, sender: str, control: str, digest: str, reply: str, at: str, job: str) -> None:
        """The answer to a message, for when it comes again; the oldest of a sender make room."""
        execute = self._connection.execute
        values = (sender, control, digest, reply, at, job)
        execute("INSERT OR REPLACE INTO hl7_message VALUES (?, ?, ?, ?, ?, ?)", values)
        execute(
            "DELETE FROM hl7_message WHERE sender = ? AND at < (SELECT at FROM hl7_message WHERE sender = ?"
            " ORDER BY at DESC LIMIT 1 OFFSET ?)", (sender, sender, _REMEMBERED),
        )  # fmt: skip

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

    def whose(self, specimen: str) -> tuple[str, str] | None:
        """The identifiers of whom a specimen was ordered for; None when nobody ordered it, or several did."""
        rows = [
            *self._connection.execute(
                "SELECT DISTINCT identifier, second_identifier FROM hl7_order WHERE specimen = ?", (specimen,)
            )
        ]
        return (str(rows[0][0]), str(rows[0][1])) if len(rows) == 1 else None

    def forget(self, names: Iterable[str]) -> None:
        """No order of whoever has one of these identifiers is there any more, and no answer that names them."""
        for each in names:
            self._connection.execute("DELETE FROM hl7_order WHERE ? IN (identifier, second_identifier)", (each,))
            self._connection.execute("DELETE FROM hl7_message WHERE instr(reply, ?)", (escaped(each),))
