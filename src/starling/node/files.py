"""Files that are taken in, and the people who review and release what comes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from secrets import token_bytes, token_hex
from typing import Any

from msgspec.structs import replace

from starling.assessment import Assessment
from starling.errors import InputError
from starling.node import answers
from starling.node.desk import Desk, now
from starling.node.spool import plain_name, seal
from starling.node.values import Job, JobEvent, Principal, Specimen, Submitted, read_as


class Files:
    """The jobs of a node: one for each file that was taken in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def submit(self, who: Principal, name: str, chunks: Iterable[bytes], specimen: Specimen) -> Submitted:
        """The file is taken in: sealed and on the disk when this returns.  The same bytes again are the same job.

        Raises: ForbiddenError; InputError BAD_SPECIMEN, the sender's.
        """
        self._desk.may(who, "job.submit")
        specimen = _plainly(specimen)
        id_, key, digest = f"j-{token_hex(8)}", token_bytes(32), hashlib.sha256(_said(specimen))
        spooled = self._desk.layout.spool / id_
        try:
            size = seal(spooled, key, _hashed(chunks, digest))
            job = self._received(who, id_, name, size, specimen)
            known = self._taken_in(who, job, specimen, digest.hexdigest(), key)
        except BaseException:
            spooled.unlink(missing_ok=True)
            raise
        if known is not None:
            spooled.unlink(missing_ok=True)
            return Submitted(job=known, again=True)
        self._desk.wake()
        return Submitted(job=job, again=False)

    def _taken_in(self, who: Principal, job: Job, specimen: Specimen, sha256: str, key: bytes) -> Job | None:
        """The job is in the store and on the disk; or the earlier one of the same bytes, which stays the only one."""
        with self._desk.records.transaction(durable=True):
            known = self._desk.records.job_of(job.site, sha256)
            if known is not None and _contradict(self._desk.records.specimen(known.id), specimen):
                sha256 = hashlib.sha256(repr((sha256, specimen.birth_date, specimen.sex)).encode()).hexdigest()
                known = self._desk.records.job_of(job.site, sha256)
            if known is None:
                self._desk.records.add_job(job, specimen, sha256=sha256, sealing=key)
            patient, detail = (known.patient, {"job": known.id, "again": "yes"}) if known else ("", {"job": job.id})
            self._desk.append(who, "job.submit", "success", patient, detail, durable=True)
        return known

    def _received(self, who: Principal, id_: str, name: str, size: int, specimen: Specimen) -> Job:
        at = now()
        return Job(
            id=id_, state="received", site=self._desk.settings.site, patient="", specimen=specimen.specimen,
            laboratory=specimen.laboratory, file=plain_name(name), bytes=size, received=at, updated=at,
            events=(JobEvent(at=at, state="received", by=who.name),),
        )  # fmt: skip

    def jobs(self, who: Principal, *, limit: int = 100) -> tuple[Job, ...]:
        """The newest jobs.  Raises: ForbiddenError."""
        self._desk.may(who, "job.list")
        self._desk.record(who, "job.list", "success", "", {})
        return tuple(self._desk.records.jobs(self._desk.settings.site, limit=limit))

    def job(self, who: Principal, id_: str) -> Job:
        """One job.  Raises: ForbiddenError; InputError NOT_FOUND."""
        job = self._desk.job_of(who, "job.read", id_)
        self._desk.record(who, "job.read", "success", job.patient, {"job": job.id})
        return job

    def draft(self, who: Principal, id_: str) -> Assessment:
        """The result of a job as it was called, for whoever reviews it.

        Raises: ForbiddenError; InputError NO_RESULT.
        """
        job = self._desk.job_of(who, "job.review", id_)
        packed = self._desk.records.result(job.id)
        if packed is None:
            raise InputError("NO_RESULT", f"{job.id} is {job.state}: it has no result")
        self._desk.record(
            who, "result.read", "success", job.patient, {"job": job.id, "result_sha256": job.result_sha256}
        )
        return answers.unpacked(packed)

    def whose(self, who: Principal, id_: str) -> tuple[Specimen, tuple[str, ...]]:
        """What was stated with a file in quarantine, and the pseudonyms of who is known under one of its identifiers.

        Raises: ForbiddenError; InputError BAD_STATE.
        """
        job = self._desk.job_of(who, "job.resolve", id_)
        _must_be(job, "quarantined")
        specimen = self._desk.records.specimen(job.id)
        known = self._desk.records.by_identifiers(job.site, specimen)
        self._desk.record(who, "specimen.read", "success", job.patient, {"job": job.id})
        return specimen, tuple(each.id for each in known)

    def review(self, who: Principal, id_: str, note: str = "") -> Job:
        """The result was looked at by somebody who answers for it.  Raises: ForbiddenError; InputError BAD_STATE."""
        job = self._desk.job_of(who, "job.review", id_)
        _must_be(job, "called")
        return self._stepped(who, "job.review", job, "reviewed", note, reviewed_by=who.name, reviewed_person=who.person)

    def release(self, who: Principal, id_: str, note: str = "") -> Job:
        """The result answers questions from now on; released by a second person, never by who reviewed it.

        A person with two ways in (a certificate, an account, the provider) is one, as far as a name links them.

        Raises: ForbiddenError; InputError BAD_STATE, SAME_PERSON.
        """
        job = self._desk.job_of(who, "job.release", id_)
        _must_be(job, "reviewed")
        if who.is_also(job.reviewed_by, job.reviewed_person):
            raise InputError("SAME_PERSON", f"{job.reviewed_by} reviewed this result; a second person releases it")
        return self._stepped(who, "job.release", job, "released", note, released_by=who.name)

    def refuse(self, who: Principal, id_: str, reason: str) -> Job:
        """The result was looked at and is never released: one person suffices, and nobody takes it back.

        The file may be sent again, and is another job then.  A result that is released is not refused but amended.

        Raises: ForbiddenError; InputError BAD_STATE.
        """
        job = self._desk.job_of(who, "job.refuse", id_)
        _must_be(job, "called", "reviewed")
        return self._stepped(who, "job.refuse", job, "failed", reason, reason=reason)

    def resolve(self, who: Principal, id_: str, *, accept: bool, reason: str) -> Job:
        """A person decides about a file in quarantine.  Raises: ForbiddenError; InputError BAD_STATE."""
        job = self._desk.job_of(who, "job.resolve", id_)
        _must_be(job, "quarantined")
        if accept and not job.patient:
            raise InputError(
                "BAD_STATE", "the identifiers are of two patients: send the file again with the right ones"
            )
        return self._stepped(who, "job.resolve", job, "called" if accept else "failed", reason)

    def _stepped(self, who: Principal, action: str, job: Job, state: Any, note: str, **changed: str) -> Job:
        at = now()
        event = JobEvent(at=at, state=state, by=who.name, note=note)
        stepped = replace(job, state=state, updated=at, events=(*job.events, event), **changed)
        with self._desk.records.transaction(durable=True):
            if self._desk.records.job(job.id) != job:
                raise InputError("BAD_STATE", f"{job.id} was changed meanwhile: look again")
            self._desk.records.set_job(stepped)
            if job.state == "quarantined" and state == "called":
                self._desk.records.call_again(job.id)
            if state == "failed" and not job.amends:  # an amendment stays known: it is not made again
                self._desk.records.let_come_again(job.id)
            if state == "released":
                self._desk.records.released(job.patient, job.id)
                self._desk.report(stepped)
            self._desk.append(who, action, "success", job.patient, {"job": job.id, "state": state}, durable=True)
        self._desk.wake()
        self._desk.tell_hub()
        self._desk.list_again()
        return stepped


