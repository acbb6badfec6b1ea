"""CDS Hooks over HTTP: who calls is known by a token, what was not sent along is read where that is allowed.

Every answer, an error too, may be read by a page of another site (CORS): what such a page can ask is decided by the
token alone, never by a cookie or a certificate of the browser.
Source: CDS Hooks 2.0; WHATWG Fetch, CORS protocol.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import DecodeError, json
from starlette.requests import Request
from starlette.responses import Response

from starling.errors import InputError, UnknownCallerError
from starling.exchange.cds.reading import HookRequest, of_patient, read_request, with_answers
from starling.exchange.cds.services import BY_ID, NEEDED, ORDER, PATIENT, Service, discovery, filled
from starling.node.deadlines import IS_QUESTION
from starling.node.endpoints import plain_json
from starling.node.founding import hosts_of
from starling.node.hook_clients import Believed, Client, Clients, context_of, read_clients
from starling.node.layout import DEMONSTRATION_KEYS, Layout
from starling.node.limits import FIRST, HOOKS
from starling.node.outward import Outward, may_read, missing
from starling.node.service import Node
from starling.node.settings import Settings, wrong_setting
from starling.values import replace

#: What is sent may be nested as deep as a resource of FHIR is, and a bundle around it (ours).
_DEEPEST: Final = 64
_PREFLIGHT: Final = {
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, accept",
    "access-control-max-age": "600",
}


class HookApi:
    """The endpoints of CDS Hooks.  `first`: who waits for answers that are not kept."""

    def __init__(self, node: Node, first: ThreadPoolExecutor) -> None:
        """Raises: InputError BAD_SETTING, the administrator's."""
        self._node = node
        self._first = first
        self._outward = Outward(context_of)
        self._clients = Clients(_clients(node.settings, node.layout), self._outward)
        self.own: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
            ("GET", HOOKS): self.discover,
            ("POST", f"{HOOKS}/{{service}}"): self.call,
            ("POST", f"{HOOKS}/{{service}}/feedback"): self.feedback,
        }

    async def preflight(self, request: Request) -> Response:
        """A browser asks whether a page of another site may ask."""
        return Response(status_code=204, headers=_PREFLIGHT)

    async def discover(self, request: Request) -> Response:
        """The services; nothing of anybody.  A token is not asked for, and one that is shown is looked at."""
        if request.headers.get("authorization"):
            await self._believed(request)
        return plain_json(json.encode(discovery()))

    async def call(self, request: Request) -> Response:
        """The cards."""
        service = _service(request)
        client = (await self._believed(request)).client
        self._node.may(self._node.hooks.principal(client), "cds.read")  # before anything of the body is read
        with self._recorded(client, service, "cds.read"):
            return await self._answered(request, client, service)

    async def _answered(self, request: Request, client: Client, service: Service) -> Response:
        asked = read_request(await _body(request), service)
        whole = await self._completed(client, service, asked)
        request.scope[IS_QUESTION] = whole is asked  # what an EHR takes to answer is not this node's to hold back
        link = f"{self._base(request)}/patients/"
        answer = self._node.hooks.answer_again(client, service, whole, link)
        if answer is None:
            request.scope[FIRST] = True
            work = partial(self._node.hooks.answer, client, service, whole, link)
            answer = await asyncio.get_running_loop().run_in_executor(self._first, work)
        return plain_json(answer)

    async def feedback(self, request: Request) -> Response:
        """What became of cards."""
        service = _service(request)
        client = (await self._believed(request, "/feedback")).client
        with self._recorded(client, service, "cds.write"):
            work = partial(self._node.hooks.feedback, client, service, await _body(request))
            count = await asyncio.get_running_loop().run_in_executor(None, work)
        return plain_json(json.encode({"feedback": count}))

    @contextmanager
    def _recorded(self, client: Client, service: Service, action: str) -> Iterator[None]:
        """A call that cannot be answered is in the log as well."""
        try:
            yield
        except InputError as error:
            self._node.hooks.failed(client, service, action, error.code)
            raise

    async def _believed(self, request: Request, without: str = "") -> Believed:
        """Whose call it is.  `without`: an end of the path that the token need not name.

        Raises: UnknownCallerError TOKEN_REFUSED, after it was recorded.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        address = f"{self._base(request)}{request.url.path}"
        audiences = (address, address.removesuffix(without)) if without else (address,)
        try:
            if scheme.casefold() != "bearer":
                raise UnknownCallerError("TOKEN_REFUSED", "no token was shown (Authorization: Bearer)")
            believed = await self._clients.believed(token.strip(), audiences)
            if self._node.hooks.used(believed, int(time.time())):
                raise UnknownCallerError("TOKEN_REFUSED", "the token is not believed: it was used before (jti)")
        except UnknownCallerError as error:
            self._node.hooks.refused(error.message)
            raise
        return believed

    def _base(self, request: Request) -> str:
        """The address by which this node was called, when it is one of its own; a token for another is not for it."""
        settings = self._node.settings
        if settings.exchange_address:
            return str(settings.exchange_address).rstrip("/")
        host = request.headers.get("host", "")
        server = request.scope.get("server") or ("", 0)
        try:
            parts = urlsplit(f"//{host}")
            is_ours = parts.hostname in hosts_of(settings) and (parts.port or 443) == server[1]
        except ValueError:
            is_ours = False
        return f"https://{host}" if is_ours else f"https://{settings.host}:{server[1]}"

    async def _completed(self, client: Client, service: Service, asked: HookRequest) -> HookRequest:
        """The call with what it needs and did not bring, as far as it may be read where the client says.

        Raises: InputError NO_DATA, BAD_REQUEST, the EHR's.
        """
        if service.hook.startswith("order-") and not asked.drafts and not asked.order:
            return asked  # nothing was chosen yet
        wanted = [key for key in missing(asked.prefetch, service.prefetch) if key != ORDER or asked.order]
        if not wanted:
            return asked
        reads = may_read(asked.server, client.fhir, here=client.is_demonstration)
        paths = {key: filled(service.prefetch[key], patient=asked.patient, order=asked.order) for key in wanted}
        seconds = self._node.settings.exchange_fhir_ms / 1000
        found = (
            await self._outward.resources(
                asked.server, paths, token=asked.token, authority=client.authority, seconds=seconds
            )
            if reads
            else {}
        )
        needed = NEEDED - ({PATIENT} if client.fhir_ids else set())
        lacking = sorted(key for key in wanted if key in needed and key not in found)
        if lacking:
            why = "could not be read from the FHIR server in time" if reads else "and no FHIR server that may be read"
            raise InputError("NO_DATA", f"the prefetch lacks {', '.join(lacking)}, {why}")
        return of_patient(replace(asked, prefetch=with_answers(asked, found.items()))) if found else asked


def _service(request: Request) -> Service:
    """Raises: InputError NOT_FOUND."""
    service = BY_ID.get(request.path_params["service"])
    if service is None:
        raise InputError("NOT_FOUND", "there is no such service")
    return service


async def _body(request: Request) -> Any:
    """Raises: InputError BAD_REQUEST."""
    try:
        body = json.decode(await request.body())
    except (DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError("BAD_REQUEST", "the request is no JSON") from error
    if _is_deep(body):
        raise InputError("BAD_REQUEST", f"the request is nested deeper than {_DEEPEST}")
    return body


def _is_deep(value: Any) -> bool:
    """Whether anything lies deeper than is read."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _clients(settings: Settings, layout: Layout) -> tuple[Client, ...]:
    """Raises: InputError BAD_SETTING."""
    demonstration = layout.clients if settings.exchange_demo_trust else None
    if demonstration is not None and not any((demonstration / name).is_file() for name in DEMONSTRATION_KEYS):
        said = "exchange.demo_trust is for a node that was made with --demo, which has the keys of its client"
        raise wrong_setting(said)
    path = settings.exchange_clients
    return read_clients(str(layout.root / path) if path else "", demonstration=demonstration)
