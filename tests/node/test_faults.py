"""What breaks around a node, and the outcome that docs/how-to/run-a-node.md states: nothing acknowledged is lost.

Clocks that are set back or forward are in test_presence.py, a process that is killed in test_killed.py.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from starling.node import administration
from starling.node.opening import opened
from starling.node.values import Order
from tests import commands
from tests.conftest import made_tokens
from tests.node.devices import PATIENCE, asker, new_patient, serving, settled, upload
from tests.node.test_process import ENVIRONMENT, ROOT, client
from tests.simulators.hub import hub

NO_MOUNT = "missing tool: the right to mount"


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[Path]:
    """A file system of its own; skips the test where nobody may mount one."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(place)], check=False, capture_output=True)
    if done.returncode:
        pytest.skip(NO_MOUNT)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def small(founded: object, copied: Path, tmp_path: Path, tool: Callable[[str], str]) -> Iterator[Path]:
    """A node on a disk of 64 MB."""
    tool("mount")
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=64m", "tmpfs") as disk:
        yield Path(shutil.copytree(copied, disk / "node"))


def fill(disk: Path) -> Path:
    """Not one page is free any more."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream:
        for size in (1 << 20, 4_096, 1):
            try:
                while stream.write(bytes(size)):
                    pass
            except OSError:
                continue
    return filler


def test_on_a_full_disk_nothing_is_answered_that_is_not_recorded_and_it_goes_on_when_there_is_room(
    small: Path, tmp_path: Path
) -> None:
    acknowledged = {}
    with serving(small) as device:
        node = device.node
        files = [new_patient(node, number, tmp_path) for number in (5, 6)]
        patient = next(iter(device.patients.values())).id
        order = {"patient": patient, "drugs": ["codeine"]}
        with device.client("laboratory") as lab, device.client("prescriber") as prescriber:
            acknowledged[upload(lab, *files[0]).json()["job"]["id"]] = files[0]
            for job in acknowledged:
                settled(node, job)
            filler = fill(small.parent)
            statuses = {prescriber.post("/v1/check", json=order).status_code for _ in range(400)}
            assert 503 in statuses and statuses <= {200, 503}  # what the file system had room for, and no more
            refused = prescriber.post("/v1/check", json=order)
            assert (refused.status_code, refused.json()["code"]) == (503, "DISK_UNWRITABLE")
            sent = upload(lab, *files[1])
            assert (sent.status_code, sent.json()["code"]) == (503, "DISK_UNWRITABLE")
            ready = prescriber.get("/readyz")
            assert ready.status_code == 503 and "free" in ready.json()["checks"]["disk"]
            assert [path for path in node.layout.spool.iterdir() if path.is_file()] == []
            size = node.log.size
            filler.unlink()
            assert prescriber.post("/v1/check", json=order).status_code == 200
            assert node.log.size == size + 1
            acknowledged[upload(lab, *files[1]).json()["job"]["id"]] = files[1]
            for job in acknowledged:
                assert settled(node, job).state == "called"
    with opened(small) as node:
        assert node.log.verify().sound and acknowledged.keys() <= {
            job.id for job in node.records.jobs("here", limit=99)
        }


def test_a_disk_that_became_read_only_is_said_so_and_loses_nothing(copied: Path, tool: Callable[[str], str]) -> None:
    tool("mount")
    with opened(copied) as node:
        size, patient = node.log.size, node.records.patients("here")[0].id
    with mounted(copied, "--bind", str(copied)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(copied)], check=True)
        told = commands.run("node", "run", copied, "--port", "0")
        assert told.code == 2 and told.err.endswith("[DISK_UNWRITABLE]\n")
        assert commands.run("node", "list", copied).code == 0
    with opened(copied) as node:
        assert node.log.size == size and node.log.verify().sound
        assert node.questions.check(asker(), Order(patient=patient, drugs=("codeine",))).text


@contextmanager
def running(folder: Path, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "starling", "node", "run", str(folder), "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, line.removeprefix("ready ").strip()
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_a_token_that_is_taken_away_while_the_node_serves_stops_the_next_start_alone(
    softhsm: tuple[Path, Path], tool: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "hsm").mkdir()
    configured = {**ENVIRONMENT, "SOFTHSM2_CONF": str(made_tokens(tool("softhsm2-util"), tmp_path / "hsm", "bed"))}
    (tmp_path / "pin").write_text("1234\n", encoding="utf-8")
    folder = tmp_path / "node"
    said = [f"token_module={softhsm[0]}", "token=bed", f"token_pin_file={tmp_path / 'pin'}"]
    command = [sys.executable, "-m", "starling", "node", "init", str(folder)]
    command += [word for each in said for word in ("--set", each)]
    subprocess.run(command, env=configured, check=True, capture_output=True, timeout=PATIENCE)
    (folder / "clients").mkdir()
    issue = ["issue", str(folder), "dr-lee", "--role", "prescriber", "-o", str(folder / "clients" / "prescriber.pem")]
    command = [sys.executable, "-m", "starling", "node"]
    subprocess.run([*command, *issue], env=configured, check=True, capture_output=True, timeout=PATIENCE)
    with running(folder, configured) as (process, address), client(folder, address, "prescriber") as prescriber:
        assert prescriber.get("/v1/patients").json() == []
        (tmp_path / "hsm" / "tokens").rename(tmp_path / "hsm" / "taken away")
        assert prescriber.get("/v1/patients").json() == []  # and recorded: the key of the store is in its memory
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    again = subprocess.run(
        [sys.executable, "-m", "starling", "node", "run", str(folder), "--port", "0"], env=configured, check=False,
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert (again.returncode, again.stderr.strip().endswith("[KEY_UNAVAILABLE]")) == (7, True)
    (tmp_path / "hsm" / "taken away").rename(tmp_path / "hsm" / "tokens")
    with running(folder, configured) as (_, address), client(folder, address, "prescriber") as prescriber:
        assert prescriber.get("/v1/patients").json() == []
    verified = subprocess.run(
        [sys.executable, "-m", "starling", "node", "audit", "verify", str(folder)], env=configured, check=False,
        timeout=PATIENCE, capture_output=True,
    )  # fmt: skip
    assert verified.returncode == 0


def test_without_a_network_it_goes_on_and_the_hub_has_everything_once_it_is_back(
    copied: Path, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    command = [tool("unshare"), "--net", sys.executable, "-m", "tests.node.unplugged"]
    if subprocess.run([*command[:2], "true"], check=False, capture_output=True).returncode:
        pytest.skip("missing tool: the right to make a network")
    with opened(copied) as node:
        file, _ = new_patient(node, 5, tmp_path)
    with hub(tmp_path, errors=0.0, lost=0.0) as (server, address, _):
        settings = f'hub = "{address}"\nhub_authority = "{tmp_path / "hub.pem"}"\n'
        (copied / "settings.toml").write_text(settings, encoding="utf-8")
        here = {**ENVIRONMENT, "PYTHONPATH": f"{ENVIRONMENT['PYTHONPATH']}:{ROOT}"}
        words = [*command, str(copied), str(file)]
        told = subprocess.run(
            words, env=here, cwd=ROOT, capture_output=True, text=True, check=False, timeout=2 * PATIENCE
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        seen = json.loads(told.stdout)
        assert [seen["before"], seen["down"], seen["after"]] == [200, 0, 200]
        assert [seen["state"], seen["ready"]] == ["called", True]
        assert seen["waiting"] >= 2 and server.events == {}
        with serving(copied) as device:
            ends = time.monotonic() + PATIENCE
            assert device.node.outbox is not None
            while device.node.outbox.waiting():
                assert time.monotonic() < ends
                time.sleep(0.05)
        kinds = [each["type"] for each in server.events.values()]
        assert kinds.count("org.starling.prediction") == 2 and server.received == len(server.events)
    assert administration.verify(copied).sound


def test_a_node_made_where_there_is_no_room_is_not_made_by_half(tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("mount")
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=256k", "tmpfs") as disk:
        told = commands.run("node", "init", disk / "node", "--demo")
        assert told.code == 2 and told.err.endswith("[DISK_UNWRITABLE]\n")
        assert [*disk.iterdir()] == []
