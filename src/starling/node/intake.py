"""A file that was taken in becomes a result, step by step; after a kill at any moment it goes on where it was.

    received   sealed and on the disk            -> what is kept of it is in the store
    read       the file itself may be gone       -> the assessment is in the store
    called     it waits for a person             (or quarantined: it may be somebody else's; or failed, with the reason)

Every step is one transaction with its event in the audit log, and doing it again does the same.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections import Counter
from typing import Any, Final

import apsw
from msgspec.structs import replace

from starling.errors import StarlingError
from starling.node import answers, drafts, evidence
from starling.node.amendment import amend
from starling.node.desk import now
from starling.node.every import Every
from starling.node.lanes import LaneGoneError
from starling.node.service import Node
from starling.node.spool import take_away_left_behind
from starling.node.values import ITSELF, Compared, Job, JobEvent, Patient, Principal, Specimen

_LOOK_AGAIN_S: Final = 3_600.0
#: How often the process that reads a file may end before that is taken for the fault of the file (ours).
_ATTEMPTS: Final = 3


class Gone(Exception):  # noqa: N818 - a state of the world: its patient was erased meanwhile
    """There is no such job any more."""


class Intake:
    """Takes the jobs of one node, one after another, in a thread of its own; a lane does what takes long."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._working = Every("intake", self.work_off)
        self._ended: Counter[str] = Counter()
        node.wake = self._working.wake

    def start(self) -> None:
        """What was left unfinished is taken up first; what no job knows is taken away."""
        self._tidy()
        self._working.start()

    def stop(self) -> None:
        """The job under way is finished; the others wait for the next start."""
        self._working.stop()

    def _tidy(self) -> None:
        """A file in the spool whose key is forgotten, or never was kept, is noise.

        What was being written when the process was killed lies in a folder, which the next writer takes away.
        """
        take_away_left_behind()
        for spooled in self._node.layout.spool.iterdir():
            if spooled.is_file() and not self._node.records.row(
                "SELECT 1 FROM job WHERE id = ? AND sealing IS NOT NULL", spooled.name
            ):
                spooled.unlink(missing_ok=True)

    def work_off(self) -> float:
        """Every job that waits for the node is taken as far as it gets; then results that new knowledge changes.

        Returns the seconds until somebody should look again, for nobody may have called.
        Raises: what the last job met that has to wait, after the others had their turn.
        """
        met: Exception | None = None
        for id_ in self._node.records.unfinished():
            try:
                if self._working.goes_on:
                    self.take(id_)
            except (apsw.Error, OSError, MemoryError) as error:
                met = error
        if met is not None:
            raise met
        amend(self._node, lambda: self._working.goes_on)
        return _LOOK_AGAIN_S

    def take(self, id_: str) -> None:
        """One job, as far as it gets without a person.

        Raises: apsw.Error, OSError, MemoryError: what the device lacks is nothing of the file, and is tried again.
        """
        try:
            self._read(self._known(id_))
            self._call(self._known(id_))
            self._ended.pop(id_, None)
        except LaneGoneError:
            if not self._working.goes_on:
                return  # the node ends, and goes on here at the next start
            self._ended[id_] += 1
            if self._ended[id_] < _ATTEMPTS:
                raise
            self._failed(id_, f"INTERNAL: the process that read it ended {_ATTEMPTS} times")
        except Gone:
            (self._node.layout.spool / id_).unlink(missing_ok=True)
        except StarlingError as error:
            self._failed(id_, f"{error.code}: {_without_folder(error.message)}")
        except (apsw.Error, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 -- a file that finds a defect stops its own job and no other
            self._failed(id_, f"INTERNAL: {type(error).__name__}")

    def _known(self, id_: str) -> Job:
        """Raises: Gone."""
        job = self._node.records.job(id_)
        if job is None:
            raise Gone(id_)
        return job

    def _read(self, job: Job) -> None:
        """What is kept of the file is in the store; the file goes, where the settings do not keep it."""
        node = self._node
        if job.state != "received":
            return
        key, spooled = node.records.sealing(job.id), node.layout.spool / job.id
        assert key is not None
        specimen = node.records.specimen(job.id)
        content, origin = node.beside.do(node.held.engine, drafts.read, spooled, key, job.file, specimen)
        with node.records.transaction():
            self._known(job.id)
            node.records.keep_evidence(job.id, job.file, content, origin)
            if not node.settings.keep_source_files:
                node.records.forget_sealing(job.id)
            self._write(job, "read")
        if not node.settings.keep_source_files:
            spooled.unlink(missing_ok=True)

    def _call(self, job: Job) -> None:
        """The assessment is in the store, under a patient; or the file is in quarantine."""
        node, engine = self._node, self._node.held.engine
        if job.state != "read":
            return
        specimen, kept = node.records.specimen(job.id), node.records.evidence(job.id)
        assert kept is not None
        patient, reason = self._whose(job.site, specimen)
        earlier = node.tested(patient) if patient and patient.released else None
        draft = node.beside.do(engine, drafts.call, answers.Tested(job.id, *kept, specimen), earlier)
        if not reason and draft.wrong_sex:
            reason = "SEX: chrX speaks against the sex stated"
        if not reason and evidence.is_somebody_else(draft.told, draft.differing):
            reason = "FINGERPRINT: the genotypes differ from the earlier test"
        if not reason and patient and patient.released and evidence.is_stated(kept[1]):
            reason = "STATED: results of another laboratory would take the place of the released test"
        state: Any = "quarantined" if reason else "called"
        with node.records.transaction():
            self._known(job.id)
            if patient is not None and node.records.patient(patient.id) is None:
                node.records.add_patient(patient)
            node.records.keep_result(job.id, draft.packed)
            job = replace(
                job, patient=patient.id if patient else "", knowledge=engine.knowledge.stamp.version,
                result_sha256=draft.result_sha256,
                compared=Compared(wrong_sex=draft.wrong_sex, told=draft.told, differing=draft.differing),
            )  # fmt: skip
            self._write(job, state, reason=reason)

    def _whose(self, site: str, specimen: Specimen) -> tuple[Patient | None, str]:
        """The patient of both identifiers, known or new; or why a person must decide."""
        known = self._node.records.by_identifiers(site, specimen)
        if not known:
            new = Patient(
                id=f"p-{base64.b32encode(secrets.token_bytes(10)).decode().lower()}", site=site,
                identifier=specimen.identifier, second_identifier=specimen.second_identifier, name=specimen.name,
                birth_date=specimen.birth_date, sex=specimen.sex,
            )  # fmt: skip
            return new, ""
        if len(known) > 1:
            return None, "IDENTIFIERS: the two identifiers are of two patients"
        patient = known[0]
        stated = (specimen.identifier, specimen.second_identifier)
        if stated != (patient.identifier, patient.second_identifier):
            return patient, "IDENTIFIERS: one identifier is known, the other is not this patient's"
        if {patient.sex, specimen.sex} == {"male", "female"}:
            return patient, "SEX: the sex stated is not this patient's"
        if specimen.birth_date and patient.birth_date and specimen.birth_date != patient.birth_date:
            return patient, "BIRTH_DATE: the date of birth is not this patient's"
        return patient, ""

    def _failed(self, id_: str, reason: str) -> None:
        """Nobody needs the file any more, and the same bytes may come again.  Of whom is erased nothing is written."""
        with self._node.records.transaction():
            job = self._node.records.job(id_)
            if job is not None:
                self._node.records.forget_sealing(id_)
                self._node.records.let_come_again(id_)
                self._write(job, "failed", reason=reason)
        (self._node.layout.spool / id_).unlink(missing_ok=True)

    def _write(self, job: Job, state: Any, *, reason: str = "") -> None:
        """The job in its new state, and the event of it, in the transaction of the caller."""
        at = now()
        event = JobEvent(at=at, state=state, by=ITSELF, note=reason)
        stepped = replace(job, state=state, updated=at, reason=reason, events=(*job.events, event))
        self._node.records.set_job(stepped)
        who = Principal(name=ITSELF, role="system", site=job.site, way="process")
        outcome = "failed" if state == "failed" else "success"
        self._node.append(who, f"job.{state}", outcome, job.patient, {"job": job.id})


def _without_folder(message: str) -> str:
    """A file is named as its sender did; where it lay open is nobody's business."""
    return re.sub(r"(?<!\S)/\S*/starling-[^/\s]+/", "", message)
