"""The files that pages load: one style sheet, htmx with its extension for events, an icon; from memory, compressed.

Their address holds a digest of their content, so that a browser may keep them for ever and never shows an old one.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from starling.report.frame import template
from starling.values import dataclass

_FOLDER: Final = Path(__file__).parent / "static"
#: the style of the report comes first, so that both show a drug in the same colours
_FROM_THE_REPORT: Final = ("report.css", "check.css")
_KINDS: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
NAMES: Final = ("starling.css", "htmx.min.js", "htmx-ext-sse.min.js", "sending.js", "icon.svg")
#: a year, in seconds
_FOR_EVER: Final = "private, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is sent."""

    kind: str
    plain: bytes
    packed: bytes
    digest: str


@cache
def asset(name: str) -> Asset:
    """One of `NAMES`."""
    plain = (_FOLDER / name).read_bytes()
    if name == "starling.css":
        plain = "".join(map(template, _FROM_THE_REPORT)).encode() + plain
    digest = hashlib.sha256(plain).hexdigest()[:16]
    return Asset(_KINDS[name.rpartition(".")[2]], plain, gzip.compress(plain, mtime=0), digest)


def address(name: str) -> str:
    """Where a page finds it."""
    return f"/static/{asset(name).digest}/{name}"


async def sent(request: Request) -> Response:
    """One of them; under another digest there is nothing."""
    request.scope["path_named"] = "/static"
    name = request.path_params["name"]
    if name not in NAMES or asset(name).digest != request.path_params["digest"]:
        return Response(status_code=404)
    found = asset(name)
    return compressed(request, found.plain, found.packed, media_type=found.kind, cache=_FOR_EVER)


def compressed(
    request: Request, plain: bytes, packed: bytes, *, media_type: str, cache: str = "no-store", status: int = 200
) -> Response:
    """The response, packed where the browser takes that."""
    takes = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"cache-control": cache, "vary": "accept-encoding"} | ({"content-encoding": "gzip"} if takes else {})
    return Response(packed if takes else plain, status, headers, media_type)
