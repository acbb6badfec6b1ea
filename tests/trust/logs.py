"""Events, and what somebody does to a log who has the key of the store and all the time there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from starling.trust.events import event
from starling.trust.merkle import completed, leaf_hash
from starling.trust.merkle import root as root_of
from starling.trust.note import Checkpoint, sign_checkpoint
from starling.trust.verdict import CHAIN_START, chained

KEY, SIGNER, ORIGIN = bytes(range(32)), bytes(range(32, 64)), "starling.node/audit"


def an_event(number: int, patient: str = "p-17") -> dict[str, Any]:
    """Event number so and so."""
    when = f"2026-07-01T08:00:{number % 60:02}Z"
    detail = {"role": "prescriber", "site": "ward", "drugs": ["codeine"], "number": number}
    return event("check", "success", "dr-one", patient, when=when, detail=detail)


def unguarded(connection: apsw.Connection) -> apsw.Connection:
    """The triggers against accidents are gone."""
    connection.execute("DROP TRIGGER IF EXISTS audit_event_stands; DROP TRIGGER IF EXISTS audit_event_stays")
    return connection


def all_hashes_anew(connection: apsw.Connection) -> None:
    """Every row fits its event and the row before again."""
    nodes: dict[tuple[int, int], bytes] = {}
    chain = CHAIN_START

    def kept(level: int, index: int) -> bytes:
        return nodes[level, index]

    for place, content in [*unguarded(connection).execute("SELECT place, event FROM audit_event ORDER BY place")]:
        leaf = leaf_hash(content)
        chain = chained(chain, leaf)
        made = completed(place, leaf, kept)
        nodes.update({(level, place >> level): each for level, each in enumerate(made)})
        row = (b"".join(made), chain, place)
        connection.execute("UPDATE audit_event SET nodes = ?, chain = ? WHERE place = ?", row)


def all_checkpoints_anew(connection: apsw.Connection, node: Callable[[int, int], bytes]) -> None:
    """Whoever has the store has the signing key: its own checkpoints fit whatever is there."""
    signer = Ed25519PrivateKey.from_private_bytes(SIGNER)
    size = connection.execute("SELECT count(*) FROM audit_event").get
    connection.execute("DELETE FROM audit_checkpoint WHERE size > ?", (size,))
    for (each,) in [*connection.execute("SELECT size FROM audit_checkpoint")]:
        note = sign_checkpoint(Checkpoint(ORIGIN, each, root_of(each, node)), signer)
        connection.execute("UPDATE audit_checkpoint SET note = ? WHERE size = ?", (note, each))
