"""Released results that are sent to a hospital's interface, until it acknowledges each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from time import monotonic, sleep

import pytest

from starling.errors import InputError
from starling.exchange.hl7.mllp import framed
from starling.formats.hl7 import Message, encoded, messages, segment
from starling.node.outbox import Undelivered
from starling.node.results import ResultsOut, mllps_exchange
from starling.node.settings import Settings
from starling.node.values import Specimen
from starling.trust.certificates import Authority
from tests.exchange.hl7.validator import validate
from tests.node.devices import PATIENCE, Device, asker, serving, settled
from tests.node.interfaces import receiving


def acknowledge(message: Message, code: str, control: str = "") -> bytes:
    kind = ("ACK", "R01", "ACK")
    head = segment("MSH", "|", "^~\\&", "EHR", "", "STARLING", "", "20261128", "", kind, "1", "P", "2.5.1")
    return framed(encoded([head, segment("MSA", code, control or message.control, "as it said")]))


def released(device: Device, patient: str, result: str = "CYP2C19\t*2/*2", born: str = "") -> str:
    """A result that two people released: its job."""
    specimen = Specimen(
        identifier=patient,
        second_identifier=f"H-{patient}",
        specimen="B-9",
        laboratory="LAB",
        name="Doe, Jane",
        birth_date=born,
    )
    table = f"gene\tdiplotype\n{result}\n# {patient}\n".encode()
    job = device.node.files.submit(asker("laboratory"), "lab.tsv", [table], specimen).job.id
    assert settled(device.node, job).state == "called"
    device.node.files.review(asker("laboratory", "ann"), job)
    device.node.files.release(asker("pharmacist", "bob"), job)
    return job


def waiting(device: Device) -> list[tuple[str, str]]:
    return device.node.records.rows("SELECT job, aside FROM hl7_result ORDER BY number")


def until(said: Callable[[], bool]) -> None:
    ends = monotonic() + PATIENCE
    while not said():
        assert monotonic() < ends
        sleep(0.02)


@dataclass
class Hospital:
    """What the interface is to answer, and what came."""

    answers: Callable[[Message], list[bytes]]
    came: Queue[str]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hospital, dict[str, str | int | bool]]]:
    keys = tmp_path_factory.mktemp("keys")
    authority = Authority.create("Hospital")
    ehr = authority.issue("ehr", role="system", site="hospital", hosts=["127.0.0.1"], days=1)
    node = authority.issue("starling", role="system", site="hospital", days=1)
    (keys / "ca.pem").write_bytes(authority.pem)
    (keys / "ehr.pem").write_bytes(ehr.private_pem() + ehr.chain)
    (keys / "node.pem").write_bytes(node.private_pem() + node.chain)
    found = Hospital(lambda message: [acknowledge(message, "AA")], Queue())
    with receiving(keys / "ehr.pem", keys / "ca.pem", lambda message: found.answers(message)) as (port, came):
        found.came = came
        yield found, {
            "exchange_results_to": f"127.0.0.1:{port}", "exchange_results_authority": str(keys / "ca.pem"),
            "exchange_results_certificate": str(keys / "node.pem"), "exchange_results_receiver": "EHR^HOSPITAL",
        }  # fmt: skip


@pytest.fixture(scope="module")
def telling(
    hospital: tuple[Hospital, dict[str, str | int | bool]], bare: Callable[..., Path]
) -> Iterator[tuple[Device, Hospital]]:
    with serving(bare(**hospital[1])) as device:
        yield device, hospital[0]


def test_a_released_result_is_sent_to_whom_the_settings_name(telling: tuple[Device, Hospital]) -> None:
    device, hospital = telling
    job = released(device, "100")
    text = hospital.came.get(timeout=PATIENCE)
    assert validate("\r".join(text.split("\r")[:100])) == ["MSH", "ORU_R01_PATIENT_RESULT"]  # the whole takes seconds
    (message,) = messages(text, strict=True)
    assert [message.head.text(number) for number in (4, 5, 6)] == ["here", "EHR", "HOSPITAL"]
    pid = message.first("PID")
    assert [pid.text(3), pid.text(3, repetition=2), pid.text(5)] == ["100", "H-100", "Doe"]
    assert (message.first("OBR").text(3), message.first("SPM").text(2, 2)) == (job, "B-9")
    assert any(each.text(5, 2) == "Poor Metabolizer" for each in message.all("OBX"))
    until(lambda: waiting(device) == [])
    assert any(event["subtype"][0]["code"] == "result.send" for event in device.events())


@pytest.mark.parametrize(
    "parts",
    [
        lambda message: [acknowledge(message, "CA"), acknowledge(message, "AA")],
        lambda message: [acknowledge(message, "AE", "another"), acknowledge(message, "AA")],
        lambda message: [acknowledge(message, "AA")[:9], acknowledge(message, "AA")[9:]],
        lambda message: [b"noise", b"\x0bno message\x1c\r", acknowledge(message, "AA")],
    ],
    ids=["answered twice", "another's answer first", "in pieces", "noise first"],
)
def test_the_answer_that_counts_is_the_one_to_this_message(
    telling: tuple[Device, Hospital], parts: Callable[[Message], list[bytes]], request: pytest.FixtureRequest
) -> None:
    device, hospital = telling
    hospital.answers = parts
    released(device, f"2-{request.node.callspec.id}")
    hospital.came.get(timeout=PATIENCE)
    until(lambda: waiting(device) == [])
    assert hospital.came.empty()


def test_what_is_rejected_for_now_is_sent_again_as_the_same_message(telling: tuple[Device, Hospital]) -> None:
    device, hospital = telling
    answers = iter(["AR", "AA"])
    hospital.answers = lambda message: [acknowledge(message, next(answers))]
    released(device, "300")
    first, again = hospital.came.get(timeout=PATIENCE), hospital.came.get(timeout=PATIENCE)
    assert first == again
    until(lambda: waiting(device) == [])


def test_what_is_refused_for_good_stands_aside_and_in_nobodys_way(telling: tuple[Device, Hospital]) -> None:
    device, hospital = telling
    hospital.answers = lambda message: [acknowledge(message, "AE")]
    job = released(device, "400")
    until(lambda: waiting(device) == [(job, "as it said")])
    hospital.came.get(timeout=PATIENCE)
    hospital.answers = lambda message: [acknowledge(message, "AA")]
    released(device, "401")
    hospital.came.get(timeout=PATIENCE)
    until(lambda: waiting(device) == [(job, "as it said")])
    device.node.records.rows("DELETE FROM hl7_result RETURNING 1")


def test_of_whom_was_erased_nothing_is_sent(telling: tuple[Device, Hospital]) -> None:
    device, _ = telling
    assert device.node.results is not None
    device.node.results.put("j-gone")

    def nobody(text: str, control: str) -> tuple[str, str]:
        raise AssertionError(text)

    ResultsOut(device.node, nobody).send()
    assert waiting(device) == []


def test_while_nobody_answers_the_result_waits_with_pauses(telling: tuple[Device, Hospital]) -> None:
    device, _ = telling

    def away(text: str, control: str) -> tuple[str, str]:
        raise Undelivered("not there")

    device.node.results.put(device.node.records.jobs("here", limit=1)[0].id)  # type: ignore[union-attr]
    sending = ResultsOut(device.node, away)
    assert [sending.send() >= 1.0 for _ in range(3)] == [True] * 3
    assert len(waiting(device)) == 1
    ResultsOut(device.node, lambda text, control: ("CA", "")).send()
    assert waiting(device) == []


@pytest.mark.parametrize(
    "stated",
    [{"exchange_results_to": "ehr"}, {"exchange_results_to": "ehr:1", "exchange_results_authority": "/nowhere"}],
)
def test_a_receiver_that_cannot_be_is_refused_at_the_start(stated: dict[str, str | int | bool]) -> None:
    with pytest.raises(InputError, match=r"exchange\.results_to"):
        mllps_exchange(Settings(stated))


def test_whoever_is_not_the_interface_gets_no_result(
    hospital: tuple[Hospital, dict[str, str | int | bool]], tmp_path: Path
) -> None:
    other = Authority.create("Other")
    (tmp_path / "other.pem").write_bytes(other.pem)
    exchange = mllps_exchange(Settings({**hospital[1], "exchange_results_authority": str(tmp_path / "other.pem")}))
    with pytest.raises(Undelivered, match="certificate verify failed"):
        exchange("MSH|", "1")
