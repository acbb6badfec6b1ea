"""The API of a node as an ASGI application: the table of endpoints served, and what a table cannot say.

Whoever calls is known by a client certificate or by the cookie of a session; from a session every change needs the
token against forged requests.  Nothing that identifies a patient stands in a URL.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any
from urllib.parse import unquote

from msgspec import json
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from starling.errors import InputError
from starling.node import fhir, pages
from starling.node.callers import COOKIE, caller, from_our_page, kind_of
from starling.node.deadlines import QUESTION, Deadlines
from starling.node.endpoints import (
    ENDPOINTS,
    FILE,
    JSON,
    SIGNATURE,
    SPECIMEN,
    TEXT,
    Call,
    Endpoint,
    LoggedIn,
    Login,
    plain_json,
)
from starling.node.hook_api import HookApi
from starling.node.limits import CAME, FIRST, HOOKS, Limits, Rate, Scope
from starling.node.metrics import Metrics
from starling.node.openapi import document
from starling.node.problems import of_error, problem
from starling.node.service import Node
from starling.node.uploads import Uploads, arriving
from starling.node.values import Health, KnowledgeTaken, Specimen, Submitted

Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """The endpoints of one node as an ASGI application."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.deadlines = Deadlines(node.settings.question_ms)
        self.metrics = Metrics(self.deadlines)
        self.processes: Mapping[str, str] = {}
        self._logins = Rate(node.settings.logins_per_minute)
        self._uploads = Uploads()
        self._first = ThreadPoolExecutor(max(1, node.settings.question_processes), thread_name_prefix="question")
        self._hooks = HookApi(node, self._first)
        self._own: dict[tuple[str, str], Handler] = {
            ("POST", "/v1/jobs"): self._submit, ("POST", "/v1/login"): self._login,
            ("POST", "/v1/knowledge"): self._edition,
            ("POST", "/v1/logout"): self._logout, ("GET", "/livez"): self._live, ("GET", "/readyz"): self._ready,
            ("GET", "/fhir/metadata"): self._metadata,
            ("GET", "/metrics"): self._metrics, ("GET", "/openapi.json"): self._openapi, **self._hooks.own,
        }  # fmt: skip

    def application(self) -> Limits:
        """The application, within its limits."""
        routes: list[BaseRoute] = [Route(each.path, self._served(each), methods=[each.method]) for each in ENDPOINTS]
        preflight = self._hooks.preflight
        routes += [Route(each, preflight, methods=["OPTIONS"]) for each in (HOOKS, f"{HOOKS}/{{rest:path}}")]
        routes += pages.routes(self.node, self._uploads)
        app = Starlette(routes=routes, exception_handlers={HTTPException: _refused})
        app.router.redirect_slashes = False
        return Limits(app, self.node.settings, self.metrics, self.deadlines)

    def close(self) -> None:
        """Files that are being sealed are sealed to their end; questions under way are answered."""
        self._uploads.close()
        self._first.shutdown()

    def _served(self, endpoint: Endpoint) -> Handler:
        answer = self._own.get((endpoint.method, endpoint.path)) or partial(
            self._answered, endpoint, _decoder(endpoint)
        )

        async def served(request: Request) -> Response:
            request.scope["path_named"] = endpoint.path
            try:
                return await answer(request)
            except Exception as error:  # noqa: BLE001 -- a defect is answered, too
                return of_error(error)

        return served

    async def _answered(self, endpoint: Endpoint, decoder: json.Decoder[Any] | None, request: Request) -> Response:
        who = caller(self.node, request)
        self.node.may(who, endpoint.action)  # before anything of the body is read
        body = decoder.decode(await request.body()) if decoder else None
        call = Call(who, request.path_params, request.query_params, body)
        given = await self._given(endpoint, call, request.scope)
        if endpoint.path == QUESTION:
            given.headers["starling-model"] = self.deadlines.model(time.perf_counter() - request.scope[CAME])
        return given if isinstance(given, Response) else plain_json(json.encode(given), endpoint.status)

    async def _given(self, endpoint: Endpoint, call: Call, scope: Scope) -> Any:
        """The answer: of the loop itself, of a thread, or of the lane for questions."""
        assert endpoint.answer is not None
        if endpoint.at_once is not None:
            given = endpoint.at_once(self.node, call)
            if given is not None:
                return given
            scope[FIRST] = True
            return await asyncio.get_running_loop().run_in_executor(self._first, endpoint.answer, self.node, call)
        if endpoint.slow:
            return await run_in_threadpool(endpoint.answer, self.node, call)
        return endpoint.answer(self.node, call)

    async def _submit(self, request: Request) -> Response:
        who = caller(self.node, request)
        self.node.may(who, "job.submit")
        specimen = json.decode(unquote(request.headers.get(SPECIMEN, "")), type=Specimen)
        name = unquote(request.headers.get(FILE, "")) or "file"
        loop, settings = asyncio.get_running_loop(), self.node.settings
        chunks = arriving(request.stream(), loop, piece_s=settings.request_seconds, whole_s=settings.upload_seconds)
        given: Submitted = await self._uploads.taken(who.name, self.node.files.submit, who, name, chunks, specimen)
        return plain_json(json.encode(given), 200 if given.again else 202)

    async def _edition(self, request: Request) -> Response:
        who, node = caller(self.node, request), self.node
        node.may(who, "knowledge.replace")
        preview, older = (request.query_params.get(name, "") == "yes" for name in ("preview", "older"))
        try:
            signature = b64decode(request.headers.get(SIGNATURE, ""), validate=True)
        except ValueError as error:
            raise InputError("BAD_REQUEST", "the signature is not base64") from error
        offered = partial(
            node.editions.offered, who, await request.body(), signature, preview=preview, older=older
        )  # fmt: skip
        changes = await run_in_threadpool(offered)
        taken = KnowledgeTaken(taken=not preview, knowledge=node.knowledge(who), changes=changes)
        return plain_json(json.encode(taken))

    async def _login(self, request: Request) -> Response:
        from_our_page(self.node, request)  # before it counts: no page of another site uses up the attempts
        if not self._logins.allows(request.client.host if request.client else ""):
            raise InputError("TOO_MANY", "too many attempts to log in")
        login = json.decode(await request.body(), type=Login)
        if kind_of(request) != JSON:
            raise InputError("BAD_REQUEST", f"a login is {JSON}")  # which no form of another page can send
        session = await run_in_threadpool(self.node.login, login.name, login.password, login.code)
        told = LoggedIn(csrf=session.csrf, principal=session.principal, ends=session.ends)
        response = plain_json(json.encode(told))
        response.set_cookie(COOKIE, session.token, secure=True, httponly=True, samesite="strict", path="/")
        return response

    async def _logout(self, request: Request) -> Response:
        self.node.logout(caller(self.node, request), request.cookies.get(COOKIE, ""))
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")
        return response

    async def _metadata(self, request: Request) -> Response:
        return fhir.metadata(self.node)

    async def _live(self, request: Request) -> Response:
        return Response("alive\n", media_type=TEXT)

    async def _ready(self, request: Request) -> Response:
        health: Health = replace(self.node.health(), processes=self.processes)
        return plain_json(json.encode(health), 200 if health.ready else 503)

    async def _metrics(self, request: Request) -> Response:
        gauges = self.node.gauges(caller(self.node, request))
        return Response(self.metrics.text(gauges), media_type="text/plain; version=0.0.4")

    async def _openapi(self, request: Request) -> Response:
        return plain_json(_document())


@cache
def _document() -> bytes:
    """Made once: whoever asks for it again and again takes nothing from the questions."""
    return json.encode(document(ENDPOINTS))


def _decoder(endpoint: Endpoint) -> json.Decoder[Any] | None:
    return json.Decoder(endpoint.takes) if endpoint.takes else None


async def _refused(request: Request, error: Exception) -> Response:
    code = {404: "NOT_FOUND", 405: "NO_METHOD"}.get(getattr(error, "status_code", 500), "BAD_REQUEST")
    if code == "NOT_FOUND" and "text/html" in request.headers.get("accept", ""):
        return pages.nowhere(request)
    said = {"NOT_FOUND": "there is nothing here", "NO_METHOD": "not for this method"}.get(code, "cannot be read")
    return problem(code, said, headers=dict(getattr(error, "headers", None) or {}))
