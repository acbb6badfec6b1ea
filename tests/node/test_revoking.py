"""Certificates that are believed no more: from the next request on, and whatever is restored afterwards."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from starling.errors import InputError, TrustError
from starling.node import administration, callers
from starling.node.backup import back_up
from starling.node.opening import opened
from starling.node.restoring import restore
from starling.trust.certificates import Authority
from starling.trust.events import action_of
from tests import commands
from tests.node.devices import Device, asker, serving

PATIENTS = "/v1/patients"


def details(event: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each["valueString"] for each in event["entity"][-1]["detail"]}


def test_attack_a_certificate_that_was_lost_is_refused_on_a_connection_that_stands(device: Device) -> None:
    with device.client("prescriber") as lost, device.client("pharmacist") as other:
        assert lost.get(PATIENTS).status_code == other.get(PATIENTS).status_code == 200
        said = commands.run("node", "revoke", device.folder, "prescriber-1", "--reason", "laptop lost on 3 May")
        assert said.code == 0 and said.out.startswith("every certificate of prescriber-1 issued until now")
        refused = lost.get(PATIENTS)
        assert (refused.status_code, refused.json()["code"]) == (401, "NOT_KNOWN")
        assert other.get(PATIENTS).status_code == 200
    with device.client("prescriber") as again:
        assert again.get(PATIENTS).status_code == 401
    events = {action_of(each): details(each) for each in reversed(device.events()) if "entity" in each}
    assert events["certificate.revoke"]["certificate"] == "prescriber-1"
    assert events["certificate.revoke"]["reason"] == "laptop lost on 3 May"
    assert events["caller.unknown"]["reason"] == "the certificate of prescriber-1 was revoked"  # fmt: skip


def test_one_certificate_alone_and_a_new_one_of_the_same_name(device: Device, tmp_path: Path) -> None:
    one, other = (device.certificate(tmp_path / f"{n}.pem", "laboratory", name="lab-9") for n in (1, 2))
    administration.revoke(device.folder, "", "retired", one)
    with device.client(one) as gone, device.client(other) as stays:
        assert (gone.get("/v1/jobs").status_code, stays.get("/v1/jobs").status_code) == (401, 200)
        with device.node.records.transaction():
            device.node.records.revoke("", "lab-9", int(time.time()) - 2)  # before both
        assert stays.get("/v1/jobs").status_code == 200
        with device.node.records.transaction():
            device.node.records.revoke("", "lab-9", int(time.time()))
        assert stays.get("/v1/jobs").status_code == 401


def test_attack_a_connection_that_outlives_its_certificate_is_nobodys(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with device.client(device.certificate(tmp_path / "short.pem", "laboratory", name="short")) as caller:
        assert caller.get("/v1/jobs").status_code == 200
        monkeypatch.setattr(callers, "now_s", lambda: time.time() + 2 * 86_400)
        assert caller.get("/v1/jobs").status_code == 401


def test_a_name_that_nobody_has_and_a_file_that_is_none_are_said(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        administration.revoke(copied, "prescriber-11", "lost")
    assert refused.value.code == "NOT_FOUND"
    said = commands.run("node", "revoke", copied, "--certificate", tmp_path / "none.pem", "--reason", "lost")
    assert said.code == 2 and said.err.count("\n") == 1 and "none.pem" in said.err


def test_attack_an_older_backup_lets_nobody_in_again_who_was_revoked(copied: Path, tmp_path: Path) -> None:
    back_up(copied, tmp_path / "before.tar")
    administration.revoke(copied, "prescriber-1", "lost")
    restore(tmp_path / "before.tar", copied, over="the disk failed")
    with opened(copied) as node:
        assert node.records.is_revoked("00", "prescriber-1", time.time() - 3_600)


@pytest.mark.parametrize("name", ["node", "Keyboard", "STRANGER", "inbox"])
def test_attack_somebody_is_called_what_the_log_calls_the_node(copied: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as refused:
        administration.issue(copied, name, "auditor", tmp_path / "x.pem")
    assert refused.value.code == "NAME_TAKEN"
    with opened(copied) as node:
        with pytest.raises(InputError, match="the log calls the node"):
            node.enrol(asker("administrator"), name, "auditor", "here")
        for unseen in (" ", "dr-lee\u202e", "dr\r\nlee"):
            with pytest.raises(InputError, match="can be seen"):
                node.enrol(asker("administrator"), unseen, "auditor", "here")
        with pytest.raises(InputError, match="there is an account"):
            node.enrol(asker("administrator"), "ADMINISTRATOR", "auditor", "here")


def test_attack_another_authority_is_put_beside_ours_or_in_its_place_on_the_disk(copied: Path, tmp_path: Path) -> None:
    own, strange = (copied / "ca.pem").read_bytes(), Authority.create("Starling node authority")
    issued = strange.issue("administrator-1", role="administrator", site="here", days=1)
    (tmp_path / "forged.pem").write_bytes(issued.private_pem() + issued.chain)
    (copied / "ca.pem").write_bytes(own + strange.pem)
    with serving(copied) as device, device.client(tmp_path / "forged.pem") as forged:
        with pytest.raises(httpx.TransportError):
            forged.get("/v1/accounts")
        with device.client("administrator") as known:
            assert known.get("/v1/accounts").status_code == 200
    (copied / "ca.pem").write_bytes(strange.pem)
    with pytest.raises(TrustError, match="not the one of this authority"), serving(copied):
        pass
