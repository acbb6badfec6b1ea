"""What no request may exceed: bytes, seconds, and how many a minute; and the headers that every answer carries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from starling.errors import InputError
from starling.node.deadlines import IS_QUESTION, QUESTION, Deadlines
from starling.node.metrics import Metrics
from starling.node.problems import of_error
from starling.node.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: the paths to which files are sent
UPLOADS: Final = ("/v1/jobs", "/files/new")
#: the path to which editions of the knowledge are sent, and how large they may be (ours; one is 2 MB)
EDITIONS, _EDITION = "/v1/knowledge", 64 << 20
#: the path of CDS Hooks, which pages of other sites may ask: a token decides, never what a browser adds by itself
HOOKS: Final = "/cds-services"
_FOR_OTHER_SITES: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
#: in the scope of a request: its answer was not kept, and had to be computed
FIRST: Final = "starling.first"
#: in the scope of a request: the moment at which it came, of `time.perf_counter`
CAME: Final = "starling.came"
#: callers remembered; beyond, the one not seen longest is forgotten
_CALLERS: Final = 10_000
#: No script and no style but our own files, no frame, nothing from elsewhere.  Source: OWASP secure headers project.
HEADERS: Final = tuple(
    (name.encode(), value.encode())
    for name, value in {
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "strict-transport-security": "max-age=31536000",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }.items()
)


class Rate:
    """So many a minute for each caller: a bucket that fills again steadily."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = float(per_minute)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def allows(self, caller: str) -> bool:
        """Whether one more is within the rate; it is counted."""
        now = self._clock()
        left, at = self._buckets.pop(caller, (self._size, now))
        left = min(self._size, left + (now - at) * self._size / 60)
        self._buckets[caller] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > _CALLERS:
            del self._buckets[next(iter(self._buckets))]
        return left >= 1


class Limits:
    """Around an application: refuses what is too much, counts, and adds the headers."""

    def __init__(
        self, app: App, settings: Settings, metrics: Metrics, deadlines: Deadlines | None = None
    ) -> None:  # fmt: skip
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._deadlines = deadlines or Deadlines(settings.question_ms)
        self._rate = Rate(settings.requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        scope[CAME] = started

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = tuple(message.get("headers", ()))
                own += _FOR_OTHER_SITES if is_for_other_sites(scope["path"]) else ()
                message["headers"] = [*own, *(each for each in HEADERS if each[0] not in dict(own))]
            await send(message)

        try:
            await self._within(scope, receive, counted)
        except Exception as error:  # noqa: BLE001 -- the outermost boundary: a defect is answered, never shown
            if status == 0:
                await of_error(error)(scope, receive, counted)
        finally:
            path, seconds = scope.get("path_named", ""), time.perf_counter() - started
            self._metrics.request(path, status, seconds)
            if (path == QUESTION or scope.get(IS_QUESTION)) and status == 200:
                self._deadlines.answered(seconds, kept=not scope.get(FIRST))

    async def _within(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._rate.allows(_caller(scope)):
            raise InputError("TOO_MANY", "more requests a minute than the settings allow")
        if scope["method"] == "POST" and scope["path"] in UPLOADS:
            most = self._settings.largest_upload_mb << 20
            await self._app(scope, _bounded(scope, receive, most), send)
            return
        most = self._largest(scope["path"])
        bounded = _bounded(scope, receive, most)
        try:
            async with asyncio.timeout(self._settings.request_seconds) as time_left:

                async def flowing(message: Message) -> None:
                    if _is_stream(message):
                        time_left.reschedule(None)
                    await send(message)

                await self._app(scope, bounded, flowing)
        except TimeoutError as error:
            raise InputError("TOO_SLOW", "the request took longer than the settings allow") from error

    def _largest(self, path: str) -> int:
        """Bytes of a request that is no file of a patient."""
        if path == EDITIONS:
            return _EDITION
        settings = self._settings
        most: int = settings.exchange_largest_request_kb if is_for_other_sites(path) else settings.largest_request_kb
        return most << 10


def is_for_other_sites(path: str) -> bool:
    """Whether a page of another site may read what is answered there."""
    return path == HOOKS or path.startswith(f"{HOOKS}/")


def _caller(scope: Scope) -> str:
    subject = scope.get("starling.subject")
    return str(subject.get("commonName")) if subject else str((scope.get("client") or ("",))[0])


def _is_stream(message: Message) -> bool:
    """Whether an answer begins that goes on for as long as somebody listens (server-sent events)."""
    headers = message.get("headers", ()) if message["type"] == "http.response.start" else ()
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers)


def _bounded(scope: Scope, receive: Receive, most: int) -> Receive:
    """Raises: InputError TOO_LARGE as soon as a body is larger, whatever its header said."""
    stated = dict(scope["headers"]).get(b"content-length", b"0")
    if stated.isdigit() and int(stated) > most:
        raise InputError("TOO_LARGE", f"more than {most} bytes")
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise InputError("TOO_LARGE", f"more than {most} bytes")
        return message

    return bounded
