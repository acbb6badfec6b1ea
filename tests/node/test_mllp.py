"""HL7 v2 over MLLP and TLS: who may send, what is acknowledged, and what no frame does to a node."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from starling.errors import InputError
from starling.exchange.hl7.mllp import framed
from starling.formats.hl7 import encoded
from starling.node import administration
from starling.node.mllp import Listener
from starling.node.opening import AUTHORITY, DEVICE_PASSWORD, opened
from starling.node.peers import context_of
from tests.exchange.hl7.validator import validate
from tests.formats.battery.writers import framed as framed_line
from tests.node.devices import Device, asker, serving, settled
from tests.node.interfaces import Sender, free_port, oru, said


@pytest.fixture(scope="module")
def spoken(bare: Callable[..., Path]) -> Iterator[Device]:
    """A node without patients that listens for HL7 v2."""
    with serving(bare(exchange_mllp_port=free_port(), exchange_mllp_largest_kb=64, request_seconds=2)) as found:
        yield found


@pytest.fixture(scope="module")
def laboratory(spoken: Device, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spoken.certificate(tmp_path_factory.mktemp("keys") / "lab.pem", "laboratory", name="lis")


@pytest.fixture
def sender(spoken: Device, laboratory: Path) -> Iterator[Sender]:
    found = Sender(spoken.folder, spoken.node.settings.exchange_mllp_port, laboratory)
    yield found
    found.close()


def jobs(device: Device) -> list[str]:
    return [job.id for job in device.node.records.jobs("here", limit=1_000)]


def written(device: Device) -> list[dict[str, Any]]:
    """What the log has of messages, the newest first: jobs of earlier messages end when they end."""
    return [each for each in device.events() if each["subtype"][0]["code"] == "hl7.write"]


def test_a_result_is_a_job_before_it_is_acknowledged(spoken: Device, sender: Sender) -> None:
    before = jobs(spoken)
    sender.send(framed(oru("A-1")))
    reply = sender.reply()
    assert said(reply) == ("AA", "A-1", "")
    assert validate(encoded(reply.segments))[:2] == ["MSH", "MSA"]
    assert [reply.head.text(number) for number in (5, 6)] == ["LIS", "LAB"]
    (job,) = set(jobs(spoken)) - {*before}
    found = settled(spoken.node, job)
    assert (found.state, found.reason, found.laboratory, found.specimen) == ("called", "", "LAB", "B-1")
    draft = spoken.node.files.draft(asker("laboratory"), job)
    assert draft.gene("CYP2C19").phenotype == "Poor Metabolizer"
    assert draft.gene("CYP2D6").status == "undetermined"
    patient = spoken.node.records.patient(found.patient)
    assert patient is not None
    assert (patient.name, patient.birth_date, patient.sex) == ("Müller, Zoé", "1980-01-02", "female")


def test_a_message_sent_again_is_one_result_whenever_it_was_sent(spoken: Device, sender: Sender) -> None:
    first = sender.ask(oru("D-1", patient=("1", "H-1")))
    before = jobs(spoken)
    assert sender.ask(oru("D-1", patient=("1", "H-1"), at="20261129")) == first == ("AA", "D-1", "")
    assert jobs(spoken) == before


def test_a_control_id_that_was_used_is_no_second_result_and_is_never_silently_lost(
    spoken: Device, sender: Sender
) -> None:
    assert sender.ask(oru("E-1", patient=("2", "H-2")))[0] == "AA"
    before = jobs(spoken)
    code, control, why = sender.ask(oru("E-1", patient=("2", "H-2"), gene="CYP2D6"))
    assert (code, control, "MSH-10: E-1 is the control id of another message" in why) == ("AE", "E-1", True)
    assert jobs(spoken) == before


def test_frames_may_come_in_pieces_or_together(sender: Sender) -> None:
    sent = framed(oru("S-1", patient=("3", "H-3"))) + framed(oru("S-2", patient=("4", "H-4")))
    for at in range(0, 60, 7):
        sender.send(sent[at : at + 7])
    sender.send(sent[63:])
    assert [said(sender.reply())[:2] for _ in range(2)] == [("AA", "S-1"), ("AA", "S-2")]


def test_a_frame_that_begins_again_is_taken_once(spoken: Device, sender: Sender) -> None:
    before = len(jobs(spoken))
    whole = framed(oru("H-1", patient=("5", "H-5")))
    sender.send(b"noise" + whole[:40] + whole)
    assert said(sender.reply())[:2] == ("AA", "H-1")
    assert len(jobs(spoken)) == before + 1


@pytest.mark.parametrize(
    "sent", [b"", b"\x0bMSH|^~\\&|half", b"\x0b" + b"x" * 70_000], ids=["nothing", "half", "endless"]
)
def test_a_half_open_or_endless_sender_stands_in_nobodys_way(
    spoken: Device, laboratory: Path, sender: Sender, sent: bytes
) -> None:
    other = Sender(spoken.folder, spoken.node.settings.exchange_mllp_port, laboratory)
    try:
        if sent:
            other.send(sent)
        assert sender.ask(oru(f"N-{len(sent)}", patient=(f"6{len(sent)}", f"H-6{len(sent)}")))[0] == "AA"
        if sent:  # a frame has two seconds to arrive, and a bound
            with pytest.raises((EOFError, OSError)):
                other.reply()
    finally:
        other.close()


@pytest.mark.parametrize(
    ("message", "code", "why"),
    [
        (oru("R-1", patient=("7",)), "AE", "PID-3: 1 identifiers of the patient"),
        (oru("R-2", specimen=""), "AE", "no specimen is named"),
        (oru("R-3", value=" "), "AE", "OBX-5"),
        (oru("R-4", processing="T"), "AR", "MSH-11: T is not taken here"),
        (oru("R-5").replace("ORU^R01^ORU_R01", "ADT^A01^ADT_A01"), "AR", "MSH-9: ADT^A01 is not taken here"),
        (oru("").replace("||P|", "||P|"), "AE", "MSH-10 is empty"),
        (oru("R-7") + oru("R-8"), "AE", "2 messages in one frame"),
        (oru("R-9").replace("PID|", "PID|9||8\rPID|"), "AE", "2 PID segments"),
        ("PID|1", "AE", "PID stands before MSH"),
        ("", "AE", "holds no message"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_in_the_acknowledgement(
    spoken: Device, sender: Sender, message: str, code: str, why: str
) -> None:
    before, recorded = jobs(spoken), len(written(spoken))
    answer, _, said_ = sender.ask(message)
    assert (answer, why in said_) == (code, True), said_
    assert jobs(spoken) == before
    assert len(written(spoken)) == recorded + 1


def test_bytes_of_another_character_set_are_refused(sender: Sender) -> None:
    sender.send(b"\x0b" + oru("L-1").encode("latin-1") + b"\x1c\r")
    assert said(sender.reply())[0] == "AE"


@pytest.mark.parametrize(("role", "site"), [("prescriber", "here"), ("laboratory", "elsewhere")])
def test_whoever_may_not_send_is_refused_and_recorded(spoken: Device, tmp_path: Path, role: str, site: str) -> None:
    stranger = Sender(
        spoken.folder, spoken.node.settings.exchange_mllp_port,
        spoken.certificate(tmp_path / "other.pem", role, site=site, name="stranger"),
    )  # fmt: skip
    assert stranger.ask(oru("P-1"))[0] == "AR"
    stranger.close()
    event = written(spoken)[0]
    assert event["outcome"] == "4"


def test_without_a_certificate_there_is_no_connection(spoken: Device) -> None:
    nobody = Sender(spoken.folder, spoken.node.settings.exchange_mllp_port, None)  # TLS 1.3 tells with the first answer
    with pytest.raises((EOFError, OSError)):
        nobody.ask(oru("X-1"))
    nobody.close()


def test_without_tls_there_is_no_connection(spoken: Device) -> None:
    with socket.create_connection(("127.0.0.1", spoken.node.settings.exchange_mllp_port), timeout=10) as plain:
        plain.sendall(framed(oru("X-2")))
        assert b"AA" not in plain.recv(1 << 10)


def test_a_certificate_without_a_role_is_nobody_and_recorded(spoken: Device, tmp_path: Path) -> None:
    certificate = spoken.certificate(tmp_path / "odd.pem", "janitor", name="odd")
    odd = Sender(spoken.folder, spoken.node.settings.exchange_mllp_port, certificate)
    with pytest.raises((EOFError, OSError)):
        odd.ask(oru("J-1"))
    odd.close()
    event = written(spoken)[0]
    assert event["outcome"] == "4"


def test_attack_a_certificate_that_was_revoked_is_refused_on_a_connection_that_stands(
    spoken: Device, tmp_path: Path
) -> None:
    certificate = spoken.certificate(tmp_path / "lost.pem", "laboratory", name="lost")
    lost = Sender(spoken.folder, spoken.node.settings.exchange_mllp_port, certificate)
    assert lost.ask(oru("R-1"))[0] == "AA"
    administration.revoke(spoken.folder, "lost", "the instrument was sold")
    with pytest.raises((EOFError, OSError)):
        lost.ask(oru("R-2"))
    lost.close()
    event = written(spoken)[0]
    assert event["outcome"] == "4"


def test_the_same_message_on_two_connections_at_once_is_one_result(spoken: Device, laboratory: Path) -> None:
    before = len(jobs(spoken))
    port = spoken.node.settings.exchange_mllp_port
    senders = [Sender(spoken.folder, port, laboratory) for _ in range(4)]
    for number, each in enumerate(senders):
        each.send(framed(oru("T-1", patient=("8", "H-8"), at=f"2026112{number}")))
    assert [said(each.reply())[:2] for each in senders] == [("AA", "T-1")] * 4
    for each in senders:
        each.close()
    assert len(jobs(spoken)) == before + 1


def test_an_instrument_sends_results_of_specimens_that_were_ordered_and_of_no_other(
    spoken: Device, sender: Sender
) -> None:
    records = ("H|\\^&|||Genotyper^2|||||||P|LIS2-A2", "P|1", "O|1|{0}||^^^CYP2C19",
               "R|1|^^^CYP2C19*2|homozygous||||N|F", "L|1|N")  # fmt: skip
    with spoken.node.records.transaction():
        spoken.node.orders.put("P-88", "BED-1", ("88", "H-88"), "2026-11-28T00:00:00Z")
    before = {*jobs(spoken)}
    for specimen, last in (("BED-1", 0x06), ("BED-2", 0x15)):
        sent = framed_line([each.format(specimen) for each in records])
        sender.send(sent[:-1])
        assert sender.raw(6) == b"\x06" * 5 + bytes([last])
        sender.send(b"\x04")
    (job,) = {*jobs(spoken)} - before
    found = settled(spoken.node, job)
    assert (found.state, found.specimen, found.laboratory) == ("called", "BED-1", "lis")
    assert spoken.node.files.draft(asker("laboratory"), job).gene("CYP2C19").label == "*2/*2"
    assert "BAD_SPECIMEN" in str(spoken.node.log.events(limit=20))


def test_a_port_that_is_taken_is_said_at_the_start(bare: Callable[..., Path]) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        opened(bare(exchange_mllp_port=taken.getsockname()[1])) as node,
    ):
        password, authority = (node.records.secret(name) or b"" for name in (DEVICE_PASSWORD, AUTHORITY))
        listener = Listener(node, lambda: context_of(node.layout, password, authority))
        with pytest.raises(InputError, match=r"exchange\.mllp_port"):
            listener.start()
        listener.stop()
