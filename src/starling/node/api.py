"""The API of a node: one table of endpoints, each with what it takes, what it gives, and who may (by its action).

Whoever calls is known by a client certificate or by the cookie of a session; from a session every change needs the
token against forged requests.  Nothing that identifies a patient stands in a URL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import unquote

import msgspec
from msgspec import Meta, json
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from starling.errors import InputError, UnknownCallerError
from starling.node import pages
from starling.node.identity import is_csrf, of_certificate
from starling.node.limits import Limits, Rate
from starling.node.metrics import Metrics
from starling.node.problems import of_error, problem
from starling.node.service import Node
from starling.node.values import (
    Account,
    AuditPage,
    ClinicalChange,
    Enrolled,
    Health,
    Job,
    KnowledgeInfo,
    ModelInfo,
    Name,
    Order,
    Override,
    Patient,
    Principal,
    Reason,
    Role,
    Session,
    Specimen,
    Submitted,
    Value,
    Words,
)
from starling.report.document import document
from starling.values import dataclass

COOKIE: Final = "__Host-starling"
#: says why the glass is broken
EMERGENCY: Final = "starling-emergency"
CSRF: Final = "starling-csrf"
#: JSON of a `Specimen`, percent-encoded; the name of the file, percent-encoded
SPECIMEN, FILE = "starling-specimen", "starling-file"


class Login(Value, frozen=True):
    """Who logs in: name, password, and the code of the second factor."""

    name: Name
    password: Name
    code: Annotated[str, Meta(pattern=r"^\d{6}$")]


class Decided(Value, frozen=True):
    """Going on against the answer for a drug, and why."""

    drug: Name
    reason: Reason


class Noted(Value, frozen=True):
    """A note on a step."""

    note: Words = ""


class Resolution(Value, frozen=True):
    """What a person decides about a file in quarantine."""

    accept: bool
    reason: Reason


class Person(Value, frozen=True):
    """A new account."""

    name: Name
    role: Role
    site: Name


@dataclass(frozen=True, slots=True)
class Call:
    """One request as an endpoint sees it."""

    who: Principal
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the table.  `action`: empty where nobody need be known.  `slow`: not answered by the loop itself."""

    method: str
    path: str
    action: str
    summary: str
    answer: Callable[[Node, Call], Any]
    takes: Any = None
    gives: Any = None
    slow: bool = False
    status: int = 200


def _assessment(node: Node, call: Call) -> Response:
    return _json(document([node.assessment(call.who, call.path["patient"])]).encode())


def _check(node: Node, call: Call) -> Response:
    answer = node.check(call.who, call.body)
    return Response(answer.text, media_type="text/plain") if call.query.get("as") == "text" else _json(answer.json)


def _decided(node: Node, call: Call) -> Override:
    return node.override(call.who, call.path["patient"], call.body.drug, call.body.reason)


def _resolved(node: Node, call: Call) -> Job:
    return node.resolve(call.who, call.path["job"], accept=call.body.accept, reason=call.body.reason)


def _audit(node: Node, call: Call) -> AuditPage:
    return node.audit(call.who, before=_number(call.query, "before", None), limit=_number(call.query, "limit", 100))


