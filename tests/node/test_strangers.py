"""Who was turned away unknown is in the log, and fills no disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starling.node.opening import opened
from starling.node.strangers import ACTION, Strangers
from starling.trust.events import action_of
from tests.node.devices import Device, serving


def told(events: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What was recorded of strangers, the newest first."""
    found = [each for each in events if action_of(each) == ACTION]
    return [{one["type"]: one["valueString"] for one in each["entity"][0]["detail"]} for each in found]


def test_attack_whoever_is_turned_away_a_thousand_times_fills_no_disk_and_is_counted(copied: Path) -> None:
    with opened(copied) as node:
        now = [0.0]
        strangers, before = Strangers(node, lambda: now[0]), node.log.size
        for number in range(1_000):
            strangers.turned_away(f"reason {number % 50}", "/v1/check")
        assert node.log.size - before == 30
        strangers.told()
        strangers.told()
        assert node.log.size - before == 31
        last = told([event for _, event in node.log.events(limit=1)])[0]
        assert last["more"] == "970" and len(last["reason"]) < 800 and "other reasons" in last["reason"]
        now[0] += 120  # a thirtieth of an hour: one more
        strangers.turned_away("again", "/v1/check")
        strangers.turned_away("again", "/v1/check")
        assert node.log.size - before == 32


def test_who_shows_nothing_and_a_form_of_another_page_are_in_the_log(device: Device) -> None:
    with device.client() as nobody, device.client("prescriber", origin="https://evil.example") as forged:
        assert nobody.get("/v1/patients/p-secretsecret/assessment").status_code == 401
        assert forged.post("/v1/check", json={}).status_code == 401
        form = {"name": "administrator", "password": "x", "code": "123456", "csrf": "x"}
        assert nobody.post("/sign-in", data=form).status_code == 401
    found = told(device.events())
    assert [(each["where"], each["reason"]) for each in found] == [
        ("/sign-in", "the form has expired: fill it in again"),
        ("/v1/check", "a page of another site sent this"),
        ("/v1/patients/{patient}/assessment", "neither a client certificate nor a session"),
    ]


def test_a_provider_that_does_not_answer_is_in_the_log(copied: Path) -> None:
    said = 'oidc_issuer = "https://127.0.0.1:1"\noidc_client = "ward"\noidc_roles = "a=auditor"\n'
    (copied / "settings.toml").write_text(said, encoding="utf-8")
    with serving(copied) as device, device.client() as nobody:
        assert nobody.get("/sign-in/provider").status_code == 503
        assert "does not answer" in told(device.events())[0]["reason"]
