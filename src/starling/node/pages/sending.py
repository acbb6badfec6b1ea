"""The page on which a laboratory sends a file, with the two identifiers of whose it is.

The file is sealed as it arrives.  A script shows how far it is; without one the page works as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starling.errors import InputError
from starling.node.callers import from_our_page, nobody
from starling.node.identity import is_csrf
from starling.node.multipart import Filled, filled
from starling.node.pages import forms
from starling.node.pages.door import TOKEN, Door, Visit, to_sign_in
from starling.node.pages.forms import FormError, Wrong
from starling.node.uploads import Uploads, arriving
from starling.values import replace

PATH: Final = "/files/new"


def shown(visit: Visit) -> Response:
    """The page."""
    visit.node.may(visit.who, "job.submit")
    return _page(visit)


def sent(door: Door, uploads: Uploads) -> Callable[[Request], Awaitable[Response]]:
    """The file is taken in, for whoever is signed in and may.

    In threads of its own: whoever sends slowly keeps nobody waiting who asks or signs in.
    """

    async def taken(request: Request) -> Response:
        request.scope["path_named"] = PATH
        session = door.session(request)
        if session is None:
            return to_sign_in(request)
        visit, settings, loop = Visit(door, request, session, {}), door.node.settings, asyncio.get_running_loop()
        chunks = arriving(request.stream(), loop, piece_s=settings.request_seconds, whole_s=settings.upload_seconds)
        try:
            return await uploads.taken(visit.who.name, _taken, visit, chunks)
        except Exception as error:  # noqa: BLE001 -- a defect is a page, too
            return await run_in_threadpool(visit.problem, error)

    return taken


def _taken(visit: Visit, chunks: Iterator[bytes]) -> Response:
    from_our_page(visit.node, visit.request)
    visit.node.may(visit.who, "job.submit")
    form = filled(visit.request.headers.get("content-type", ""), chunks)
    if not is_csrf(visit.session, form.fields.get(TOKEN, "")):
        raise nobody(visit.node, visit.request, "the form is not one of this session")
    visit = replace(visit, form=form.fields)
    try:
        return _submitted(visit, form)
    except FormError as error:
        for _ in form.pieces:  # a browser reads no answer before it has sent everything
            pass
        return _page(visit, error.wrong, 422)


def _submitted(visit: Visit, form: Filled) -> Response:
    """Raises: FormError."""
    specimen = forms.specimen(form.fields)
    if not form.name:
        raise FormError(Wrong("file", "Choose the file to be sent"))
    try:
        found = visit.node.files.submit(visit.who, form.name, form.pieces, specimen)
    except InputError as error:
        if error.code != "BAD_SPECIMEN":
            raise
        raise FormError(Wrong("second_identifier", "Give two different identifiers of the patient")) from error
    return RedirectResponse(f"/jobs/{found.job.id}?done={'again' if found.again else 'sent'}", 303)


def _page(visit: Visit, wrong: tuple[Wrong, ...] = (), status: int = 200) -> Response:
    return visit.shown("send.html", status=status, wrong=wrong, form=visit.form)
