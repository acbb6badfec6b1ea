"""Events reach a hub that fails exactly once, and wait for ever for one that is not there."""

from __future__ import annotations

import gzip
import json
import sqlite3
import ssl
from pathlib import Path

import pytest

from starling.node.outbox import LONGEST_PAUSE_S, Happening, Kind, Outbox, Undelivered, https_sender, pause_s
from tests.simulators.hub import hub


def _outbox(path: Path | str = ":memory:", **options: int) -> Outbox:
    return Outbox(sqlite3.connect(path, isolation_level=None), source="urn:node:1", **options)


def _event(number: int, kind: Kind = Kind.RESULT) -> Happening:
    return Happening(kind, f"p{number}", "2026-01-01T00:00:00Z", {"number": number})


def test_a_hub_that_refuses_and_loses_acknowledgements_has_each_event_once(tmp_path: Path) -> None:
    outbox = _outbox(tmp_path / "store")
    ids = [outbox.put(_event(number)) for number in range(300)]
    with hub(tmp_path, errors=0.15, lost=0.15) as (server, address, context):
        sender = https_sender(address, context)
        for _ in range(1_000):
            try:
                numbers, packed = outbox.batch(most=5)
                if not numbers:
                    break
                sender(packed)
                outbox.acknowledged(numbers)
            except Undelivered:
                outbox = _outbox(tmp_path / "store")
    assert list(server.events) == ids
    assert server.refused
    assert server.received == 300 + 5 * server.unacknowledged > 300


def test_without_a_hub_everything_waits() -> None:
    outbox = _outbox()
    outbox.put(_event(1))
    sender = https_sender("https://127.0.0.1:1/", ssl.create_default_context(), timeout_s=1)
    with pytest.raises(Undelivered):
        sender(outbox.batch()[1])
    assert outbox.waiting() == 1


def test_the_same_event_waits_once() -> None:
    outbox = _outbox()
    assert outbox.put(_event(1)) == outbox.put(_event(1)) != outbox.put(_event(2))
    assert outbox.waiting() == 2


def test_telemetry_is_bounded_and_audit_is_never_dropped() -> None:
    outbox = _outbox(telemetry_kept=3)
    for number in range(10):
        outbox.put(_event(number, Kind.AUDIT))
        outbox.put(_event(number, Kind.TELEMETRY))
    assert outbox.waiting() == 10 + 3


def test_predictions_are_bounded_within_a_part_in_fifty_and_results_are_not() -> None:
    outbox = _outbox(predictions_kept=100)
    for number in range(1_000):
        outbox.put(_event(number, Kind.PREDICTION))
        outbox.put(_event(number))
        assert outbox.waiting() - number - 1 <= 102
    assert 1_100 <= outbox.waiting() <= 1_102
    numbers, packed = outbox.batch(most=5_000)
    kept = [each["data"]["number"] for each in json.loads(gzip.decompress(packed)) if "prediction" in each["type"]]
    assert kept == list(range(1_000 - len(kept), 1_000)) and len(numbers) == outbox.waiting()


def test_pauses_double_up_to_a_limit() -> None:
    assert [pause_s(n, chance=1) for n in (0, 1, 2, 10_000)] == [1, 2, 4, LONGEST_PAUSE_S]
    assert pause_s(5, chance=0) == 0


def test_patients_results_never_travel_in_the_clear() -> None:
    with pytest.raises(ValueError, match="https"):
        https_sender("http://127.0.0.1/", ssl.create_default_context())
