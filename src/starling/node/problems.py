"""Errors as problem details (RFC 9457): a type, a title, a status, a code, and one sentence of what to do."""

from __future__ import annotations

from typing import Final

from msgspec import DecodeError, json
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from starling.errors import ADVICE, InputError, StarlingError
from starling.node.disk import of_disk
from starling.node.values import Value

MEDIA_TYPE: Final = "application/problem+json"
#: code of an error -> status; every other InputError is 422, anything else 500
_STATUS: Final = {
    "NOT_FOUND": 404, "NOT_PERMITTED": 403, "NOT_KNOWN": 401, "NO_RESULT": 409, "BAD_STATE": 409, "SAME_PERSON": 409,
    "ANSWER_CHANGED": 409,
    "TOO_LARGE": 413, "TOO_MANY": 429, "TOO_SLOW": 503, "DISK_UNWRITABLE": 503, "BAD_REQUEST": 400, "NO_METHOD": 405,
    "TOKEN_REFUSED": 401, "NO_DATA": 412,
}  # fmt: skip
_TITLES: Final = {
    400: "The request cannot be read", 401: "Nobody knows who asks", 403: "Not permitted", 404: "Not found",
    412: "What is needed was not sent",
    405: "Not for this method", 409: "Not in this state", 413: "Too large", 422: "The request cannot be answered",
    429: "Too many requests", 500: "A defect of the program", 503: "Not now",
}  # fmt: skip


class Problem(Value, frozen=True):
    """What was wrong with a request.  `code`: a row of docs/reference/errors.md."""

    type: str
    title: str
    status: int
    detail: str
    code: str


def problem(code: str, detail: str, *, status: int | None = None, headers: dict[str, str] | None = None) -> Response:
    """The response that states one problem."""
    number = status or _STATUS.get(code, 422)
    body = Problem(
        type=f"urn:starling:problem:{code.lower().replace('_', '-')}", title=_TITLES[number], status=number,
        detail=f"{detail}. {ADVICE[code]}", code=code,
    )  # fmt: skip
    return Response(json.encode(body), status_code=number, media_type=MEDIA_TYPE, headers=headers)


def of_error(error: Exception) -> Response:
    """The response to an error; of a defect nothing but its code is told."""
    match error:
        case DecodeError() | UnicodeDecodeError():
            return problem("BAD_REQUEST", str(error))
        case ClientDisconnect():
            return problem("BAD_REQUEST", "the request ended before it was whole")
        case _ if (found := of_disk(error)) is not None:
            return problem(found.code, found.message)
        case StarlingError() if error.code in _STATUS or isinstance(error, InputError):
            return problem(error.code, _without_source(error))
        case StarlingError():
            return problem(error.code, error.message, status=503)
        case _:
            return problem("INTERNAL", "the request found a defect", status=500)


def _without_source(error: StarlingError) -> str:
    """What is wrong, without the name of a file: names of files are names of patients."""
    source = getattr(error, "source", None)
    return error.message.removeprefix(f"{source}:").strip() if source else error.message
