"""Who stands behind a request, to the API and the pages alike: a certificate that TLS verified, or a session."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import unquote

from msgspec.structs import replace
from starlette.requests import Request

from starling.errors import InputError, UnknownCallerError
from starling.node.identity import Shown, is_csrf, of_certificate
from starling.node.records import Records
from starling.node.service import Node
from starling.node.values import Principal

COOKIE: Final = "__Host-starling"
#: headers: why the glass is broken (percent-encoded); the token against forged requests
EMERGENCY, CSRF = "starling-emergency", "starling-csrf"
#: a reason has a few letters, and is no essay (ours; as `values.Reason`)
_REASON: Final = range(4, 2_001)


def now_s() -> float:
    """Seconds since 1970."""
    return time.time()


def nobody(node: Node, request: Request, why: str) -> UnknownCallerError:
    """What is raised for a request of which nobody knows who sent it; the log has it, as far as there is room."""
    node.strangers.turned_away(why, str(request.scope.get("path_named", "")))
    return UnknownCallerError("NOT_KNOWN", why)


def from_our_page(node: Node, request: Request) -> None:
    """Whatever a browser says of where this comes from, it is no page of another site; who is no browser says nothing.

    `Sec-Fetch-Site` is not in old browsers; `Origin` is in all, and names ours because our pages send a referrer to us
    (`Referrer-Policy: same-origin`): `null` is somebody else's.  Source: W3C Fetch Metadata, 2.3; WHATWG Fetch, 3.1.
    Raises: UnknownCallerError NOT_KNOWN.
    """
    site, origin = request.headers.get("sec-fetch-site", "none"), request.headers.get("origin")
    if site not in {"none", "same-origin"} or origin not in {None, f"https://{request.headers.get('host', '')}"}:
        raise nobody(node, request, "a page of another site sent this")


def kind_of(request: Request) -> str:
    """The kind of what is sent, without its parameters; empty where it is not said."""
    return request.headers.get("content-type", "").partition(";")[0].strip()


def caller(node: Node, request: Request, *, csrf: str | None = None) -> Principal:
    """Who asks.  `csrf`: the token of a form, where it is not in its header.

    A browser shows a client certificate to whoever sends it here: so no other site's page may ask for a change.
    Raises: UnknownCallerError NOT_KNOWN; InputError BAD_REQUEST for an emergency without a reason.
    """
    changes = request.method not in {"GET", "HEAD"}
    if changes:
        from_our_page(node, request)
    emergency = unquote(request.headers.get(EMERGENCY, "")).strip()
    if emergency and len(emergency) not in _REASON:
        raise InputError("BAD_REQUEST", f"{EMERGENCY} says in words why it is one")
    subject = request.scope.get("starling.subject")
    if subject:
        _is_still_good(node, request)
        return of_certificate(subject, emergency)
    session = node.sessions.of(request.cookies.get(COOKIE, ""))
    if session is None:
        raise nobody(node, request, "neither a client certificate nor a session")
    given = request.headers.get(CSRF, "") if csrf is None else csrf
    if changes and not is_csrf(session, given):
        raise nobody(node, request, "the token against forged requests is missing")
    return replace(session.principal, emergency=emergency)


def _is_still_good(node: Node, request: Request) -> None:
    """TLS looks at a certificate when a connection begins, and not at all when it is taken up again.

    Raises: UnknownCallerError NOT_KNOWN.
    """
    found: Shown = request.scope["starling.certificate"]
    why = ended(found, node.records)
    if why is not None:
        raise nobody(node, request, why)


def ended(found: Shown, records: Records) -> str | None:
    """Why a certificate that TLS once believed is believed no more; None where it is."""
    if found.ends <= now_s():
        return f"the certificate of {found.name} has ended"
    if records.is_revoked(found.serial, found.name, found.issued):
        return f"the certificate of {found.name} was revoked"
    return None
