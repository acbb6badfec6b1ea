"""What an EHR is told by a node, over TLS, and what the node remembers of it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc import jwk

from starling.errors import InputError
from starling.node import hook_answers
from starling.node.administration import overrides
from starling.node.demonstration import specimen_of
from starling.node.founding import Founded
from starling.node.hook_clients import read_clients
from starling.node.settings import Settings, of_words, read_settings, written
from tests.commands import run
from tests.node.devices import serving
from tests.node.hooked import SYSTEM, Hooked, hooked
from tests.simulators.ehr import SERVICES, Ehr, bundle, call, order, taken
from tests.simulators.fhir import FhirServer
from tests.simulators.serving import served

ONE, TWO = "DEMO-0001", "DEMO-0002"
TRAMADOL, PAROXETINE = "tramadol hydrochloride 50 MG Oral Tablet", "paroxetine 20 MG Oral Tablet"


@pytest.fixture(scope="module")
def board(founded: Founded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hooked]:
    with hooked(founded, tmp_path_factory.mktemp("hooked")) as found:
        yield found


def tramadol(patient: str, hook: str = "order-sign", **more: Any) -> dict[str, Any]:
    """Tramadol for somebody who takes paroxetine: a card whatever their genes are."""
    return call(
        hook, patient, order(TRAMADOL, patient=patient), medicines=(taken(PAROXETINE, patient=patient),), **more
    )


def cards(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["cards"]
    return found


def summaries(response: httpx.Response) -> list[str]:
    return [card["summary"] for card in cards(response)]


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def latest(board: Hooked, action: str) -> dict[str, Any]:
    found = next(each for each in board.device.events() if each["subtype"][0]["code"] == action)
    details = {each["type"]: each["valueString"] for part in found.get("entity", []) for each in part.get("detail", [])}
    return {**found, "said": details}


def test_discovery_is_for_everybody_and_a_token_that_is_shown_is_looked_at(board: Hooked) -> None:
    plain = board.client.get(SERVICES)
    assert [each["hook"] for each in plain.json()["services"]][2:] == ["order-sign", "order-dispatch"]
    assert board.client.get(SERVICES, headers=board.ehr.signed(SERVICES)).json() == plain.json()
    wrong = {"authorization": "Bearer " + board.ehr.token("https://elsewhere.example/cds-services")}
    assert code_of(board.client.get(SERVICES, headers=wrong)) == (401, "TOKEN_REFUSED")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", SERVICES, 200), ("OPTIONS", SERVICES, 204), ("OPTIONS", f"{SERVICES}/starling-order-sign/feedback", 204),
     ("POST", f"{SERVICES}/starling-order-sign", 401), ("POST", f"{SERVICES}/nothing", 404),
     ("GET", f"{SERVICES}/starling-order-sign", 405), ("DELETE", SERVICES, 405), ("GET", f"{SERVICES}/a/b/c", 405)],
)  # fmt: skip
def test_every_answer_may_be_read_by_a_page_of_another_site(board: Hooked, method: str, path: str, status: int) -> None:
    answer = board.client.request(method, path, headers={"origin": "https://ehr.example"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*")
    assert "access-control-allow-credentials" not in answer.headers
    if method == "OPTIONS":
        assert "authorization" in answer.headers["access-control-allow-headers"]
    large = board.client.post(f"{SERVICES}/starling-order-sign", content=b" " * (3 << 20))
    assert (large.status_code, large.headers["access-control-allow-origin"]) == (413, "*")
    assert "access-control-allow-origin" not in board.client.get("/livez").headers


def test_an_order_is_answered_for_each_client_in_its_own_way(board: Hooked) -> None:
    expected = "Tramadol: avoid. CYP2D6 acts as Poor Metabolizer with paroxetine."
    (card,) = cards(board.ehr.ask(board.client, "order-sign", tramadol(ONE)))
    assert (
        card["summary"].startswith(expected)
        and card["indicator"] == "warning"
        and str(UUID(card["uuid"])) == card["uuid"]
    )
    assert card["links"][0]["url"] == f"{board.device.address}/patients/{board.device.patients[ONE].id}"
    body = tramadol("x-7")
    body["prefetch"]["patient"] |= {"identifier": {"system": SYSTEM, "value": ONE}}
    assert summaries(board.rotating.ask(board.client, "order-sign", body)) == [card["summary"]]
    pseudonym = board.device.patients[ONE].id
    assert summaries(board.demo.ask(board.client, "order-select", tramadol(pseudonym, "order-select"))) == [
        card["summary"]
    ]


def test_the_demonstration_may_sign_as_clients_do_that_know_one_curve_alone(board: Hooked) -> None:
    key = jwk.ECKey.import_key((board.device.folder / "clients" / "cds-client-es256.pem").read_bytes())
    sandbox = Ehr(
        board.device.address, key, iss="https://sandbox.example", jku="https://sandbox.example/k", algorithm="ES256"
    )
    assert len(cards(sandbox.ask(board.client, "order-sign", tramadol(ONE)))) == 1


def test_what_is_taken_is_looked_at_when_a_patient_is_opened(board: Hooked) -> None:
    body = call("patient-view", ONE, medicines=(taken(TRAMADOL, patient=ONE), taken(PAROXETINE, patient=ONE, id_="2")))
    (card,) = cards(board.ehr.ask(board.client, "patient-view", body))
    assert card["summary"].startswith("Tramadol (taken now): avoid") and "suggestions" not in card
    assert cards(board.ehr.ask(board.client, "patient-view", call("patient-view", ONE))) == []


def test_an_order_is_looked_at_again_before_it_is_dispensed(board: Hooked) -> None:
    body = call("order-dispatch", ONE, medicines=(taken(PAROXETINE, patient=ONE),))
    body["context"] |= {"order": "MedicationRequest/9", "performer": "Organization/1"}
    body["prefetch"]["order"] = order(TRAMADOL, patient=ONE, id_="9", status="active")
    assert summaries(board.ehr.ask(board.client, "order-dispatch", body))[0].startswith("Tramadol: avoid")


def test_nothing_chosen_is_nothing_said(board: Hooked) -> None:
    body = call("order-select", ONE)
    body["context"] = {"patientId": ONE}
    del body["prefetch"]
    assert cards(board.ehr.ask(board.client, "order-select", body)) == []


def test_who_is_not_known_here_is_told_what_to_test_and_nothing_else(board: Hooked) -> None:
    asked = [order(each, patient="q", id_=each[:4]) for each in ("abacavir 300 MG Oral Tablet", "clopidogrel 75 MG")]
    found = cards(board.ehr.ask(board.client, "order-sign", call("order-sign", "q", *asked)))
    assert [card["summary"] for card in found] == ["Abacavir: test HLA-B first. HLA-B not tested."]
    assert "links" not in found[0]


def test_a_card_that_was_overridden_with_a_reason_is_quiet_for_this_patient(board: Hooked) -> None:
    def ask(patient: str) -> list[dict[str, Any]]:
        return cards(board.demo.ask(board.client, "order-sign", tramadol(patient)))

    card = ask("DEMO-0003")[0]
    told = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-01-01T00:00:00Z"}
    assert board.demo.tell(board.client, "order-sign", told).json() == {"feedback": 1}
    assert len(ask("DEMO-0003")) == 1  # without a reason it comes again
    reason = {
        "reason": {"system": card["overrideReasons"][0]["system"], "code": "tolerating"},
        "userComment": "for years",
    }
    told |= {"overrideReason": reason, "outcomeTimestamp": "2999-01-01T00:00:00Z"}
    assert board.demo.tell(board.client, "order-sign", told, told).json() == {"feedback": 2}
    assert ask("DEMO-0003") == [] and len(ask("DEMO-0004")) == 1
    other = call("order-sign", "DEMO-0003", order("abacavir 300 MG Oral Tablet", patient="DEMO-0003"))
    assert len(cards(board.demo.ask(board.client, "order-sign", other))) == 1
    patient = board.device.patients["DEMO-0003"].id
    with board.device.client("prescriber") as prescriber:
        listed = prescriber.get(f"/v1/patients/{patient}/overrides").json()
    assert {(each["drug"], each["by"]) for each in listed} == {("tramadol", "Practitioner/7 (demonstration)")}
    assert "Patient takes and tolerates it: for years" in {each["reason"] for each in listed}
    assert "for years" not in str(board.device.events()[:20])
    with board.device.client("pharmacist") as pharmacist:
        counted = {each["rule"]: each for each in pharmacist.get("/v1/cds/overrides").json()}
    rule = next(each for name, each in counted.items() if name.startswith("tramadol, avoid"))
    assert rule["overridden"] >= 1 and rule["reasons"]["tolerating"] == 1 and rule["shown"] > rule["overridden"]


def test_an_accepted_suggestion_is_remembered_and_the_card_comes_again(board: Hooked) -> None:
    card = cards(board.ehr.ask(board.client, "order-sign", tramadol("DEMO-0004")))[0]
    accepted = [{"id": card["suggestions"][0]["uuid"]}]
    told = {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": accepted, "outcomeTimestamp": "today"}
    assert board.ehr.tell(board.client, "order-sign", told).status_code == 200
    said = latest(board, "cds.write")["said"]
    assert (said["outcome"], said["drug"], said["card"]) == ("accepted", "tramadol", card["uuid"])
    assert len(cards(board.ehr.ask(board.client, "order-sign", tramadol("DEMO-0004")))) == 1


@pytest.mark.parametrize(
    ("feedback", "code"),
    [([], 400), ([{"card": "nothing", "outcome": "accepted"}], 404), ([{}] * 101, 400), ([None, 7], 404)],
)
def test_feedback_that_cannot_be_read_or_is_on_nothing(board: Hooked, feedback: list[Any], code: int) -> None:
    assert board.ehr.tell(board.client, "order-sign", *feedback).status_code == code
    card = cards(board.ehr.ask(board.client, "order-sign", tramadol(ONE)))[0]
    assert board.ehr.tell(board.client, "order-sign", {"card": card["uuid"], "outcome": "liked"}).status_code == 400


def test_every_call_is_in_the_log_without_a_name(board: Hooked) -> None:
    body = tramadol(ONE)
    body["context"]["draftOrders"]["entry"].append({"resource": order("Aunt Mary's pill", patient=ONE, id_="z")})
    board.ehr.ask(board.client, "order-sign", body)
    found = latest(board, "cds.read")
    assert found["agent"][0]["who"]["identifier"]["value"] == "ehr" and found["outcome"] == "0"
    said = found["said"]
    assert said["service"] == "starling-order-sign" and said["user"] == "Practitioner/7"
    assert said["cards"] == "tramadol warning" and said["unknown"] == "without a code" and said["result_sha256"]
    assert "Mary" not in str(found) and ONE not in str(found) and found["type"]["code"] == "110109"


# --- what was not sent along ------------------------------------------------------------------------------------------


@pytest.fixture
def at_the_ehr(board: Hooked) -> Iterator[Hooked]:
    """The patient and what they take are on the EHR's server alone."""
    condition = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": f"Patient/{ONE}"},
        "code": {"text": "pain"},
    }
    many = [taken("metformin 500 MG Oral Tablet", patient=ONE, id_=f"m-{number}") for number in range(5)]
    board.fhir.resources = [{"resourceType": "Patient", "id": ONE}, *many, taken(PAROXETINE, patient=ONE), condition]
    board.fhir.token, board.fhir.way, board.fhir.page = "secret", "", 2
    board.fhir.asked.clear()
    yield board
    board.fhir.token, board.fhir.way, board.fhir.page, board.fhir.resources = "", "", 100, []


