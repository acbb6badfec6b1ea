"""What interfaces of HL7 v2 send: a message -> what is done about it, and its acknowledgement.

A message is taken when what it says is on the disk, and only then acknowledged (AA).  The same message sent again is
the same result; another one under a control id that was used is refused.  Source: HL7 v2.5.1, 2.9 (original mode).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import nullcontext, suppress
from threading import Lock
from typing import Any, Final

from starling.errors import ForbiddenError, InputError, StarlingError
from starling.exchange.hl7.envelope import Answer, Interface, acknowledgement, header
from starling.exchange.hl7.inward import Whose, content_digest, identifiers, whose, wrong
from starling.exchange.hl7.pharmacy import Dispensed, Said, dispensed, reply, said_of
from starling.formats.astm import read
from starling.formats.content import Opening
from starling.formats.hl7 import Message, Segment, decoded, encoded, messages, segment
from starling.formats.outside import parse_outside_calls
from starling.node.desk import now
from starling.node.disk import on_disk
from starling.node.service import Node
from starling.node.spool import in_memory
from starling.node.values import Order, Principal, Specimen
from starling.values import dataclass

#: drugs of one order, as in one question to the API
_MOST_DRUGS: Final = 20
#: what a message of nobody knows what is answered about
_UNREADABLE: Final = Message((segment("MSH", "|", "^~\\&"),))
#: asks, and changes nothing
_QUESTION: Final = "RDE^O11"
#: the test of a node, as it is ordered: LOINC, genetic analysis report
_TEST: Final = "51969-4"
#: the sender may do nothing about it now, or ever
_REJECTED: Final = frozenset({"NOT_PERMITTED", "HL7_NOT_TAKEN", "DISK_UNWRITABLE"})


class Interfaces:
    """The messages of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._one_by_one = Lock()  # or the same message on two connections is two results
        self._kinds: dict[str, Callable[[Principal, Message, bytes], tuple[str, str]]] = {
            "ORU^R01": self._results, "OML^O21": self._ordered, "RDE^O11": self._dispensing,
        }  # fmt: skip

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
            with nullcontext() if message.kind == _QUESTION else self._one_by_one:
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

    def taken(self, who: Principal, transmission: bytes) -> bool:
        """Whether the results that an instrument sent are jobs now: of specimens that were ordered, all or none."""
        name = f"line-{hashlib.sha256(transmission).hexdigest()[:12]}.astm"
        try:
            self._node.may(who, "hl7.write")
            with in_memory(name, [transmission]) as path:
                samples = read(path, Opening()).samples
            with self._node.records.lock:
                ordered = {each: self._node.orders.whose(each) for each in samples}
            if None in ordered.values():
                unknown = next(each for each, whose_ in ordered.items() if whose_ is None)
                raise InputError("BAD_SPECIMEN", f"O-3: nobody, or several, ordered {unknown[:40]}")
            for sample, identifiers_ in ordered.items():
                first, second = identifiers_ or ("", "")
                specimen = Specimen(
                    identifier=first, second_identifier=second, specimen=sample, laboratory=who.name, sample=sample
                )
                with on_disk():
                    self._node.files.submit(who, name, [transmission], specimen)
        except StarlingError as error:
            if not isinstance(error, ForbiddenError):
                self._refused(who, _UNREADABLE, error.code)
            return False
        return True

    def _refused(self, who: Principal, message: Message, code: str) -> None:
        with suppress(Exception):  # a disk that is full records nothing; the sender is told all the same
            self._node.record(who, "hl7.write", "failed", "", {"code": code, "kind": message.kind})

    def _once(self, who: Principal, message: Message, data: bytes) -> str:
        """What is done once, however often the message comes.  Raises: StarlingError."""
        sender = f"{who.name} {message.head.text(3)}^{message.head.text(4)}"
        if not message.control:
            raise wrong("MSH-10 is empty: nothing could be acknowledged", message.head)
        digest = content_digest(message)
        with self._node.records.lock:
            known, answer = self._node.orders.answered(sender, message.control)
        if known == digest:
            return answer
        if known:
            raise wrong(f"MSH-10: {message.control[:40]} is the control id of another message", message.head)
        take = self._kinds.get(message.kind)
        if take is None or message.head.text(11) not in {"", "P"}:
            what = f"MSH-9: {message.kind}" if take is None else f"MSH-11: {message.head.text(11)}"
            raise InputError("HL7_NOT_TAKEN", f"{what} is not taken here")
        with on_disk():
            answer, job = take(who, message, data)
            if message.kind != _QUESTION:  # which is answered anew, and leaves no name behind
                with self._node.records.transaction(durable=True):
                    self._node.orders.remember(sender, message.control, digest, answer, now(), job)
        return answer

    def _results(self, who: Principal, message: Message, data: bytes) -> tuple[str, str]:
        """Results of another laboratory are a job as any file is: called, reviewed, released by people."""
        name = f"{message.control}.hl7"
        parse_outside_calls(decoded(data), source="message")
        submitted = self._node.files.submit(who, name, [data], specimen_of(whose(message), message))
        return encoded(acknowledgement(message, "AA", now(), facility=self._node.settings.site)), submitted.job.id

    def _ordered(self, who: Principal, message: Message, data: bytes) -> tuple[str, str]:
        """An order stands until its specimen has a result, which is sent back under its number."""
        node, specimen = self._node, specimen_of(whose(message), message)
        node.may(who, "job.submit")
        replies: list[Segment] = []
        with node.records.transaction(durable=True):
            for order in orders_of(message):
                if order.control == "CA":
                    done = "CR" if node.orders.cancelled(order.placer) else "UC"
                else:
                    names = (specimen.identifier, specimen.second_identifier)
                    node.orders.put(order.placer, specimen.specimen, names, now())
                    done = "OK"
                replies += [segment("ORC", done, order.placer), segment("OBR", "", order.placer, "", order.test)]
            node.append(who, "hl7.write", "success", "", {"kind": message.kind, "control": message.control})
        return encoded(order_reply(message, replies, now(), node.settings.site)), ""

    def _dispensing(self, who: Principal, message: Message, data: bytes) -> tuple[str, str]:
        """The prescriber's question, asked by the pharmacy for each drug of an order: the same answer as elsewhere."""
        drugs = dispensed(message)
        if not drugs:
            raise wrong("RXE-2: no drug is named", message.first("ORC"))
        if len(drugs) > _MOST_DRUGS:
            raise wrong(f"RXE: {len(drugs)} drugs, and {_MOST_DRUGS} at most", message.first("RXE"))
        patient = self._known(who, message)
        said = [self._said(who, patient, each) for each in drugs]
        return encoded(reply(message, said, drugs, now(), self._node.settings.site)), ""

    def _known(self, who: Principal, message: Message) -> str:
        """The pseudonym of the one patient whom the identifiers mean; empty: nobody here.

        Raises: InputError BAD_HL7, when they mean two.
        """
        node, found = self._node, set[str]()
        node.may(who, "check")
        for each in identifiers(message.first("PID")):
            held = "SELECT id FROM patient WHERE site = ? AND ? IN (identifier, second_identifier)"
            rows = node.records.rows(held, node.settings.site, each)
            found |= {row[0] for row in rows}
        if len(found) > 1:
            raise wrong("PID-3: the identifiers are of several patients", message.first("PID"))
        return found.pop() if found else ""

    def _said(self, who: Principal, patient: str, drug: Dispensed) -> Said:
        """What is said of one drug: what is not known is said, and is no statement of safety."""
        names = self._drugs(drug)
        if len(names) > 1:
            return Said("W", "NOT_KNOWN", f"{drug.shown}: no answer, code and words name {' and '.join(names)}")
        if not patient or not names:
            why = "nobody here has these identifiers" if not patient else "not in this knowledge base"
            return Said("I", "NOT_KNOWN", f"{drug.shown}: no answer, {why}; that is not a statement of safety")
        try:
            person, (name, *_) = self._node.questions.answer(who, Order(patient=patient, drugs=(names[0],)))
        except InputError as error:
            if error.code not in {"NO_RESULT", "UNKNOWN_DRUG"}:
                raise
            return Said("I", error.code, f"{drug.shown}: no answer, {error.message}; that is not a statement of safety")
        return said_of(person, name)

    def _drugs(self, drug: Dispensed) -> list[str]:
        """Every drug that the codes and the words of an order name."""
        found: dict[str, None] = {}
        for each in drug.names:
            with suppress(InputError):  # a name that nobody knows here
                found[self._node.held.engine.knowledge.find_drug(each).name] = None
        return [*found]


