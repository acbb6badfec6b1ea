"""Who may do what over the wire: every operation of the served document, and everybody who may not."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import json

from starling.node.endpoints import ENDPOINTS
from starling.node.openapi import document
from starling.node.values import ROLES
from starling.trust.certificates import Authority
from tests.node.devices import Device
from tests.node.test_policy import MAY

#: (method, path, action) of everything that needs a caller
GUARDED = [(each.method, each.path, each.action) for each in ENDPOINTS if each.action and not each.by_token]
#: where nothing but a token of an EHR counts
BY_TOKEN = [(each.method, each.path) for each in ENDPOINTS if each.by_token]
OPEN = [(each.method, each.path) for each in ENDPOINTS if not each.action]
EVERYBODY = {"knowledge.read", "model.list"}


def filled(device: Device, path: str) -> str:
    """The path with a patient, a job and a service that are there."""
    patient = next(iter(device.patients.values()))
    named = path.replace("{patient}", patient.id).replace("{job}", patient.released)
    return named.replace("{service}", "starling-order-sign")


def ask(client: httpx.Client, device: Device, method: str, path: str) -> httpx.Response:
    return client.request(method, filled(device, path), json={} if method == "POST" else None)


def refused_with(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code


def test_the_document_lists_everything_that_is_served(device: Device) -> None:
    api = device.serving._api
    app: Any = api.application()._app
    served = {(method, route.path) for route in app.routes for method in (route.methods or set()) - {"HEAD", "OPTIONS"}}
    known = {path for _, path in (*OPEN, *BY_TOKEN)}
    served = {each for each in served if each[1].startswith(("/v1/", "/fhir/")) or each[1] in known}
    with device.client("system") as caller:
        described = caller.get("/openapi.json").json()
    listed = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert served | {("GET", "/metrics")} == listed == {(each.method, each.path) for each in ENDPOINTS}
    assert described == json.decode(json.encode(document(ENDPOINTS)))


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_what_needs_nobody_is_said_so_and_tells_of_nobody(device: Device, method: str, path: str) -> None:
    with device.client() as nobody:
        assert nobody.get("/openapi.json").json()["paths"][path][method.lower()]["security"] == []
        text = nobody.request(method, path, json={} if method == "POST" else None).text
    for patient in device.patients.values():
        assert patient.id not in text and patient.identifier not in text


@pytest.mark.parametrize(("method", "path", "action"), GUARDED)
def test_without_a_certificate_everything_is_refused(device: Device, method: str, path: str, action: str) -> None:
    with device.client() as nobody:
        refused_with(ask(nobody, device, method, path), 401, "NOT_KNOWN")


@pytest.mark.parametrize(("method", "path"), BY_TOKEN)
def test_where_a_token_counts_nobody_else_is_anybody(device: Device, tmp_path: Path, method: str, path: str) -> None:
    other = device.certificate(tmp_path / "other.pem", "system", site="there")
    for who in (None, other, *ROLES):
        with device.client(who) as caller:
            refused_with(ask(caller, device, method, path), 401, "TOKEN_REFUSED")
    assert document(ENDPOINTS)["paths"][path][method.lower()]["security"] == [{"token": []}]


@pytest.fixture(scope="module")
def refused_certificates(device: Device, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What no connection is made with."""
    folder = tmp_path_factory.mktemp("certificates")
    stranger = Authority.create("Starling node authority").issue("prescriber-1", role="prescriber", site="here", days=1)
    wrong = folder / "wrong.pem"
    wrong.write_bytes(stranger.private_pem() + stranger.chain)
    expired = device.certificate(folder / "expired.pem", "prescriber", days=0)
    key = device.node.records.secret("authority")
    assert key is not None
    own = Authority.load((device.folder / "ca.pem").read_bytes(), key)
    server = own.issue("prescriber-1", role="prescriber", site="here", hosts=["127.0.0.1"], days=1)
    (folder / "server.pem").write_bytes(server.private_pem() + server.chain)
    return {"wrong authority": wrong, "expired": expired, "of a server": folder / "server.pem"}


@pytest.mark.parametrize("kind", ["wrong authority", "expired", "of a server"])
def test_a_certificate_that_does_not_hold_gets_no_answer_anywhere(
    device: Device, refused_certificates: dict[str, Path], kind: str
) -> None:
    for method, path in ((each.method, each.path) for each in ENDPOINTS):
        with (
            device.client(refused_certificates[kind]) as caller,
            pytest.raises((httpx.ReadError, httpx.RemoteProtocolError, httpx.ConnectError)) as refused,
        ):
            ask(caller, device, method, path)
        assert re.search("(?i)alert|reset|closed|disconnected|eof", str(refused.value))


