"""One spelling of a JSON value, so that equal values have equal hashes: RFC 8785, for values without fractions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from starling.errors import InternalError

_LARGEST: Final = (1 << 53) - 1
_encode: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=True
).encode


def canonical(value: Mapping[str, Any]) -> bytes:
    """The bytes of RFC 8785.  Names must be ASCII and numbers whole: there the standard library spells it the same way.

    Raises: InternalError, ours, for anything else.
    """
    try:
        _look_at(value)
        return _encode(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise InternalError("INTERNAL", f"an event has no canonical form ({error})") from error


def _look_at(value: Any) -> None:
    kind = type(value)
    if kind is dict:
        if not all(map(str.isascii, value)):
            raise TypeError("a name is not ASCII")
        parts = value.values()
    elif kind is list or kind is tuple:
        parts = value
    elif kind is bool or value is None or (kind is int and abs(value) <= _LARGEST):
        return
    else:
        raise TypeError(f"{kind.__name__} {value!r} cannot be part of an event")
    for part in parts:
        if type(part) is not str:
            _look_at(part)