def without(body: dict[str, Any], *keys: str, **more: Any) -> dict[str, Any]:
    kept = {key: value for key, value in body["prefetch"].items() if key not in keys}
    return {**{name: value for name, value in body.items() if name != "prefetch"}, "prefetch": kept, **more}


def plain(found: list[dict[str, Any]]) -> str:
    """Cards without what names this showing of them."""
    made = json.loads(json.dumps(found))
    for card in made:
        card.pop("uuid")
        for each in card.get("suggestions", []):
            each.pop("uuid")
    return json.dumps(made, sort_keys=True)


def test_cards_are_the_same_with_prefetch_and_without(at_the_ehr: Hooked) -> None:
    board = at_the_ehr
    medicines = tuple(each for each in board.fhir.resources if each["resourceType"] == "MedicationRequest")
    body = call("order-sign", ONE, order(TRAMADOL, patient=ONE), medicines=medicines)
    sent = cards(board.ehr.ask(board.client, "order-sign", body))
    assert board.fhir.asked == []
    bare = {name: value for name, value in body.items() if name != "prefetch"}
    read = cards(board.ehr.ask(board.client, "order-sign", {**bare, **board.fhir_access()}))
    assert plain(read) == plain(sent) and len(read) == 1
    assert any("start=4" in each for each in board.fhir.asked)  # every page
    assert board.fhir.token not in str(board.device.events())


