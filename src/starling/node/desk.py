"""What every service of a node stands on: its store, its log, its engine; who may, and what is recorded.

Every service is told who asks, lets the policies decide here, does it, and records it here: a change and its event in
the audit log stand or fall together.  Who may not is refused (`ForbiddenError`), and that is recorded too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from starling.engine import Engine
from starling.errors import ForbiddenError, InputError
from starling.node import answers
from starling.node.lanes import Here, Lane
from starling.node.layout import Layout
from starling.node.naming import unnamed
from starling.node.orders import Orders
from starling.node.outbox import Happening, Kind, Outbox
from starling.node.policy import require
from starling.node.records import Records
from starling.node.settings import Settings
from starling.node.values import ITSELF, Job, Patient, Principal
from starling.node.waiting import EHR, Waiting
from starling.trust.audit import AuditLog
from starling.trust.events import event


def now() -> str:
    """The moment, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Desk:
    """A node that is open, without its services.

    `wake`: called when a job, or new knowledge, waits for the node itself; `tell_hub`: when a result waits for the hub;
    `list_again`: when another result answers, or a patient is gone.
    `asleep`: what the clocks say against going on alone (`presence`); empty: nothing.
    `asking`, `beside`: who computes answers, and who reads files and calls them.
    """

    def __init__(self, layout: Layout, settings: Settings, records: Records, log: AuditLog, engine: Engine) -> None:
        self.layout = layout
        self.settings = settings
        self.records = records
        self.log = log
        self.held = answers.Held(engine, now())
        self.kept = answers.Kept[answers.Rendered](settings.answers_kept)
        self.outbox = Outbox(records.connection, source=f"urn:starling:{settings.site}") if settings.hub else None
        self.orders = Orders(records.connection)
        self.results = Waiting(records.connection) if settings.exchange_results_to else None
        self.ehr_results = Waiting(records.connection, EHR) if settings.exchange_ehr else None
        self.itself = Principal(name=ITSELF, role="system", site=settings.site, way="process")
        self.wake: Callable[[], object] = int
        self.tell_hub: Callable[[], object] = int
        self.asking: Lane = Here()
        self.beside: Lane = Here()
        self.list_again: Callable[[], object] = int
        self.asleep = ""

    def may(self, who: Principal, action: str) -> None:
        """Raises: ForbiddenError, when the asker may not do this on this node."""
        self.allow(who, action, self.settings.site)

    def patient_of(self, who: Principal, action: str, id_: str) -> Patient:
        """The patient, whom the asker may see.  Somebody else's is refused as one who does not exist.

        Raises: ForbiddenError; InputError NOT_FOUND.
        """
        found = self.records.patient(id_)
        self.allow(who, action, found.site if found else self.settings.site, id_ if found else "")
        if found is None:
            raise InputError("NOT_FOUND", "there is no such patient")
        return found

    def still_there(self, patient: Patient) -> None:
        """Nobody erased the patient meanwhile; asked with the lock of the store.  Raises: InputError NOT_FOUND."""
        if self.records.row("SELECT 1 FROM patient WHERE id = ?", patient.id) is None:
            raise InputError("NOT_FOUND", "there is no such patient")

    def job_of(self, who: Principal, action: str, id_: str) -> Job:
        """The job, which the asker may see.  Raises: ForbiddenError; InputError NOT_FOUND."""
        found = self.records.job(id_)
        self.allow(who, action, found.site if found else self.settings.site)
        if found is None:
            raise InputError("NOT_FOUND", "there is no such job")
        return found

    def allow(self, who: Principal, action: str, site: str, patient: str = "") -> None:
        """Raises: ForbiddenError, after it was recorded."""
        try:
            require(who, action, site)
        except ForbiddenError:
            self.record(who, action, "refused", patient, {})
            raise

    def hold(self, held: answers.Held) -> None:
        """Another edition answers from now on; what follows from it is done beside."""
        self.held = held
        self.kept.clear()
        self.wake()

    def tested(self, patient: Patient) -> answers.Tested:
        """What is kept of the patient's released test.  Raises: InputError NO_RESULT."""
        with self.records.lock:
            kept = self.records.evidence(patient.released) if patient.released else None
            if kept is None:
                raise InputError("NO_RESULT", "no result of this patient is released")
            return answers.Tested(patient.released, *kept, self.records.specimen(patient.released))

    def happened(self, action: str, detail: Mapping[str, object]) -> None:
        """Something of the node itself is in the log."""
        self.record(self.itself, action, "success", "", detail)

    def rejected(self, who: Principal, code: str) -> None:
        """A file that was dropped was not taken in: it is in the log."""
        self.record(who, "job.submit", "failed", "", {"code": code})

    def record(self, who: Principal, action: str, outcome: str, patient: str, detail: Mapping[str, object]) -> None:
        """It is in the log, in a transaction of its own."""
        with self.records.transaction():
            self.append(who, action, outcome, patient, detail)

    def append(
        self, who: Principal, action: str, outcome: str, patient: str, detail: Mapping[str, object],
        *, durable: bool = False,
    ) -> None:  # fmt: skip
        """It is in the log, in the transaction of the caller.  `durable`: on the disk when that ends."""
        more = {"role": who.role, "site": who.site, "way": who.way, **detail}
        more |= {"emergency": unnamed(who.emergency, self.records.patient(patient))} if who.emergency else {}
        more |= {"person": who.person} if who.person else {}
        more |= {"session": who.session} if who.session else {}
        self.log.append(event(action, outcome, who.name, patient, when=now(), detail=more), durable=durable)

    def predicted(self, patient: str, actions: answers.Actions, result_sha256: str) -> None:
        """An answer that was given waits for the hub, where there is one; in the transaction of the caller."""
        if self.outbox is not None:
            stamp = self.held.engine.knowledge.stamp
            said = {"answer": dict(actions), "result_sha256": result_sha256, "knowledge": stamp.version}
            self.outbox.put(Happening(Kind.PREDICTION, patient, now(), said))

    def report(self, job: Job) -> None:
        """A result that was released waits for the hub and for the hospital's interface and EHR, where there is one."""
        for queue in filter(None, (self.results, self.ehr_results)):
            queue.put(job.id)
        if self.outbox is not None:
            said = {"job": job.id, "result_sha256": job.result_sha256, "knowledge": job.knowledge, "amends": job.amends}
            self.outbox.put(Happening(Kind.RESULT, job.patient, job.updated, said))
