"""Who may do what: Cedar policies that ship with the program, deny by default.

A decision depends on the role, the action and the facts of `Facts` alone, so each is made once and kept.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Final

import cedarpy

from starling.errors import ForbiddenError
from starling.node.values import ROLES, Principal
from starling.values import dataclass

#: every action that the policies speak of
ACTIONS: Final = (
    "account.list",
    "account.write",
    "assessment.read",
    "audit.read",
    "cds.list",
    "cds.read",
    "cds.write",
    "check",
    "hl7.write",
    "job.list",
    "job.read",
    "job.refuse",
    "job.release",
    "job.resolve",
    "job.review",
    "job.submit",
    "knowledge.read",
    "knowledge.replace",
    "metrics.read",
    "model.list",
    "node.unlock",
    "override.list",
    "override.write",
    "patient.erase",
    "patient.export",
    "patient.list",
    "patient.read",
    "population.read",
    "settings.read",
)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is permitted, and by which policies (`@id`)."""

    permitted: bool
    policies: tuple[str, ...]


def decide(principal: Principal, action: str, site: str) -> Decision:
    """What the policies say to `principal` who wants `action` done to something of `site`."""
    return _decided(principal.role, action, principal.site == site, bool(principal.emergency))


def require(principal: Principal, action: str, site: str) -> Decision:
    """The decision, which permits.  Raises: ForbiddenError NOT_PERMITTED."""
    decision = decide(principal, action, site)
    if not decision.permitted:
        elsewhere = "" if principal.site == site else " at another site"
        raise ForbiddenError("NOT_PERMITTED", f"{principal.role} may not do {action}{elsewhere}")
    return decision


@lru_cache(maxsize=4096)
def _decided(role: str, action: str, same_site: bool, emergency: bool) -> Decision:  # noqa: FBT001 -- the key of a cache
    if role not in ROLES or action not in ACTIONS:
        return Decision(permitted=False, policies=())
    request = {
        "principal": f'Role::"{role}"',
        "action": f'Action::"{action}"',
        "resource": 'Node::"this"',
        "context": {"same_site": same_site, "emergency": emergency},
    }
    answer = cedarpy.is_authorized(request, policies(), [])
    return Decision(permitted=answer.allowed, policies=tuple(sorted(answer.diagnostics.reasons)))


@lru_cache(maxsize=1)
def policies() -> str:
    """The text of the policies."""
    return (files("starling.node") / "policies" / "node.cedar").read_text(encoding="utf-8")