def test_without_data_and_without_access_the_answer_is_412(at_the_ehr: Hooked) -> None:
    board = at_the_ehr
    body = tramadol(ONE)
    assert code_of(board.ehr.ask(board.client, "order-sign", without(body, "medications"))) == (412, "NO_DATA")
    assert cards(board.ehr.ask(board.client, "order-sign", without(body, "patient", "statements", "conditions")))
    rotating = board.rotating.ask(board.client, "order-sign", without(body, "patient"))
    assert code_of(rotating) == (412, "NO_DATA")  # whose patients are known by an identifier alone
    said = latest(board, "cds.read")
    assert (said["outcome"], said["said"]["code"], said["said"]["service"]) == ("8", "NO_DATA", "starling-order-sign")
    failed = without(body)
    failed["prefetch"]["medications"] = {"resourceType": "OperationOutcome"}
    assert code_of(board.ehr.ask(board.client, "order-sign", failed)) == (412, "NO_DATA")
    refused = without(body, "medications", **board.fhir_access(fhirAuthorization={"access_token": "wrong"}))
    assert code_of(board.ehr.ask(board.client, "order-sign", refused)) == (412, "NO_DATA")


def test_a_demonstration_reads_servers_of_this_machine_also_without_tls(at_the_ehr: Hooked) -> None:
    board, body = at_the_ehr, without(tramadol(ONE), "medications")
    untrusted = board.demo.ask(board.client, "order-sign", {**body, **board.fhir_access()})  # an authority of its own
    assert code_of(untrusted) == (412, "NO_DATA") and "in time" in untrusted.text
    server = FhirServer()
    server.resources = [taken(PAROXETINE, patient=ONE)]
    with served(server):
        body["fhirServer"] = server.address.replace("https://", "http://")
        assert "with paroxetine" in summaries(board.demo.ask(board.client, "order-sign", body))[0]
        assert code_of(board.ehr.ask(board.client, "order-sign", body)) == (412, "NO_DATA")  # who is no demonstration


