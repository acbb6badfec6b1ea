"""Attacks on a node through CDS Hooks; each is named by what it tries."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwk, jwt

from starling.node.founding import Founded
from tests.node.devices import serving
from tests.node.hooked import SYSTEM, Hooked, hooked
from tests.simulators.ehr import SERVICES, Ehr, call, order, taken
from tests.simulators.fhir import FhirServer

ONE, TWO = "DEMO-0001", "DEMO-0002"
PATH = f"{SERVICES}/starling-order-sign"


@pytest.fixture(scope="module")
def board(founded: Founded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hooked]:
    with hooked(founded, tmp_path_factory.mktemp("hooked"), fhir_ms=1_500) as found:
        yield found


@pytest.fixture
def fhir(board: Hooked) -> Iterator[FhirServer]:
    """The EHR's server, as it should be afterwards."""
    keys = list(board.fhir.keys)
    board.fhir.asked.clear()
    yield board.fhir
    board.fhir.way, board.fhir.resources, board.fhir.keys, board.fhir.token = "", [], keys, ""


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def posted(board: Hooked, token: str, path: str = PATH) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return board.client.post(path, json=call("order-sign", ONE, order("codeine", patient=ONE)), headers=headers)


def refused(board: Hooked, token: str) -> str:
    """What is said of a token that is not believed: nothing of what it holds; and it is in the log."""
    answer = posted(board, token)
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_REFUSED"), answer.text
    event = board.device.events()[0]
    assert (event["subtype"][0]["code"], event["outcome"]) == ("cds.read", "4")
    assert "ehr.example" not in answer.text and answer.headers["access-control-allow-origin"] == "*"
    return str(answer.json()["detail"])


def claims_of(board: Hooked, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    said = {"iss": "https://ehr.example", "aud": board.device.address + PATH, "iat": now, "exp": now + 300, "jti": "j"}
    return {**said, **changed}


def test_attack_no_algorithm_and_a_secret_that_is_the_public_key(board: Hooked) -> None:
    claims = claims_of(board)
    unsigned = f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'one'})}.{part(claims)}."
    assert "algorithm" in refused(board, unsigned)
    for secret in (json.dumps(board.ehr.key.as_dict(private=False)).encode(), board.ehr.key.as_pem(private=False)):
        for head in ({"alg": "HS256", "kid": "one"}, {"alg": "HS384", "kid": "one"}, {"alg": "hs384", "kid": "one"}):
            signing = f"{part(head)}.{part(claims)}"
            digest = hmac.digest(secret, signing.encode(), "sha256" if head["alg"] == "HS256" else "sha384")
            signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            assert "algorithm" in refused(board, f"{signing}.{signature}")
    lying = f"{part({'alg': 'ES384', 'kid': 'one'})}.{part(claims)}.{part('nothing')}"
    assert "not signed" in refused(board, lying)


def test_attack_another_key_another_kind_and_a_key_in_the_token(board: Hooked) -> None:
    thief = jwk.ECKey.generate_key("P-384", {"kid": "one"}, private=True)
    claims = claims_of(board)
    for more in ({}, {"jwk": thief.as_dict(private=False)}, {"x5c": ["AAAA"]}, {"kid": "two"}, {"kid": None}):
        head = {name: value for name, value in {"alg": "ES384", "kid": "one", **more}.items() if value is not None}
        token = jwt.encode(head, claims, thief, algorithms=["ES384"])
        assert "not signed" in refused(board, token)
    rsa = jwk.RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    assert "not signed" in refused(board, jwt.encode({"alg": "RS384", "kid": "one"}, claims, rsa, algorithms=["RS384"]))
    for curve, algorithm in (("P-521", "ES512"), ("P-256", "ES256")):
        other = jwk.ECKey.generate_key(curve, {"kid": "one"}, private=True)
        token = jwt.encode({"alg": algorithm, "kid": "one"}, claims, other, algorithms=[algorithm])
        assert "algorithm" in refused(board, token)


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"exp": -61}, "over"), ({"exp": None}, "missing"), ({"iat": -361}, "not made for this call"),
     ({"iat": 62}, "not made for this call"), ({"iat": None}, "missing"), ({"nbf": 62}, "not good yet"),
     ({"exp": "soon"}, "missing"), ({"iat": True}, "missing"), ({"exp": 1e300}, "missing")],
)  # fmt: skip
def test_attack_a_token_that_is_over_or_not_of_now(board: Hooked, changed: dict[str, Any], said: str) -> None:
    now = int(time.time())
    moved: dict[str, Any] = {name: now + value if type(value) is int else value for name, value in changed.items()}
    assert said in refused(board, board.ehr.token(board.device.address + PATH, **moved))


