"""What the dashboard calls states, roles and events; what is said of genes and drugs stands in `starling.report`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from starling.errors import ADVICE
from starling.node.values import AuditEntry, Job, JobState, Role
from starling.trust.events import action_of
from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    """How something is shown: icon, word and the name of a colour, never a colour alone."""

    icon: str
    word: str
    tone: str


STATES: Final[Mapping[JobState, Sign]] = {
    "received": Sign("wait", "Received", "none"),
    "read": Sign("wait", "Read, being called", "none"),
    "called": Sign("monitor", "Waits for a review", "test"),
    "reviewed": Sign("second", "Waits for a second person to release it", "watch"),
    "released": Sign("standard", "Released", "usual"),
    "failed": Sign("contraindicated", "Failed", "stop"),
    "quarantined": Sign("other", "In quarantine: may be somebody else's", "change"),
}
#: the way of a file that meets no obstacle
WAY: Final[tuple[JobState, ...]] = ("received", "read", "called", "reviewed", "released")
STEPS: Final[Mapping[JobState, str]] = {
    "received": "Received",
    "read": "Read",
    "called": "Called",
    "reviewed": "Reviewed",
    "released": "Released",
}
#: while the node itself is at work
MOVING: Final[frozenset[JobState]] = frozenset({"received", "read"})
#: what waits for a person, the most urgent first
WAITING: Final[tuple[JobState, ...]] = ("quarantined", "called", "reviewed", "failed")
NO_RESULT: Final = Sign("missing", "No released result", "none")

ROLES: Final[Mapping[Role, str]] = {
    "prescriber": "Prescriber",
    "pharmacist": "Pharmacist",
    "laboratory": "Laboratory",
    "administrator": "Administrator",
    "auditor": "Auditor",
    "system": "System",
}
#: what the log records, in words; what is not among them stands under its own name
EVENTS: Final[Mapping[str, str]] = {
    "account.list": "Accounts seen",
    "account.write": "Account made or changed",
    "assessment.read": "Result seen",
    "audit.read": "Audit log seen",
    "cds.list": "Cards counted by rule",
    "cds.read": "Hook of an EHR answered",
    "cds.write": "Feedback on a card",
    "check": "Order checked",
    "hl7.write": "HL7 message taken in",
    "job.amended": "Result amended by new knowledge",
    "job.called": "Result called",
    "job.failed": "File failed",
    "job.list": "Files seen",
    "job.quarantined": "File put in quarantine",
    "job.read": "File seen",
    "job.refuse": "Result refused",
    "job.release": "Result released",
    "job.resolve": "File in quarantine decided about",
    "job.review": "Result reviewed",
    "job.submit": "File taken in",
    "knowledge.read": "Knowledge seen",
    "knowledge.replace": "Knowledge replaced",
    "login": "Signed in",
    "logout": "Signed out",
    "metrics.read": "Metrics read",
    "model.list": "Models seen",
    "node.found": "Node founded",
    "node.start": "Node started",
    "node.stop": "Node stopped",
    "node.unlock": "Node unlocked",
    "override.list": "Decisions seen",
    "override.write": "Decision against an answer",
    "patient.erase": "Patient erased",
    "patient.export": "Patient exported",
    "patient.list": "Patients seen",
    "patient.read": "Patient seen",
    "population.read": "Patients counted",
    "result.read": "Result seen before its release",
    "settings.read": "Settings seen",
    "settings.write": "Settings changed",
    "specimen.read": "What was stated with a file seen",
}
OUTCOMES: Final[Mapping[str, Sign]] = {
    "0": Sign("standard", "Done", "usual"),
    "4": Sign("avoid", "Refused", "stop"),
    "8": Sign("other", "Failed", "stop"),
    "12": Sign("other", "Stopped", "stop"),
}
#: Why a file is in quarantine or superseded: the first words of a reason that are no code of an error.
_DOUBTS: Final = frozenset({"IDENTIFIERS", "SEX", "BIRTH_DATE", "FINGERPRINT", "SUPERSEDED"})
#: what the page says after something was done
DONE: Final[Mapping[str, str]] = {
    "override": "Your decision is recorded, with its reason.",
    "review": "Your review is recorded. A second person can release the result now.",
    "release": "The result is released and answers questions from now on.",
    "refuse": "You refused the result, and your reason is recorded. It will never be released.",
    "sent": "The file was taken in.",
    "again": "The same file for the same patient was taken in before: this is it.",
    "resolve": "Your decision about the file is recorded.",
    "emergency": "You opened a record of another site. The reason that you gave is recorded.",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event of the audit log, as it is shown."""

    index: int
    when: str
    who: str
    role: str
    event: str
    action: str
    outcome: Sign
    patient: str
    detail: tuple[tuple[str, str], ...]
    emergency: str