def test_a_call_counts_as_a_question_unless_an_ehr_was_waited_for(at_the_ehr: Hooked) -> None:
    board = at_the_ehr

    def answered() -> int:
        board.client.get("/livez")  # what was answered before it on this connection is counted
        lines = [*board.device.serving._api.deadlines.lines()]
        return sum(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("starling_question_seconds_count"))

    before = answered()
    cards(board.ehr.ask(board.client, "order-sign", tramadol(ONE)))
    assert answered() == before + 1
    cards(board.ehr.ask(board.client, "order-sign", without(tramadol(ONE), "medications", **board.fhir_access())))
    assert answered() == before + 1


# --- settings, keys, records ------------------------------------------------------------------------------------------


def test_settings_of_a_table_are_written_read_and_said_in_a_command(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(written(of_words(["exchange.demo_trust=true", "port=0"])), encoding="utf-8")
    found = read_settings(path)
    assert (found.exchange_demo_trust, found.port, found.exchange_quiet_days) == (True, 0, 30)
    path.write_text(written() + "\n[exchange]\nfirst_source = 'DPWG'\n", encoding="utf-8")
    assert read_settings(path).exchange_first_source == "DPWG"
    for wrong in ("[exchange]\nnothing = 1\n", "[other]\nport = 1\n", "[exchange]\nfirst_source = 'ME'\n"):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(InputError, match=r"settings\.toml"):
            read_settings(path)


def test_only_a_demonstration_trusts_its_clients_key(bare: Any) -> None:
    folder = bare(exchange_demo_trust=True)
    with pytest.raises(InputError, match="--demo"), serving(folder):
        pass


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "[[client]]"), ("[[client]]\n", "iss"), ("[[client]]\niss='a'\n", "jku or keys"),
     ("[[client]]\niss='a'\nkeys='k'\njku='https://a'\n", "jku or keys"), ("[[client]]\niss='a'\nkey='k'\n", "no key"),
     ("[[client]]\niss='a'\njku='http://a'\n", "https"),
     ("[[client]]\niss='a'\nkeys='k'\nfhir=['http://a']\n", "https"),
     ("[[client]]\niss='a'\nkeys='k'\nfhir=[1]\n", "lists"), ("client = 1\n", "[[client]]"), ("[[client\n", "read"),
     ("[[client]]\niss='a'\nkeys='k'\n[[client]]\niss='a'\nkeys='l'\n", "two clients")],
)  # fmt: skip
def test_a_file_of_clients_that_is_wrong_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "clients.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_clients(str(path), demonstration=None)
    assert caught.value.code == "BAD_SETTING" and said in caught.value.message and "\n" not in caught.value.message


