"""What one patient may ask for: all that the node has of them, or that it forgets them.

The audit log keeps the pseudonym of whoever was erased, and nothing says any more whose it was: the log verifies, and
shows the erasure.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator
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
from starling.node.waiting import EHR, HL7, Waiting

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

    def export(self, who: Principal, patient: str) -> Iterator[bytes]:
        """Everything of one patient as a zip: `patient.json`, `audit.jsonl`, and each job's files beside; in pieces.

        It is never whole in memory: a source file that was kept may be a gigabyte.

        Raises: ForbiddenError; InputError NOT_FOUND.
        """
        desk = self._desk
        found = desk.patient_of(who, "patient.export", patient)
        with desk.records.transaction(durable=True):
            desk.append(who, "patient.export", "success", found.id, {}, durable=True)
        return self._packed(found)

    def _packed(self, found: Patient) -> Iterator[bytes]:
        desk, packed = self._desk, _Packed()
        files: list[Taken] = []
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for id_ in desk.records.jobs_of(found):
                for _ in self._taken(archive, id_, files):
                    yield packed.so_far()
            made = Export(
                schema="starling.export/1", exported=now(), patient=found, files=tuple(files),
                overrides=tuple(desk.records.overrides(found.id)), **shown_to(desk.records.rows, found.id),
            )  # fmt: skip
            _put(archive, "patient.json", json.format(json.encode(made), indent=2))
            events = desk.records.rows("SELECT event FROM audit_event WHERE instr(event, ?)", found.id.encode())
            _put(archive, "audit.jsonl", b"".join(event + b"\n" for (event,) in events))
        yield packed.so_far()

    def _taken(self, archive: zipfile.ZipFile, id_: str, files: list[Taken]) -> Iterator[None]:
        """One job: what is in the archive grows with each step; what there is of it is among `files` at the end."""
        desk = self._desk
        with desk.records.lock:
            job = desk.records.job(id_)
            if job is None:
                raise InputError("NOT_FOUND", "the patient was erased meanwhile")
            kept, result, key = desk.records.evidence(id_), desk.records.result(id_), desk.records.sealing(id_)
            specimen = desk.records.specimen(id_)
        if kept is not None:
            yield from _put_pieces(archive, f"{id_}/evidence/{plain_name(kept[0])}", evidence.unpacking(kept[1]))
        if result is not None:
            _put(archive, f"{id_}/assessment.json", zlib.decompress(result))
        if key is not None and (desk.layout.spool / id_).is_file():
            source = unsealed(desk.layout.spool / id_, key)
            yield from _put_pieces(archive, f"{id_}/source/{plain_name(job.file)}", source)
        files.append(Taken(job=job, specimen=specimen, origin=kept[2] if kept else None))

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
            for queue in (HL7, EHR):
                Waiting(desk.records.connection, queue).forget(jobs)
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


class _Packed:
    """A stream into which a zip is written, and out of which it is taken meanwhile."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, content: bytes, /) -> int:
        """It waits to be taken."""
        self._waiting += content
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """There is nothing to be closed."""

    def so_far(self) -> bytes:
        """What was written since it was asked for."""
        found, self._waiting = bytes(self._waiting), bytearray()
        return found


def _put_pieces(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> Iterator[None]:
    """An entry of any length, a step for each piece."""
    with archive.open(_entry(name), "w", force_zip64=True) as target:
        for piece in pieces:
            target.write(piece)
            yield


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(_entry(name), content)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
