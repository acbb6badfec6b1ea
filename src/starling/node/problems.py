"""Errors as problem details (RFC 9457): a type, a title, a status, a code, and one sentence of what to do."""

from __future__ import annotations

from typing import Final

from msgspec import ValidationError, json
from starlette.responses import Response

from starling.errors import ADVICE, StarlingError

MEDIA_TYPE: Final = "application/problem+json"
#: code of an error -> status; every other InputError is 422, anything else 500
_STATUS: Final = {
    "NOT_FOUND": 404, "NOT_PERMITTED": 403, "NOT_KNOWN": 401, "NO_RESULT": 409, "BAD_STATE": 409, "SAME_PERSON": 409,
    "TOO_LARGE": 413, "TOO_MANY": 429, "TOO_SLOW": 503, "BAD_REQUEST": 400, "NO_METHOD": 405,
}  # fmt: skip
_TITLES: Final = {
    400: "The request cannot be read", 401: "Nobody knows who asks", 403: "Not permitted", 404: "Not found",
    405: "Not for this method", 409: "Not in this state", 413: "Too large", 422: "The request cannot be answered",
    429: "Too many requests", 500: "A defect of the program", 503: "Not now",
}  # fmt: skip


def problem(code: str, detail: str, *, status: int | None = None, headers: dict[str, str] | None = None) -> Response:
    """The response that states one problem."""
    number = status or _STATUS.get(code, 422)
    body = {
        "type": f"urn:starling:problem:{code.lower().replace('_', '-')}",
        "title": _TITLES[number],
        "status": number,
        "detail": f"{detail}. {ADVICE.get(code, '')}".strip(),
        "code": code,
    }
    return Response(json.encode(body), status_code=number, media_type=MEDIA_TYPE, headers=headers)


def of_error(error: Exception) -> Response:
    """The response to an error; of a defect nothing but its code is told."""
    match error:
        case ValidationError():
            return problem("BAD_REQUEST", str(error))
        case StarlingError() if error.exit_code in {2, 7}:
            return problem(error.code, error.message)
        case StarlingError():
            return problem(error.code, error.message, status=503)
        case _:
            return problem("INTERNAL", "the request found a defect", status=500)
