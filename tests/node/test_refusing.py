"""A result that a person refuses is never released, whoever tries what afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from starling.errors import InputError
from starling.node import amendment
from starling.node.demonstration import file_of, specimen_of
from starling.node.intake import Intake
from starling.node.opening import opened
from starling.node.service import Node
from starling.node.values import Submitted
from tests.node.devices import Device, asker, settled, upload

LAB, PHARMACIST = asker("laboratory", "lab-1"), asker("pharmacist", "dr-lee")
REASON = "The tube was mixed up"


@pytest.fixture
def node(copied: Path) -> Iterator[Node]:
    with opened(copied) as found:
        yield found


def sent(node: Node, folder: Path) -> Submitted:
    path = file_of(node.held.engine, 5, folder)
    taken = node.files.submit(LAB, path.name, [path.read_bytes()], specimen_of(5))
    Intake(node).take(taken.job.id)
    return taken


@pytest.mark.parametrize("is_reviewed", [False, True])
def test_a_refused_result_is_never_released_and_nobody_undoes_it(
    node: Node, tmp_path: Path, *, is_reviewed: bool
) -> None:
    job = sent(node, tmp_path).job.id
    if is_reviewed:
        node.files.review(LAB, job)
    refused = node.files.refuse(LAB, job, REASON)
    assert (refused.state, refused.reason) == ("failed", REASON)
    assert (refused.events[-1].by, refused.events[-1].note) == ("lab-1", REASON)
    steps: tuple[Callable[[], object], ...] = (
        lambda: node.files.review(PHARMACIST, job),
        lambda: node.files.release(PHARMACIST, job),
        lambda: node.files.refuse(PHARMACIST, job, REASON),
        lambda: node.files.resolve(PHARMACIST, job, accept=True, reason=REASON),
    )
    for step in steps:
        with pytest.raises(InputError, match="is failed, not") as error:
            step()
        assert error.value.code == "BAD_STATE"
    again = sent(node, tmp_path)
    assert not again.again and again.job.id != job
    assert node.records.job(job) == refused


def test_a_released_result_is_not_refused(node: Node, tmp_path: Path) -> None:
    job = sent(node, tmp_path).job.id
    node.files.review(LAB, job)
    released = node.files.release(PHARMACIST, job)
    with pytest.raises(InputError, match="is released, not called or reviewed"):
        node.files.refuse(LAB, job, REASON)
    assert node.records.job(job) == released


def test_a_refusal_is_on_the_disk_with_its_event(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = sent(node, tmp_path).job.id
    asked, append = list[bool](), node.log.append

    def seen(event: dict[str, Any], *, durable: bool) -> None:
        asked.append(durable)
        append(event, durable=durable)

    monkeypatch.setattr(node.log, "append", seen)
    node.files.refuse(LAB, job, REASON)
    assert asked == [True]
    ((_, event),) = node.log.events(limit=1)
    assert (event["subtype"][0]["code"], event["action"], event["outcome"]) == ("job.refuse", "U", "0")
    assert REASON not in str(event)  # it may name somebody: it stands with the job, and goes with the patient


def test_new_knowledge_that_is_computed_meanwhile_undoes_no_refusal(node: Node, tmp_path: Path) -> None:
    before = sent(node, tmp_path).job
    job = node.records.job(before.id)
    assert job is not None
    refused = node.files.refuse(LAB, job.id, REASON)
    amendment._written(node, replace(job, state="called"), "called again by new knowledge")
    assert node.records.job(job.id) == refused


def test_over_the_wire_a_refusal_needs_a_reason(device: Device, tmp_path: Path) -> None:
    path = file_of(device.node.held.engine, 6, tmp_path)
    with device.client("laboratory") as lab:
        job = settled(device.node, upload(lab, path, specimen_of(6)).json()["job"]["id"]).id
        for body in ({}, {"reason": "no"}, {"reason": REASON, "state": "released"}):
            assert lab.post(f"/v1/jobs/{job}/refuse", json=body).json()["code"] == "BAD_REQUEST"
        done = lab.post(f"/v1/jobs/{job}/refuse", json={"reason": REASON})
        assert (done.status_code, done.json()["state"], done.json()["reason"]) == (200, "failed", REASON)
        assert lab.post(f"/v1/jobs/{job}/release", json={}).json()["code"] == "BAD_STATE"
