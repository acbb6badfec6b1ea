"""Who is there: people sign in with password and second factor, and every form carries a token of its session.

A client certificate opens the API and never the dashboard: a browser shows it with every request, forged ones too.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from threading import Lock
from typing import Any, Final

from msgspec import json
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starling.errors import InputError, StarlingError
from starling.node.callers import COOKIE, from_our_page, kind_of, nobody
from starling.node.identity import is_csrf
from starling.node.limits import Rate
from starling.node.pages import forms, frame, words
from starling.node.policy import decide
from starling.node.problems import of_error
from starling.node.service import Node
from starling.node.values import Principal, Session
from starling.values import dataclass

#: of a form before there is a session
FORM_COOKIE: Final = "__Host-starling-form"
TOKEN: Final = "csrf"  # noqa: S105 -- the name of a field
_FORM: Final = "application/x-www-form-urlencoded"
_LONGEST_CODE: Final = 12

#: name of the entry, address, and the actions of which one is enough
_MENU: Final = (
    ("Worklist", "/worklist", ("patient.list", "job.list")),
    ("Files", "/files", ("job.list",)),
    ("Audit", "/audit", ("audit.read",)),
    ("People", "/people", ("account.list",)),
    ("Knowledge", "/knowledge", ("knowledge.read",)),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in.  `form`: what was filled in; empty when nothing was."""

    door: Door
    request: Request
    session: Session
    form: forms.Fields

    @property
    def node(self) -> Node:
        """The node that is visited."""
        return self.door.node

    @property
    def who(self) -> Principal:
        """Who visits; with the reason of an emergency, where one was given for this patient."""
        reason = self.door.emergency(self.session, self.request.path_params.get("patient", ""))
        return replace(self.session.principal, emergency=reason) if reason else self.session.principal

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for a part of the page."""
        return self.request.headers.get("hx-request") == "true"

    def named(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def may(self, action: str, site: str = "") -> bool:
        """Whether the policies would permit it: what nobody may do is not offered."""
        return decide(self.who, action, site or self.who.site).permitted

    def shown(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """The page of a template."""
        shared = {"visit": self, "who": self.who, "csrf": self.session.csrf, "menu": self.menu()}
        shared |= {"here": self.request.url.path, "done": words.DONE.get(self.request.query_params.get("done", ""))}
        return frame.page(self.request, frame.written(template, **shared, **values), status)

    def menu(self) -> tuple[tuple[str, str], ...]:
        """Name and address of what this person may open."""
        return tuple((name, where) for name, where, actions in _MENU if any(map(self.may, actions)))

    def problem(self, error: Exception) -> Response:
        """The page of an error."""
        said = json.decode(of_error(error).body)
        patient = self.request.path_params.get("patient", "") if said["code"] == "NOT_PERMITTED" else ""
        can_break_glass = bool(patient) and self.who.role in {"prescriber", "pharmacist"} and not self.who.emergency
        detail = words.not_permitted(self.who.role) if said["code"] == "NOT_PERMITTED" else said["detail"]
        response = self.shown(
            "problem.html", status=said["status"], title=said["title"], detail=detail,
            patient=patient if can_break_glass else "", wrong=(),
        )  # fmt: skip
        if self.is_partial:
            response.headers.update({f"hx-{name}": "#main" for name in ("retarget", "reselect")})
        return response


View = Callable[[Visit], Response]


class Door:
    """The sessions of one node, as its dashboard opens and closes them."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._logins = Rate(node.settings.logins_per_minute)
        self._emergencies: dict[tuple[str, str], str] = {}
        self._lock = Lock()

    # --- emergencies: a reason holds for one patient while the session lasts ---

    def emergency(self, session: Session, patient: str) -> str:
        """The reason that was given for opening this patient's record; empty: none was."""
        return self._emergencies.get((session.token, patient), "")

    def break_glass(self, session: Session, patient: str, reason: str) -> None:
        """The record of a patient of another site is opened for a reason; those of sessions that are over are gone."""
        with self._lock:
            kept = {key: each for key, each in self._emergencies.items() if self.node.sessions.seen(key[0])}
            self._emergencies = {**kept, (session.token, patient): reason}

    # --- visits ---

    def open(self, view: View, path: str) -> Callable[[Request], Awaitable[Response]]:
        """The view for whoever is signed in; a form without the token of the session is refused."""

        async def opened(request: Request) -> Response:
            request.scope["path_named"] = path
            session = self.session(request)
            if session is None:
                return to_sign_in(request)
            visit = Visit(self, request, session, {})
            try:
                if request.method == "POST":
                    visit = Visit(self, request, session, await _filled_in(self.node, request))
                    if not is_csrf(session, visit.form.get(TOKEN, "")):
                        raise nobody(self.node, request, "the form is not one of this session")
                return await run_in_threadpool(view, visit)
            except Exception as error:  # noqa: BLE001 -- a defect is a page, too, and says nothing of itself
                return await run_in_threadpool(visit.problem, error)

        return opened

    def session(self, request: Request) -> Session | None:
        """The session of a request; it lasts again from now."""
        return self.node.sessions.of(request.cookies.get(COOKIE, ""))

    def seen(self, request: Request) -> Session | None:
        """As `session`, for what pages ask by themselves: the session does not last longer for it."""
        return self.node.sessions.seen(request.cookies.get(COOKIE, ""))

    # --- signing in and out ---

    async def sign_in(self, request: Request) -> Response:
        """The page, or what was filled in on it."""
        request.scope["path_named"] = "/sign-in"
        if request.method != "POST":
            return _to_home() if self.session(request) else self.sign_in_page(request)
        try:
            form = await _filled_in(self.node, request)
            _is_of_this_browser(self.node, request, form)
            self.count_attempt(request)
            session = await run_in_threadpool(self._opened, form)
        except StarlingError as error:
            return self.sign_in_page(request, error)
        response = _to_home()
        response.set_cookie(COOKIE, session.token, secure=True, httponly=True, samesite="strict", path="/")
        response.delete_cookie(FORM_COOKIE, secure=True, httponly=True, samesite="strict", path="/")
        return response

    def count_attempt(self, request: Request, kind: str = "") -> None:
        """One attempt to sign in; each kind is counted by itself.  Raises: InputError TOO_MANY."""
        if not self._logins.allows(f"{kind} {request.client.host if request.client else ''}"):
            raise InputError("TOO_MANY", "too many attempts to log in")

    def sign_in_page(self, request: Request, error: StarlingError | None = None) -> Response:
        """The page where one signs in, with what was wrong."""
        token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
        provider = self.node.provider.name if self.node.provider else ""
        text = frame.written("sign_in.html", csrf=token, error=error.message if error else "", provider=provider)
        response = frame.page(request, text, of_error(error).status_code if error else 200)
        response.set_cookie(FORM_COOKIE, token, secure=True, httponly=True, samesite="strict", path="/")
        return response

    def _opened(self, form: forms.Fields) -> Session:
        code = form.get("code", "").replace(" ", "")[:_LONGEST_CODE]
        return self.node.login(form.get("name", ""), form.get("password", ""), code)

    def sign_out(self, visit: Visit) -> Response:
        """The session is over, and the browser forgets what it has of it."""
        self.node.logout(visit.session.principal, visit.session.token)
        response = RedirectResponse("/sign-in", 303, {"clear-site-data": '"cache", "storage"'})
        response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")
        return response

    async def still_there(self, request: Request) -> Response:
        """Nothing while the session lasts; when it is over, the page makes way for the one to sign in."""
        request.scope["path_named"] = "/session"
        return Response(status_code=204) if self.seen(request) else to_sign_in(request)


def to_sign_in(request: Request) -> Response:
    """Nobody is there: to the page where one signs in."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"hx-redirect": "/sign-in"})
    return RedirectResponse("/sign-in", 303)


def _to_home() -> Response:
    return RedirectResponse("/", 303)


def _is_of_this_browser(node: Node, request: Request, form: Mapping[str, str]) -> None:
    """Raises: UnknownCallerError NOT_KNOWN, when the form is not the one that this browser was given."""
    given, known = form.get(TOKEN, ""), request.cookies.get(FORM_COOKIE, "")
    if not known or not secrets.compare_digest(given.encode(), known.encode()):
        raise nobody(node, request, "the form has expired: fill it in again")


async def _filled_in(node: Node, request: Request) -> forms.Fields:
    """The form.  Raises: InputError BAD_REQUEST; UnknownCallerError NOT_KNOWN, when another site sends it."""
    from_our_page(node, request)
    if kind_of(request) != _FORM:
        raise InputError("BAD_REQUEST", "not a form")
    return forms.fields(await request.body())
