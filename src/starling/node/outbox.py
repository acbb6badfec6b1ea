"""Events that wait for a hub: CloudEvents 1.0 in the store, sent in gzip batches until they are acknowledged.

An event has the same id however often it is made or sent, so that a receiver which keeps one event per id has each
exactly once.  Whoever calls an `Outbox` holds the lock of the store, and never while something is on its way; `put`
takes part in the transaction that is open.
Source: CloudEvents 1.0.2, JSON event format, sections 3 and 4; HTTP protocol binding, section 3.3.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Callable, Mapping
from enum import StrEnum
from http.client import HTTPException, HTTPSConnection
from ssl import SSLContext
from typing import Any, Final
from urllib.parse import urlsplit

from starling.values import dataclass

BATCH_HEADERS: Final = {
    "Content-Type": "application/cloudevents-batch+json; charset=UTF-8",
    "Content-Encoding": "gzip",
}
#: bytes of an answer that are read (ours)
_LARGEST_ANSWER: Final = 1 << 16
LONGEST_PAUSE_S: Final = 3_600.0
FIRST_PAUSE_S: Final = 1.0
_TABLE: Final = """CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, body TEXT NOT NULL,
    aside INTEGER NOT NULL DEFAULT 0
) STRICT"""
#: one part in so many is there beyond what is kept, before the oldest go (ours)
_SLACK: Final = 50
_OLDEST: Final = "SELECT number, body FROM outbox WHERE aside = 0 ORDER BY number LIMIT ?"
#: What is wrong with the batch itself: sent again it would be refused again.  Source: RFC 9110, 15.5.1, .14, .16, .21.
_REFUSALS: Final = frozenset({400, 413, 415, 422})


class Kind(StrEnum):
    """What an event is about.  Telemetry and predictions may be dropped, the oldest first; nothing else ever is."""

    AUDIT = "audit"
    PREDICTION = "prediction"
    RESULT = "result"
    TELEMETRY = "telemetry"


class Undelivered(Exception):  # noqa: N818 - a state of the world, met by trying again
    """The receiver did not acknowledge a batch; it may have it none the less."""


class Refused(Undelivered):
    """The receiver will never take this batch as it is."""


Sender = Callable[[bytes], bytes | None]
"""Sends a packed batch; returns, once it is acknowledged, what the receiver said.  Raises: Undelivered."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What an event says.  `time`: RFC 3339.  `subject`: a pseudonym, never an identifier."""

    kind: Kind
    subject: str
    time: str
    data: Mapping[str, Any]


class Outbox:
    """Events in the order in which they happened, until they are acknowledged."""

    def __init__(
        self, connection: Any, *, source: str, telemetry_kept: int = 10_000, predictions_kept: int = 100_000
    ) -> None:
        """`connection`: open, one statement a transaction unless one is begun.  `source`: the URI of a node.

        `telemetry_kept`, `predictions_kept`: of these the oldest go when there are more.
        """
        self._connection = connection
        self._source = source
        self._kept = {Kind.TELEMETRY: telemetry_kept, Kind.PREDICTION: predictions_kept}
        connection.execute(_TABLE)
        self._count = {kind: self._waiting_of(kind) for kind in self._kept}

    def put(self, happening: Happening) -> str:
        """The id under which the event waits; the same event waits once."""
        event = cloud_event(happening, source=self._source)
        self._connection.execute(
            "INSERT OR IGNORE INTO outbox (id, kind, body) VALUES (?, ?, ?)",
            (event["id"], str(happening.kind), _plain(event)),
        )
        if happening.kind in self._kept:
            self._bound(happening.kind)
        return str(event["id"])

    def _bound(self, kind: Kind) -> None:
        """The oldest of a kind go once there are some more than are kept; counted now and then, not each time."""
        self._count[kind] += 1
        most = self._kept[kind]
        if self._count[kind] > most + most // _SLACK:
            self._connection.execute(
                "DELETE FROM outbox WHERE kind = ? AND number NOT IN"
                " (SELECT number FROM outbox WHERE kind = ? ORDER BY number DESC LIMIT ?)",
                (str(kind), str(kind), most),
            )
            self._count[kind] = self._waiting_of(kind)

    def _waiting_of(self, kind: Kind) -> int:
        return int(next(iter(self._connection.execute("SELECT count(*) FROM outbox WHERE kind = ?", (str(kind),))))[0])

    def waiting(self) -> int:
        """How many events wait."""
        return int(next(iter(self._connection.execute("SELECT count(*) FROM outbox WHERE aside = 0")))[0])

    def aside(self) -> int:
        """How many events the receiver will never take."""
        return int(next(iter(self._connection.execute("SELECT count(*) FROM outbox WHERE aside = 1")))[0])

    def batch(self, *, most: int = 200) -> tuple[tuple[int, ...], bytes]:
        """(numbers of the oldest events, the events packed); no numbers when nothing waits."""
        rows = list(self._connection.execute(_OLDEST, (most,)))
        packed = gzip.compress(f"[{','.join(body for _, body in rows)}]".encode(), mtime=0)
        return tuple(number for number, _ in rows), packed

    def acknowledged(self, numbers: tuple[int, ...]) -> None:
        """These events are gone."""
        for number in numbers:
            self._connection.execute("DELETE FROM outbox WHERE number = ?", (number,))

    def set_aside(self, number: int) -> None:
        """An event that the receiver will never take is kept and not sent again."""
        self._connection.execute("UPDATE outbox SET aside = 1 WHERE number = ?", (number,))


def forget(connection: Any, subject: str) -> None:
    """Nothing waits any more that is about this subject, but what the audit log says."""
    if [*connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'outbox'")]:
        connection.execute("DELETE FROM outbox WHERE kind <> 'audit' AND body ->> '$.subject' = ?", (subject,))


def cloud_event(happening: Happening, *, source: str) -> dict[str, Any]:
    """The event in structured mode; its id is made of all that it says."""
    event = {
        "specversion": "1.0",
        "type": f"org.starling.{happening.kind}",
        "source": source,
        "subject": happening.subject,
        "time": happening.time,
        "datacontenttype": "application/json",
        "data": dict(happening.data),
    }
    return {"id": hashlib.sha256(_plain(event).encode()).hexdigest(), **event}


def pause_s(failures: int, *, chance: float) -> float:
    """How long to wait after so many failures on end (s): doubled each time, with full jitter.  `chance`: 0 to 1."""
    return chance * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures, 32))


def next_attempt_s(failures: int) -> float:
    """The pause after so many failures on end (s), drawn: never less than a second."""
    chance = random.random()  # noqa: S311 -- spreads attempts in time, guards nothing
    return max(1.0, pause_s(failures, chance=chance))


def https_sender(address: str, context: SSLContext, *, timeout_s: float = 30) -> Sender:
    """A sender to an https address."""
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("events are sent to an https address")
    host, port = parts.hostname, parts.port

    def send(packed: bytes) -> bytes:
        connection = HTTPSConnection(host, port, context=context, timeout=timeout_s)
        try:
            connection.request("POST", parts.path or "/", packed, BATCH_HEADERS)
            response = connection.getresponse()
            status, answer = response.status, response.read(_LARGEST_ANSWER)
        except (OSError, HTTPException) as error:
            raise Undelivered(str(error)) from error
        finally:
            connection.close()
        if status in _REFUSALS:
            raise Refused(f"answered {status}")
        if not 200 <= status < 300:
            raise Undelivered(f"answered {status}")
        return answer

    return send


def _plain(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
