"""What interfaces of HL7 v2 send: a message -> what is done about it, and its acknowledgement.

A message is taken when what it says is on the disk, and only then acknowledged (AA).  The same message sent again is
the same result; another one under a control id that was used is refused.  Source: HL7 v2.5.1, 2.9 (original mode).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from starling.errors import ForbiddenError, InputError, StarlingError
from starling.exchange.hl7.envelope import Answer, acknowledgement
from starling.exchange.hl7.inward import Whose, content_digest, whose, wrong
from starling.formats.hl7 import Message, decoded, encoded, messages, segment
from starling.formats.outside import parse_outside_calls
from starling.node.desk import now
from starling.node.disk import on_disk
from starling.node.service import Node
from starling.node.values import Principal, Specimen

_TABLE: Final = """CREATE TABLE IF NOT EXISTS hl7_message (
    sender TEXT NOT NULL, control TEXT NOT NULL, sha256 TEXT NOT NULL, reply TEXT NOT NULL, at TEXT NOT NULL,
    job TEXT NOT NULL, PRIMARY KEY (sender, control)
) STRICT, WITHOUT ROWID"""
#: messages of each sender whose control ids are remembered: no interface sends one again after so many (ours)
_REMEMBERED: Final = 100_000
#: what a message of nobody knows what is answered about
_UNREADABLE: Final = Message((segment("MSH", "|", "^~\\&"),))
#: the sender may do nothing about it now, or ever
_REJECTED: Final = frozenset({"NOT_PERMITTED", "HL7_NOT_TAKEN", "DISK_UNWRITABLE"})


class Interfaces:
    """The messages of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._kinds: dict[str, Callable[[Principal, Message, bytes], tuple[str, str]]] = {"ORU^R01": self._results}
        node.records.connection.execute(_TABLE)

    def answered(self, who: Principal, data: bytes) -> str:
        """The acknowledgement of a message: what it says is done by then, or nothing is."""
        message = _UNREADABLE
        try:
            text = decoded(data)
            found = messages(text)
            message = found[0]
            if len(found) > 1:
                raise wrong(f"{len(found)} messages in one frame", found[1].head)
            self._node.may(who, "hl7.write")
            return self._once(who, message, data)
        except StarlingError as error:
            answer: Answer = "AR" if error.code in _REJECTED else "AE"
            if not isinstance(error, ForbiddenError):  # which is recorded by who refused
                self._refused(who, message, error.code)
            return encoded(acknowledgement(message, answer, now(), said=error.message, code=error.code))
        except Exception as error:  # noqa: BLE001 -- a defect is answered, too, and the message may come again
            self._refused(who, message, "INTERNAL")
            said = f"a defect of the program ({type(error).__name__})"
            return encoded(acknowledgement(message, "AR", now(), said=said, code="INTERNAL"))

    def _refused(self, who: Principal, message: Message, code: str) -> None:
        with suppress(Exception):  # a disk that is full records nothing; the sender is told all the same
            self._node.record(who, "hl7.write", "failed", "", {"code": code, "kind": message.kind})

    def _once(self, who: Principal, message: Message, data: bytes) -> str:
        """What is done once, however often the message comes.  Raises: StarlingError."""
        sender = f"{message.head.text(3)}^{message.head.text(4)}"
        if not message.control:
            raise wrong("MSH-10 is empty: nothing could be acknowledged", message.head)
        digest = content_digest(message)
        known = self._node.records.row(
            "SELECT sha256, reply FROM hl7_message WHERE sender = ? AND control = ?", sender, message.control
        )
        if known is not None and known[0] == digest:
            return str(known[1])
        if known is not None:
            raise wrong(f"MSH-10: {message.control[:40]} is the control id of another message", message.head)
        take = self._kinds.get(message.kind)
        if take is None or message.head.text(11) not in {"", "P"}:
            what = f"MSH-9: {message.kind}" if take is None else f"MSH-11: {message.head.text(11)}"
            raise InputError("HL7_NOT_TAKEN", f"{what} is not taken here")
        with on_disk():
            reply, job = take(who, message, data)
            with self._node.records.transaction(durable=True):
                self._remember(sender, message.control, digest, reply, job)
        return reply

    def _remember(self, *values: str) -> None:
        sender, control, digest, reply, job = values
        execute = self._node.records.connection.execute
        execute("INSERT OR REPLACE INTO hl7_message VALUES (?, ?, ?, ?, ?, ?)",
                (sender, control, digest, reply, now(), job))  # fmt: skip
        execute("DELETE FROM hl7_message WHERE sender = ? AND at < (SELECT at FROM hl7_message WHERE sender = ?"
                " ORDER BY at DESC LIMIT 1 OFFSET ?)", (sender, sender, _REMEMBERED))  # fmt: skip

    def _results(self, who: Principal, message: Message, data: bytes) -> tuple[str, str]:
        """Results of another laboratory are a job as any file is: called, reviewed, released by people."""
        name = f"{message.control}.hl7"
        parse_outside_calls(decoded(data), source="message")
        submitted = self._node.files.submit(who, name, [data], specimen_of(whose(message), message))
        return encoded(acknowledgement(message, "AA", now(), facility=self._node.settings.site)), submitted.job.id


def specimen_of(said: Whose, message: Message) -> Specimen:
    """Whose material it is, in the words of the node.  Raises: InputError BAD_HL7, with the field that is missing."""
    if len(said.identifiers) < 2:
        stated = len(said.identifiers)
        raise wrong(f"PID-3: {stated} identifiers of the patient, and two are needed", message.first("PID"))
    if not said.specimen:
        raise wrong("SPM-2, OBR-3 and OBR-2 are empty: no specimen is named", message.first("OBR"))
    sex: Any = said.sex
    first, second, *_ = said.identifiers
    for name, text in (("PID-3", first), ("PID-3", second), ("PID-5", said.name), ("SPM-2", said.specimen)):
        if len(text) > 200:
            raise wrong(f"{name}: longer than 200 characters", message.first("PID"))
    return Specimen(
        identifier=first, second_identifier=second, specimen=said.specimen, laboratory=said.laboratory or "not stated",
        name=said.name, birth_date=said.birth_date, sex=sex,
    )  # fmt: skip
