"""The log keeps every event, once, with the change that it records, and proves it."""

from __future__ import annotations

import json
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from starling.errors import InputError, InternalError, TrustError
from starling.trust.audit import AuditLog
from starling.trust.merkle import verify_consistency
from starling.trust.note import read_checkpoint, read_verifier_key
from starling.trust.proof import check_export, check_proof
from starling.trust.sealed import transaction
from tests.trust.logs import ORIGIN, SIGNER, an_event


def fill(log: AuditLog, count: int) -> None:
    with transaction(log._connection):
        for number in range(log.size, log.size + count):
            log.append(an_event(number))


def test_events_come_back_numbered_newest_first_in_pages(log: AuditLog) -> None:
    assert log.size == 0 and log.events() == [] and log.verify().sound
    assert [log.append(an_event(number)) for number in range(5)] == [0, 1, 2, 3, 4]
    assert [place for place, _ in log.events(limit=2)] == [4, 3]
    assert [place for place, _ in log.events(before=3, limit=2)] == [2, 1]
    place, last = log.events(limit=1)[0]
    assert last == {**an_event(place), "id": "4"}


def test_a_log_that_is_opened_again_goes_on(log: AuditLog, connection: apsw.Connection) -> None:
    fill(log, 3)
    again = AuditLog(connection, Ed25519PrivateKey.from_private_bytes(SIGNER), ORIGIN, None)
    assert again.append(an_event(3)) == 3
    assert again.verify().sound and again.root(3) == log.root(3) and log.size == 4


def test_event_and_change_stand_or_fall_together(log: AuditLog, connection: apsw.Connection) -> None:
    fill(log, 3)
    before = log.root(3)
    with pytest.raises(ZeroDivisionError), transaction(connection):
        assert log.append(an_event(3)) == 3 and log.size == 4
        raise ZeroDivisionError
    assert log.size == 3 and log.root(3) == before
    assert log.append(an_event(4)) == 3 and log.verify().sound


def test_a_durable_event_needs_a_durable_transaction(log: AuditLog, connection: apsw.Connection) -> None:
    with pytest.raises(InternalError), transaction(connection):
        log.append(an_event(0), durable=True)
    with transaction(connection, durable=True):
        log.append(an_event(0), durable=True)
    assert log.append(an_event(1), durable=True) == 1 and log.size == 2


def test_a_checkpoint_is_signed_stands_in_two_places_and_not_in_a_transaction(log: AuditLog) -> None:
    fill(log, 5)
    note = log.checkpoint()
    read = read_checkpoint(note, *read_verifier_key(log.verifier_key))
    assert (read.size, read.root) == (5, log.root(5))
    assert log.witness is not None and log.witness.read_text(encoding="utf-8") == note == log.checkpoint()
    assert [path.name for path in log.witness.parent.iterdir()] == ["checkpoint"]
    with pytest.raises(InternalError), transaction(log._connection):
        log.checkpoint()


def test_a_second_place_that_cannot_be_written_is_said(log: AuditLog, tmp_path: Path) -> None:
    log.witness = tmp_path / "absent" / "checkpoint"
    fill(log, 1)
    with pytest.raises(InputError, match="cannot be written") as caught:
        log.checkpoint()
    assert caught.value.code == "OUTPUT_UNWRITABLE"


def test_the_verdict_says_how_much_is_vouched_for_from_outside(log: AuditLog) -> None:
    fill(log, 4)
    assert log.verify().seen == 0 and "an end that was cut off would not show" in log.verify().text()
    log.checkpoint()
    fill(log, 3)
    verdict = log.verify().require()
    assert (verdict.sound, verdict.size, verdict.seen) == (True, 7, 4) and log.compare() == verdict


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13])
def test_every_event_is_proved_to_whoever_has_its_line_and_the_verifier_key(log: AuditLog, count: int) -> None:
    fill(log, count)
    lines = [line.encode() for line in log.export()]
    for index, line in enumerate(lines):
        proof = log.prove(index)
        assert check_proof(proof, line, log.verifier_key) == index
        with pytest.raises(TrustError, match="not the one"):
            check_proof(proof, line.replace(b"codeine", b"tramadol"), log.verifier_key)
    with pytest.raises(InputError, match=f"there is no event {count}"):
        log.prove(count)


def test_growth_is_proved_from_one_checkpoint_to_a_later_one(log: AuditLog) -> None:
    fill(log, 6)
    before = log.root(6)
    fill(log, 7)
    assert verify_consistency(6, 13, before, log.root(13), log.prove_growth(6))


def test_the_export_is_checked_without_the_store(log: AuditLog) -> None:
    fill(log, 6)
    note = log.checkpoint()
    fill(log, 2)
    lines = [line.encode() for line in log.export()]
    assert check_export(lines, note, log.verifier_key) == 6
    assert [json.loads(line)["id"] for line in lines] == list("01234567")
    for changed in (lines[1:], [lines[1], lines[0], *lines[2:]], lines[:5], [*lines[:3], lines[3] + b" ", *lines[4:]]):
        with pytest.raises(TrustError) as caught:
            check_export(changed, note, log.verifier_key)
        assert caught.value.code == "LOG_TAMPERED"


def test_a_patient_who_is_forgotten_leaves_the_log_as_it_was(log: AuditLog, connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE patient (pseudonym TEXT PRIMARY KEY, name TEXT)")
    connection.execute("INSERT INTO patient VALUES ('p-17', 'Erika Mustermann')")
    fill(log, 4)
    log.checkpoint()
    with transaction(connection, durable=True):
        connection.execute("DELETE FROM patient WHERE pseudonym = 'p-17'")
        log.append(an_event(4))
    assert log.verify().require().seen == 4
    assert not any("Mustermann" in line for line in log.export())


def test_a_restore_that_was_meant_sets_the_newer_checkpoint_aside(log: AuditLog) -> None:
    assert log.witness is not None and log.set_aside() is None and log.witness.exists()
    fill(log, 3)
    notes = [log.checkpoint()]
    kept = [log.set_aside()]
    notes.append(log.witness.read_text(encoding="utf-8"))
    kept.append(log.set_aside())
    assert [path.read_text(encoding="utf-8") for path in kept if path] == notes
    log.witness.unlink()
    assert log.verify().kind == "witness" and log.set_aside() is None and log.verify().sound


def test_the_log_is_only_added_to(log: AuditLog, connection: apsw.Connection) -> None:
    fill(log, 2)
    for sql in ("DELETE FROM audit_event WHERE place = 1", "UPDATE audit_event SET event = x'00'"):
        with pytest.raises(apsw.ConstraintError, match="only added to"):
            connection.execute(sql)
    assert log.verify().sound


@pytest.mark.parametrize("value", [0.5, 1 << 53, {"ü": 1}, object(), {1: "x"}])
def test_an_event_without_one_spelling_is_our_mistake(log: AuditLog, value: object) -> None:
    with pytest.raises(InternalError, match="no canonical form"):
        log.append({"resourceType": "AuditEvent", "detail": value})
    assert log.size == 0
