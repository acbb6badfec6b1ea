"""Results reach the hub, whatever it does; nothing stands in anybody's way."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import apsw
import pytest

from starling.errors import InputError
from starling.node.opening import opened
from starling.node.outbox import Happening, Kind, Outbox, Refused, Undelivered, https_sender
from starling.node.sending import LOOK_AGAIN_S, Sending, sender_to
from starling.node.settings import Settings
from starling.node.values import Order
from starling.trust.sealed import open_sealed
from tests.node.devices import asker, new_patient, serving, settled, upload
from tests.simulators.hub import hub


def happening(number: int) -> Happening:
    return Happening(Kind.RESULT, f"p-{number}", "2026-01-01T00:00:00Z", {"number": number})


def an_outbox(folder: Path, events: int) -> Outbox:
    outbox = Outbox(open_sealed(folder / "store", bytes(32), create=True), source="urn:node:1")
    for number in range(events):
        outbox.put(happening(number))
    return outbox


class Hub:
    """Takes all but what `refuses` names; says when the lock was held while it was asked."""

    def __init__(self, lock: AbstractContextManager[object], refuses: Callable[[int], bool]) -> None:
        self.lock = lock
        self.refuses = refuses
        self.taken: list[int] = []
        self.asked = 0
        self.held = False

    def __call__(self, packed: bytes) -> None:
        self.asked += 1
        free = threading.Thread(target=self._try, daemon=True)
        free.start()
        free.join(2)
        self.held = self.held or free.is_alive()
        numbers = [each["data"]["number"] for each in json.loads(gzip.decompress(packed))]
        if any(map(self.refuses, numbers)):
            raise Refused("answered 422")
        self.taken += numbers

    def _try(self) -> None:
        with self.lock:
            pass


def test_an_event_that_the_hub_never_takes_stands_in_nobodys_way(tmp_path: Path) -> None:
    outbox, lock = an_outbox(tmp_path, 300), threading.RLock()
    receiver = Hub(lock, lambda number: number in {17, 250})
    assert Sending(outbox, lock, receiver).send() == LOOK_AGAIN_S
    assert sorted(receiver.taken) == sorted(set(range(300)) - {17, 250})
    assert (outbox.waiting(), outbox.aside()) == (0, 2)
    assert not receiver.held and receiver.asked < 60


def test_an_order_that_could_not_be_obeyed_comes_again(tmp_path: Path) -> None:
    outbox, heard = an_outbox(tmp_path, 2), []

    def obeying(answer: bytes) -> None:
        heard.append(answer)
        if len(heard) == 1:
            raise OSError("the disk is not there")

    sending = Sending(outbox, threading.RLock(), lambda _: b"an order", obeying)
    with pytest.raises(OSError, match="not there"):
        sending.send()
    assert outbox.waiting() == 2 and sending.send() == LOOK_AGAIN_S
    assert heard == [b"an order", b"an order"] and outbox.waiting() == 0


def test_a_hub_that_is_not_there_is_tried_again_later_and_later(tmp_path: Path) -> None:
    outbox = an_outbox(tmp_path, 3)

    def nobody(packed: bytes) -> None:
        raise Undelivered("connection refused")

    sending = Sending(outbox, threading.RLock(), nobody)
    pauses = [sending.send() for _ in range(60)]
    assert min(pauses) >= 1 and max(pauses) > 60
    assert outbox.waiting() == 3


@pytest.mark.parametrize(("status", "kind"), [(400, Refused), (413, Refused), (401, Undelivered), (503, Undelivered)])
def test_what_an_answer_means(tmp_path: Path, status: int, kind: type[Undelivered]) -> None:
    with (
        hub(tmp_path, errors=1.0, lost=0.0, status=status) as (_, address, ours),
        pytest.raises(Undelivered) as refused,
    ):
        https_sender(address, ours)(gzip.compress(b"[]"))
    assert type(refused.value) is kind


def test_a_hub_that_nobody_can_be_is_a_wrong_setting(tmp_path: Path) -> None:
    for wrong in ({"hub": "http://hub"}, {"hub": "https://hub", "hub_authority": str(tmp_path / "none")},
                  {"hub": "https://hub", "hub_certificate": str(tmp_path / "none")}):  # fmt: skip
        with pytest.raises(InputError) as refused:
            sender_to(Settings(dict(wrong)))
        assert refused.value.code == "BAD_SETTING"


def test_a_released_result_and_the_signed_log_reach_the_hub(copied: Path, tmp_path: Path) -> None:
    with hub(tmp_path, errors=0.3, lost=0.3) as (server, address, _):
        settings = f'hub = "{address}"\nhub_authority = "{tmp_path / "hub.pem"}"\n'
        (copied / "settings.toml").write_text(settings, encoding="utf-8")
        with serving(copied) as device:
            path, specimen = new_patient(device.node, 5, tmp_path)
            with device.client("laboratory") as lab:
                job = upload(lab, path, specimen).json()["job"]["id"]
            patient = settled(device.node, job).patient
            device.node.files.review(asker("laboratory", "one"), job)
            device.node.files.release(asker("laboratory", "two"), job)
            while (job, patient) not in {
                (each["data"].get("job"), each["subject"]) for each in [*server.events.values()]
            }:
                assert device.node.outbox is not None
                threading.Event().wait(0.05)
    kinds = {each["type"] for each in server.events.values()}
    assert kinds == {"org.starling.audit", "org.starling.result"}
    said = json.dumps(list(server.events.values()))
    assert specimen.identifier not in said and specimen.name not in said
    with opened(copied) as node:
        checkpoints = [each["data"]["checkpoint"] for each in server.events.values() if "checkpoint" in each["data"]]
        assert all(node.log.verify(each).sound for each in checkpoints)


def test_an_answer_waits_for_the_hub_with_its_event_or_not_at_all(copied: Path) -> None:
    (copied / "settings.toml").write_text('hub = "https://127.0.0.1:1/"\n', encoding="utf-8")
    with opened(copied) as node:
        assert node.outbox is not None
        patient = node.records.patients("here")[0]
        order = Order(patient=patient.id, drugs=("codeine",))
        answer = node.questions.check(asker(), order)
        person, _ = node.questions.answer(asker(), order)
        _, packed = node.outbox.batch()
        first, second = json.loads(gzip.decompress(packed))
        assert first["type"] == "org.starling.prediction" and first["subject"] == second["subject"] == patient.id
        assert first["data"] == {
            "answer": dict(answer.actions), "result_sha256": person.result_sha256,
            "knowledge": node.held.engine.knowledge.stamp.version,
        }  # fmt: skip
        size = node.log.size
        node.records.connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, 'full'); END"
        )
        with pytest.raises(apsw.ConstraintError, match="full"):
            node.questions.check(asker(), order)
        assert (node.log.size, node.outbox.waiting()) == (size, 2)
