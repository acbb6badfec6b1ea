"""What a message that came in says of the patient, the specimen and the order; whether it is the same message again.

Source: HL7 v2.5.1, 3.4.2 (PID), 7.4.1 (OBR), 7.4.3 (SPM), 2.15.9 (MSH).
"""

from __future__ import annotations

import hashlib
from typing import Final

from starling.errors import InputError
from starling.exchange.hl7.envelope import day
from starling.formats.hl7 import Message, Segment, encoded
from starling.values import dataclass

#: PID-2, PID-4, PID-18 and PID-19: where older senders put another identifier
_OTHER_PLACES: Final = (2, 4, 18, 19)
_SEXES: Final = {"M": "male", "F": "female"}
#: MSH-7 changes when a message is sent again
_TIME: Final = 7


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose message it is, by whom.  `sex`: male, female or unknown.  `birth_date`: ISO 8601; empty: not stated."""

    identifiers: tuple[str, ...]
    name: str
    birth_date: str
    sex: str
    specimen: str
    laboratory: str


def whose(message: Message) -> Whose:
    """What a message says of its patient and the specimen.

    Raises: InputError BAD_HL7, the sender's, with the segment and the field, when it names none, or several.
    """
    pids = message.all("PID")
    if len(pids) != 1:
        raise wrong(f"{len(pids)} PID segments: a message is about one patient", pids[-1] if pids else message.head)
    pid = pids[0]
    specimen, request = message.first("SPM"), message.first("OBR")
    family, given = pid.text(5), pid.text(5, 2)
    places = (specimen.text(2, 2), specimen.text(2), request.text(3), request.text(2), message.first("ORC").text(2))
    return Whose(
        identifiers=identifiers(pid),
        name=f"{family}, {given}" if family and given else family or given,
        birth_date=day(pid.text(7)),
        sex=_SEXES.get(pid.text(8), "unknown"),
        specimen=next((each for each in places if each), ""),
        laboratory=message.head.text(4) or message.head.text(3),
    )


def identifiers(pid: Segment) -> tuple[str, ...]:
    """Every identifier of a patient, each once: those of PID-3 first."""
    found = [pid.text(3, repetition=number) for number in range(1, len(pid.field(3)) + 1)]
    found += [pid.text(place) for place in _OTHER_PLACES]
    return tuple(dict.fromkeys(each.strip() for each in found if each.strip()))


def content_digest(message: Message) -> str:
    """SHA-256 of what a message says, whenever it was sent."""
    head = message.head
    timeless = Segment(head.name, tuple(() if at == _TIME else each for at, each in enumerate(head.fields, 1)))
    return hashlib.sha256(encoded([timeless, *message.segments[1:]]).encode()).hexdigest()


def wrong(message: str, segment: Segment) -> InputError:
    """The error to raise."""
    return InputError("BAD_HL7", message, source="message", line=segment.line or None)
