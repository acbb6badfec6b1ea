"""What the API gives to those who may, asked over TLS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pyotp
import pytest
from msgspec import json

from starling.node.callers import COOKIE
from starling.node.demonstration import specimen_of
from starling.node.identity import Sessions
from starling.report.document import parse
from starling.trust.note import read_checkpoint
from tests.node.devices import Device, asker, new_patient, settled, upload


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_a_file_comes_in_is_reviewed_released_by_another_and_answers(device: Device, tmp_path: Path) -> None:
    path, specimen = new_patient(device.node, 5, tmp_path)
    with device.client("laboratory") as lab, device.client("pharmacist") as pharmacist:
        sent = upload(lab, path, specimen)
        assert (sent.status_code, sent.json()["again"]) == (202, False)
        job = sent.json()["job"]["id"]
        assert settled(device.node, job).state == "called"
        again = upload(lab, path, specimen)
        assert (again.status_code, again.json()["again"], again.json()["job"]["id"]) == (200, True, job)
        patient = lab.get(f"/v1/jobs/{job}").json()["patient"]
        order = {"patient": patient, "drugs": ["codeine"]}
        assert code_of(lab.post("/v1/check", json=order)) == (409, "NO_RESULT")
        assert code_of(lab.post(f"/v1/jobs/{job}/release", json={})) == (409, "BAD_STATE")
        assert lab.post(f"/v1/jobs/{job}/review", json={"note": "seen"}).json()["reviewed_by"] == "laboratory-1"
        assert code_of(lab.post(f"/v1/jobs/{job}/release", json={})) == (409, "SAME_PERSON")
        released = pharmacist.post(f"/v1/jobs/{job}/release", json={}).json()
        assert (released["state"], released["released_by"]) == ("released", "pharmacist-1")
        assert [each["state"] for each in released["events"]] == ["received", "read", "called", "reviewed", "released"]
        assert code_of(lab.post(f"/v1/jobs/{job}/resolve", json={"accept": True, "reason": "none"}))[0] == 409
        answer = lab.post("/v1/check", json=order).json()
        whole = lab.get(f"/v1/patients/{patient}/assessment").text
        assert lab.get(f"/v1/patients/{patient}").json()["released"] == job
        assert job in {each["id"] for each in lab.get("/v1/jobs").json()}
    assert answer["answers"][0]["drug"] == "codeine"
    assert parse(whole)[0].result_sha256 == released["result_sha256"]
    assert not [*device.node.layout.spool.iterdir()]


def test_an_override_has_a_reason_and_is_listed(device: Device) -> None:
    patient = next(iter(device.patients.values())).id
    with device.client("prescriber") as prescriber:
        path = f"/v1/patients/{patient}/overrides"
        made = prescriber.post(path, json={"drug": "Plavix", "reason": "no alternative"})
        assert (made.status_code, made.json()["drug"], made.json()["by"]) == (201, "clopidogrel", "prescriber-1")
        assert prescriber.get(path).json() == [made.json()]
        assert code_of(prescriber.post(path, json={"drug": "codeine", "reason": "no"})) == (400, "BAD_REQUEST")
        assert code_of(prescriber.post(path, json={"drug": "snake oil", "reason": "none"})) == (422, "UNKNOWN_DRUG")
    event = next(each for each in device.events() if each["subtype"][0]["code"] == "override.write")
    assert "no alternative" not in str(event)


def test_an_override_is_of_the_answer_that_was_shown(device: Device) -> None:
    patient = device.patients[specimen_of(2).identifier].id
    said = {"drugs": ["codeine", "clopidogrel"], "medication": ["paroxetine", "omeprazole"], "weight": 44.0}
    with device.client("prescriber") as prescriber:
        shown = prescriber.post("/v1/check", json={"patient": patient, **said}).json()
        actions = {each["drug"]: each["action"] for each in shown["answers"]}
        digest = next(event for event in device.events() if event["subtype"][0]["code"] == "check")
        told = {each["type"]: each["valueString"] for each in digest["entity"][1]["detail"]}
        path = f"/v1/patients/{patient}/overrides"
        decided = {**said, "drug": "codeine", "reason": "no alternative"}
        made = prescriber.post(path, json={**decided, "result_sha256": told["result_sha256"]}).json()
        assert (made["drug"], made["action"], made["result_sha256"]) == (
            "codeine",
            actions["codeine"],
            told["result_sha256"],
        )
        assert {name: made["order"][name] for name in said} == said
        assert prescriber.get(path).json() == [made]
        other = {**decided, "result_sha256": told["result_sha256"], "medication": []}
        assert code_of(prescriber.post(path, json=other)) == (409, "ANSWER_CHANGED")
        assert code_of(prescriber.post(path, json={**decided, "drug": "warfarin"})) == (400, "BAD_REQUEST")
        alone = prescriber.post(path, json={"drug": "codeine", "reason": "no alternative"}).json()
        assert alone["result_sha256"] != made["result_sha256"] and alone["order"]["drugs"] == ["codeine"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"patient": 1}', b'{"patient": "p-aaaaaa", "drugs": []}', b"\xff\xfe", b"[" * 60_000,
     b'{"patient": "p-aaaaaa", "drugs": ["a"], "age": 1e999}', b'{"patient": "p-aaaaaa", "drugs": ["\xff"]}',
     b'{"patient": "p-aaaaaa", "drugs": ["a"], "unknown": 1}'],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_the_askers_to_put_right(device: Device, body: bytes) -> None:
    with device.client("prescriber") as prescriber:
        assert code_of(prescriber.post("/v1/check", content=body)) == (400, "BAD_REQUEST")


def test_a_specimen_that_cannot_be_read_or_names_one_patient_twice(device: Device, tmp_path: Path) -> None:
    path, specimen = new_patient(device.node, 6, tmp_path)
    with device.client("laboratory") as lab:
        for stated in ("", "%7B", quote('{"identifier": "a"}'), "%ff"):
            sent = lab.post("/v1/jobs", content=path.read_bytes(), headers={"starling-specimen": stated})
            assert code_of(sent) == (400, "BAD_REQUEST")
        same = json.decode(json.encode(specimen))
        same["second_identifier"] = same["identifier"]
        headers = {"starling-specimen": quote(json.encode(same))}
        assert code_of(lab.post("/v1/jobs", content=b"x", headers=headers)) == (422, "BAD_SPECIMEN")


def test_knowledge_models_settings_accounts_metrics_and_the_log(device: Device) -> None:
    with device.client("administrator") as administrator:
        assert administrator.get("/v1/knowledge").json()["genes"] == len(device.node.held.engine.knowledge.genes)
        assert administrator.get("/v1/knowledge/changes").json() == []
        assert administrator.get("/v1/models").json()[0]["name"] == "warfarin"
        assert administrator.get("/v1/settings").json()["site"] == "here"
        assert [each["name"] for each in administrator.get("/v1/accounts").json()] == ["administrator"]
        metrics = administrator.get("/metrics").text
    assert "starling_ready 1\n" in metrics and "starling_jobs_released " in metrics
    assert 'starling_requests_total{path="/v1/settings",status="200"}' in metrics
    with device.client("auditor") as auditor:
        page = auditor.get("/v1/audit", params={"limit": "3"}).json()
        assert [each["index"] for each in page["entries"]] == [page["size"] - 1, page["size"] - 2, page["size"] - 3]
        before = auditor.get("/v1/audit", params={"before": str(page["size"] - 3), "limit": "1"}).json()
        assert before["entries"][0]["index"] == page["size"] - 4
        for wrong in ("0", "x", "²", "99999999999"):
            assert code_of(auditor.get("/v1/audit", params={"limit": wrong})) == (400, "BAD_REQUEST")
    log = device.node.log
    assert read_checkpoint(page["checkpoint"], log.origin, log._public).size == page["size"]


def test_a_person_logs_in_with_two_factors_and_every_change_needs_the_token(device: Device) -> None:
    made = device.node.enrol(asker("administrator", "administrator-1"), "dr-lee", "prescriber", "here")
    patient = next(iter(device.patients.values())).id
    code = pyotp.TOTP(pyotp.parse_uri(made.totp_uri).secret).now()
    login = {"name": "dr-lee", "password": made.password, "code": code}
    order = {"patient": patient, "drugs": ["codeine"]}
    with device.client() as browser:
        assert code_of(browser.post("/v1/login", json={**login, "password": "x"})) == (401, "NOT_KNOWN")
        known = browser.post("/v1/login", json=login)
        cookie = known.headers["set-cookie"].lower()
        assert known.status_code == 200 and known.json()["principal"]["way"] == "account"
        assert all(word in cookie for word in ("secure", "httponly", "samesite=strict", "path=/"))
        assert COOKIE.startswith("__Host-") and "domain" not in cookie
        assert browser.get("/v1/patients").status_code == 200
        assert code_of(browser.post("/v1/check", json=order)) == (401, "NOT_KNOWN")
        assert code_of(browser.post("/v1/check", json=order, headers={"starling-csrf": "x"})) == (401, "NOT_KNOWN")
        token = {"starling-csrf": known.json()["csrf"]}
        assert browser.post("/v1/check", json=order, headers=token).status_code == 200
        assert code_of(browser.post("/v1/logout")) == (401, "NOT_KNOWN")
        assert browser.post("/v1/logout", headers=token).status_code == 204
        assert code_of(browser.get("/v1/patients")) == (401, "NOT_KNOWN")
    with device.client() as thief:
        assert code_of(thief.post("/v1/login", json=login)) == (401, "NOT_KNOWN")  # each code opens once
        stolen = {"cookie": f"{COOKIE}={known.cookies[COOKIE]}"}
        assert code_of(thief.get("/v1/patients", headers=stolen)) == (401, "NOT_KNOWN")
    with device.client("administrator") as administrator:
        again = administrator.post("/v1/accounts", json={"name": "dr-lee", "role": "auditor", "site": "here"})
        assert code_of(again) == (422, "NAME_TAKEN")
        fresh = administrator.post("/v1/accounts", json={"name": "dr-ng", "role": "auditor", "site": "here"})
        assert fresh.status_code == 201 and fresh.json()["totp_uri"].startswith("otpauth://totp/")


def test_an_account_that_is_guessed_at_waits_for_an_administrator(device: Device) -> None:
    administrator = asker("administrator", "administrator-1")
    made = device.node.enrol(administrator, "dr-old", "prescriber", "here")
    totp = pyotp.TOTP(pyotp.parse_uri(made.totp_uri).secret)
    with device.node.records.transaction():
        device.node.records.connection.execute("UPDATE account SET failures = 10 WHERE name = 'dr-old'")
    with device.client() as nobody:
        login = {"name": "dr-old", "password": made.password, "code": totp.now()}
        assert code_of(nobody.post("/v1/login", json=login)) == (401, "NOT_KNOWN")
    assert [each.name for each in device.node.who_may_log_in(administrator) if each.locked] == ["dr-old"]


def test_an_account_is_unlocked_disabled_and_its_second_factor_retired(device: Device) -> None:
    made = device.node.enrol(asker("administrator", "administrator-1"), "dr-finch", "prescriber", "here")
    login = {"name": "dr-finch", "password": made.password}
    with device.client("administrator") as administrator, device.client() as browser:

        def change(what: str) -> httpx.Response:
            return administrator.post("/v1/accounts/dr-finch", json={"change": what})

        def code(uri: str) -> str:
            return pyotp.TOTP(pyotp.parse_uri(uri).secret).now()

        assert change("disable").json()["account"]["disabled"] is True
        assert code_of(browser.post("/v1/login", json={**login, "code": code(made.totp_uri)})) == (401, "NOT_KNOWN")
        assert change("enable").json() == {**change("unlock").json(), "totp_uri": ""}
        assert browser.post("/v1/login", json={**login, "code": code(made.totp_uri)}).status_code == 200
        renewed = change("second_factor").json()["totp_uri"]
        assert code_of(browser.get("/v1/patients")) == (401, "NOT_KNOWN")  # signed out
        assert code_of(browser.post("/v1/login", json={**login, "code": code(made.totp_uri)})) == (401, "NOT_KNOWN")
        assert browser.post("/v1/login", json={**login, "code": code(renewed)}).status_code == 200
        assert code_of(administrator.post("/v1/accounts/nobody", json={"change": "unlock"})) == (404, "NOT_FOUND")
        assert code_of(change("promote")) == (400, "BAD_REQUEST")
    assert renewed not in str(device.events())


def test_attack_no_certificate_disables_the_last_account_that_unlocks_the_node(device: Device) -> None:
    with device.client("administrator") as caller:
        last = {"change": "disable"}
        assert code_of(caller.post("/v1/accounts/administrator", json=last)) == (400, "BAD_REQUEST")
        device.node.enrol(asker("administrator", "administrator-1"), "second", "administrator", "here")
        assert caller.post("/v1/accounts/administrator", json=last).status_code == 200
        assert code_of(caller.post("/v1/accounts/second", json=last)) == (400, "BAD_REQUEST")
        assert caller.post("/v1/accounts/administrator", json={"change": "enable"}).status_code == 200


def test_a_session_that_nobody_uses_is_over() -> None:
    sessions = Sessions(0)
    assert sessions.of(sessions.open(asker()).token) is None


def test_a_node_whose_log_is_not_that_of_its_second_place_is_not_ready(device: Device) -> None:
    witness = device.folder / "checkpoint"
    kept = witness.read_bytes()
    witness.write_bytes(b"something else")
    try:
        with device.client() as nobody:
            answer = nobody.get("/readyz")
            assert (answer.status_code, answer.json()["checks"]["audit"]) == (503, "witness")
            assert nobody.get("/livez").status_code == 200
        with device.client("auditor") as auditor:
            assert code_of(auditor.get("/v1/audit")) == (503, "LOG_TAMPERED")
    finally:
        witness.write_bytes(kept)


def test_problems_name_no_file(device: Device, tmp_path: Path) -> None:
    specimen = json.decode(json.encode(specimen_of(7)))
    headers = {"starling-specimen": quote(json.encode(specimen)), "starling-file": "Erika_Musterfrau.vcf"}
    with device.client("laboratory") as lab:
        job = lab.post("/v1/jobs", content=b"no vcf at all", headers=headers).json()["job"]["id"]
        failed = settled(device.node, job)
        assert failed.state == "failed" and "/" not in failed.reason
    assert "Musterfrau" not in str(device.events()[:10])


def test_many_who_ask_at_once_are_all_answered_and_all_recorded(device: Device, tmp_path: Path) -> None:
    patients = [each.id for each in device.patients.values()]
    path, specimen = new_patient(device.node, 8, tmp_path)
    before = device.node.log.size

    def prescriber(number: int) -> list[int]:
        with device.client("prescriber") as caller:
            orders = [{"patient": patients[(number + turn) % 4], "drugs": ["codeine"]} for turn in range(10)]
            return [caller.post("/v1/check", json=order).status_code for order in orders]

    def auditor(_: int) -> list[int]:
        with device.client("auditor") as reads, device.client("system") as watches:
            return [each.status_code for _ in range(10) for each in (reads.get("/v1/audit"), watches.get("/metrics"))]

    def laboratory(number: int) -> list[int]:
        with device.client("laboratory") as lab:
            path_ = tmp_path / f"{number}.vcf"
            path_.write_bytes(path.read_bytes() + b"\n" * number)
            return [upload(lab, path_, specimen).status_code for _ in range(2)]

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(do, number) for number in range(2) for do in (prescriber, auditor, laboratory)]
        statuses = [status for each in asked for status in each.result()]
    assert set(statuses) == {200, 202} and statuses.count(202) == 2
    for id_ in device.node.records.unfinished():
        settled(device.node, id_)
    recorded = device.events()[: device.node.log.size - before]
    assert sum(each["subtype"][0]["code"] == "check" for each in recorded) == 20
    assert device.node.log.verify().sound