def test_clocks_may_differ_by_a_minute(board: Hooked) -> None:
    now = int(time.time())
    both: list[dict[str, Any]] = [{"iat": now + 50, "exp": now + 350}, {"iat": now - 300, "exp": now - 50}]
    for moved in both:
        assert posted(board, board.ehr.token(board.device.address + PATH, **moved)).status_code == 200


@pytest.mark.parametrize(
    "audience", ["https://evil.example/cds-services/starling-order-sign", "{}/cds-services/starling-order-select",
                 "{}/cds-services", "{}/cds-services/starling-order-sign/", "", None, 7, ["{}" + PATH, "https://evil.example"],
                 [], ["https://evil.example"], {"a": 1}]
)  # fmt: skip
def test_attack_a_token_for_another_address_or_for_several(board: Hooked, audience: Any) -> None:
    def fill(text: str) -> str:
        return text.replace("{}", board.device.address)

    meant = (
        fill(audience)
        if isinstance(audience, str)
        else [fill(each) for each in audience]
        if isinstance(audience, list)
        else audience
    )
    assert "another address" in refused(board, board.ehr.token("", aud=meant))
    alone = board.ehr.token("", aud=[board.device.address + PATH])
    assert posted(board, alone).status_code == 200


def test_attack_a_token_for_another_host_with_that_host_in_the_request(board: Hooked) -> None:
    token = board.ehr.token(f"https://evil.example{PATH}")
    headers = {"authorization": f"Bearer {token}", "host": "evil.example"}
    answer = board.client.post(PATH, json=call("order-sign", ONE), headers=headers)
    assert answer.json()["code"] == "TOKEN_REFUSED"
    other_port = {"authorization": f"Bearer {board.ehr.token(f'https://127.0.0.1:1{PATH}')}", "host": "127.0.0.1:1"}
    assert board.client.post(PATH, json={}, headers=other_port).json()["code"] == "TOKEN_REFUSED"


def test_attack_a_token_is_used_again_also_after_a_restart(founded: Founded, tmp_path: Any) -> None:
    with hooked(founded, tmp_path) as first:
        address, folder, ehr = first.device.address, first.device.folder, first.ehr
        token = ehr.token(address + PATH)
        assert posted(first, token).status_code == 200
        assert "used before" in refused(first, token)
        again = ehr.token(address + PATH, jti="the same")
        assert posted(first, again).status_code == 200
        assert "used before" in refused(first, ehr.token(address + PATH, jti="the same", iat=int(time.time()) - 5))
    with serving(folder) as device, device.client() as client:
        moved = Ehr(device.address, ehr.key).token(device.address + PATH, jti="the same")
        answer = client.post(PATH, json={}, headers={"authorization": f"Bearer {moved}"})
        assert answer.status_code == 401 and "used before" in answer.text


@pytest.mark.parametrize(
    "token", ["a", "a.b", "a.b.c", "a.b.c.d", "....", "W10.W10.", "e30.e30.e30", "x" * 9_000,
              f"{part({'alg': 'ES384'})}.{'A' * 8000}.x", f"{base64.urlsafe_b64encode(b'[' * 5000).decode()}.e30.e30"]
)  # fmt: skip
def test_attack_what_is_no_token(board: Hooked, token: str) -> None:
    refused(board, token)
    for header in ({}, {"authorization": "Basic eDp5"}, {"authorization": "Bearer"}):
        assert board.client.post(PATH, json={}, headers=header).status_code == 401


def test_attack_a_certificate_instead_of_a_token(board: Hooked) -> None:
    for role in ("prescriber", "system", "administrator"):
        with board.device.client(role) as somebody:
            assert somebody.post(PATH, json=call("order-sign", ONE)).status_code == 401
    with board.device.client("system") as machine:
        assert machine.get("/v1/cds/overrides").status_code == 403
    listed = board.client.get("/v1/patients", headers=board.ehr.signed("/v1/patients"))
    assert listed.status_code == 401  # a token is good for hooks alone


def test_attack_an_issuer_that_nobody_knows(founded: Founded, tmp_path: Any) -> None:
    with hooked(founded, tmp_path, demo_trust=False) as found:
        stranger = Ehr(found.device.address, found.ehr.key, iss="https://evil.example")
        assert "issuer" in refused(found, stranger.token(found.device.address + PATH))
        assert "not signed" in refused(found, found.demo.token(found.device.address + PATH))  # its key counts no more