@pytest.mark.parametrize("role", ROLES)
def test_a_wrong_role_is_refused_and_it_is_recorded(device: Device, role: str) -> None:
    denied = [row for row in GUARDED if row[2] not in MAY[role] | EVERYBODY | {"logout"}]
    before = device.node.log.size
    with device.client(role) as caller:
        for method, path, _ in denied:
            refused_with(ask(caller, device, method, path), 403, "NOT_PERMITTED")
        refused_with(ask(caller, device, "POST", "/v1/logout"), 401, "NOT_KNOWN")
    recorded = device.events()[: device.node.log.size - before]
    assert [each["subtype"][0]["code"] for each in reversed(recorded)] == [action for _, _, action in denied]
    assert {each["outcome"] for each in recorded} == {"4"}
    assert {each["agent"][0]["who"]["identifier"]["value"] for each in recorded} == {f"{role}-1"}


@pytest.mark.parametrize("role", ROLES)
def test_another_site_is_refused_everything(device: Device, tmp_path: Path, role: str) -> None:
    other = device.certificate(tmp_path / "other.pem", role, site="there")
    with device.client(other) as caller:
        for method, path, action in GUARDED:
            status, code = (401, "NOT_KNOWN") if action == "logout" else (403, "NOT_PERMITTED")
            refused_with(ask(caller, device, method, path), status, code)


def test_a_certificate_of_a_role_that_nobody_knows_is_nobody(device: Device, tmp_path: Path) -> None:
    with device.client(device.certificate(tmp_path / "king.pem", "king")) as caller:
        for method, path, _ in GUARDED:
            refused_with(ask(caller, device, method, path), 401, "NOT_KNOWN")


@pytest.mark.parametrize(
    "sender", ["cross-site", "same-site", "anything", "origin: https://evil.example", "origin: null"]
)
@pytest.mark.parametrize(("method", "path", "action"), [each for each in GUARDED if each[0] != "GET"])
def test_attack_a_page_of_another_site_sends_what_the_browser_signs_with_its_certificate(
    device: Device, method: str, path: str, action: str, sender: str
) -> None:
    """Without knowing of JSON: `text/plain` is what a form of another page may send."""
    _, _, origin = sender.partition("origin: ")
    headers = {"origin": origin} if origin else {"sec-fetch-site": sender}
    headers["content-type"] = "text/plain"
    role = next((role for role in ROLES if action in MAY[role]), "prescriber")
    with device.client(role) as caller:
        refused_with(caller.request(method, filled(device, path), content=b"{}", headers=headers), 401, "NOT_KNOWN")


def test_a_name_in_the_headers_makes_nobody_somebody(device: Device) -> None:
    forged = {"starling.subject": "CN=prescriber-1,OU=prescriber,O=here", "ssl-client-subject": "prescriber-1",
              "x-forwarded-for": "127.0.0.1", "authorization": "Bearer prescriber"}  # fmt: skip
    with device.client(None, **forged) as nobody:
        refused_with(ask(nobody, device, "GET", "/v1/patients"), 401, "NOT_KNOWN")


def test_the_glass_is_broken_with_a_reason_and_loudly(device: Device, tmp_path: Path) -> None:
    patient = next(iter(device.patients.values()))
    other = device.certificate(tmp_path / "other.pem", "prescriber", site="there", name="dr-far")
    order = {"patient": patient.id, "drugs": ["codeine"]}
    with device.client(other) as far:
        for reason in ("", "%20", "no", "x" * 2_001):
            expected = (403, "NOT_PERMITTED") if not reason.replace("%20", "") else (400, "BAD_REQUEST")
            refused_with(far.post("/v1/check", json=order, headers={"starling-emergency": reason}), *expected)
        reason = f"found%20unconscious:%20{patient.name.upper()},%20{patient.identifier}"
        assert far.post("/v1/check", json=order, headers={"starling-emergency": reason}).status_code == 200
        refused_with(far.get("/v1/patients", headers={"starling-emergency": "curious"}), 403, "NOT_PERMITTED")
    loud = next(each for each in device.events() if each["outcome"] == "0")
    assert loud["type"]["code"] == "110113"
    assert loud["agent"][0]["who"]["identifier"]["value"] == "dr-far"
    said = {each["type"]: each["valueString"] for each in loud["entity"][1]["detail"]}
    assert said["emergency"] == "found unconscious: [...], [...]"
    laboratory = device.certificate(tmp_path / "laboratory.pem", "laboratory", site="there")
    with device.client(laboratory, **{"starling-emergency": "unconscious"}) as lab:
        refused_with(lab.post("/v1/check", json=order), 403, "NOT_PERMITTED")


def test_a_text_in_a_url_does_not_reach_the_log(device: Device) -> None:
    with device.client("prescriber") as prescriber:
        refused_with(prescriber.get("/v1/patients/Erika%20Musterfrau"), 404, "NOT_FOUND")
    with device.client("auditor") as auditor:
        refused_with(auditor.get("/v1/patients/Erika%20Musterfrau"), 403, "NOT_PERMITTED")
    assert "Musterfrau" not in str(device.events()[:2])


def test_who_does_not_trust_the_authority_of_the_node_does_not_speak_to_it(device: Device) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{device.address}/livez", verify=ssl.create_default_context())
