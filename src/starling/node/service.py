"""START HERE.  What a node can do: for its API and its dashboard alike, without HTTP.

Every method is told who asks, lets the policies decide, does it, and records it: a change and its event in the audit
log stand or fall together.  Who may not is refused (`ForbiddenError`), and that is recorded too.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any

from msgspec.structs import replace

from starling._version import __version__
from starling.assessment import Assessment
from starling.engine import Engine
from starling.errors import ForbiddenError, InputError, UnknownCallerError
from starling.knowledge.compare import compare
from starling.node import answers
from starling.node.identity import Accounts, Sessions
from starling.node.layout import Layout
from starling.node.naming import unnamed
from starling.node.outbox import Happening, Kind, Outbox
from starling.node.policy import require
from starling.node.records import Records
from starling.node.settings import Plain, Settings
from starling.node.spool import seal
from starling.node.values import (
    ITSELF,
    Account,
    AuditEntry,
    AuditPage,
    ClinicalChange,
    Enrolled,
    Health,
    Job,
    JobEvent,
    KnowledgeInfo,
    ModelInfo,
    Order,
    Override,
    Patient,
    Principal,
    Role,
    Session,
    Specimen,
    Submitted,
)
from starling.report.document import from_json
from starling.trust.audit import AuditLog
from starling.trust.events import event


def now() -> str:
    """The moment, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Node:
    """A node that is open.

    `wake`: called when a job, or new knowledge, waits for the node itself; `tell_hub`: when a result waits for the hub.
    """

    def __init__(self, layout: Layout, settings: Settings, records: Records, log: AuditLog, engine: Engine) -> None:
        self.layout = layout
        self.settings = settings
        self.records = records
        self.log = log
        self.held = answers.Held(engine, now())
        self.kept = answers.Kept(settings.answers_kept)
        self.accounts = Accounts(records)
        self.sessions = Sessions(settings.session_minutes)
        self.outbox = Outbox(records.connection, source=f"urn:starling:{settings.site}") if settings.hub else None
        self.itself = Principal(name=ITSELF, role="system", site=settings.site, way="process")
        self.wake: Callable[[], object] = int
        self.tell_hub: Callable[[], object] = int

    # --- the prescriber's question ------------------------------------------------------------------------------------

    def check(self, who: Principal, order: Order) -> answers.Rendered:
        """May this patient have these drugs?  As `starling check` says it.

        Raises: ForbiddenError; InputError NO_RESULT, UNKNOWN_DRUG and others, the asker's.
        """
        patient = self._patient(who, "check", order.patient)
        answer = self._answered(patient, order)
        self._checked(who, patient, answer.actions, answer.result_sha256)
        return answer

    def answer(self, who: Principal, order: Order) -> tuple[Assessment, tuple[str, ...]]:
        """As `check`, for a page that shows the answer itself: the assessment, and the names of its drugs.

        Raises: as `check`.
        """
        patient = self._patient(who, "check", order.patient)
        person, names = answers.asked(self.held.engine, self.tested(patient), order)
        self._checked(who, patient, answers.actions_of(person, names), person.result_sha256)
        return person, names

    def _checked(self, who: Principal, patient: Patient, actions: answers.Actions, result_sha256: str) -> None:
        said = {"answer": dict(actions), "result_sha256": result_sha256}
        self._record(who, "check", "success", patient.id, said)

    def assessment(self, who: Principal, patient: str) -> Assessment:
        """The whole assessment of the patient's released result.  Raises: ForbiddenError; InputError NO_RESULT."""
        found = self._patient(who, "assessment.read", patient)
        assessment = answers.assessed(self.held.engine, self.tested(found))
        self._record(who, "assessment.read", "success", found.id, {"result_sha256": assessment.result_sha256})
        return assessment

    def override(self, who: Principal, patient: str, drug: str, reason: str, order: Order | None = None) -> Override:
        """Somebody who prescribes goes on against the answer.  `order`: what was asked, where that was more.

        Raises: ForbiddenError; InputError UNKNOWN_DRUG.
        """
        found = self._patient(who, "override.write", patient)
        name = self.held.engine.knowledge.find_drug(drug).name
        asked = replace(order or Order(patient=patient, drugs=(name,)), patient=patient, drugs=(name,))
        answer = self._answered(found, asked)
        with self.records.transaction(durable=True):
            made = Override(
                id=self.records.next_override(), patient=patient, drug=name, action=dict(answer.actions)[name],
                reason=reason, by=who.name, at=now(), result_sha256=answer.result_sha256,
            )  # fmt: skip
            self.records.add_override(made)
            detail = {"drug": name, "action": made.action, "override": str(made.id)}
            self._append(who, "override.write", "success", patient, detail, durable=True)
        return made

    def overrides(self, who: Principal, patient: str) -> tuple[Override, ...]:
        """What was decided against an answer, the newest first.  Raises: ForbiddenError."""
        found = self._patient(who, "override.list", patient)
        self._record(who, "override.list", "success", found.id, {})
        return tuple(self.records.overrides(found.id))

    def patients(self, who: Principal) -> tuple[Patient, ...]:
        """Everybody, by name.  Raises: ForbiddenError."""
        self.may(who, "patient.list")
        self._record(who, "patient.list", "success", "", {})
        return tuple(self.records.patients(self.settings.site))

    def patient(self, who: Principal, patient: str) -> Patient:
        """Who stands behind a pseudonym.  Raises: ForbiddenError; InputError NOT_FOUND."""
        found = self._patient(who, "patient.read", patient)
        self._record(who, "patient.read", "success", found.id, {})
        return found

    # --- files --------------------------------------------------------------------------------------------------------

    def submit(self, who: Principal, name: str, chunks: Iterable[bytes], specimen: Specimen) -> Submitted:
        """The file is taken in: sealed and on the disk when this returns.  The same bytes again are the same job.

        Raises: ForbiddenError; InputError BAD_SPECIMEN, the sender's.
        """
        self.may(who, "job.submit")
        if specimen.identifier == specimen.second_identifier:
            raise InputError("BAD_SPECIMEN", "the two identifiers are the same")
        id_, key, digest = f"j-{token_hex(8)}", token_bytes(32), hashlib.sha256(_said(specimen))
        spooled = self.layout.spool / id_
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
        self.wake()
        return Submitted(job=job, again=False)

    def _taken_in(self, who: Principal, job: Job, specimen: Specimen, sha256: str, key: bytes) -> Job | None:
        """The job is in the store and on the disk; or the earlier one of the same bytes, which stays the only one."""
        with self.records.transaction(durable=True):
            known = self.records.job_of(job.site, sha256)
            if known is None:
                self.records.add_job(job, specimen, sha256=sha256, sealing=key)
            patient, detail = (known.patient, {"job": known.id, "again": "yes"}) if known else ("", {"job": job.id})
            self._append(who, "job.submit", "success", patient, detail, durable=True)
        return known

    def _received(self, who: Principal, id_: str, name: str, size: int, specimen: Specimen) -> Job:
        at = now()
        return Job(
            id=id_, state="received", site=self.settings.site, patient="", specimen=specimen.specimen,
            laboratory=specimen.laboratory, file=Path(name).name, bytes=size, received=at, updated=at,
            events=(JobEvent(at=at, state="received", by=who.name),),
        )  # fmt: skip

    def jobs(self, who: Principal, *, limit: int = 100) -> tuple[Job, ...]:
        """The newest jobs.  Raises: ForbiddenError."""
        self.may(who, "job.list")
        self._record(who, "job.list", "success", "", {})
        return tuple(self.records.jobs(self.settings.site, limit=limit))

    def job(self, who: Principal, id_: str) -> Job:
        """One job.  Raises: ForbiddenError; InputError NOT_FOUND."""
        job = self._job(who, "job.read", id_)
        self._record(who, "job.read", "success", job.patient, {"job": job.id})
        return job

    def draft(self, who: Principal, id_: str) -> Assessment:
        """The result of a job as it was called, for whoever reviews it.

        Raises: ForbiddenError; InputError NO_RESULT.
        """
        job = self._job(who, "job.review", id_)
        packed = self.records.result(job.id)
        if packed is None:
            raise InputError("NO_RESULT", f"{job.id} is {job.state}: it has no result")
        self._record(who, "result.read", "success", job.patient, {"job": job.id, "result_sha256": job.result_sha256})
        return from_json(zlib.decompress(packed).decode())

    def review(self, who: Principal, id_: str, note: str = "") -> Job:
        """The result was looked at by somebody who answers for it.  Raises: ForbiddenError; InputError BAD_STATE."""
        job = self._job(who, "job.review", id_)
        _must_be(job, "called")
        return self._stepped(who, "job.review", job, "reviewed", note, reviewed_by=who.name)

    def release(self, who: Principal, id_: str, note: str = "") -> Job:
        """The result answers questions from now on; released by a second person, never by who reviewed it.

        Raises: ForbiddenError; InputError BAD_STATE, SAME_PERSON.
        """
        job = self._job(who, "job.release", id_)
        _must_be(job, "reviewed")
        if who.name == job.reviewed_by:
            raise InputError("SAME_PERSON", f"{who.name} reviewed this result; a second person releases it")
        return self._stepped(who, "job.release", job, "released", note, released_by=who.name)

    def resolve(self, who: Principal, id_: str, *, accept: bool, reason: str) -> Job:
        """A person decides about a file in quarantine.  Raises: ForbiddenError; InputError BAD_STATE."""
        job = self._job(who, "job.resolve", id_)
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
        with self.records.transaction(durable=True):
            if self.records.job(job.id) != job:
                raise InputError("BAD_STATE", f"{job.id} was changed meanwhile: look again")
            self.records.set_job(stepped)
            if state == "failed":
                self.records.let_come_again(job.id)
            if state == "released":
                self.records.released(job.patient, job.id)
                self._report(stepped)
            self._append(who, action, "success", job.patient, {"job": job.id, "state": state}, durable=True)
        self.tell_hub()
        return stepped

    # --- people and the node itself -----------------------------------------------------------------------------------

    def may(self, who: Principal, action: str) -> None:
        """Raises: ForbiddenError, when the asker may not do this on this node."""
        self._allow(who, action, self.settings.site)

    def login(self, name: str, password: str, code: str) -> Session:
        """Somebody logs in.  Raises: UnknownCallerError NOT_KNOWN, after it was recorded."""
        try:
            session = self.sessions.open(self.accounts.known(name, password, code))
        except UnknownCallerError:
            stranger = Principal(name="stranger", role="system", site=self.settings.site, way="account")
            self._record(stranger, "login", "refused", "", {})
            raise
        self._record(session.principal, "login", "success", "", {})
        return session

    def logout(self, who: Principal, token: str) -> None:
        """The session of that token is over.  Raises: UnknownCallerError NOT_KNOWN, when there is none."""
        if self.sessions.of(token) is None:
            raise UnknownCallerError("NOT_KNOWN", "nobody is logged in")
        self.sessions.close(token)
        self._record(who, "logout", "success", "", {})

    def who_may_log_in(self, who: Principal) -> tuple[Account, ...]:
        """The accounts.  Raises: ForbiddenError."""
        self.may(who, "account.list")
        self._record(who, "account.list", "success", "", {})
        return self.accounts.all()

    def enrol(self, who: Principal, name: str, role: Role, site: str) -> Enrolled:
        """A new account.  Raises: ForbiddenError; InputError NAME_TAKEN."""
        self.may(who, "account.write")
        if any(each.name == name for each in self.accounts.all()):
            raise InputError("NAME_TAKEN", f"there is an account {name} already")
        with self.records.transaction(durable=True):
            enrolled = self.accounts.add(name, role, site)
            self._append(who, "account.write", "success", "", {"account": name, "role": role}, durable=True)
        return enrolled

    def stated_settings(self, who: Principal) -> dict[str, Plain]:
        """Every setting.  Raises: ForbiddenError."""
        self.may(who, "settings.read")
        self._record(who, "settings.read", "success", "", {})
        return self.settings.stated()

    def models(self, who: Principal) -> tuple[ModelInfo, ...]:
        """The learned models that came with the program.  Raises: ForbiddenError."""
        self.may(who, "model.list")
        from starling.dosing import bundles

        root = Path(next(iter(bundles.__path__)))
        folders = sorted(each for each in root.iterdir() if (each / "digest").is_file())
        return tuple(
            ModelInfo(name=each.name, digest=hashlib.sha256((each / "digest").read_bytes()).hexdigest())
            for each in folders
        )

    def gauges(self, who: Principal) -> dict[str, float]:
        """What is so at the moment, for the metrics.  Raises: ForbiddenError."""
        self.may(who, "metrics.read")
        states = self.records.rows("SELECT state, count(*) FROM job GROUP BY state")
        with self.records.lock:
            events = self.log.size
        counts = {f"starling_jobs_{state}": float(count) for state, count in states}
        return {"starling_ready": float(self.health().ready), "starling_audit_events": float(events), **counts}

    # --- knowledge, audit, health -------------------------------------------------------------------------------------

    def knowledge(self, who: Principal) -> KnowledgeInfo:
        """Which edition answers.  Raises: ForbiddenError."""
        self.may(who, "knowledge.read")
        held = self.held
        base, stamp = held.engine.knowledge, held.engine.knowledge.stamp
        return KnowledgeInfo(
            version=stamp.version, sha256=stamp.sha256, as_of=stamp.as_of, checked_on=stamp.checked_on,
            signed_by=stamp.signed_by, genes=len(base.genes), drugs=len(base.guidance.drugs),
            program=f"starling {__version__}", loaded=held.loaded, previous=held.previous,
        )  # fmt: skip

    def knowledge_changes(self, who: Principal) -> tuple[ClinicalChange, ...]:
        """What a prescriber would notice since the edition before.  Raises: ForbiddenError."""
        self.may(who, "knowledge.read")
        return self.held.changes

    def replace_knowledge(self, who: Principal, path: Path) -> KnowledgeInfo:
        """Another edition answers from now on.  Raises: ForbiddenError; KnowledgeError, the administrator's."""
        self.may(who, "knowledge.replace")
        self.take_knowledge(who, path)
        return self.knowledge(who)

    def take_knowledge(self, who: Principal, path: Path) -> None:
        """As `replace_knowledge`, for the node itself: its settings name the file."""
        old, new = self.held.engine, answers.sound_engine(path)
        found = compare(old.knowledge, new.knowledge)
        changes = tuple(ClinicalChange(rank=each.rank, about=each.about, text=each.text) for each in found)
        stamp = new.knowledge.stamp
        self._record(who, "knowledge.replace", "success", "", {"version": stamp.version, "sha256": stamp.sha256})
        self.held = answers.Held(new, now(), old.knowledge.stamp.version, changes)
        self.kept.clear()
        self.wake()

    def audit(self, who: Principal, *, before: int | None = None, limit: int = 100) -> AuditPage:
        """The newest entries (or those before an index), and a signed checkpoint.  Raises: ForbiddenError."""
        self.may(who, "audit.read")
        self._record(who, "audit.read", "success", "", {})
        with self.records.lock:
            size, found = self.log.size, self.log.events(before=before, limit=limit)
            checkpoint = self.log.checkpoint()
        entries = tuple(AuditEntry(index=index, event=event) for index, event in found)
        return AuditPage(size=size, entries=entries, checkpoint=checkpoint)

    def checkpoint(self) -> str:
        """The log, signed as it is now; the hub is told, where there is one.

        Raises: TrustError LOG_TAMPERED, the security officer's; InputError OUTPUT_UNWRITABLE, the administrator's.
        """
        with self.records.lock:
            note = self.log.checkpoint()
            if self.outbox is not None:
                self.outbox.put(Happening(Kind.AUDIT, "audit-log", now(), {"checkpoint": note}))
        return note

    def health(self) -> Health:
        """Whether knowledge and store are sound; asked without a name, and says nothing of anybody."""
        store = self._sound_store()
        checks = {"store": store, "audit": "" if store else self._sound_log(), "knowledge": self._sound_knowledge()}
        return Health(ready=not any(checks.values()), checks=checks)

    def _sound_store(self) -> str:
        try:
            self.records.row("SELECT count(*) FROM account")
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with the store, the node is not ready
            return type(error).__name__
        return ""

    def _sound_log(self) -> str:
        with self.records.lock:
            return self.log.compare().kind

    def _sound_knowledge(self) -> str:
        return "" if self.held.engine.knowledge.genes else "no gene is known"

    # --- who may, and what is recorded --------------------------------------------------------------------------------

    def _patient(self, who: Principal, action: str, id_: str) -> Patient:
        """The patient, whom the asker may see.  Somebody else's is refused as one who does not exist."""
        found = self.records.patient(id_)
        self._allow(who, action, found.site if found else self.settings.site, id_ if found else "")
        if found is None:
            raise InputError("NOT_FOUND", "there is no such patient")
        return found

    def _job(self, who: Principal, action: str, id_: str) -> Job:
        found = self.records.job(id_)
        self._allow(who, action, found.site if found else self.settings.site)
        if found is None:
            raise InputError("NOT_FOUND", "there is no such job")
        return found

    def _allow(self, who: Principal, action: str, site: str, patient: str = "") -> None:
        """Raises: ForbiddenError, after it was recorded."""
        try:
            require(who, action, site)
        except ForbiddenError:
            self._record(who, action, "refused", patient, {})
            raise

    def _answered(self, patient: Patient, order: Order) -> answers.Rendered:
        """The answer, kept for who asks again.  Raises: InputError NO_RESULT, UNKNOWN_DRUG and others, the asker's."""
        held = self.held
        key = (patient.released, held.engine.knowledge.stamp.sha256, now()[:10], order)
        answer = self.kept.get(key)
        if answer is None:
            answer = answers.answered(held.engine, self.tested(patient), order)
            self.kept.keep(key, answer)
        return answer

    def tested(self, patient: Patient) -> answers.Tested:
        """What is kept of the patient's released test.  Raises: InputError NO_RESULT."""
        kept = self.records.evidence(patient.released) if patient.released else None
        if kept is None:
            raise InputError("NO_RESULT", "no result of this patient is released")
        return answers.Tested(patient.released, *kept, self.records.specimen(patient.released))

    def happened(self, action: str, detail: Mapping[str, object]) -> None:
        """Something of the node itself is in the log."""
        self._record(self.itself, action, "success", "", detail)

    def rejected(self, who: Principal, code: str) -> None:
        """A file that was dropped was not taken in: it is in the log."""
        self._record(who, "job.submit", "failed", "", {"code": code})

    def note(self, who: Principal, action: str, outcome: str, patient: str, detail: Mapping[str, object]) -> None:
        """What the node did by itself is in the log, in the transaction of the caller."""
        self._append(who, action, outcome, patient, detail)

    def _record(self, who: Principal, action: str, outcome: str, patient: str, detail: Mapping[str, object]) -> None:
        with self.records.transaction():
            self._append(who, action, outcome, patient, detail)

    def _append(
        self, who: Principal, action: str, outcome: str, patient: str, detail: Mapping[str, object],
        *, durable: bool = False,
    ) -> None:  # fmt: skip
        more = {"role": who.role, "site": who.site, "way": who.way, **detail}
        more |= {"emergency": unnamed(who.emergency, self.records.patient(patient))} if who.emergency else {}
        more |= {"session": who.session} if who.session else {}
        self.log.append(event(action, outcome, who.name, patient, when=now(), detail=more), durable=durable)

    def _report(self, job: Job) -> None:
        """A result that was released waits for the hub, where there is one."""
        if self.outbox is not None:
            said = {"job": job.id, "result_sha256": job.result_sha256, "knowledge": job.knowledge, "amends": job.amends}
            self.outbox.put(Happening(Kind.RESULT, job.patient, job.updated, said))


def _hashed(chunks: Iterable[bytes], digest: Any) -> Iterable[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _said(specimen: Specimen) -> bytes:
    """What makes equal bytes another file: whose they are, and which column is read."""
    return repr((specimen.identifier, specimen.second_identifier, specimen.sample)).encode()


def _must_be(job: Job, state: str) -> None:
    """Raises: InputError BAD_STATE."""
    if job.state != state:
        raise InputError("BAD_STATE", f"{job.id} is {job.state}, not {state}")
