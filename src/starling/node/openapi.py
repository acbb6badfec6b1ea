"""The OpenAPI document of a node, made from the table of its endpoints: what they take and give cannot differ from it.

Source: OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import json

from starling._version import __version__
from starling.node.callers import COOKIE, CSRF, EMERGENCY
from starling.node.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from starling.node.endpoints import Endpoint

_TEXT: Final = {"type": "string"}
_BYTES: Final = {"type": "string", "contentMediaType": "application/octet-stream"}
_SCHEMES: Final = {
    "certificate": {"type": "mutualTLS"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}
_BY_TOKEN: Final = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
_CALLER: Final = [
    {"name": EMERGENCY, "in": "header", "schema": _TEXT, "description": "why the glass is broken, percent-encoded"},
    {"name": CSRF, "in": "header", "schema": _TEXT, "description": "of a session: goes with every change"},
]


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The document."""
    rows = tuple(endpoints)
    kinds = dict.fromkeys(kind for row in rows for kind in (row.takes, row.gives) if kind not in {None, bytes})
    found, components = json.schema_components([*kinds, Problem], ref_template="#/components/schemas/{name}")
    schemas = {None: {}, bytes: _BYTES, **dict(zip((*kinds, Problem), found, strict=True))}
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Starling node", "version": __version__},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SCHEMES | _BY_TOKEN},
        "security": [{each: []} for each in _SCHEMES],
    }


def _operation(row: Endpoint, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    """One method of one path."""
    given: dict[str, Any] = {"description": "done"}
    if row.status != 204:
        given["content"] = {row.media: {"schema": schemas[row.gives]}}
    problem = {"description": "a problem (RFC 9457)", "content": {MEDIA_TYPE: {"schema": schemas[Problem]}}}
    also = {str(row.also): given} if row.also else {}
    operation: dict[str, Any] = {
        "summary": row.summary,
        "operationId": f"{row.method.lower()} {row.path}",
        "parameters": _parameters(row),
        "responses": {str(row.status): given, **also, "default": problem},
    }
    if not row.action or row.by_token:
        operation["security"] = [{each: []} for each in _BY_TOKEN] if row.by_token else []
    if row.takes is not None:
        operation["requestBody"] = {"required": True, "content": {row.accepts: {"schema": schemas[row.takes]}}}
    return operation


def _parameters(row: Endpoint) -> list[dict[str, Any]]:
    named = [(name, "path", "") for name in re.findall(r"\{(\w+)\}", row.path)]
    named += [(name, "query", said) for name, said in row.query]
    named += [(name, "header", said) for name, said in row.headers]
    found: list[dict[str, Any]] = [
        {"name": name, "in": where, "required": where == "path", "schema": _TEXT, "description": said}
        for name, where, said in named
    ]
    return found + (_CALLER if row.action and not row.by_token else [])
