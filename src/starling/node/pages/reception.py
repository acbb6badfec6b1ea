"""People who sign in with a provider: on their way there, and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starling.errors import InputError, StarlingError
from starling.node.callers import COOKIE, from_our_page
from starling.node.pages import frame
from starling.node.pages.door import Door
from starling.node.provider import BACK, Provider

#: The way there; while somebody is with the provider, their browser holds this.  `lax`: it comes back from elsewhere.
THERE: Final = "/sign-in/provider"
AWAY_COOKIE: Final = "__Host-starling-away"
#: seconds that the browser keeps it (ours, as provider._AWAY_S)
_KEPT_S: Final = 600

Handler = Callable[[Request], Awaitable[Response]]


def addresses(door: Door, provider: Provider) -> tuple[tuple[str, Handler], ...]:
    """Path and handler of both ways."""
    return (THERE, partial(_there, door, provider)), (BACK, partial(_back, door, provider))


async def _there(door: Door, provider: Provider, request: Request) -> Response:
    request.scope["path_named"] = THERE
    try:
        from_our_page(door.node, request)  # before it counts: no page of another site uses up the attempts
        door.count_attempt(request)
        where, browser = await run_in_threadpool(provider.begin, request.url.netloc)
    except StarlingError as error:
        _recorded(door, error)
        return door.sign_in_page(request, error)
    response = RedirectResponse(where, 303)
    response.set_cookie(AWAY_COOKIE, browser, _KEPT_S, secure=True, httponly=True, samesite="lax", path="/")
    return response


async def _back(door: Door, provider: Provider, request: Request) -> Response:
    """A page of ours goes on, so that the cookie of the session goes with the request: it came from elsewhere."""
    request.scope["path_named"] = BACK
    told, browser = dict(request.query_params), request.cookies.get(AWAY_COOKIE, "")
    try:
        if len(request.query_params.multi_items()) != len(told):
            raise InputError("BAD_REQUEST", "something is said twice")
        # a page of another site can have this asked without our cookie: such attempts are counted apart
        door.count_attempt(request, "" if browser else "strange")
        session = await run_in_threadpool(door.node.login_by_provider, partial(provider.finish, told, browser))
    except StarlingError as error:
        _recorded(door, error)
        response = door.sign_in_page(request, error)
    else:
        response = frame.page(request, frame.written("signed_in.html"))
        response.set_cookie(COOKIE, session.token, secure=True, httponly=True, samesite="strict", path="/")
    response.delete_cookie(AWAY_COOKIE, secure=True, httponly=True, samesite="lax", path="/")
    return response


def _recorded(door: Door, error: StarlingError) -> None:
    """A provider that does not answer is in the log; whoever it does not know was recorded already."""
    if error.code == "NO_PROVIDER":
        door.node.strangers.turned_away(error.message, THERE)
