"""An EHR's server that is wrong, slow or hostile gets no token, no result, and no second of more than was given."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwk, jws

from starling.errors import InputError
from starling.node.ehr import Ehr
from starling.node.outbox import Undelivered
from starling.node.settings import Settings, read_settings
from tests.node.ehrs import BadEhr, Stated, bad_ehr, other_ehr, settings_for

CONFIGURATION = "/fhir/.well-known/smart-configuration"
TOKEN = {"access_token": "t-1", "token_type": "bearer", "expires_in": 300}


@pytest.fixture
def bad(tmp_path: Path) -> Iterator[BadEhr]:
    with bad_ehr(tmp_path) as found:
        found.ways[CONFIGURATION] = (200, {}, {"token_endpoint": f"{found.root}/token"})
        found.ways["/token"] = (200, {}, TOKEN)
        found.ways["/fhir"] = (200, {}, {"resourceType": "Bundle"})
        yield found


def client(bad: BadEhr, folder: Path, **more: Any) -> Ehr:
    return Ehr(Settings({**settings_for(bad.root, folder), **more}))


def paths(bad: BadEhr) -> list[str]:
    return [path for path, _, _ in bad.asked]


def test_a_token_is_asked_for_once_and_shown_to_the_server_alone(bad: BadEhr, tmp_path: Path) -> None:
    ehr = client(bad, tmp_path)
    assert [ehr.ask("", b"{}", "application/fhir+json")[0] for _ in range(2)] == [200, 200]
    assert paths(bad) == [CONFIGURATION, "/token", "/fhir", "/fhir"]
    assert [head.get("authorization") for _, head, _ in bad.asked] == [None, None, "Bearer t-1", "Bearer t-1"]
    form = parse_qs(bad.asked[1][2].decode())
    assert form["grant_type"] == ["client_credentials"] and form["scope"] == ["system/*.write system/*.read"]
    said = json.loads(jws.extract_compact(form["client_assertion"][0].encode()).payload)
    assert (said["iss"], said["sub"], said["aud"]) == ("starling", "starling", f"{bad.root}/token")
    assert 0 < said["exp"] - said["iat"] <= 300


def test_a_token_that_ends_is_not_used_to_its_end(bad: BadEhr, tmp_path: Path) -> None:
    clock = iter([0.0, 200.0, 280.0, 280.0])
    ehr = Ehr(Settings(settings_for(bad.root, tmp_path)), clock=lambda: next(clock))
    for _ in range(3):
        ehr.ask("", b"{}", "application/fhir+json")
    assert paths(bad).count("/token") == 2


def test_attack_a_token_endpoint_of_another_host_is_not_asked(bad: BadEhr, tmp_path: Path) -> None:
    for named in ("https://elsewhere.example/token", bad.root.replace("https", "http") + "/token", "https://127.0.0.1/t",
                  bad.root.replace("127.0.0.1", "127.0.0.1@elsewhere.example"), "https://[", 7, None):  # fmt: skip
        bad.ways[CONFIGURATION] = (200, {}, {"token_endpoint": named})
        with pytest.raises(Undelivered, match="token endpoint"):
            client(bad, tmp_path).ask("", b"{}", "application/fhir+json")
    assert set(paths(bad)) == {CONFIGURATION}


@pytest.mark.parametrize("at", [CONFIGURATION, "/token", "/fhir"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_attack_a_redirection_to_another_host_is_not_followed(
    bad: BadEhr, tmp_path: Path, at: str, status: int
) -> None:
    bad.ways[at] = (status, {"Location": f"{bad.root}/caught"}, {})
    with pytest.raises(Undelivered, match="not followed"):
        client(bad, tmp_path).ask("", b"{}", "application/fhir+json")
    assert "/caught" not in paths(bad)


@pytest.mark.parametrize("at", [CONFIGURATION, "/token", "/fhir"])
def test_attack_an_answer_of_endless_bytes_is_cut_off(bad: BadEhr, tmp_path: Path, at: str) -> None:
    bad.ways[at] = (200, {}, None)
    with pytest.raises(Undelivered, match="too large"):
        client(bad, tmp_path).ask("", b"{}", "application/fhir+json")


def test_attack_an_answer_that_drips_ends_with_the_time(bad: BadEhr, tmp_path: Path) -> None:
    bad.ways["/fhir"] = (200, {}, "drip")
    began = monotonic()
    with pytest.raises(Undelivered, match=r"does not answer \(TimeoutError\)|IncompleteRead"):
        client(bad, tmp_path, exchange_ehr_seconds=1).ask("", b"{}", "application/fhir+json")
    assert monotonic() - began < 20


@pytest.mark.parametrize(
    "said",
    [{}, [], "t", {"access_token": "t", "token_type": "mac"}]
    + [{"access_token": each, "token_type": "bearer"} for each in (1, "", "t\r\nx-admin: yes", "t\u00e9")],
)  # fmt: skip
def test_what_is_no_token_is_not_shown_to_anybody(bad: BadEhr, tmp_path: Path, said: Any) -> None:
    bad.ways["/token"] = (200, {}, said)
    with pytest.raises(Undelivered):
        client(bad, tmp_path).ask("", b"{}", "application/fhir+json")
    assert "/fhir" not in paths(bad)


def test_attack_an_assertion_for_another_audience_opens_nothing(bad: BadEhr, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with other_ehr(tmp_path / "other") as ehr:
        stated = {**settings_for(bad.root, tmp_path), "exchange_ehr_key": str(tmp_path / "other" / "ehr.json")}
        Ehr(Settings(stated)).ask("", b"{}", "application/fhir+json")
        form = {each: values[0] for each, values in parse_qs(bad.asked[1][2].decode()).items()}
        assert ehr.client.post("/token", data=form).json() == {"error": "invalid_client"}  # as the bad one would
        own = Ehr(Settings(settings_for(ehr.root, tmp_path / "other")))
        own._discovered()
        right = {**form, "client_assertion": own._asserted(f"{ehr.root}/token")}
        assert [ehr.client.post("/token", data=right).status_code for _ in range(2)] == [200, 401]  # once


def test_attack_a_server_with_another_certificate_gets_nothing(bad: BadEhr, tmp_path: Path) -> None:
    with pytest.raises(Undelivered, match="SSLCertVerificationError"):
        client(bad, tmp_path, exchange_ehr_authority="").ask("", b"{}", "application/fhir+json")
    assert bad.asked == []


@pytest.mark.parametrize(
    "stated",
    [
        {"exchange_ehr": "http://ehr.example/fhir"}, {"exchange_ehr": "https://ehr.example/fhir?a=b"},
        {"exchange_ehr": "https://user@ehr.example/fhir"}, {"exchange_ehr": "https://["},
        {"exchange_ehr_token": "ftp://ehr.example"}, {"exchange_ehr_client": ""}, {"exchange_ehr_identifiers": ""},
        {"exchange_ehr_key": "/nowhere"}, {"exchange_ehr_key": ""}, {"exchange_ehr_authority": "/nowhere"},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_the_start(bad: BadEhr, tmp_path: Path, stated: Stated) -> None:
    with pytest.raises(InputError, match=r"exchange\.ehr"):
        client(bad, tmp_path, **stated)


def test_a_key_of_another_kind_is_refused_and_pem_is_taken(bad: BadEhr, tmp_path: Path) -> None:
    named = tmp_path / "key"
    for key in (jwk.ECKey.generate_key("P-256"), jwk.OctKey.generate_key(256)):
        named.write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")
        with pytest.raises(InputError, match="P-384"):
            client(bad, tmp_path, exchange_ehr_key=str(named))
    public = jwk.ECKey.generate_key("P-384").as_dict(private=False)
    named.write_text(json.dumps(public), encoding="utf-8")
    with pytest.raises(InputError, match="P-384"):
        client(bad, tmp_path, exchange_ehr_key=str(named))
    for whole in (jwk.ECKey.generate_key("P-384"), jwk.RSAKey.generate_key(2048)):
        named.write_bytes(whole.as_pem(private=True))
        assert client(bad, tmp_path, exchange_ehr_key=str(named)).ask("", b"{}", "application/fhir+json")[0] == 200


def test_key_and_settings_of_the_how_to_are_taken(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "fhir.md").read_text(encoding="utf-8")
    (stated,), (program,) = (re.findall(rf"^```{kind}\n(.*?)^```$", page, re.M | re.S) for kind in ("toml", "python"))
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    path = tmp_path / "settings.toml"
    path.write_text(stated.replace("/etc/starling", str(tmp_path)), encoding="utf-8")
    assert Ehr(read_settings(path)).base == "https://ehr.example.org/fhir/r4"
