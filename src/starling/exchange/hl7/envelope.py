"""What stands around the observations: header, patient, order; acknowledgements; times as HL7 writes them.

Source: HL7 v2.5.1, 2.15.9 (MSH), 2.15.8 (MSA), 2.15.5 (ERR), 3.4.2 (PID), 7.4.1 (OBR), 7.4.3 (SPM).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from starling.formats.hl7 import Message, Segment, encoded, segment
from starling.values import dataclass

VERSION: Final = "2.5.1"
#: our own system of codes, where no standard has one.  Source: HL7 table 0396 (`99zzz`, local general codes).
LOCAL: Final = "99STL"
APPLICATION: Final = "STARLING"
#: the longest control id that any receiver must take.  Source: HL7 v2.5.1, MSH-10 (length 20).
_CONTROL: Final = 20
_SEXES: Final = {"male": "M", "female": "F"}
_MOMENT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?(Z|[+-]\d\d:\d\d)?)?")

#: AA: taken.  AE: the content is wrong, sent again it is refused again.  AR: not now, or not this kind.  Table 0008.
Answer = Literal["AA", "AE", "AR"]


@dataclass(frozen=True, slots=True)
class Interface:
    """Who sends, and to whom: MSH-3 to MSH-6.  `processing`: MSH-11 (P production, T training, D debugging)."""

    application: str = APPLICATION
    facility: str = ""
    to_application: str = ""
    to_facility: str = ""
    processing: str = "P"

    @classmethod
    def answering(cls, message: Message, facility: str = "") -> Interface:
        """Back to whoever sent a message."""
        head = message.head
        return cls(
            facility=facility, to_application=head.text(3), to_facility=head.text(4), processing=head.text(11) or "P"
        )


def moment(text: str) -> str:
    """A day or a moment of ISO 8601 as HL7 writes it; empty for what is none.

    >>> moment("2026-11-28T15:03:31.5+00:00"), moment("2026-11-28"), moment("yesterday")
    ('20261128150331+0000', '20261128', '')
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return ""
    *parts, zone = found.groups()
    offset = "+0000" if zone == "Z" else (zone or "").replace(":", "")
    return "".join(part or "" for part in parts) + offset


def day(text: str) -> str:
    """The day of a moment of HL7 as ISO 8601; empty for what is none.

    >>> day("19800102"), day("198001")
    ('1980-01-02', '')
    """
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if re.fullmatch(r"\d{8}.*", text, re.DOTALL) else ""


def header(kind: tuple[str, str, str], interface: Interface, at: str, body: Iterable[Segment]) -> Segment:
    """MSH.  `kind`: message code, trigger event, structure.  `at`: ISO 8601.

    The control id is made of what the message says: the same message sent again has the same one.
    """
    said = f"{'^'.join(kind)}{interface.to_application}{interface.to_facility}{encoded(body)}"
    control = hashlib.sha256(said.encode()).hexdigest()[:_CONTROL]
    return segment(
        "MSH", "|", "^~\\&", interface.application, interface.facility, interface.to_application,
        interface.to_facility, moment(at), "", kind, control, interface.processing, VERSION, "", "", "", "", "",
        "UNICODE UTF-8",
    )  # fmt: skip


def patient(subject: Mapping[str, str], sample: str) -> Segment:
    """PID: the identifiers that were given; without any, the name of the sample, as of no stated kind.

    `subject`: as on the head of a report; `id_2` is a second identifier.  A name of one part is not taken apart.
    """
    stated = [(subject[key].strip(), "", "", "", "MR") for key in ("id", "id_2") if subject.get(key, "").strip()]
    family, comma, given = subject.get("name", "").partition(",")
    name = (family.strip(), given.strip()) if comma else (family.strip(),)
    return segment(
        "PID", "1", "", [*stated] if stated else (sample or "unknown", "", "", "", "U"), "",
        name if any(name) else ("", "", "", "", "", "", "U"), "", moment(subject.get("birth_date", ""))[:8],
        _SEXES.get(subject.get("sex", "").strip().lower(), "U"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ordered:
    """What was ordered, and what it became.

    `placer`: the number of whoever ordered it (OBR-2); `filler`: ours (OBR-3).  `status`: OBR-25 (F final, C a
    correction).
    """

    placer: str = ""
    filler: str = ""
    status: Literal["F", "C"] = "F"


def acknowledgement(
    message: Message, answer: Answer, at: str, *, said: str = "", code: str = "", facility: str = ""
) -> tuple[Segment, ...]:
    """The segments of ACK: MSA-2 is the control id of what is answered.  `said`: why not, in one line.

    `code`: of the error of ours.  Source of ERR-3: table 0357 (207: application internal error, for all that has none).
    """
    body = [segment("MSA", answer, message.control)]
    if said:
        severity = "E"
        body.append(segment("ERR", "", "", ("207", "Application internal error", "HL70357"), severity,
                            (code, "", LOCAL), "", "", said))  # fmt: skip
    head = header(
        ("ACK", message.head.text(9, 2) or "R01", "ACK"), Interface.answering(message, facility), at,
        [*body, segment("NTE", message.control)],
    )  # fmt: skip
    return (head, *body)
