"""Whoever watches over a node on the same machine is told how it is, by the node alone."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from starling.errors import InputError
from starling.node import readiness
from tests import commands
from tests.node.devices import Device


def port_of(device: Device) -> str:
    return device.address.rpartition(":")[2]


def test_a_node_says_how_it_is(device: Device) -> None:
    done = commands.run("node", "ready", device.folder, "--port", port_of(device))
    assert (done.code, done.out) == (
        0,
        "store     sound\naudit     sound\nknowledge sound\nclock     sound\ndisk      sound\n",
    )


def test_a_node_that_is_not_sound_is_said_not_to_be(device: Device) -> None:
    checkpoint = device.folder / "checkpoint"
    kept = checkpoint.read_bytes()
    try:
        checkpoint.write_bytes(kept.replace(b"audit", b"other", 1))
        done = commands.run("node", "ready", device.folder, "--port", port_of(device))
    finally:
        checkpoint.write_bytes(kept)
    assert done.code == 7
    assert "audit     sound" not in done.out and "store     sound" in done.out


def test_attack_another_server_in_the_place_of_the_node_is_not_believed(device: Device, copied: Path) -> None:
    """It answers at the port, with a certificate that another authority issued."""
    other = Path(copied.parent / "other")
    assert commands.run("node", "init", other).code == 0
    with pytest.raises(InputError, match="certificate verify failed") as refused:
        readiness.ask(other, port=int(port_of(device)))
    assert refused.value.code == "NO_ANSWER"


def test_where_nobody_answers_it_is_one_line(copied: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = commands.run("node", "ready", copied, "--port", taken.getsockname()[1])
    assert (done.code, done.err.endswith("[NO_ANSWER]\n"), done.err.count("\n")) == (2, True, 1)


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_whoever_started_it_is_told_where_it_asked_to_be(tmp_path: Path, kind: str) -> None:
    name = str(tmp_path / "told") if kind == "path" else f"@starling-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(name.replace("@", "\0", 1))
        readiness.tell("READY=1", {"NOTIFY_SOCKET": name})
        assert told.recv(100) == b"READY=1"


def test_nobody_is_told_where_nobody_asked(tmp_path: Path) -> None:
    readiness.tell("READY=1", {})
    with pytest.raises(InputError, match="NOTIFY_SOCKET: cannot be told"):
        readiness.tell("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "nobody")})
