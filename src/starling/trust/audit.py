"""The audit log: events in the sealed store, held by a hash chain, a Merkle tree and signed checkpoints.

    log = AuditLog(connection, signer, "starling.node/audit", Path("/media/witness/checkpoint"))
    log.append(event("check", "success", "dr-one", "p-17", when=now, detail={"drugs": "codeine"}))
    log.checkpoint()                    # signed; also in the second place
    log.verify().require()

An event lies in one row with the hashes of the subtrees that it completes, so that adding one writes one row, and a
proof reads a row for each of its steps.  A checkpoint is on the disk before the second place is told of it: loss of
power cannot look like a log that was cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Final

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from starling.errors import InputError, InternalError, TrustError
from starling.trust import merkle
from starling.trust.canonical import canonical
from starling.trust.merkle import HASH_BYTES, leaf_hash
from starling.trust.note import Checkpoint, read_checkpoint, sign_checkpoint, verifier_key
from starling.trust.proof import dump_proof
from starling.trust.sealed import sealed_errors, transaction
from starling.trust.verdict import CHAIN_START, Row, Seen, Verdict, chained, judge

__all__ = ["AuditLog"]

# Triggers stand against accidents, not against whoever has the key of the store.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS audit_event (
    place INTEGER PRIMARY KEY,  -- from 0
    event BLOB NOT NULL,        -- RFC 8785 JSON
    nodes BLOB NOT NULL,        -- hashes of the subtrees that this event completes, from the leaf up
    chain BLOB NOT NULL         -- SHA-256 of the chain before and the leaf
) STRICT;
CREATE TABLE IF NOT EXISTS audit_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS audit_event_stands BEFORE UPDATE ON audit_event
    BEGIN SELECT raise(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER IF NOT EXISTS audit_event_stays BEFORE DELETE ON audit_event
    BEGIN SELECT raise(ABORT, 'the audit log is only added to'); END;
"""
_LAST: Final = "SELECT place, substr(nodes, 1, 32), chain FROM audit_event ORDER BY place DESC LIMIT 1"
_NODE: Final = "SELECT substr(nodes, ?, 32) FROM audit_event WHERE place = ?"
_ADD: Final = "INSERT INTO audit_event VALUES (?, ?, ?, ?)"
_NEWEST: Final = "SELECT place, event FROM audit_event WHERE place < ? ORDER BY place DESC LIMIT ?"
#: SQLite's `synchronous` from which on a commit waits for the disk
_FULL: Final = 2
_ANY_PLACE: Final = (1 << 63) - 1


