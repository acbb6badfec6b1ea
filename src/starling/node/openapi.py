"""The OpenAPI document of a node, made from the table of its endpoints: what they take and give cannot differ from it.

Source: OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import json

from starling._version import __version__

if TYPE_CHECKING:
    from starling.node.api import Endpoint

_PROBLEM = {
    "description": "a problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"type": "object"}}},
}


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The document."""
    rows = tuple(endpoints)
    kinds = [kind for row in rows for kind in (row.takes, row.gives) if kind is not None]
    schemas, components = json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    schema_of = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        takes = next(schema_of) if row.takes is not None else None
        gives = next(schema_of) if row.gives is not None else None
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, takes, gives)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Starling node", "version": __version__},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"certificate": {"type": "mutualTLS"}}},
        "security": [{"certificate": []}],
    }


def _operation(row: Endpoint, takes: Any, gives: Any) -> dict[str, Any]:
    """One method of one path."""
    operation: dict[str, Any] = {
        "summary": row.summary,
        "operationId": f"{row.method.lower()} {row.path}",
        "responses": {
            str(row.status): {"description": "done", "content": {"application/json": {"schema": gives or {}}}},
            "default": _PROBLEM,
        },
    }
    names = re.findall(r"\{(\w+)\}", row.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if takes is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": takes}}}
    return operation
