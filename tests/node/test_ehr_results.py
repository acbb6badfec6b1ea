"""Released results that are written into an EHR whose FHIR server nobody here wrote.

Its packages are fetched by `make setup` (tools/npm.txt); without them the tests are skipped, and fail where CI is set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from starling.errors import StarlingError
from starling.node.ehr import Answer, Ehr
from starling.node.ehr_results import ResultsWritten
from starling.node.outbox import Undelivered
from starling.node.settings import Settings
from starling.node.waiting import EHR
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
    assert len(ehr.all("Patient")) == 1 and "urn:uuid:" not in str([each["result"] for each in (report,)])
    assert told(writing, job) == [("0", "written")]
    count = len(observations), len(ehr.all("Task")), len(ehr.all("Device"))
    with writing.node.records.transaction():
        writing.node.ehr_results.put(job)  # type: ignore[union-attr]
    writing.node.tell_hub()
    until(lambda: waiting(writing) == [])
    assert (len(ehr.all("Observation")), len(ehr.all("Task")), len(ehr.all("Device"))) == count
    log = str(writing.events())
    assert whom not in log and SYSTEM not in log
