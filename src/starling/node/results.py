"""Released results on their way to a hospital's interface: ORU^R01 over MLLP and TLS, until each is acknowledged.

Only the name of a job waits; its message is made when it is sent, so that nothing waits of a patient who was erased.
Source: HL7 v2.5.1, 2.9.2 (original mode) and 2.9.3 (a receiver that answers twice: commit, then application).
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Final

from starling.errors import InputError
from starling.exchange.codes import Codes
from starling.exchange.hl7.envelope import Interface, Ordered
from starling.exchange.hl7.mllp import Frames, TooLongError, framed
from starling.exchange.hl7.report import report
from starling.formats.hl7 import Message, decoded, encoded, messages
from starling.node import answers
from starling.node.desk import Desk
from starling.node.outbox import Undelivered, next_attempt_s
from starling.node.sending import LOOK_AGAIN_S
from starling.node.settings import Settings, wrong_setting
from starling.values import replace

#: Says what the receiver answered to a message: AA, AE, AR, or CA alone; and its own words.  Raises: Undelivered.
Exchange = Callable[[str, str], tuple[str, str]]
#: seconds for one message and its answer; bytes of an answer (ours)
_PATIENCE_S: Final = 30.0
_LARGEST_ANSWER: Final = 1 << 16


class ResultsOut:
    """Sends what waits.  `exchange`: to whom."""

    def __init__(self, desk: Desk, exchange: Exchange) -> None:
        self._desk = desk
        self._exchange = exchange
        self._failures = 0

    def send(self) -> float:
        """All that waits is sent, as far as it is acknowledged; returns the seconds until the next attempt."""
        waiting = self._desk.results
        assert waiting is not None
        while True:
            with self._desk.records.lock:
                id_ = waiting.next()
            if not id_:
                return LOOK_AGAIN_S
            text, control, patient = self._message(id_)
            try:
                answer, said = self._exchange(text, control) if text else ("AA", "erased")
                if answer == "AR":
                    raise Undelivered(said or "AR")
            except Undelivered:
                self._failures += 1
                return next_attempt_s(self._failures)
            self._failures = 0
            outcome = "failed" if answer == "AE" else "success"
            with self._desk.records.transaction():
                waiting.done(id_, aside=said or "AE" if answer == "AE" else "")
                self._desk.append(self._desk.itself, "result.send", outcome, patient, {"job": id_, "answer": answer})

    def _message(self, id_: str) -> tuple[str, str, str]:
        """(text, control id, patient) of a job; empty where it is gone."""
        records, settings = self._desk.records, self._desk.settings
        with records.lock:
            job, packed = records.job(id_), records.result(id_)
            patient = records.patient(job.patient) if job is not None else None
            placer = self._desk.orders.of(job.specimen, patient) if job is not None and patient is not None else ""
        if job is None or packed is None or patient is None:
            return "", "", ""
        subject = {
            "id": patient.identifier, "id_2": patient.second_identifier, "name": patient.name,
            "birth_date": patient.birth_date, "sex": patient.sex, "specimen": job.specimen,
        }  # fmt: skip
        assessment = answers.unpacked(packed)
        segments = report(
            replace(assessment, subject={**assessment.subject, **subject}), Codes.of(self._desk.held.engine.knowledge),
            interface=_receiver(settings), ordered=Ordered(placer, job.id, "C" if job.amends else "F"),
        )  # fmt: skip
        return encoded(segments), segments[0].text(10), patient.id


def _receiver(settings: Settings) -> Interface:
    application, _, facility = settings.exchange_results_receiver.partition("^")
    return Interface(facility=settings.site, to_application=application, to_facility=facility)


def mllps_exchange(settings: Settings) -> Exchange:
    """To the interface of the settings.  Raises: InputError BAD_SETTING, the administrator's."""
    host, _, port = settings.exchange_results_to.rpartition(":")
    try:
        place = (host.strip("[]"), int(port))
        context = ssl.create_default_context(cafile=settings.exchange_results_authority or None)
        if settings.exchange_results_certificate:
            context.load_cert_chain(settings.exchange_results_certificate)
    except (OSError, ValueError) as error:
        raise wrong_setting(f"exchange.results_to: {error}") from error

    def exchange(text: str, control: str) -> tuple[str, str]:
        try:
            with (
                socket.create_connection(place, timeout=_PATIENCE_S) as plain,
                context.wrap_socket(plain, server_hostname=place[0]) as secured,
            ):
                secured.sendall(framed(text))
                return _answer(secured, control)
        except (OSError, TooLongError) as error:
            raise Undelivered(str(error)) from error

    return exchange


def _answer(secured: Any, control: str) -> tuple[str, str]:
    """What is answered to this message; what is answered to another is passed over.  Raises: Undelivered, OSError."""
    frames, ends, committed = Frames(_LARGEST_ANSWER), time.monotonic() + _PATIENCE_S, False
    while (left := ends - time.monotonic()) > 0:
        secured.settimeout(left)
        try:
            data = secured.recv(1 << 14)
        except TimeoutError:
            break
        for frame in frames.feed(data):
            code, said = _acknowledged(frame, control)
            if code in {"AA", "AE", "AR"}:
                return code, said
            if code in {"CE", "CR"}:
                return "AR", said
            committed |= code == "CA"
        if not data:
            break
    if committed:  # taken over by the receiver, who says no more
        return "CA", ""
    raise Undelivered("no acknowledgement")


def _acknowledged(frame: bytes, control: str) -> tuple[str, str]:
    """MSA-1 and what is said, of an answer to this message; empty of any other, and of what cannot be read."""
    try:
        (message,) = messages(decoded(frame))
    except (InputError, ValueError):
        return "", ""
    answered = message.first("MSA")
    return (answered.text(1), _said(message)) if answered.text(2) == control else ("", "")


def _said(message: Message) -> str:
    return message.first("ERR").text(8) or message.first("MSA").text(3)