def _number(query: Mapping[str, str], name: str, default: Any) -> Any:
    """Raises: InputError BAD_REQUEST."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:10]) <= 1_000_000:
        raise InputError("BAD_REQUEST", f"{name} is a number from 1 to 1000000")
    return int(text)


ENDPOINTS: Final = (
    Endpoint("POST", "/v1/check", "check", "May this patient have these drugs?", _check, Order, dict),
    Endpoint("GET", "/v1/patients", "patient.list", "Everybody of the site",
             lambda node, call: node.patients(call.who), gives=tuple[Patient, ...]),
    Endpoint("GET", "/v1/patients/{patient}", "patient.read", "Who stands behind a pseudonym",
             lambda node, call: node.patient(call.who, call.path["patient"]), gives=Patient),
    Endpoint("GET", "/v1/patients/{patient}/assessment", "assessment.read", "The released assessment", _assessment,
             gives=dict, slow=True),
    Endpoint("GET", "/v1/patients/{patient}/overrides", "override.list", "What was decided against an answer",
             lambda node, call: node.overrides(call.who, call.path["patient"]), gives=tuple[Override, ...]),
    Endpoint("POST", "/v1/patients/{patient}/overrides", "override.write", "Go on against the answer, and say why",
             _decided, Decided, Override, slow=True, status=201),
    Endpoint("GET", "/v1/jobs", "job.list", "The newest jobs",
             lambda node, call: node.jobs(call.who), gives=tuple[Job, ...]),
    Endpoint("GET", "/v1/jobs/{job}", "job.read", "One job",
             lambda node, call: node.job(call.who, call.path["job"]), gives=Job),
    Endpoint("POST", "/v1/jobs/{job}/review", "job.review", "The result was looked at",
             lambda node, call: node.review(call.who, call.path["job"], call.body.note), Noted, Job, slow=True),
    Endpoint("POST", "/v1/jobs/{job}/release", "job.release", "A second person releases the result",
             lambda node, call: node.release(call.who, call.path["job"], call.body.note), Noted, Job, slow=True),
    Endpoint("POST", "/v1/jobs/{job}/resolve", "job.resolve", "Decide about a file in quarantine", _resolved,
             Resolution, Job, slow=True),
    Endpoint("GET", "/v1/knowledge", "knowledge.read", "Which edition answers",
             lambda node, call: node.knowledge(call.who), gives=KnowledgeInfo),
    Endpoint("GET", "/v1/knowledge/changes", "knowledge.read", "What a prescriber would notice since the one before",
             lambda node, call: node.knowledge_changes(call.who), gives=tuple[ClinicalChange, ...]),
    Endpoint("GET", "/v1/models", "model.list", "The learned models that could run here",
             lambda node, call: node.models(call.who), gives=tuple[ModelInfo, ...]),
    Endpoint("GET", "/v1/audit", "audit.read", "The audit log, newest first, under a signed checkpoint", _audit,
             gives=AuditPage, slow=True),
    Endpoint("GET", "/v1/settings", "settings.read", "The settings of this node",
             lambda node, call: node.stated_settings(call.who), gives=dict),
    Endpoint("GET", "/v1/accounts", "account.list", "Who may log in",
             lambda node, call: node.who_may_log_in(call.who), gives=tuple[Account, ...]),
    Endpoint("POST", "/v1/accounts", "account.write", "A new account; told once",
             lambda node, call: node.enrol(call.who, call.body.name, call.body.role, call.body.site), Person,
             Enrolled, slow=True, status=201),
)  # fmt: skip


class Api:
    """The endpoints of one node as an ASGI application."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.metrics = Metrics()
        self._logins = Rate(node.settings.logins_per_minute)

    def application(self) -> Limits:
        """The application, within its limits."""
        routes = [Route(each.path, self._served(each), methods=[each.method]) for each in ENDPOINTS]
        routes += [
            Route("/v1/jobs", self._submit, methods=["POST"]),
            Route("/v1/login", self._login, methods=["POST"]),
            Route("/v1/logout", self._logout, methods=["POST"]),
            Route("/livez", self._live), Route("/readyz", self._ready), Route("/metrics", self._metrics),
            Route("/openapi.json", self._openapi),
        ]  # fmt: skip
        routes += pages.routes(self.node)
        app = Starlette(routes=routes, exception_handlers={HTTPException: _refused, Exception: _failed})
        return Limits(app, self.node.settings, self.metrics)

    def _served(self, endpoint: Endpoint) -> Callable[[Request], Any]:
        decoder = json.Decoder(endpoint.takes) if endpoint.takes else None

        async def served(request: Request) -> Response:
            request.scope["path_named"] = endpoint.path
            try:
                who = self.principal(request)
                body = decoder.decode(await request.body()) if decoder else None
                call = Call(who, request.path_params, request.query_params, body)
                if endpoint.slow:
                    given = await run_in_threadpool(endpoint.answer, self.node, call)
                else:
                    given = endpoint.answer(self.node, call)
            except Exception as error:  # noqa: BLE001 -- a defect is answered, too
                return of_error(error)
            return given if isinstance(given, Response) else _json(json.encode(given), endpoint.status)

        return served

    def principal(self, request: Request) -> Principal:
        """Who asks.  Raises: UnknownCallerError NOT_KNOWN."""
        emergency = request.headers.get(EMERGENCY, "")
        subject = request.scope.get("starling.subject")
        if subject:
            return of_certificate(subject, unquote(emergency))
        session = self.node.sessions.of(request.cookies.get(COOKIE, ""))
        if session is None:
            raise UnknownCallerError("NOT_KNOWN", "neither a client certificate nor a session")
        if request.method not in {"GET", "HEAD"} and not is_csrf(session, request.headers.get(CSRF, "")):
            raise UnknownCallerError("NOT_KNOWN", "the token against forged requests is missing")
        return msgspec.structs.replace(session.principal, emergency=unquote(emergency))

    async def _submit(self, request: Request) -> Response:
        request.scope["path_named"] = "/v1/jobs"
        try:
            who = self.principal(request)
            self.node.may(who, "job.submit")
            specimen = json.decode(unquote(request.headers.get(SPECIMEN, "")), type=Specimen)
            name = unquote(request.headers.get(FILE, "")) or "file"
            chunks = [chunk async for chunk in request.stream()]
            given: Submitted = await run_in_threadpool(self.node.submit, who, name, chunks, specimen)
        except Exception as error:  # noqa: BLE001 -- a defect is answered, too
            return of_error(error)
        return _json(json.encode(given), 200 if given.again else 202)

    async def _login(self, request: Request) -> Response:
        request.scope["path_named"] = "/v1/login"
        try:
            if not self._logins.allows(request.client.host if request.client else ""):
                raise InputError("TOO_MANY", "too many attempts to log in")
            login = json.decode(await request.body(), type=Login)
            session: Session = await run_in_threadpool(self._opened, login)
        except Exception as error:  # noqa: BLE001 -- a defect is answered, too
            return of_error(error)
        response = _json(json.encode({"csrf": session.csrf, "principal": session.principal, "ends": session.ends}))
        response.set_cookie(COOKIE, session.token, secure=True, httponly=True, samesite="strict", path="/")
        return response

    def _opened(self, login: Login) -> Session:
        return self.node.login(login.name, login.password, login.code)

    async def _logout(self, request: Request) -> Response:
        request.scope["path_named"] = "/v1/logout"
        try:
            who = self.principal(request)
        except UnknownCallerError as error:
            return of_error(error)
        self.node.logout(who, request.cookies.get(COOKIE, ""))
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")
        return response

    async def _live(self, request: Request) -> Response:
        return Response("alive\n", media_type="text/plain")

    async def _ready(self, request: Request) -> Response:
        health: Health = self.node.health()
        return _json(json.encode(health), 200 if health.ready else 503)

    async def _metrics(self, request: Request) -> Response:
        try:
            gauges = self.node.gauges(self.principal(request))
        except Exception as error:  # noqa: BLE001 -- a defect is answered, too
            return of_error(error)
        return Response(self.metrics.text(gauges), media_type="text/plain; version=0.0.4")

    async def _openapi(self, request: Request) -> Response:
        from starling.node.openapi import document as described

        return _json(json.encode(described(ENDPOINTS)))


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status_code=status, media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    code = {404: "NOT_FOUND", 405: "NO_METHOD"}.get(getattr(error, "status_code", 500), "BAD_REQUEST")
    return problem(code, "there is nothing here" if code == "NOT_FOUND" else "not for this method")


async def _failed(request: Request, error: Exception) -> Response:
    return of_error(error)