def _plainly(specimen: Specimen) -> Specimen:
    """As it was stated, without blanks around what names the patient.

    Raises: InputError BAD_SPECIMEN, where the two identifiers are one to any reader, or no calendar has the birth date.
    """
    one, other = specimen.identifier.strip(), specimen.second_identifier.strip()
    if not one or not other or read_as(one) == read_as(other):
        raise InputError("BAD_SPECIMEN", "the two identifiers are the same, or one is empty")
    try:
        date.fromisoformat(specimen.birth_date or "2000-01-01")
    except ValueError as error:
        raise InputError("BAD_SPECIMEN", "birth_date is no day of the calendar") from error
    return replace(specimen, identifier=one, second_identifier=other)


def _contradict(before: Specimen, now_: Specimen) -> bool:
    """Whether the same bytes were sent as of somebody else: as another file it is compared, and a person decides."""
    births, sexes = {before.birth_date, now_.birth_date} - {""}, {before.sex, now_.sex} - {"unknown"}
    return len(births) > 1 or len(sexes) > 1


def _hashed(chunks: Iterable[bytes], digest: Any) -> Iterable[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _said(specimen: Specimen) -> bytes:
    """What makes equal bytes another file: whose they are, and which column is read."""
    return repr((specimen.identifier, specimen.second_identifier, specimen.sample)).encode()


def _must_be(job: Job, *states: str) -> None:
    """Raises: InputError BAD_STATE."""
    if job.state not in states:
        raise InputError("BAD_STATE", f"{job.id} is {job.state}, not {' or '.join(states)}")