def not_permitted(role: Role) -> str:
    """What is said to whoever may not open or do something."""
    return f"This is not open to you as {ROLES[role].lower()}, or it is another site's. {ADVICE['NOT_PERMITTED']}"


def why(reason: str) -> str:
    """The reason of a job for people: without the code that programs read.

    >>> why("NOT_VCF: a.vcf:1: does not begin as a VCF does"), why("INTERNAL: KeyError"), why("ASAP: see above")
    ('a.vcf:1: does not begin as a VCF does', 'A defect of the program: KeyError', 'ASAP: see above')
    """
    code, colon, said = reason.partition(": ")
    if code == "INTERNAL":
        return f"A defect of the program: {said}"
    return said if colon and (code in ADVICE or code in _DOUBTS) else reason


def advice(reason: str) -> str:
    """What to do about the reason of a job; empty: the page says it itself.

    >>> advice("FILE_EMPTY: a.vcf: is empty")
    'The file has no content; check that it was copied completely.'
    """
    return ADVICE.get(reason.partition(": ")[0], "")


def recorded(entry: AuditEntry) -> Recorded:
    """The event behind an entry of the audit log."""
    event = entry.event
    agent = event["agent"][0]
    entities = event.get("entity", ())
    detail = {each["type"]: each["valueString"] for entity in entities for each in entity.get("detail", ())}
    emergency = detail.pop("emergency", "")
    outcome = str(event["outcome"])
    return Recorded(
        index=entry.index,
        when=event["recorded"],
        who=agent["who"]["identifier"]["value"],
        role=_role(agent),
        event=EVENTS.get(action_of(event), action_of(event)),
        action=action_of(event),
        outcome=OUTCOMES.get(outcome, Sign("other", outcome, "stop")),
        patient=next((each["what"]["identifier"]["value"] for each in entities if "what" in each), ""),
        detail=tuple(detail.items()),
        emergency=emergency,
    )


def _role(agent: Mapping[str, Any]) -> str:
    return next((each["coding"][0]["code"] for each in agent.get("role", ())), "")


def size(count: int) -> str:
    """Bytes as people say them.

    >>> size(1_234), size(5_600_000)
    ('1 kB', '6 MB')
    """
    return f"{count} B" if count < 1_000 else f"{count / 1e3:.0f} kB" if count < 1_000_000 else f"{count / 1e6:.0f} MB"


def typed(address: str) -> str:
    """The key in the address of a second factor (otpauth) as people type it: in fours.

    >>> typed("otpauth://totp/Starling:lee?secret=XLJCXB4UZIYV&issuer=Starling")
    'XLJC XB4U ZIYV'
    """
    key = "".join(parse_qs(urlsplit(address).query).get("secret", ()))
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


def steps(job: Job) -> tuple[tuple[str, str], ...]:
    """The steps of a file with how far it is: `done`, `now` or `open`; a file that is stopped shows where."""
    reached = [event.state for event in job.events if event.state in WAY]
    last = WAY.index(reached[-1]) if reached else 0
    held = job.state in {"failed", "quarantined"}
    names = [(STEPS[state], "done" if number <= last else "open") for number, state in enumerate(WAY)]
    if not held and job.state != "released":
        names[min(last + 1, len(WAY) - 1)] = (names[min(last + 1, len(WAY) - 1)][0], "now")
    return tuple(names)