def test_attack_a_token_names_an_address_of_its_own_keys(board: Hooked, fhir: FhirServer) -> None:
    own = f"{fhir.root}/evil.json"
    for ehr in (board.rotating, board.ehr):
        evil = Ehr(ehr.address, ehr.key, iss=ehr.iss, jku=own, algorithm=ehr.algorithm)
        assert "jku" in refused(board, evil.token(board.device.address + PATH))
    assert own not in str(fhir.asked) and not any("evil" in each for each in fhir.asked)


def rotating_call(board: Hooked, ehr: Ehr) -> httpx.Response:
    body = call("order-sign", "x", order("codeine", patient="x"))
    body["prefetch"]["patient"] |= {"identifier": [{"system": SYSTEM, "value": ONE}]}
    return ehr.ask(board.client, "order-sign", body)


def test_keys_rotate_and_a_key_that_was_withdrawn_counts_no_more(board: Hooked, fhir: FhirServer) -> None:
    known = board.device.serving._api._hooks._clients._known["https://rotating.example"]
    assert rotating_call(board, board.rotating).status_code == 200
    asked = len(fhir.asked)
    assert rotating_call(board, board.rotating).status_code == 200 and len(fhir.asked) == asked
    key = jwk.RSAKey.generate_key(2048, {"kid": "second"}, private=True)
    new = Ehr(board.device.address, key, iss=board.rotating.iss,
              jku=board.rotating.jku, algorithm="RS384")  # fmt: skip
    fhir.keys = [new.key.as_dict(private=False)]
    assert rotating_call(board, new).status_code == 401 and len(fhir.asked) == asked  # asked a moment ago
    known.at -= 6.0
    assert rotating_call(board, new).status_code == 200
    assert rotating_call(board, board.rotating).status_code == 401  # its key is gone from the set
    fhir.keys = []
    assert rotating_call(board, new).status_code == 200
    known.at -= 3_601.0
    assert rotating_call(board, new).status_code == 401
    path = board.device.folder / "ehr.json"
    before = path.read_text()
    path.write_text('{"keys": []}')
    assert board.ehr.ask(board.client, "order-sign", call("order-sign", ONE)).status_code == 401
    path.write_text("no JSON at all")
    assert board.ehr.ask(board.client, "order-sign", call("order-sign", ONE)).status_code == 401
    path.write_text(before)
    assert board.ehr.ask(board.client, "order-sign", call("order-sign", ONE)).status_code == 200
    known.at = float("-inf")


# --- data and servers -------------------------------------------------------------------------------------------------


