"""Who may do what: everything is refused that no policy permits."""

from __future__ import annotations

import re

import cedarpy
import pytest

from starling.errors import ForbiddenError
from starling.node.endpoints import ENDPOINTS
from starling.node.openapi import document
from starling.node.policy import ACTIONS, decide, policies, require
from starling.node.values import ROLES, Principal, Role

#: beyond the knowledge, which everybody sees
MAY = {
    "administrator": {"account.list", "account.write", "cds.list", "job.list", "job.read", "knowledge.replace",
                      "metrics.read", "node.unlock", "patient.erase", "patient.export", "settings.read"},
    "auditor": {"account.list", "audit.read", "settings.read"},
    "laboratory": {"assessment.read", "check", "hl7.write", "job.list", "job.read", "job.refuse", "job.release",
                   "job.resolve", "job.review", "job.submit", "override.list", "patient.list", "patient.read",
                   "population.read"},
    "pharmacist": {"assessment.read", "cds.list", "check", "hl7.write", "job.list", "job.read", "job.refuse",
                   "job.release", "job.resolve", "job.review", "override.list", "override.write", "patient.list",
                   "patient.read", "population.read"},
    "prescriber": {"assessment.read", "check", "override.list", "override.write", "patient.list", "patient.read"},
    "system": {"cds.read", "cds.write", "hl7.write", "job.list", "job.read", "job.submit", "metrics.read"},
}  # fmt: skip
GLASS = {"assessment.read", "check", "patient.read"}


def asker(role: Role, *, site: str = "here", emergency: str = "") -> Principal:
    return Principal(name="somebody", role=role, site=site, emergency=emergency)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_is_listed_and_nothing_else(role: Role) -> None:
    found = {action for action in ACTIONS if decide(asker(role), action, "here").permitted}
    assert found == MAY[role] | {"knowledge.read", "model.list"}


@pytest.mark.parametrize("role", ROLES)
def test_another_site_is_refused_everything(role: Role) -> None:
    assert [action for action in ACTIONS if decide(asker(role, site="there"), action, "here").permitted] == []


@pytest.mark.parametrize("role", ROLES)
def test_the_glass_opens_for_who_prescribes_and_for_reading_alone(role: Role) -> None:
    who = asker(role, site="there", emergency="unconscious")
    found = {action for action in ACTIONS if decide(who, action, "here").permitted}
    assert found == (GLASS if role in {"prescriber", "pharmacist"} else set())


def test_what_no_policy_knows_is_refused() -> None:
    assert not decide(asker("administrator"), "store.open", "here").permitted
    with pytest.raises(ForbiddenError, match=r"store\.open"):
        require(asker("administrator"), "store.open", "here")


def test_the_policies_can_be_read_and_speak_of_known_actions_only() -> None:
    named = re.findall(r'Action::"([^"]+)"', policies())
    assert sorted(set(named)) == sorted(ACTIONS)
    request = {"principal": 'Role::"auditor"', "action": 'Action::"audit.read"', "resource": 'Node::"this"',
               "context": {"same_site": True, "emergency": False}}  # fmt: skip
    assert cedarpy.is_authorized(request, policies(), []).diagnostics.errors == []


def test_every_endpoint_has_an_action_of_the_policies_and_is_described() -> None:
    described = document(ENDPOINTS)["paths"]
    for endpoint in ENDPOINTS:
        assert endpoint.action in {*ACTIONS, "logout", ""}
        assert described[endpoint.path][endpoint.method.lower()]["summary"] == endpoint.summary
