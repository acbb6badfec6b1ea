"""The tables of a node in its sealed store: rows to values and back, and one transaction at a time.

A lock makes the connection one thread's at a time; whoever changes something and records it does both in one
`transaction`, so that they stand or fall together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from threading import RLock
from typing import Any, Final

from msgspec import json

from starling.errors import InputError
from starling.node.values import Job, Origin, Override, Patient, Specimen
from starling.trust.sealed import transaction

_JOB = json.Decoder(Job)
_SPECIMEN = json.Decoder(Specimen)
_ORIGIN = json.Decoder(Origin)
_OVERRIDE = json.Decoder(Override)
_encode = json.Encoder().encode
#: The version of the tables, as `user_version`: 0 before they were counted; 1: accounts can be disabled; 2:
#: certificates can be revoked; 3: CDS Hooks; 4: an account says by what other name its owner is known.
_SCHEMA: Final = 4
#: names the jobs that are called again, among the facts of the node itself
_AGAIN: Final = "call again"
#: what is there of one job
_ERASED = (
    "DELETE FROM evidence WHERE job = ?",
    "DELETE FROM result WHERE job = ?",
    "DELETE FROM job WHERE id = ?",
)


def _brought_up(connection: Any) -> None:
    """The tables are as this program knows them; in the transaction of the caller.  Raises: InputError STORE_NEWER."""
    schema = (files("starling.node") / "schema.sql").read_text(encoding="utf-8")
    ((version,),) = connection.execute("PRAGMA user_version")
    if version > _SCHEMA:
        raise InputError("STORE_NEWER", f"is of version {version}, and this program knows {_SCHEMA}", source="store.db")
    if version == _SCHEMA:
        return
    connection.execute(schema)
    columns = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info('account')")}
    if "disabled" not in columns:
        connection.execute("ALTER TABLE account ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0")
    if "person" not in columns:
        connection.execute("ALTER TABLE account ADD COLUMN person TEXT NOT NULL DEFAULT ''")
    connection.execute(f"PRAGMA user_version = {_SCHEMA}")


class Records:
    """All that a node remembers.  `connection`: to the sealed store, open."""

    def __init__(self, connection: Any) -> None:
        """Raises: InputError STORE_NEWER, when a newer program wrote it."""
        self.connection = connection
        self.lock = RLock()
        self._version = 0
        with self.transaction():
            _brought_up(connection)

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Everything inside is written, or nothing.  `durable`: on the disk before it is believed."""
        with self.lock, transaction(self.connection, durable=durable):
            yield

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a question."""
        with self.lock:
            return list(self.connection.execute(sql, values))

    def row(self, sql: str, *values: Any) -> Any:
        """The first row; None without one."""
        return next(iter(self.rows(sql, *values)), None)

    def changed_by_others(self) -> bool:
        """Whether another connection wrote to the store since this was asked; the first time: whether it was opened."""
        ((version,),) = self.rows("PRAGMA data_version")
        before, self._version = self._version, version
        return bool(version != before)

    # --- patients ---

    def patient(self, id_: str) -> Patient | None:
        """The patient behind a pseudonym."""
        row = self.row("SELECT * FROM patient WHERE id = ?", id_)
        return self._patient(row) if row else None

    def patients(self, site: str) -> list[Patient]:
        """Everybody of a site, by name."""
        rows = self.rows("SELECT * FROM patient WHERE site = ? ORDER BY name, id", site)
        return [self._patient(row) for row in rows]

    def by_identifiers(self, site: str, specimen: Specimen) -> list[Patient]:
        """Who has one of the two identifiers, in either place: nobody, one patient, or two who are mixed up."""
        known = (specimen.identifier, specimen.second_identifier)
        rows = self.rows(
            "SELECT * FROM patient WHERE site = ? AND (identifier IN (?, ?) OR second_identifier IN (?, ?))",
            site, *known, *known,
        )  # fmt: skip
        return [self._patient(row) for row in rows]

    def _patient(self, row: Any) -> Patient:
        jobs = self.rows("SELECT id FROM job WHERE patient = ? ORDER BY received DESC, id", row[0])
        released = self.job(row[7]) if row[7] else None
        return Patient(
            id=row[0], site=row[1], identifier=row[2], second_identifier=row[3], name=row[4], birth_date=row[5],
            sex=row[6], released=row[7], jobs=tuple(each[0] for each in jobs),
            result_sha256=released.result_sha256 if released else "",
        )  # fmt: skip

    def add_patient(self, patient: Patient) -> None:
        """A new patient."""
        self.connection.execute(
            "INSERT INTO patient VALUES (?, ?, ?, ?, ?, ?, ?, '')",
            (patient.id, patient.site, patient.identifier, patient.second_identifier, patient.name,
             patient.birth_date, patient.sex),
        )  # fmt: skip

    def released(self, patient: str, job: str) -> None:
        """The result of this job is the patient's from now on."""
        self.connection.execute("UPDATE patient SET released = ? WHERE id = ?", (job, patient))

    def jobs_of(self, patient: Patient) -> list[str]:
        """The jobs of a patient, the oldest first; also those that nobody's were yet and that state their identifiers.

        In the transaction of the caller, where one is open.
        """
        named = {patient.identifier, patient.second_identifier}
        rows = self.rows(
            "SELECT id, patient, specimen FROM job WHERE patient = ? OR (patient = '' AND site = ?) ORDER BY received",
            patient.id, patient.site,
        )  # fmt: skip
        found = []
        for id_, owner, specimen in rows:
            said = _SPECIMEN.decode(specimen)
            if owner or {said.identifier, said.second_identifier} & named:
                found.append(id_)
        return found

    def erase(self, patient: str, jobs: Iterable[str]) -> int:
        """The patient and these jobs were never here; returns how many overrides there were."""
        for id_ in jobs:
            for sql in _ERASED:
                self.connection.execute(sql, (id_,))
        gone = self.rows("DELETE FROM override WHERE patient = ? RETURNING 1", patient)
        for table in ("cds_card", "cds_feedback"):
            self.connection.execute(f"DELETE FROM {table} WHERE patient = ?", (patient,))  # noqa: S608 -- names of ours
        self.connection.execute("DELETE FROM patient WHERE id = ?", (patient,))
        return len(gone)

    def without_traces(self) -> bool:
        """The write-ahead log is emptied into the store, where what was deleted was overwritten (`secure_delete`).

        False: another process was reading, and it is emptied when the node ends.
        """
        with self.lock:
            busy, *_ = next(iter(self.connection.execute("PRAGMA wal_checkpoint(truncate)")))
        return not busy

    # --- jobs ---

    def job(self, id_: str) -> Job | None:
        """The job of that name."""
        row = self.row("SELECT body FROM job WHERE id = ?", id_)
        return _JOB.decode(row[0]) if row else None

    def jobs(self, site: str, *, limit: int) -> list[Job]:
        """The newest jobs of a site."""
        rows = self.rows("SELECT body FROM job WHERE site = ? ORDER BY received DESC, id LIMIT ?", site, limit)
        return [_JOB.decode(row[0]) for row in rows]

    def job_of(self, site: str, sha256: str) -> Job | None:
        """The job that the same bytes for the same patient made before."""
        row = self.row("SELECT body FROM job WHERE site = ? AND sha256 = ?", site, sha256)
        return _JOB.decode(row[0]) if row else None

    def unfinished(self) -> list[str]:
        """Jobs that wait for the node itself, the oldest first."""
        return [row[0] for row in self.rows("SELECT id FROM job WHERE state IN ('received', 'read') ORDER BY received")]

    def add_job(self, job: Job, specimen: Specimen, *, sha256: str, sealing: bytes | None) -> None:
        """A new job."""
        self.connection.execute(
            "INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (job.id, job.site, job.state, job.patient, job.received, sha256, _encode(specimen), _encode(job), sealing),
        )

    def set_job(self, job: Job) -> None:
        """The job as it is now."""
        self.connection.execute(
            "UPDATE job SET state = ?, patient = ?, body = ? WHERE id = ?",
            (job.state, job.patient, _encode(job), job.id),
        )

    def specimen(self, job: str) -> Specimen:
        """What was said of the material of a job."""
        return _SPECIMEN.decode(self.row("SELECT specimen FROM job WHERE id = ?", job)[0])

    def sealing(self, job: str) -> bytes | None:
        """The key of the job's file in the spool."""
        key: bytes | None = self.row("SELECT sealing FROM job WHERE id = ?", job)[0]
        return key

    def forget_sealing(self, job: str) -> None:
        """The job's file can never be opened again."""
        self.connection.execute("UPDATE job SET sealing = NULL WHERE id = ?", (job,))

    def let_come_again(self, job: str) -> None:
        """The bytes of this job, if they are sent again, are those of another job."""
        self.connection.execute("UPDATE job SET sha256 = sha256 || ' ' || id WHERE id = ?", (job,))

    # --- evidence, results, overrides, secrets ---

    def evidence(self, job: str) -> tuple[str, bytes, Origin] | None:
        """(name of the file, what of it is kept, what the file was)."""
        row = self.row("SELECT name, content, origin FROM evidence WHERE job = ?", job)
        return (row[0], row[1], _ORIGIN.decode(row[2])) if row else None

    def keep_evidence(self, job: str, name: str, content: bytes, origin: Origin) -> None:
        """What of a file is kept."""
        values = (job, name, content, _encode(origin))
        self.connection.execute("INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?)", values)

    def result(self, job: str) -> bytes | None:
        """The assessment of a job, packed."""
        row = self.row("SELECT assessment FROM result WHERE job = ?", job)
        return row[0] if row else None

    def keep_result(self, job: str, packed: bytes) -> None:
        """The assessment of a job, packed."""
        self.connection.execute("INSERT OR REPLACE INTO result VALUES (?, ?)", (job, packed))

    def overrides(self, patient: str) -> list[Override]:
        """What was decided against an answer for this patient, the newest first."""
        rows = self.rows("SELECT body FROM override WHERE patient = ? ORDER BY id DESC", patient)
        return [_OVERRIDE.decode(row[0]) for row in rows]

    def next_override(self) -> int:
        """The number of the next override."""
        return int(self.row("SELECT coalesce(max(id), 0) + 1 FROM override")[0])

    def add_override(self, override: Override) -> None:
        """A decision against an answer."""
        self.connection.execute(
            "INSERT INTO override VALUES (?, ?, ?)", (override.id, override.patient, _encode(override))
        )

    def is_revoked(self, serial: str, name: str, issued: float) -> bool:
        """Whether a certificate is believed no more.  `issued`: when, in seconds since 1970."""
        sql = "SELECT 1 FROM revoked WHERE (serial, name) = (?, '') OR (serial = '' AND name = ? AND until >= ?)"
        return self.row(sql, serial, name, int(issued)) is not None

    def revoke(self, serial: str, name: str, until: int) -> None:
        """A certificate (`serial`), or all of `name` that were issued until then, are believed no more."""
        self.connection.execute(
            "INSERT INTO revoked VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
            (serial, name, until),
        )

    def revocations(self) -> list[tuple[str, str, int]]:
        """(serial, name, until) of all that were revoked."""
        return [(serial, name, until) for serial, name, until in self.rows("SELECT serial, name, until FROM revoked")]

    def to_call_again(self) -> list[str]:
        """Jobs that a person let out of quarantine: what they were called with may be older than what answers now."""
        kept = self.secret(_AGAIN)
        return json.decode(kept, type=list[str]) if kept else []

    def call_again(self, job: str, *, is_done: bool = False) -> None:
        """The job is called again with the present knowledge, or was."""
        others = [each for each in self.to_call_again() if each != job]
        self.keep_secret(_AGAIN, json.encode(others if is_done else [*others, job]))

    def secret(self, name: str) -> bytes | None:
        """A secret of the node itself."""
        row = self.row("SELECT value FROM secret WHERE name = ?", name)
        return row[0] if row else None

    def keep_secret(self, name: str, value: bytes) -> None:
        """A secret of the node itself."""
        self.connection.execute("INSERT OR REPLACE INTO secret VALUES (?, ?)", (name, value))