def test_attack_data_of_another_patient_come_with_the_call(board: Hooked, fhir: FhirServer) -> None:
    body = call("order-sign", ONE, order("codeine", patient=ONE), medicines=(taken("paroxetine", patient=TWO),))
    answer = board.ehr.ask(board.client, "order-sign", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")
    del body["prefetch"]["medications"]
    fhir.way = ""
    fhir.resources = [{"resourceType": "Patient", "id": ONE}]
    body["prefetch"]["patient"] = {"resourceType": "Patient", "id": TWO}
    assert board.ehr.ask(board.client, "order-sign", body).status_code == 400
    own = call("order-sign", "x", order("codeine", patient="x"))
    two = [{"system": SYSTEM, "value": ONE}, {"system": SYSTEM, "value": TWO}]
    own["prefetch"]["patient"] |= {"identifier": two}
    assert "several patients" in board.rotating.ask(board.client, "order-sign", own).text
    own["prefetch"]["patient"] |= {"identifier": two[:1], "birthDate": "1900-01-01"}
    assert "birth date" in board.rotating.ask(board.client, "order-sign", own).text
    own["prefetch"]["patient"] |= {"birthDate": board.device.patients[ONE].birth_date}
    assert board.rotating.ask(board.client, "order-sign", own).status_code == 200
    other = {"system": "urn:oid:9.9.9", "value": TWO}  # a number of another place
    own["prefetch"]["patient"] |= {"identifier": [two[0], other]}
    assert board.rotating.ask(board.client, "order-sign", own).status_code == 200


def bare(board: Hooked, server: str) -> dict[str, Any]:
    body = call("order-sign", ONE, order("codeine", patient=ONE))
    del body["prefetch"]
    return {**body, "fhirServer": server, "fhirAuthorization": {"access_token": "secret"}}


@pytest.mark.parametrize(
    "server", ["http://169.254.169.254/latest/meta-data", "https://127.0.0.1:1/fhir", "{root}", "{root}/fhir/../secret",
               "{root}/fhir@evil.example", "https://evil.example/fhir", "file:///etc/passwd", "{root}/fhir?x=",
               "{root}/fhir#",
               "gopher://127.0.0.1", "", "//{root}/fhir", "https://user@127.0.0.1/fhir"]
)  # fmt: skip
def test_attack_a_server_that_is_not_the_clients_is_not_asked(board: Hooked, fhir: FhirServer, server: str) -> None:
    answer = board.ehr.ask(board.client, "order-sign", bare(board, server.replace("{root}", fhir.root)))
    assert (answer.status_code, answer.json()["code"]) == (412, "NO_DATA")
    assert fhir.asked == [] and "no FHIR server" in answer.text


def test_attack_a_demonstration_is_asked_to_read_elsewhere(board: Hooked, fhir: FhirServer) -> None:
    for server in ("https://evil.example/fhir", "http://10.0.0.1/", "https://127.0.0.1.evil.example/", "file:///etc/passwd",
                   "https://x@127.0.0.1/", "http://[", "http://localhost.evil.example"):  # fmt: skip
        answer = board.demo.ask(board.client, "order-sign", bare(board, server))
        assert answer.status_code == 412 and "no FHIR server" in answer.text


@pytest.mark.parametrize("way", ["redirect", "elsewhere", "broken", "huge"])
def test_attack_a_server_leads_elsewhere(board: Hooked, fhir: FhirServer, way: str) -> None:
    fhir.way = way
    answer = board.ehr.ask(board.client, "order-sign", bare(board, fhir.address))
    assert answer.status_code == 412 and not any("secret" in each for each in fhir.asked)


def test_attack_a_server_that_drips_is_not_waited_for(board: Hooked, fhir: FhirServer) -> None:
    fhir.way = "drip"
    answer = board.ehr.ask(board.client, "order-sign", bare(board, fhir.address))
    assert answer.status_code == 412 and "in time" in answer.text


# --- bodies -----------------------------------------------------------------------------------------------------------

DEEP: dict[str, Callable[[], bytes]] = {
    "lists": lambda: b"[" * 50_000,
    "closed lists": lambda: b"[" * 500 + b"]" * 500,
    "objects": lambda: b'{"a":' * 500 + b"1" + b"}" * 500,
    "in an order": lambda: json.dumps(
        call("order-sign", ONE, order("codeine", patient=ONE, extension=json.loads("[" * 100 + "]" * 100)))
    ).encode(),
    "no JSON": lambda: b"\xff\xfe",
    "nothing": lambda: b"",
    "a number": lambda: b"7",
}


@pytest.mark.parametrize("made", DEEP)
def test_attack_bodies_that_are_huge_or_nested(board: Hooked, made: str) -> None:
    answer = board.client.post(PATH, content=DEEP[made](), headers=board.ehr.signed(PATH))
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")
    huge = board.client.post(PATH, content=b" " * (2049 << 10), headers=board.ehr.signed(PATH))
    assert huge.json()["code"] == "TOO_LARGE"
    assert board.device.node.health().ready


def test_attack_a_medicine_whose_name_is_a_script(board: Hooked) -> None:
    script = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) | `a` *b*\nnew line"
    medicines = (taken("paroxetine", patient=ONE), taken(script, patient=ONE, id_="s"))
    body = call("order-sign", ONE, order("tramadol", patient=ONE), medicines=medicines)
    answer = board.ehr.ask(board.client, "order-sign", body)
    (card,) = answer.json()["cards"]
    assert "&lt;img src=x onerror=alert\\(1\\)&gt;" in card["detail"] and "<img" not in answer.text
    assert "](javascript" not in card["detail"]


def test_attack_feedback_on_a_card_of_another_client(board: Hooked) -> None:
    body = call("order-sign", ONE, order("tramadol", patient=ONE), medicines=(taken("paroxetine", patient=ONE),))
    card = board.ehr.ask(board.client, "order-sign", body).json()["cards"][0]["uuid"]
    told = {"card": card, "outcome": "overridden", "overrideReason": {"reason": {"code": "other"}}}
    assert board.rotating.tell(board.client, "order-sign", told).status_code == 404
    assert board.ehr.tell(board.client, "order-select", told).status_code == 404
    assert len(board.ehr.ask(board.client, "order-sign", body).json()["cards"]) == 1