@dataclass(frozen=True, slots=True)
class Ordered:
    """One order of a message: what is done (ORC-1), under which number, which test (OBR-4)."""

    control: str
    placer: str
    test: tuple[str, str, str]


def orders_of(message: Message) -> list[Ordered]:
    """Every order of OML^O21.  Raises: InputError BAD_HL7, with the field, on what no node does."""
    found, control, placer = [], "", ""
    for each in message.segments:
        if each.name == "ORC":
            control, placer = each.text(1), each.text(2)
        elif each.name == "OBR":
            number = each.text(2) or placer
            if control not in {"NW", "CA"}:
                raise wrong(f"ORC-1: {control!r} is not taken; NW and CA are", each)
            if each.text(4) != _TEST:
                raise wrong(f"OBR-4: {each.text(4)[:40]!r} is no test of this node; {_TEST} is", each)
            if not number:
                raise wrong("ORC-2 and OBR-2 are empty: no number of the order", each)
            found.append(Ordered(control, number, (_TEST, each.text(4, 2), "LN")))
    if not found:
        raise wrong("no OBR: nothing is ordered", message.head)
    return found


def order_reply(message: Message, orders: list[Segment], at: str, facility: str) -> tuple[Segment, ...]:
    """The segments of ORL^O22.  Source: HL7 v2.5.1, 4.4.7."""
    pid = message.first("PID")
    body = [segment("MSA", "AA", message.control), Segment("PID", pid.fields), *orders]
    return (header(("ORL", "O22", "ORL_O22"), Interface.answering(message, facility), at, body), *body)


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
