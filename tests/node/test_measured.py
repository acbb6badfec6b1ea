"""What a node started with: quoted for whoever asks at its keyboard, and with every checkpoint that the hub is sent."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from starling.errors import InputError
from starling.node import measured
from starling.node.opening import opened
from starling.node.settings import Settings
from starling.trust.attestation import judge, read_evidence
from starling.trust.tpm import Tpm
from tests import commands
from tests.node.devices import asker, serving
from tests.simulators.hub import hub
from tests.simulators.tpm import Chip, chip

NONCE = "5f0c" * 16


@pytest.fixture(scope="module")
def board(tool: Callable[[str], str]) -> Iterator[Chip]:
    with tempfile.TemporaryDirectory() as folder, chip(tool, Path(folder)) as found:
        yield found


def set_to(folder: Path, **settings: str) -> None:
    lines = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
    (folder / "settings.toml").write_text(lines, encoding="utf-8")


def test_a_device_is_enrolled_and_asked_later(board: Chip, copied: Path, tmp_path: Path) -> None:
    set_to(copied, tpm=board.tcti, tpm_registers="0, 2 4 7")
    kept, now = tmp_path / "enrolled.json", tmp_path / "now.json"
    assert commands.run("node", "attest", copied, "-o", kept).code == 0
    assert commands.run("node", "attest", copied, "--nonce", NONCE, "-o", now).code == 0
    asked: list[str | Path] = ["node", "attested", now, "--enrolled", kept, "--nonce"]
    believed = commands.run(*asked, NONCE)
    assert (believed.code, believed.out) == (0, "the device started with what it was enrolled with\n")
    old = commands.run(*asked, "00" * 32)
    assert (old.code, old.err.endswith("[ATTESTATION_REFUSED]\n"), "nonce" in old.err) == (7, True, True)
    assert set(read_evidence(now.read_text(encoding="utf-8"), "now").registers) == {0, 2, 4, 7}
    with opened(copied) as node:
        ((_, event),) = node.log.events(limit=1)
    assert event["subtype"][0]["code"] == "node.attest" and NONCE in str(event)


def test_a_nonce_that_is_none_and_a_node_without_a_chip_are_one_line(board: Chip, copied: Path) -> None:
    for wrong in ("xyz", "00" * 33):
        assert commands.run("node", "attest", copied, "--nonce", wrong).err.endswith("[BAD_OPTION]\n")
    assert "tpm names no hardware" in commands.run("node", "attest", copied).err
    set_to(copied, tpm="swtpm:path=/nowhere")
    refused = commands.run("node", "attest", copied)
    assert (refused.code, refused.err.endswith("[NO_QUOTE]\n")) == (7, True)
    none = copied / "none.json"
    missing = commands.run("node", "attested", none, "--enrolled", none, "--nonce", NONCE)
    assert missing.err.endswith("[FILE_NOT_FOUND]\n")


@pytest.mark.parametrize("registers", ["", "24", "-1", "boot"])
def test_registers_that_no_chip_has_are_a_wrong_setting(registers: str) -> None:
    with pytest.raises(InputError, match="registers from 0 to 23") as refused:
        measured.hardware(Settings({"tpm": "device:/dev/tpmrm0", "tpm_registers": registers}))
    assert refused.value.code == "BAD_SETTING"


def test_what_it_started_with_reaches_the_hub_with_each_checkpoint(board: Chip, copied: Path, tmp_path: Path) -> None:
    """The quote is for the checkpoint that it goes with: an old one cannot go with a new checkpoint."""
    with hub(tmp_path, errors=0, lost=0) as (server, address, _):
        known = Tpm(board.tcti).quote(b"enrolled")
        set_to(copied, tpm=board.tcti, hub=address, hub_authority=str(tmp_path / "hub.pem"))
        with serving(copied) as device:
            while not server.events:
                threading.Event().wait(0.05)
            device.node.who_may_log_in(asker("administrator"))  # the log grows
            device.node.checkpoint()
            while len(server.events) < 2:
                threading.Event().wait(0.05)
        said = [each["data"] for each in server.events.values()]
    for each in said:
        told = read_evidence(json.dumps(each["attestation"]), "hub")
        nonces = {measured.nonce_of(other["checkpoint"]) for other in said}
        assert len(nonces) > 1
        assert judge(told, nonce=measured.nonce_of(each["checkpoint"]), enrolled=known).sound
        assert sum(judge(told, nonce=nonce, enrolled=known).sound for nonce in nonces) == 1


def test_a_chip_that_is_gone_is_said_and_the_checkpoint_goes_on(copied: Path, tmp_path: Path) -> None:
    with hub(tmp_path, errors=0, lost=0) as (server, address, _):
        set_to(copied, tpm="swtpm:path=/nowhere", hub=address, hub_authority=str(tmp_path / "hub.pem"))
        with serving(copied):
            while not server.events:
                threading.Event().wait(0.05)
        (first, *_) = (each["data"] for each in server.events.values())
    assert first["attestation"] is None and "tpm2_createprimary" in first["attestation_failed"]
    assert first["checkpoint"].startswith("starling.node/audit\n")


def test_without_a_chip_nothing_is_said_of_one() -> None:
    assert measured.hardware(Settings()) is None
    assert measured.with_quote("note", None) == {}
