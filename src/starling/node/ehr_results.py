"""Released results on their way into an EHR: written as FHIR, once, to its patient who has the identifier.

Only the name of a job waits; what is written is made when it is sent, so that nothing waits of whom was erased.
Nothing of a patient, and nothing that the EHR says in words, is in the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import json

from starling.assessment import Assessment
from starling.exchange.codes import Codes
from starling.exchange.fhir.written import identity, taken_back, transaction
from starling.formats.outside.content import fields_of, items_of, text_of
from starling.node import answers
from starling.node.desk import Desk
from starling.node.ehr import FHIR, Answer
from starling.node.outbox import Refused, Undelivered, next_attempt_s
from starling.node.sending import LOOK_AGAIN_S
from starling.node.values import Job, Patient
from starling.values import replace

#: Posts to the EHR: a path below its base, what is sent, of what kind.  Raises: Undelivered.
Ask = Callable[[str, bytes, str], Answer]
_SEARCH: Final = "application/x-www-form-urlencoded"
#: What is wrong with what was sent: sent again it would be refused again.  Source: hl7.org/fhir/R4, http.html#ops;
#: RFC 9110, 15.5.
_FOR_GOOD: Final = frozenset({400, 405, 410, 412, 413, 415, 422})
#: a code of OperationOutcome.issue; whatever is none is not repeated
_CODE: Final = re.compile(r"[a-z-]{1,30}")


class ResultsWritten:
    """Writes what waits.  `ask`: into which EHR."""

    def __init__(self, desk: Desk, ask: Ask) -> None:
        self._desk = desk
        self._ask = ask
        self._failures = 0

    def send(self) -> float:
        """All that waits is written, as far as the EHR takes it; returns the seconds until the next attempt."""
        waiting = self._desk.ehr_results
        assert waiting is not None
        while True:
            with self._desk.records.lock:
                id_ = waiting.next()
                found = self._held(id_)
            if not id_:
                return LOOK_AGAIN_S
            try:
                said = self._written(*found) if found is not None else "erased"
            except Refused as error:
                self._done(id_, found, "failed", str(error), aside=str(error))
            except Undelivered as error:
                return self._pause(id_, found, str(error))
            else:
                self._done(id_, found, "success", said)

    def _pause(self, id_: str, found: _Held, why: str) -> float:
        """The seconds until the next attempt; that it does not go on is recorded once."""
        self._failures += 1
        if self._failures == 1:
            with self._desk.records.transaction():
                self._record(id_, found, "failed", why)
        return next_attempt_s(self._failures)

    def _done(self, id_: str, found: _Held, outcome: str, said: str, *, aside: str = "") -> None:
        self._failures = 0
        waiting = self._desk.ehr_results
        assert waiting is not None
        with self._desk.records.transaction():
            waiting.done(id_, aside=aside)
            self._record(id_, found, outcome, said)

    def _record(self, id_: str, found: _Held, outcome: str, said: str) -> None:
        """It is in the log, in the transaction of the caller; under no name that was erased meanwhile."""
        patient = found[1].id if found is not None and self._desk.records.patient(found[1].id) else ""
        self._desk.append(self._desk.itself, "result.write", outcome, patient, {"job": id_, "said": said})

    def _held(self, id_: str) -> _Held:
        """What is there of a job; None where it is gone."""
        records = self._desk.records
        job, packed = records.job(id_), records.result(id_)
        patient = records.patient(job.patient) if job is not None else None
        if job is None or packed is None or patient is None:
            return None
        return job, patient, _about(packed, patient, job), records.result(job.amends) if job.amends else None

    def _written(self, job: Job, patient: Patient, assessment: Assessment, before: bytes | None) -> str:
        """The result is there, once.  Raises: Refused, Undelivered."""
        codes, whom = Codes.of(self._desk.held.engine.knowledge), self._patient(patient)
        if not self._searched("DiagnosticReport", *identity(assessment, codes)):  # there, the whole of it is there
            self._posted(transaction(assessment, codes, whom, amends=bool(job.amends)))
        if before is None:
            return "written"
        old = answers.unpacked(before)
        if not self._searched("DiagnosticReport", *identity(old, codes)):
            return "written"
        for each in taken_back(old, codes, whom):
            self._posted(each)
        return "written, and what it amends taken back"

    def _posted(self, bundle: dict[str, object]) -> None:
        """A transaction that was done whole."""
        status, said = _taken(self._ask("", json.encode(bundle), FHIR))
        entries = [text_of(fields_of(fields_of(each).get("response")).get("status")) for each in _entries(said)]
        if status not in {200, 201} or len(entries) != len(items_of(bundle["entry"])):
            raise Undelivered(f"it did not say what became of the result (answered {status})")
        if not all(each.startswith(("2", "304")) for each in entries):  # 304: it was so already
            raise Undelivered("it did not take all of the result")

    def _patient(self, patient: Patient) -> str:
        """The EHR's patient who has the identifier, and no other.  Raises: Refused, Undelivered."""
        system = self._desk.settings.exchange_ehr_identifiers
        found = [
            each
            for each in self._searched("Patient", system, patient.identifier)
            if any(_is(one, system, patient.identifier) for one in items_of(each.get("identifier")))
        ]
        if len(found) != 1 or not re.fullmatch(r"[A-Za-z0-9.-]{1,64}", text_of(found[0].get("id"))):
            raise Refused(f"it knows {len(found)} patients by the identifier")
        born = text_of(found[0].get("birthDate"))
        if patient.birth_date and born and born != patient.birth_date:
            raise Refused("its patient with the identifier has another date of birth")
        return f"Patient/{found[0]['id']}"

    def _searched(self, kind: str, system: str, value: str) -> list[dict[str, object]]:
        """The resources with an identifier; it stands in no address, which servers write into logs."""
        form = urlencode({"identifier": f"{system}|{value}"}).encode()
        status, said = _taken(self._ask(f"/{kind}/_search", form, _SEARCH))
        if status != 200 or fields_of(said).get("resourceType") != "Bundle":
            raise Undelivered(f"it did not answer a search (answered {status})")
        found = [fields_of(fields_of(each).get("resource")) for each in _entries(said)]
        return [each for each in found if each.get("resourceType") == kind]


_Held = tuple[Job, Patient, Assessment, bytes | None] | None


def _about(packed: bytes, patient: Patient, job: Job) -> Assessment:
    """The assessment, with the specimen that it is of; who the patient is, the EHR knows itself."""
    assessment = answers.unpacked(packed)
    return replace(assessment, subject={**assessment.subject, "id": patient.identifier, "specimen": job.specimen})


def _entries(said: Any) -> tuple[object, ...]:
    return tuple(items_of(fields_of(said).get("entry")))


def _is(identifier: object, system: str, value: str) -> bool:
    fields = fields_of(identifier)
    return (fields.get("system"), fields.get("value")) == (system, value)


def _taken(answer: Answer) -> Answer:
    """An answer that is no refusal for good.  Raises: Refused, with codes alone, never with words."""
    status, said = answer
    if status in _FOR_GOOD:
        issues = items_of(fields_of(said).get("issue")) if isinstance(said, dict) else ()
        codes = {text_of(fields_of(each).get("code")) for each in issues}
        named = ", ".join(sorted(each for each in codes if _CODE.fullmatch(each)))
        raise Refused(f"refused with {status}{': ' if named else ''}{named}")
    return answer
