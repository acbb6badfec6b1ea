"""A result is released by a second person, whichever ways in the first one has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pyotp
import pytest
from msgspec.structs import replace

from starling.errors import InputError
from starling.node import administration
from starling.node.demonstration import file_of, specimen_of
from starling.node.intake import Intake
from starling.node.oidc import person_of
from starling.node.opening import opened
from starling.node.service import Node
from starling.node.settings import Settings
from starling.node.values import Principal
from tests.node.devices import Device, asker, settled, upload

LEE = asker("pharmacist", "dr-lee")


@pytest.fixture(scope="module")
def settings() -> Settings:
    stated = {"oidc_issuer": "https://login.example", "oidc_client": "ward", "oidc_roles": "pharmacy=pharmacist"}
    return Settings({**stated, "oidc_person_claim": "preferred_username"})


@pytest.fixture
def node(copied: Path) -> Iterator[Node]:
    with opened(copied) as found:
        yield found


def called(node: Node, folder: Path) -> str:
    path = file_of(node.held.engine, 5, folder)
    job = node.files.submit(asker("laboratory", "lab-1"), path.name, [path.read_bytes()], specimen_of(5)).job
    Intake(node).take(job.id)
    return job.id


def test_attack_one_person_with_two_ways_in_reviews_and_releases(
    node: Node, settings: Settings, tmp_path: Path
) -> None:
    claims = {"sub": "8f2e", "preferred_username": "Dr-Lee", "groups": ["pharmacy"]}
    ways: list[Principal] = [
        LEE,
        replace(LEE, name="DR-LEE "),
        replace(LEE, name="lee-laptop", person="dr-lee"),
        person_of(claims, settings),
    ]
    assert ways[-1].name == "8f2e@login.example"
    job = called(node, tmp_path)
    for first in ways:
        with node.records.transaction():
            found = node.records.job(job)
            assert found is not None
            node.records.set_job(replace(found, state="called"))
        node.files.review(first, job)
        for second in ways:
            with pytest.raises(InputError) as refused:
                node.files.release(second, job)
            assert refused.value.code == "SAME_PERSON"
    assert node.files.release(asker("laboratory", "lab-1"), job).state == "released"


def test_a_certificate_says_whose_account_its_owner_has(device: Device, tmp_path: Path) -> None:
    administration.issue(device.folder, "lee-laptop", "pharmacist", tmp_path / "lee.pem", person="pharmacist-1")
    path = file_of(device.node.held.engine, 5, tmp_path)
    with device.client("laboratory") as lab, device.client("pharmacist") as first:
        job = settled(device.node, upload(lab, path, specimen_of(5)).json()["job"]["id"]).id
        assert first.post(f"/v1/jobs/{job}/review", json={}).status_code == 200
        with device.client(tmp_path / "lee.pem") as second:
            refused = second.post(f"/v1/jobs/{job}/release", json={})
            assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON")
        assert lab.post(f"/v1/jobs/{job}/release", json={}).status_code == 200


def test_who_signs_in_and_whom_the_provider_does_not_link_is_refused_where_that_is_asked(settings: Settings) -> None:
    with pytest.raises(Exception, match="does not say preferred_username"):
        person_of({"sub": "8f2e", "groups": ["pharmacy"]}, settings)


def test_an_account_says_by_what_name_its_owner_is_known_elsewhere(node: Node, tmp_path: Path) -> None:
    made = node.enrol(asker("administrator", "root"), "d.lee", "pharmacist", "here", "Dr-Lee")
    seed = dict(parse_qsl(urlsplit(made.totp_uri).query))["secret"]
    who = node.login("d.lee", made.password, pyotp.TOTP(seed).now()).principal
    job = called(node, tmp_path)
    node.files.review(LEE, job)
    with pytest.raises(InputError) as refused:
        node.files.release(who, job)
    assert refused.value.code == "SAME_PERSON"
