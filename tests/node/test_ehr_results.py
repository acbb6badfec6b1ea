"""Released results that are written into an EHR whose FHIR server nobody here wrote.

Its packages are fetched by `make setup` (tools/npm.txt); without them the tests are skipped, and fail where CI is set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from starling.node.ehr import Answer, Ehr
from starling.node.ehr_results import ResultsWritten
from starling.node.outbox import Undelivered
from starling.node.settings import Settings
from starling.values import replace
from tests.node.devices import Device, serving
from tests.node.ehrs import SYSTEM, OtherEhr, other_ehr, settings_for
from tests.node.test_results import released, until


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ehr")


@pytest.fixture(scope="module")
def ehr(keys: Path) -> Iterator[OtherEhr]:
    with other_ehr(keys) as found:
        yield found


@pytest.fixture(scope="module")
def writing(ehr: OtherEhr, keys: Path, bare: Callable[..., Path]) -> Iterator[Device]:
    with serving(bare(**settings_for(ehr.root, keys))) as device:
        yield device


def waiting(device: Device) -> list[tuple[str, str]]:
    return device.node.records.rows("SELECT job, aside FROM ehr_result ORDER BY number")


def known(ehr: OtherEhr, value: str, **more: Any) -> str:
    return ehr.add(identifier=[{"system": SYSTEM, "value": value}], **more)


def told(device: Device, job: str) -> list[tuple[str, str]]:
    """(outcome, what was said) of the writing of a job, as the log has it, the newest first."""
    found = []
    for event in device.events():
        said = {
            each["type"]: each["valueString"] for part in event.get("entity", []) for each in part.get("detail", [])
        }
        if event["subtype"][0]["code"] == "result.write" and said.get("job") == job:
            found.append((event["outcome"], said["said"]))
    return found


def again(device: Device, job: str, ehr: Callable[[str, bytes, str], Answer]) -> float:
    """The same result, sent once more from here: in this thread nothing else waits."""
    assert device.node.ehr_results is not None
    with device.node.records.transaction():
        device.node.ehr_results.put(job)
    return ResultsWritten(device.node, ehr).send()


def test_a_released_result_is_in_the_ehr_once_and_about_its_own_patient(writing: Device, ehr: OtherEhr) -> None:
    whom = known(ehr, "100")
    job = released(writing, "100")
    until(lambda: waiting(writing) == [])
    (report,) = ehr.all("DiagnosticReport")
    assert (report["status"], report["subject"]["reference"]) == ("final", f"Patient/{whom}")
    observations = {f"Observation/{each['id']}": each for each in ehr.all("Observation")}
    assert {each["reference"] for each in report["result"]} == observations.keys()
    assert all(each["subject"]["reference"] == f"Patient/{whom}" for each in observations.values())
    assert any("Poor" in str(each.get("component")) for each in observations.values())
    assert len(ehr.all("Patient")) == 1 and "urn:uuid:" not in str(report["result"])
    assert told(writing, job) == [("0", "written")]
    log = str(writing.events())
    assert whom not in log and SYSTEM not in log and "Doe" not in log


def test_a_result_sent_again_changes_nothing_also_where_the_answer_was_lost(writing: Device, ehr: OtherEhr) -> None:
    known(ehr, "200")
    job = released(writing, "200")
    until(lambda: waiting(writing) == [])
    kinds = ("DiagnosticReport", "Observation", "Task", "Specimen", "Device")
    before = [len(ehr.all(kind)) for kind in kinds]
    client = Ehr(writing.node.settings)
    posted: list[str] = []

    def blind(path: str, body: bytes, kind: str) -> Answer:
        """The EHR, whose first transaction was not seen yet when it was asked."""
        posted.append(path)
        empty = {"resourceType": "Bundle", "type": "searchset"}
        return (200, empty) if path.startswith("/Diagnostic") else client.ask(path, body, kind)

    again(writing, job, blind)
    assert posted == ["/Patient/_search", "/DiagnosticReport/_search", ""] and waiting(writing) == []
    again(writing, job, client.ask)
    assert [len(ehr.all(kind)) for kind in kinds] == before


def test_of_a_result_that_was_amended_nothing_stands_in_the_ehr(writing: Device, ehr: OtherEhr) -> None:
    whom = known(ehr, "300")
    first = released(writing, "300")
    until(lambda: waiting(writing) == [])
    second = released(writing, "301", "CYP2C9\t*1/*1")  # stands for the same under other knowledge
    until(lambda: [each for each, aside in waiting(writing) if aside] == [second])
    writing.node.records.rows("DELETE FROM ehr_result RETURNING 1")
    records = writing.node.records
    before, after = records.job(first), records.job(second)
    assert before is not None and after is not None
    with records.transaction():
        records.set_job(replace(after, amends=first, patient=before.patient))
    for _ in range(2):
        again(writing, second, Ehr(writing.node.settings).ask)
    assert waiting(writing) == [] and told(writing, second)[0] == ("0", "written, and what it amends taken back")
    reports = [each for each in ehr.all("DiagnosticReport") if each["subject"]["reference"] == f"Patient/{whom}"]
    assert sorted(each["status"] for each in reports) == ["amended", "entered-in-error"]
    (old,) = (each for each in reports if each["status"] == "entered-in-error")
    assert not {"result", "conclusion", "extension"} & old.keys()
    mine = [each for each in ehr.all("Observation") if each["subject"]["reference"] == f"Patient/{whom}"]
    withdrawn = [each for each in mine if each["status"] == "entered-in-error"]
    assert len(withdrawn) * 2 >= len(mine) - 20 and not any("component" in each for each in withdrawn)
    assert "Poor" not in str([each for each in mine if each not in withdrawn])


@pytest.mark.parametrize(
    ("patients", "why"),
    [
        ([], "it knows 0 patients by the identifier"),
        ([{}, {}], "it knows 2 patients by the identifier"),
        ([{"birthDate": "1901-01-01"}], "its patient with the identifier has another date of birth"),
    ],
    ids=["nobody", "two", "another's date of birth"],
)
def test_attack_a_result_never_finds_another_patient(
    writing: Device, ehr: OtherEhr, patients: list[dict[str, Any]], why: str
) -> None:
    value = f"4-{len(patients)}-{why[-5:]}"
    for each in patients:
        known(ehr, value, **each)
    before = len(ehr.all("DiagnosticReport"))
    job = released(writing, value, born="1980-01-02")
    until(lambda: waiting(writing) == [(job, why)])
    assert told(writing, job) == [("8", why)] and len(ehr.all("DiagnosticReport")) == before
    writing.node.records.rows("DELETE FROM ehr_result RETURNING 1")


def test_a_token_that_was_withdrawn_is_asked_for_again(writing: Device, ehr: OtherEhr) -> None:
    known(ehr, "500")
    client = Ehr(writing.node.settings)
    form = b"identifier=urn:oid:1.2.3.4|500"
    kind = "application/x-www-form-urlencoded"
    assert client.ask("/Patient/_search", form, kind)[0] == 200
    ehr.client.post("/forget")
    assert [client.ask("/Patient/_search", form, kind)[0] for _ in range(2)] == [401, 200]


def test_a_key_of_rsa_is_believed_as_well(writing: Device, ehr: OtherEhr, keys: Path) -> None:
    stated = {**settings_for(ehr.root, keys), "exchange_ehr_key": str(keys / "rsa" / "ehr.json")}
    stated["exchange_ehr_token"] = f"{ehr.root}/token"
    assert Ehr(Settings(stated)).ask("/Patient/_search", b"identifier=x", "application/x-www-form-urlencoded")[0] == 200


def test_of_whom_was_erased_nothing_is_written(writing: Device) -> None:
    def nobody(path: str, body: bytes, kind: str) -> Answer:
        raise AssertionError(path)

    again(writing, "j-gone", nobody)
    assert waiting(writing) == [] and told(writing, "j-gone") == [("0", "erased")]


def test_while_the_ehr_is_away_the_result_waits_with_pauses_and_it_is_said_once(writing: Device) -> None:
    def away(path: str, body: bytes, kind: str) -> Answer:
        raise Undelivered("it does not answer (TimeoutError)")

    job = writing.node.records.jobs("here", limit=1)[0].id
    before = len(told(writing, job))
    with writing.node.records.transaction():
        writing.node.ehr_results.put(job)  # type: ignore[union-attr]
    sending = ResultsWritten(writing.node, away)
    assert [sending.send() >= 1.0 for _ in range(3)] == [True] * 3
    assert len(waiting(writing)) == 1 and len(told(writing, job)) == before + 1
    writing.node.records.rows("DELETE FROM ehr_result RETURNING 1")


def test_what_the_ehr_refuses_for_good_stands_aside_and_its_words_are_not_repeated(writing: Device) -> None:
    said = {"issue": [{"code": "invalid", "diagnostics": "Doe, Jane"}, {"code": "Doe Jane <script>"}]}
    job = writing.node.records.jobs("here", limit=1)[0].id
    again(writing, job, lambda path, body, kind: (422, said))
    assert waiting(writing) == [(job, "refused with 422: invalid")]
    assert told(writing, job)[0] == ("8", "refused with 422: invalid")
    writing.node.records.rows("DELETE FROM ehr_result RETURNING 1")
