"""The page of one file: how far it is, live while the node works on it; then review, release, or a decision."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from starling.errors import InputError, StarlingError
from starling.node.pages import forms, frame, words
from starling.node.pages.door import Door, Visit, to_sign_in
from starling.node.pages.forms import FormError, Wrong
from starling.node.pages.patient import parts
from starling.node.pages.whose import whose
from starling.node.values import Job

#: how often a file that is worked on is looked at, in seconds (ours)
_EVERY_S: Final = 0.2


def shown(visit: Visit) -> Response:
    """The page."""
    return _page(visit)


def reviewed(visit: Visit) -> Response:
    """Somebody looked at the result and answers for it."""
    return _done(visit, "review", lambda job: visit.node.files.review(visit.who, job, forms.note(visit.form)))


def released(visit: Visit) -> Response:
    """A second person releases the result."""
    return _done(visit, "release", lambda job: visit.node.files.release(visit.who, job, forms.note(visit.form)))


def refused(visit: Visit) -> Response:
    """The result is not to be released, ever."""
    return _done(visit, "refuse", lambda job: visit.node.files.refuse(visit.who, job, forms.reason(visit.form)))


def resolved(visit: Visit) -> Response:
    """A person decides about a file in quarantine."""
    return _done(visit, "resolve", lambda job: _resolved(visit, job))


def _resolved(visit: Visit, job: str) -> Job:
    accept, reason = forms.decision(visit.form), forms.reason(visit.form)
    return visit.node.files.resolve(visit.who, job, accept=accept, reason=reason)


def _done(visit: Visit, what: str, do: Callable[[str], Job]) -> Response:
    id_ = visit.named("job")
    try:
        do(id_)
    except FormError as error:
        return _page(visit, error.wrong, 422)
    except InputError as error:
        if error.code not in {"BAD_STATE", "SAME_PERSON"}:
            raise
        return _page(visit, (Wrong("main", error.message[:1].upper() + error.message[1:]),), 409)
    return RedirectResponse(f"/jobs/{id_}?done={what}", 303)


def _page(visit: Visit, wrong: tuple[Wrong, ...] = (), status: int = 200) -> Response:
    node, who = visit.node, visit.who
    job = node.files.job(who, visit.named("job"))
    patient = node.questions.patient(who, job.patient) if job.patient and visit.may("patient.read", job.site) else None
    answers_for = visit.may("job.review", job.site)
    draft = node.files.draft(who, job.id) if answers_for and job.result_sha256 else None
    decides = job.state == "quarantined" and visit.may("job.resolve", job.site) and visit.may("patient.read", job.site)
    return visit.shown(
        "job.html", status=status, job=job, patient=patient, wrong=wrong, answers_for=answers_for, form=visit.form,
        is_moving=job.state in words.MOVING, is_own=who.is_also(job.reviewed_by, job.reviewed_person), draft=draft,
        whose=whose(visit, job) if decides else None,
        **(parts(draft) if draft else {}),
    )  # fmt: skip


def events(door: Door) -> Callable[[Request], Awaitable[Response]]:
    """The progress of a file as server-sent events, for whoever may see the file and while the session lasts."""

    async def streamed(request: Request) -> Response:
        request.scope["path_named"] = "/jobs/{job}/events"
        session = door.seen(request)
        if session is None:
            return to_sign_in(request)
        try:
            job = await run_in_threadpool(door.node.files.job, session.principal, request.path_params["job"])
        except StarlingError:
            return Response(status_code=404)
        return StreamingResponse(_progress(door, request, job.id), media_type="text/event-stream")

    return streamed


async def _progress(door: Door, request: Request, id_: str) -> AsyncIterator[str]:
    """The steps of the file whenever they change; `done` when the node has nothing more to do with it."""
    seen: Job | None = None
    while door.seen(request):
        job = await run_in_threadpool(door.node.records.job, id_)
        if job is None:
            return
        if job != seen:
            seen = job
            yield _event("progress", frame.written("progress.html", job=job))
        if job.state not in words.MOVING:
            yield _event("done", job.state)
            return
        await asyncio.sleep(_EVERY_S)


def _event(name: str, text: str) -> str:
    """One server-sent event.  Source: HTML Living Standard, 9.2.5."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines())
    return f"event: {name}\n{lines}\n"
