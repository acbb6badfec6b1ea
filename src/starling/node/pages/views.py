"""What a visit to each address shows or does: one table of addresses, and the pages that no patient is on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from starling.node.pages import assets, job, patient, people, reception, sending, words
from starling.node.pages.door import Door, View, Visit
from starling.node.uploads import Uploads
from starling.node.values import Job, Patient

#: entries of the audit log on one page
_ON_A_PAGE: Final = 50
_SHOWN_FILES: Final = 200


def home(visit: Visit) -> Response:
    """To what this person opens first."""
    menu = visit.menu()
    return RedirectResponse(menu[0][1] if menu else "/knowledge", 303)


def worklist(visit: Visit) -> Response:
    """What waits for this person, and the patients; `q` filters them by name, identifier or pseudonym."""
    sought = visit.form.get("q", "")
    sees_files = visit.may("job.list")
    sees_patients = visit.may("patient.list") or not sees_files  # who may see neither is refused
    patients = visit.node.questions.patients(visit.who) if sees_patients else ()
    jobs = visit.node.files.jobs(visit.who, limit=_SHOWN_FILES) if sees_files else ()
    return visit.shown(
        "worklist.html", people={each.id: each for each in patients}, patients=tuple(_found(patients, sought)),
        waiting=_waiting(jobs), sought=sought, count=len(patients), sees_patients=sees_patients, sees_files=sees_files,
    )  # fmt: skip


def _waiting(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """The jobs that wait for a person, the most urgent first."""
    return tuple(sorted((each for each in jobs if each.state in words.WAITING), key=_urgency))


def _urgency(each: Job) -> tuple[int, str]:
    return words.WAITING.index(each.state), each.received


def _found(patients: Iterable[Patient], sought: str) -> Iterable[Patient]:
    wanted = sought.casefold().split()
    for each in patients:
        known = f"{each.name} {each.identifier} {each.second_identifier} {each.id} {each.birth_date}".casefold()
        if all(word in known for word in wanted):
            yield each


def files(visit: Visit) -> Response:
    """Every file that was taken in, the newest first."""
    jobs = visit.node.files.jobs(visit.who, limit=_SHOWN_FILES)
    return visit.shown("files.html", jobs=jobs, may_send=visit.may("job.submit"))


def audit(visit: Visit) -> Response:
    """The audit log, the newest first, under its signed checkpoint."""
    before = visit.request.query_params.get("before", "")
    start = int(before) if before.isdecimal() and len(before) < 16 else None
    found = visit.node.audit(visit.who, before=start, limit=_ON_A_PAGE)
    entries = tuple(map(words.recorded, found.entries))
    older = entries[-1].index if entries and entries[-1].index > 0 else None
    return visit.shown("audit.html", log=found, entries=entries, older=older, is_newest=start is None)


def knowledge(visit: Visit) -> Response:
    """Which edition answers, and what a prescriber would notice since the one before."""
    info, changes = visit.node.knowledge(visit.who), visit.node.knowledge_changes(visit.who)
    return visit.shown("knowledge.html", info=info, changes=changes, health=visit.node.health())


#: method, address, view
VIEWS: Final[tuple[tuple[str, str, View], ...]] = (
    ("GET", "/", home),
    ("GET", "/worklist", worklist),
    ("POST", "/worklist", worklist),
    ("GET", "/patients/{patient}", patient.shown),
    ("POST", "/patients/{patient}/check", patient.checked),
    ("POST", "/patients/{patient}/override", patient.overridden),
    ("POST", "/patients/{patient}/emergency", patient.opened_in_emergency),
    ("GET", "/files", files),
    ("GET", sending.PATH, sending.shown),
    ("GET", "/jobs/{job}", job.shown),
    ("POST", "/jobs/{job}/review", job.reviewed),
    ("POST", "/jobs/{job}/release", job.released),
    ("POST", "/jobs/{job}/refuse", job.refused),
    ("POST", "/jobs/{job}/resolve", job.resolved),
    ("GET", "/audit", audit),
    ("GET", "/people", people.shown),
    ("POST", "/people", people.enrolled),
    ("POST", "/people/change", people.changed),
    ("GET", "/knowledge", knowledge),
)


def served(door: Door, uploads: Uploads) -> list[Route]:
    """The addresses, behind the door.  `uploads`: where files are sealed while they arrive."""
    routes = [Route(path, door.open(view, path), methods=[method]) for method, path, view in VIEWS]
    if door.node.provider is not None:
        routes += [Route(path, each, methods=["GET"]) for path, each in reception.addresses(door, door.node.provider)]
    return [
        *routes,
        Route(sending.PATH, sending.sent(door, uploads), methods=["POST"]),
        Route("/jobs/{job}/events", job.events(door), methods=["GET"]),
        Route("/sign-in", door.sign_in, methods=["GET", "POST"]),
        Route("/sign-out", door.open(door.sign_out, "/sign-out"), methods=["POST"]),
        Route("/session", door.still_there, methods=["GET"]),
        Route("/static/{digest}/{name}", assets.sent, methods=["GET"]),
    ]
