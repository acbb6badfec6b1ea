"""What a node asks of others while it answers: one JSON document, within a time, a size, and no redirection.

Whom it may ask is decided before; here an address that was allowed never leads to another one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from msgspec import DecodeError, json

from starling.exchange.cds.reading import Resource, listed, mapping_of, text_of

#: s for the keys of a client, and for one step of anything; bytes of one resource; pages of one search (ours)
_KEYS_S, _LONGEST_S, _LARGEST, _PAGES = 2.0, 60.0, 4 << 20, 10
#: what a FHIR server says of something that is not there
_NOTHING: Final = frozenset({404, 410})
#: hosts that are this machine
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Outward:
    """Asks others.  `context`: an authority -> whom to believe."""

    def __init__(self, context: Callable[[str], ssl.SSLContext]) -> None:
        self._context = context
        self._contexts: dict[str, ssl.SSLContext] = {}

    def _client(self, authority: str, headers: Mapping[str, str]) -> httpx.AsyncClient:
        if authority not in self._contexts:
            self._contexts[authority] = self._context(authority)
        return httpx.AsyncClient(
            verify=self._contexts[authority], headers=dict(headers), follow_redirects=False, trust_env=False,
            timeout=_LONGEST_S,
        )  # fmt: skip

    async def json(self, address: str, authority: str, largest: int) -> Any:
        """A document; None where there is none to be had."""
        try:
            async with asyncio.timeout(_KEYS_S), self._client(authority, {"accept": "application/json"}) as client:
                status, found = await _read(client, address, largest)
        except (httpx.HTTPError, TimeoutError, OSError):
            return None
        return found if status == 200 else None

    async def resources(
        self, server: str, paths: Mapping[str, str], *, token: str, authority: str, seconds: float
    ) -> dict[str, Resource | None]:
        """Key -> what a FHIR server has under a path; None: nothing.  A key that could not be read whole is left out.

        All of it within so many seconds; what was read by then counts.
        """
        headers = {"accept": "application/fhir+json", **({"authorization": f"Bearer {token}"} if token else {})}
        found: dict[str, Resource | None] = {}

        async def one(client: httpx.AsyncClient, key: str, path: str) -> None:
            try:
                found[key] = await _resource(client, server, path)
            except (httpx.HTTPError, OSError, LookupError):
                return  # the key stays unanswered, and whoever asked is told so

        try:
            async with asyncio.timeout(seconds), self._client(authority, headers) as client:
                await asyncio.gather(*(one(client, key, path) for key, path in paths.items()))
        except TimeoutError:
            return dict(found)
        return found


async def _resource(client: httpx.AsyncClient, server: str, path: str) -> Resource | None:
    """One resource, or all pages of a search.  Raises: LookupError, when it cannot be had whole."""
    status, first = await _read(client, f"{server}/{path}", _LARGEST)
    if status in _NOTHING:
        return None
    if status != 200 or not isinstance(first, dict) or first.get("resourceType") == "OperationOutcome":
        raise LookupError(path)
    entries = listed(first.get("entry"))
    address = _next(first, server)
    for _ in range(_PAGES):
        if not address:
            return {**first, "entry": entries} if entries else first
        status, page = await _read(client, address, _LARGEST)
        if status != 200 or not isinstance(page, dict):
            break
        entries += listed(page.get("entry"))
        address = _next(page, server)
    raise LookupError(path)


def _next(bundle: Resource, server: str) -> str:
    """Where a search goes on; empty: nowhere.  Raises: LookupError, when that is another server."""
    links = (each for each in map(mapping_of, listed(bundle.get("link"))) if each.get("relation") == "next")
    address = next((text_of(each.get("url")) for each in links), "")
    if address and not address.startswith((f"{server}/", f"{server}?")):
        raise LookupError("another server")
    return address


async def _read(client: httpx.AsyncClient, address: str, largest: int) -> tuple[int, Any]:
    """(status, JSON; None for what is too large or none)."""
    async with client.stream("GET", address) as response:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > largest:
                return 0, None
    try:
        return response.status_code, json.decode(bytes(body)) if body else None
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return 0, None


def may_read(server: str, allowed: Iterable[str], *, here: bool) -> bool:
    """Whether a FHIR server is one of those allowed, or, where any of this machine is, on this machine.

    >>> may_read("https://ehr.example/fhir", ["https://ehr.example/fhir"], here=False)
    True
    >>> may_read("https://ehr.example/fhir@evil.example", ["https://ehr.example/fhir"], here=False)
    False
    """
    if server in allowed:
        return True
    try:
        parts = urlsplit(server)
    except ValueError:
        return False
    is_plain = parts.username is None and not parts.query and not parts.fragment
    return here and is_plain and parts.scheme in {"http", "https"} and parts.hostname in _HERE


def missing(prefetch: Mapping[str, object], wanted: Iterable[str]) -> Iterator[str]:
    """The keys that a client did not answer."""
    yield from (key for key in wanted if key not in prefetch)
