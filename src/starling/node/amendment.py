"""What a new edition of the knowledge does to results that are there: amended reports, and results called again.

It is found by comparing with what was kept, so that it makes no difference whether the edition was replaced while the
node ran or while it was off; after a kill it goes on where it was.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from starling.assessment import Assessment
from starling.errors import InputError
from starling.node import answers
from starling.node.desk import now
from starling.node.service import Node
from starling.node.values import ITSELF, Change, Job, JobEvent, Patient, Principal

#: names the edition that everything was compared with, among the facts of the node itself
AMENDED: Final = "amended for"
_ABSENT: Final = "not in this knowledge base"


def amend(node: Node, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Every released result that the present knowledge changes has an amended report, which says what changed.

    Each waits for a review and a release as any result does; results that nobody released yet are called again.
    Returns how many were amended or called again.  `goes_on`: asked before each.
    """
    count = _let_out(node, goes_on)
    edition = node.held.engine.knowledge.stamp.sha256
    if node.records.secret(AMENDED) == edition.encode():
        return count
    for (id_,) in node.records.rows("SELECT id FROM job WHERE state IN ('called', 'reviewed')"):
        if not goes_on():
            return count
        job = node.records.job(id_)
        count += _done(node, _called_again, id_, job.patient if job else "")
    for (id_,) in node.records.rows("SELECT id FROM patient WHERE released <> ''"):
        if not goes_on():
            return count
        count += _done(node, _compared, id_, id_)
    with node.records.transaction():
        node.records.keep_secret(AMENDED, edition.encode())
    return count


def _let_out(node: Node, goes_on: Callable[[], bool]) -> int:
    """What a person let out of quarantine is that of the present knowledge: meanwhile another may have come."""
    count = 0
    for id_ in node.records.to_call_again():
        if not goes_on():
            break
        job = node.records.job(id_)
        count += _done(node, _called_again, id_, job.patient if job else "")
        with node.records.transaction():
            node.records.call_again(id_, is_done=True)
    return count


def _done(node: Node, step: Callable[[Node, str], bool], id_: str, patient: str) -> bool:
    """One step.  What of one patient the present knowledge cannot read is in the log, and keeps nobody else waiting."""
    try:
        return step(node, id_)
    except InputError as error:
        with node.records.transaction():
            if node.records.patient(patient) is not None:  # else erased meanwhile
                node.append(node.itself, "job.amended", "failed", patient, {"code": error.code})
        return False


def _called_again(node: Node, id_: str) -> bool:
    """A result that waits for a person is that of the present knowledge; an amendment that does is superseded."""
    job, stamp = node.records.job(id_), node.held.engine.knowledge.stamp
    if job is None or job.state not in {"called", "reviewed"}:
        return False
    with node.records.lock:
        kept = node.records.evidence(id_)
        if kept is None:
            return False
        tested = answers.Tested(id_, *kept, node.records.specimen(id_))
    assessment = node.beside.do(node.held.engine, answers.assessed, tested)
    if assessment.result_sha256 == job.result_sha256:
        return False
    if job.amends:
        reason = "SUPERSEDED: another edition of the knowledge came before anybody released this"
        _written(node, replace(job, state="failed", reason=reason), reason)
        return False
    again = replace(
        job, state="called", knowledge=stamp.version, result_sha256=assessment.result_sha256, reviewed_by="",
        reviewed_person="",
    )  # fmt: skip
    _written(node, again, "called again by new knowledge", assessment)
    return True


def _compared(node: Node, id_: str) -> bool:
    patient = node.records.patient(id_)
    packed = node.records.result(patient.released) if patient else None
    if patient is None or packed is None:
        return False
    tested = node.tested(patient)
    before = answers.unpacked(packed)
    after = node.beside.do(node.held.engine, answers.assessed, tested)
    changes = changes_between(before, after)
    return bool(changes) and _amended(node, patient, tested, after, changes)


def changes_between(before: Assessment, after: Assessment) -> tuple[Change, ...]:
    """What is said differently, drug by drug."""
    old, new = ({drug.drug: _said(drug) for drug in each.drugs} for each in (before, after))
    return tuple(
        Change(drug=name, before=old.get(name, _ABSENT), after=new.get(name, _ABSENT))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def _said(drug: Any) -> str:
    """The advice on one drug as far as a change of it is clinical: the headline, and each source's action."""
    rows = "; ".join(
        f"{row.source} {row.population}: {row.action} {row.advice.summary}" for row in drug.recommendations
    )
    return f"{drug.headline_action or drug.status} ({rows})" if rows else f"{drug.headline_action or drug.status}"


def _amended(
    node: Node, patient: Patient, tested: answers.Tested, after: Assessment, changes: tuple[Change, ...]
) -> bool:
    at, stamp = now(), node.held.engine.knowledge.stamp
    before = node.records.job(tested.job)
    mark = f"{tested.job} {stamp.sha256}"
    if before is None or node.records.job_of(patient.site, mark) is not None:
        return False
    job = replace(
        before, id=f"j-{secrets.token_hex(8)}", state="called", received=at, updated=at, knowledge=stamp.version,
        result_sha256=after.result_sha256, reason="", reviewed_by="", reviewed_person="", released_by="",
        amends=tested.job,
        changes=changes, events=(JobEvent(at=at, state="called", by=ITSELF, note="amended by new knowledge"),),
    )  # fmt: skip
    with node.records.transaction(durable=True):
        if node.records.patient(patient.id) is None:  # erased meanwhile
            return False
        node.records.add_job(job, tested.specimen, sha256=mark, sealing=None)
        node.records.keep_evidence(job.id, tested.name, tested.content, tested.origin)
        node.records.keep_result(job.id, answers.packed(after))
        node.append(_itself(job), "job.amended", "success", patient.id, {"job": job.id, "amends": tested.job})
    return True


def _written(node: Node, job: Job, note: str, assessment: Assessment | None = None) -> None:
    event = JobEvent(at=now(), state=job.state, by=ITSELF, note=note)
    with node.records.transaction(durable=True):
        found = node.records.job(job.id)
        if found is None or found.state not in {"called", "reviewed"}:  # erased, refused or released meanwhile
            return
        node.records.set_job(replace(job, updated=event.at, events=(*found.events, event)))
        if assessment is not None:
            node.records.keep_result(job.id, answers.packed(assessment))
        node.append(_itself(job), f"job.{job.state}", "success", job.patient, {"job": job.id})


def _itself(job: Job) -> Principal:
    return Principal(name=ITSELF, role="system", site=job.site, way="process")