def test_nobody_is_believed_where_nobody_is_named(bare: Any) -> None:
    assert Settings().exchange_clients == "" and read_clients("", demonstration=None) == ()
    with serving(bare()) as device, device.client() as client:
        ehr = Ehr(device.address, jwk.ECKey.generate_key("P-384", {"kid": "1"}, private=True))
        assert code_of(ehr.ask(client, "order-sign", call("order-sign", "p"))) == (401, "TOKEN_REFUSED")
        assert client.get(SERVICES).status_code == 200


def test_a_patient_who_is_erased_leaves_no_card_and_an_export_has_them(founded: Founded, tmp_path: Path) -> None:
    with hooked(founded, tmp_path) as board:
        found = cards(board.ehr.ask(board.client, "order-sign", tramadol(TWO)))
        told = {"card": found[0]["uuid"], "outcome": "overridden", "overrideReason": {"reason": {"code": "other"}}}
        board.ehr.tell(board.client, "order-sign", told)
        patient = board.device.patients[specimen_of(2).identifier].id
        with board.device.client("administrator") as administrator:
            packed = administrator.get(f"/v1/patients/{patient}/export").content
            said = json.loads(zipfile.ZipFile(BytesIO(packed)).read("patient.json"))
            assert len(said["cards"]) == len(found) and said["feedback"][0]["code"] == "other"
            administrator.post(f"/v1/patients/{patient}/erasure", json={"reason": "asked for"})
        rows = board.device.node.records.rows
        assert rows("SELECT count(*) FROM cds_card WHERE patient = ?", patient) == [(0,)]
        assert rows("SELECT count(*) FROM cds_feedback WHERE patient = ?", patient) == [(0,)]
        after = cards(board.ehr.ask(board.client, "order-sign", tramadol(TWO)))
        assert all("links" not in card for card in after)
        assert hook_answers._read.cache_info().currsize == 0  # whoever computes holds nothing of them either
        folder = board.device.folder
    assert overrides(folder) != () and "tramadol" in run("node", "overrides", str(folder)).out


def test_statements_of_what_is_taken_count_like_orders(board: Hooked) -> None:
    body = call("order-sign", ONE, order(TRAMADOL, patient=ONE))
    body["prefetch"]["statements"] = bundle(
        {"resourceType": "MedicationStatement", "id": "s", "status": "active",
         "subject": {"reference": f"Patient/{ONE}"}, "medicationCodeableConcept": {"coding": [{"display": PAROXETINE}]}}
    )  # fmt: skip
    assert "with paroxetine" in summaries(board.ehr.ask(board.client, "order-sign", body))[0]
