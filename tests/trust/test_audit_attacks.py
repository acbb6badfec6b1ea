"""Each attack on the log is found and named, with the first event that it concerns.

The attacker has the key of the store, knows this code and has all the time there is; what lies in the second place is
out of reach, unless the test says so.  The log has 23 events, with checkpoints after 9 and 20.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from starling.errors import TrustError
from starling.trust.audit import AuditLog
from starling.trust.sealed import open_sealed, transaction
from tests.trust.logs import KEY, ORIGIN, SIGNER, all_checkpoints_anew, all_hashes_anew, an_event, unguarded

Attack = Callable[[apsw.Connection], object]


@pytest.fixture
def kept(log: AuditLog) -> AuditLog:
    """A log as it should be."""
    for size in (9, 20, 23):
        with transaction(log._connection):
            for number in range(log.size, size):
                log.append(an_event(number))
        if size < 23:
            log.checkpoint()
    assert log.verify().require().seen == 20
    return log


def found(log: AuditLog) -> tuple[str, int | None]:
    verdict = log.verify()
    with pytest.raises(TrustError) as caught:
        verdict.require()
    assert caught.value.code == "LOG_TAMPERED" and f"{verdict.kind}: " in caught.value.message
    return verdict.kind, verdict.index


def change(connection: apsw.Connection, place: int) -> None:
    sql = "UPDATE audit_event SET event = CAST(replace(event, 'codeine', 'tramadol') AS BLOB) WHERE place = ?"
    unguarded(connection).execute(sql, (place,))


def remove(connection: apsw.Connection, place: int, *, close_up: bool = False) -> None:
    unguarded(connection).execute("DELETE FROM audit_event WHERE place = ?", (place,))
    if close_up:
        connection.execute("UPDATE audit_event SET place = -place WHERE place > ?", (place,))
        connection.execute("UPDATE audit_event SET place = -place - 1 WHERE place < 0")


def swap(connection: apsw.Connection, one: int, two: int) -> None:
    """Whole rows change places."""
    for before, after in ((one, -1), (two, one), (-1, two)):
        unguarded(connection).execute("UPDATE audit_event SET place = ? WHERE place = ?", (after, before))


def swap_texts(connection: apsw.Connection, one: int, two: int) -> None:
    """The events change places, the hashes stay."""
    texts = dict([*connection.execute("SELECT place, event FROM audit_event WHERE place IN (?, ?)", (one, two))])
    for place, content in ((one, texts[two]), (two, texts[one])):
        unguarded(connection).execute("UPDATE audit_event SET event = ? WHERE place = ?", (content, place))


def cut(connection: apsw.Connection, size: int, *, checkpoints: bool = False) -> None:
    unguarded(connection).execute("DELETE FROM audit_event WHERE place >= ?", (size,))
    if checkpoints:
        connection.execute("DELETE FROM audit_checkpoint WHERE size > ?", (size,))


def sql(text: str) -> Attack:
    return lambda store: unguarded(store).execute(text)


#: name -> (steps, what it is called, the first event concerned)
ATTACKS: dict[str, tuple[tuple[Attack, ...], str, int]] = {
    "edit": ((lambda store: change(store, 5),), "edit", 5),
    "edit the first": ((lambda store: change(store, 0),), "edit", 0),
    "edit the last, which no checkpoint has seen": ((lambda store: change(store, 22),), "edit", 22),
    "edit two": ((lambda store: change(store, 7), lambda store: change(store, 3)), "edit", 3),
    "edit to no JSON": ((sql("UPDATE audit_event SET event = x'ff' WHERE place = 4"),), "edit", 4),
    "edit the number it names": (
        (
            sql(
                'UPDATE audit_event SET event = CAST(replace(event, \'"id":"4"\', \'"id":"99"\') AS BLOB)'
                " WHERE place = 4"
            ),
        ),
        "edit",
        4,
    ),
    "edit a stored hash": ((sql("UPDATE audit_event SET nodes = zeroblob(32) WHERE place = 6"),), "edit", 6),
    "edit a link of the chain": ((sql("UPDATE audit_event SET chain = zeroblob(32) WHERE place = 6"),), "edit", 6),
    "delete": ((lambda store: remove(store, 5),), "delete", 5),
    "delete the first": ((lambda store: remove(store, 0),), "delete", 0),
    "delete and close up": ((lambda store: remove(store, 5, close_up=True),), "delete", 5),
    "delete, close up and hash anew": (
        (lambda store: remove(store, 5, close_up=True), all_hashes_anew),
        "delete",
        5,
    ),
    "delete two": ((lambda store: remove(store, 5), lambda store: remove(store, 6)), "delete", 5),
    "reorder": ((lambda store: swap(store, 4, 11),), "reorder", 4),
    "reorder neighbours": ((lambda store: swap(store, 21, 22),), "reorder", 21),
    "reorder the texts": ((lambda store: swap_texts(store, 4, 11),), "reorder", 4),
    "reorder and hash anew": ((lambda store: swap(store, 4, 11), all_hashes_anew), "reorder", 4),
    "truncate": ((lambda store: cut(store, 15),), "truncate", 15),
    "truncate all": ((lambda store: cut(store, 0),), "truncate", 0),
    # between the two checkpoints only the later one is broken: the event is one of 9 to 19
    "edit and hash anew": ((lambda store: change(store, 12), all_hashes_anew), "rewrite", 9),
    "edit an early one and hash anew": ((lambda store: change(store, 5), all_hashes_anew), "rewrite", 0),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_named(kept: AuditLog, attack: str) -> None:
    steps, kind, index = ATTACKS[attack]
    for step in steps:
        step(kept._connection)
    assert found(kept) == (kind, index)


def test_attack_truncate_with_its_checkpoints_needs_the_second_place(kept: AuditLog) -> None:
    cut(kept._connection, 15, checkpoints=True)
    assert found(kept) == ("replay", 15) and kept.compare().kind == "replay"
    kept.witness = None
    assert kept.verify().sound and "an end that was cut off would not show" in kept.verify().text()


def test_attack_truncate_after_the_last_checkpoint_is_what_no_log_can_show(kept: AuditLog) -> None:
    """Said in docs/explanation/audit-log.md: checkpoints are made often for this reason."""
    cut(kept._connection, 20)
    assert kept.verify().sound and kept.verify().size == 20


def test_attack_truncate_and_go_on(kept: AuditLog) -> None:
    cut(kept._connection, 15)
    for number in range(15, 30):
        kept.append(an_event(number, patient="p-other"))
    assert found(kept) == ("rewrite", 9) and kept.compare().kind == "replay"


def test_attack_everything_anew_with_the_signing_key(kept: AuditLog) -> None:
    change(kept._connection, 5)
    all_hashes_anew(kept._connection)
    all_checkpoints_anew(kept._connection, kept._node)
    assert found(kept) == ("replay", None) and kept.compare().kind == "replay"


@pytest.fixture
def replayed(kept: AuditLog, tmp_path: Path) -> Callable[[], AuditLog]:
    """A function that puts the store of now in the place of whatever it has become by then."""
    kept._connection.execute("PRAGMA wal_checkpoint(truncate)")
    shutil.copy(tmp_path / "store.db", tmp_path / "old")

    def put_back() -> AuditLog:
        kept._connection.close()
        shutil.move(tmp_path / "old", tmp_path / "store.db")
        connection = open_sealed(tmp_path / "store.db", KEY)
        return AuditLog(connection, Ed25519PrivateKey.from_private_bytes(SIGNER), ORIGIN, kept.witness)

    return put_back


def test_attack_replay_an_old_file(kept: AuditLog, replayed: Callable[[], AuditLog]) -> None:
    kept.append(an_event(23))
    kept.checkpoint()
    assert kept.witness is not None
    seen = kept.witness.read_bytes()
    old = replayed()
    assert found(old) == ("replay", 23) and old.compare().kind == "replay"
    with pytest.raises(TrustError, match="replay"):  # the proof of it is not written over
        old.checkpoint()
    assert kept.witness.read_bytes() == seen
    old._connection.close()


def test_attack_replay_an_old_file_and_go_on(kept: AuditLog, replayed: Callable[[], AuditLog]) -> None:
    kept.append(an_event(23))
    kept.checkpoint()
    old = replayed()
    for number in range(23, 40):
        old.append(an_event(number, patient="p-other"))
    assert found(old) == ("replay", None) and old.compare().kind == "replay"
    with pytest.raises(TrustError, match="not the store that the second place saw"):
        old.checkpoint()
    old._connection.close()


def test_attack_replay_is_found_with_a_note_on_paper(kept: AuditLog, replayed: Callable[[], AuditLog]) -> None:
    kept.append(an_event(23))
    assert kept.witness is not None
    second_place = kept.witness.read_bytes()
    note = kept.checkpoint()
    kept.witness.write_bytes(second_place)  # the second place was in reach, too
    old = replayed()
    assert old.verify().sound
    verdict = old.verify(note)
    assert (verdict.kind, verdict.index) == ("replay", 23)
    old._connection.close()


@pytest.mark.parametrize("attack", ["remove", "folder", "empty", "flip", "forge", "another log's"])
def test_attack_on_the_second_place(kept: AuditLog, attack: str) -> None:
    assert kept.witness is not None
    note = kept.witness.read_text(encoding="utf-8")
    stranger = AuditLog(apsw.Connection(":memory:"), Ed25519PrivateKey.generate(), ORIGIN, None)
    namesake = AuditLog(apsw.Connection(":memory:"), Ed25519PrivateKey.from_private_bytes(SIGNER), "else/log", None)
    notes = {"empty": "", "flip": note.replace("\n20\n", "\n19\n"), "forge": stranger.checkpoint()}
    kept.witness.write_text(notes.get(attack, namesake.checkpoint()), encoding="utf-8")
    if attack in {"remove", "folder"}:
        kept.witness.unlink()
    if attack == "folder":
        kept.witness.mkdir()
    assert found(kept) == ("witness", None) and kept.compare().kind == "witness"
    with pytest.raises(TrustError, match="witness"):
        kept.checkpoint()


def test_attack_a_forged_note_is_given_to_verify(kept: AuditLog) -> None:
    stranger = AuditLog(apsw.Connection(":memory:"), Ed25519PrivateKey.generate(), ORIGIN, None)
    with pytest.raises(TrustError, match="not signed with the key of this log") as caught:
        kept.verify(stranger.checkpoint())
    assert caught.value.code == "CHECKPOINT_REFUSED"


@pytest.mark.parametrize("witnessed", [True, False])
def test_attack_a_hash_that_proofs_are_read_from_is_gone(kept: AuditLog, witnessed: bool) -> None:
    remove(kept._connection, 15)
    kept.witness = kept.witness if witnessed else None
    assert kept.compare().kind == ("replay" if witnessed else "")
    with pytest.raises(TrustError) as caught:
        kept.prove(3)
    assert caught.value.code == "LOG_TAMPERED"


def test_attack_a_bit_of_the_file_under_an_open_log(kept: AuditLog, tmp_path: Path) -> None:
    kept._connection.execute("PRAGMA wal_checkpoint(truncate)")
    with (tmp_path / "store.db").open("r+b") as stream:
        pages = len(stream.read()) // 4096
        for page in range(1, pages):
            stream.seek(page * 4096 + 77)
            stream.write(b"?")
    kept._connection.release_memory()
    with pytest.raises(TrustError) as caught:
        kept.verify()
    assert caught.value.code == "STORE_SEALED"


@pytest.mark.parametrize("attack", ["remove", "flip", "cut"])
def test_attack_on_the_write_ahead_log_of_a_store_that_lost_power(kept: AuditLog, tmp_path: Path, attack: str) -> None:
    """SQLite goes back to the last commit that is whole there, without a word; the second place has seen more."""
    kept.checkpoint()
    lost = tmp_path / "lost"
    lost.mkdir()
    for name in ("store.db", "store.db-wal"):
        shutil.copy(tmp_path / name, lost / name)
    log = lost / "store.db-wal"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes({"remove": b"", "flip": bytes(content), "cut": bytes(content[: len(content) // 2])}[attack])
    connection = open_sealed(lost / "store.db", KEY)
    old = AuditLog(connection, Ed25519PrivateKey.from_private_bytes(SIGNER), ORIGIN, kept.witness)
    assert old.size < 23 and found(old) == ("replay", old.size) and old.compare().kind == "replay"
    connection.close()