class AuditLog:
    """The log in an open store.  `witness`: the second place for checkpoints, best on another device."""

    def __init__(
        self, connection: apsw.Connection, signer: Ed25519PrivateKey, origin: str, witness: Path | None
    ) -> None:
        self._connection = connection
        self._signer = signer
        self._public = signer.public_key().public_bytes_raw()
        self.origin = origin
        self.witness = witness
        if not self._value("SELECT count(*) FROM sqlite_schema WHERE name = 'audit_event_stays'"):
            connection.execute(_SCHEMA)

    @property
    def size(self) -> int:
        """How many events there are."""
        return self._value("SELECT coalesce(max(place), -1) + 1 FROM audit_event") or 0

    @property
    def verifier_key(self) -> str:
        """What an auditor notes at the beginning, on paper too: the line by which checkpoints are believed."""
        return verifier_key(self.origin, self._public)

    # --- writing ---

    def append(self, event: Mapping[str, Any], *, durable: bool = False) -> int:
        """The place of the event, which is in the log now: with the caller's transaction, or at once without one.

        `durable`: on the disk when this, or the caller's transaction, which must be durable too, ends.
        Raises: InternalError, ours, for an event that is no plain JSON, or a transaction that is not durable.
        """
        if self._connection.in_transaction:
            if durable and self._connection.pragma("synchronous") < _FULL:
                raise InternalError("INTERNAL", "a durable event in a transaction that does not wait for the disk")
            return self._append(event)
        with transaction(self._connection, durable=durable):
            return self._append(event)

    def _append(self, event: Mapping[str, Any]) -> int:
        found = self._connection.execute(_LAST).fetchone()
        last, leaf_before, chain = found or (-1, b"", CHAIN_START)
        place = last + 1
        content = canonical({**event, "id": str(place)})
        leaf = leaf_hash(content)
        nodes = merkle.completed(
            place, leaf, lambda level, index: leaf_before if level == 0 else self._node(level, index)
        )
        self._connection.execute(_ADD, (place, content, b"".join(nodes), chained(chain, leaf)))
        return place

    def checkpoint(self) -> str:
        """A signed checkpoint of all events so far, which are on the disk; the second place has it as well.

        Raises: TrustError LOG_TAMPERED when the second place saw another log, whose checkpoint is then left there;
        InputError OUTPUT_UNWRITABLE when it cannot be written there.
        """
        if self._connection.in_transaction:
            raise InternalError("INTERNAL", "a checkpoint inside a transaction that may yet be taken back")
        self.compare().require()
        return self._checkpoint()

    def _checkpoint(self) -> str:
        with transaction(self._connection, durable=True):
            size = self.size
            note = sign_checkpoint(Checkpoint(self.origin, size, self.root(size)), self._signer)
            self._connection.execute("INSERT OR REPLACE INTO audit_checkpoint VALUES (?, ?)", (size, note))
        if self.witness is not None:
            _write_whole(self.witness, note)
        return note

    def set_aside(self) -> Path | None:
        """A new checkpoint in the second place, whatever was there: gives where that lies now, None for nothing.

        For a restore that was meant, or a second place that was lost; whoever calls this records why.
        """
        kept = None
        if self.witness is not None and self.witness.exists():
            names = (f"{self.witness.name}.set-aside-{number}" for number in count(1))
            kept = next(path for name in names if not (path := self.witness.with_name(name)).exists())
            self.witness.rename(kept)
        self._checkpoint()
        return kept

    # --- reading ---

    def events(self, *, before: int | None = None, limit: int = 100) -> list[tuple[int, dict[str, Any]]]:
        """(place, event), the newest first; those before a place."""
        rows = self._connection.execute(_NEWEST, (_ANY_PLACE if before is None else before, limit))
        return [(place, json.loads(content)) for place, content in rows]

    def export(self) -> Iterator[str]:
        """Every event, a line each, the oldest first; the line is what the tree's leaf is the hash of."""
        for row in self._rows():
            yield row.event.decode("utf-8")

    def root(self, size: int) -> bytes:
        """The hash that stands for the first `size` events."""
        return merkle.root(size, self._node)

    def prove(self, index: int) -> str:
        """What shows, with the event's line and `verifier_key` alone, that the event is in this log (C2SP tlog-proof).

        Raises: InputError NOT_FOUND.
        """
        if not 0 <= index < self.size:
            raise InputError("NOT_FOUND", f"there is no event {index}; the log has {self.size}")
        note = self.checkpoint()
        size = read_checkpoint(note, self.origin, self._public).size
        return dump_proof(index, merkle.prove_inclusion(index, size, self._node), note)

    def prove_growth(self, old: int) -> list[bytes]:
        """What shows that the log now begins with its first `old` events (`merkle.verify_consistency`)."""
        return merkle.prove_consistency(old, self.size, self._node)

    # --- judging ---

    def verify(self, checkpoint: str | None = None) -> Verdict:
        """What was done to the log: every event is read, and held against every checkpoint that can be had.

        `checkpoint`: a note that was kept elsewhere.  Raises: TrustError CHECKPOINT_REFUSED when that one is not of
        this log; STORE_SEALED when the file itself is damaged.
        """
        given = [Seen(read_checkpoint(checkpoint, self.origin, self._public), inside=False)] if checkpoint else []
        with sealed_errors(Path(self._connection.filename)):
            try:
                seen = [*given, *self._inside(), *self._outside()]
            except TrustError:
                return Verdict("witness", None, self.size, 0)
            return judge(self._rows(), seen, self._named_elsewhere)

    def compare(self) -> Verdict:
        """As `verify`, but of the second place alone and through the stored hashes: microseconds, at every start."""
        try:
            seen = [each.checkpoint for each in self._outside()]
        except TrustError:
            return Verdict("witness", None, self.size, 0)
        size = self.size  # after the checkpoints: another process may add to the log meanwhile
        for each in seen:
            if each.size > size:
                inside = self._value("SELECT max(size) FROM audit_checkpoint") or 0
                return Verdict("truncate" if inside > size else "replay", size, size, 0)
            if self._root_or_none(each.size) != each.root:
                return Verdict("replay", None, size, 0)
        return Verdict("", None, size, max((each.size for each in seen), default=0))

    def _rows(self) -> Iterator[Row]:
        for row in self._connection.execute("SELECT place, event, nodes, chain FROM audit_event ORDER BY place"):
            yield Row(*row)

    def _inside(self) -> list[Seen]:
        notes = self._connection.execute("SELECT note FROM audit_checkpoint ORDER BY size")
        return [Seen(read_checkpoint(note, self.origin, self._public), inside=True) for (note,) in notes]

    def _outside(self) -> list[Seen]:
        """Raises: TrustError CHECKPOINT_REFUSED, also when one was written there and is gone."""
        if self.witness is None:
            return []
        try:
            text = self.witness.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            if self._value("SELECT count(*) FROM audit_checkpoint"):
                raise TrustError("CHECKPOINT_REFUSED", "checkpoint: gone from the second place") from None
            return []
        except OSError as error:
            raise TrustError("CHECKPOINT_REFUSED", f"checkpoint: cannot be read ({error.strerror})") from error
        return [Seen(read_checkpoint(text, self.origin, self._public), inside=False)]

    def _named_elsewhere(self, index: int) -> bool:
        asked = "SELECT count(*) FROM audit_event WHERE instr(event, ?)"
        return bool(self._value(asked, f'"id":"{index}"'.encode()))

    def _node(self, level: int, index: int) -> bytes:
        place = ((index + 1) << level) - 1
        found = self._value(_NODE, level * HASH_BYTES + 1, place)
        if not isinstance(found, bytes) or len(found) != HASH_BYTES:
            raise TrustError("LOG_TAMPERED", f"audit log: event {place} or a hash of it is missing")
        return found

    def _root_or_none(self, size: int) -> bytes | None:
        try:
            return self.root(size)
        except TrustError:
            return None

    def _value(self, sql: str, *values: Any) -> Any:
        row = self._connection.execute(sql, values).fetchone()
        return row[0] if row else None


def _write_whole(path: Path, text: str) -> None:
    """The text is in the file, on the disk, or the file is as it was.  Raises: InputError OUTPUT_UNWRITABLE."""
    try:
        handle, name = mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode("utf-8"))
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError("OUTPUT_UNWRITABLE", f"cannot be written ({error.strerror})", source=str(path)) from error
