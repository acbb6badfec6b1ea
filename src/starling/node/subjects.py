"""What one patient may ask for: all that the node has of them, or that it forgets them.

The audit log keeps the pseudonym of whoever was erased, and nothing says any more whose it was: the log verifies, and
shows the erasure.
"""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from typing import Final

from msgspec import json

from starling.errors import InputError
from starling.node import evidence
from starling.node.desk import Desk, now
from starling.node.hooks import Outcome, Shown, shown_to
from starling.node.naming import unnamed
from starling.node.outbox import Happening, Kind, forget
from starling.node.spool import plain_name, unsealed
from starling.node.values import Erased, Job, Origin, Override, Patient, Principal, Specimen, Value
from starling.node.waiting import Waiting

#: the earliest time that a zip can state: entries carry no other, and equal exports are equal bytes
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)


class Taken(Value, frozen=True):
    """One file of a patient, as it stands in an export."""

    job: Job
    specimen: Specimen
    origin: Origin | None


class Export(Value, frozen=True):
    """`patient.json` of an export."""

    schema: str
    exported: str
    patient: Patient
    files: tuple[Taken, ...]
    overrides: tuple[Override, ...]
    cards: tuple[Shown, ...] = ()
    feedback: tuple[Outcome, ...] = ()


class Subjects:
    """Export and erasure of one patient."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def export(self, who: Principal, patient: str) -> bytes:
        """Everything of one patient as a zip: `patient.json`, `audit.jsonl`, and each job's files beside.

        Raises: ForbiddenError; InputError NOT_FOUND.
        """
        desk = self._desk
        found = desk.patient_of(who, "patient.export", patient)
        with desk.records.transaction(durable=True):
            desk.append(who, "patient.export", "success", found.id, {}, durable=True)
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            jobs = desk.records.jobs_of(found)
            files = tuple(self._taken(archive, id_) for id_ in jobs)
            made = Export(
                schema="starling.export/1", exported=now(), patient=found, files=files,
                overrides=tuple(desk.records.overrides(found.id)), **shown_to(desk.records.rows, found.id),
            )  # fmt: skip
            _put(archive, "patient.json", json.format(json.encode(made), indent=2))
            events = desk.records.rows("SELECT event FROM audit_event WHERE instr(event, ?)", found.id.encode())
            _put(archive, "audit.jsonl", b"".join(event + b"\n" for (event,) in events))
        return packed.getvalue()

    def _taken(self, archive: zipfile.ZipFile, id_: str) -> Taken:
        desk = self._desk
        with desk.records.lock:
            job = desk.records.job(id_)
            if job is None:
                raise InputError("NOT_FOUND", "the patient was erased meanwhile")
            kept, result, key = desk.records.evidence(id_), desk.records.result(id_), desk.records.sealing(id_)
            specimen = desk.records.specimen(id_)
        if kept is not None:
            _put(archive, f"{id_}/evidence/{plain_name(kept[0])}", evidence.unpacked(kept[1]))
        if result is not None:
            _put(archive, f"{id_}/assessment.json", zlib.decompress(result))
        if key is not None and (desk.layout.spool / id_).is_file():
            with archive.open(f"{id_}/source/{plain_name(job.file)}", "w") as source:
                for piece in unsealed(desk.layout.spool / id_, key):
                    source.write(piece)
        return Taken(job=job, specimen=specimen, origin=kept[2] if kept else None)

    def erase(self, who: Principal, patient: str, reason: str) -> Erased:
        """Nothing of the patient is in the store any more, nor in what was overwritten there; the log shows it.

        Raises: ForbiddenError; InputError NOT_FOUND.
        """
        desk = self._desk
        found = desk.patient_of(who, "patient.erase", patient)
        with desk.records.transaction(durable=True):
            jobs = desk.records.jobs_of(found)
            overrides = desk.records.erase(found.id, jobs)
            forget(desk.records.connection, found.id)
            desk.orders.forget((found.identifier, found.second_identifier))
            Waiting(desk.records.connection).forget(jobs)
            said = {"jobs": str(len(jobs)), "reason": unnamed(reason, found)}
            desk.append(who, "patient.erase", "success", found.id, said, durable=True)
            if desk.outbox is not None:
                desk.outbox.put(Happening(Kind.AUDIT, found.id, now(), {"erased": True}))
        for id_ in jobs:
            (desk.layout.spool / id_).unlink(missing_ok=True)
        desk.kept.clear()
        desk.tell_hub()
        desk.list_again()
        emptied = desk.records.without_traces()
        return Erased(patient=found.id, jobs=tuple(jobs), overrides=overrides, emptied=emptied)


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
