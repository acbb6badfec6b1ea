"""The process: made, served over TLS, asked, and ended, as whoever runs it sees it."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, create_connection, socket
from threading import Thread

import httpx
import pytest
from cryptography import x509

from starling.node import administration, server
from starling.node.demonstration import file_of, specimen_of
from starling.node.founding import Founded
from starling.node.layout import DEMONSTRATION_KEYS
from starling.node.opening import opened
from starling.node.values import ROLES
from tests import commands
from tests.node.devices import PATIENCE, new_patient, trusting, upload

PACKAGES = {"apsw", "argon2", "cedarpy", "cryptography", "h11", "msgspec", "pyotp", "starlette", "uvicorn"}
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'workshop' / 'src'}"}


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process of a node, and its address."""
    command = [sys.executable, "-m", "starling", "node", "run", str(folder), "--port", "0"]
    process = subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready https://127.0.0.1:"), line or process.communicate()[1]
        yield process, line.removeprefix("ready ").strip()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE)


def client(folder: Path, address: str, role: str | None = None) -> httpx.Client:
    context = trusting(folder)
    if role:
        context.load_cert_chain(folder / "clients" / f"{role}.pem")
    return httpx.Client(base_url=address, verify=context, timeout=PATIENCE)


def shown(folder: Path, address: str) -> datetime:
    """When the certificate ends that a new connection is shown."""
    host, _, port = address.removeprefix("https://").partition(":")
    with (
        create_connection((host, int(port)), timeout=PATIENCE) as plain,
        trusting(folder).wrap_socket(plain, server_hostname=host) as secured,
    ):
        certificate = secured.getpeercert(binary_form=True)
    assert certificate is not None
    return x509.load_der_x509_certificate(certificate).not_valid_after_utc


def test_a_demonstration_node_answers_as_the_command_does_and_ends_on_sigterm(tmp_path: Path) -> None:
    folder, specimen = tmp_path / "demo", specimen_of(13)
    assert commands.run("node", "init", folder, "--demo").code == 0
    assert {path.name for path in (folder / "clients").iterdir()} == {
        *(f"{role}.pem" for role in ROLES),
        *DEMONSTRATION_KEYS,
    }
    with opened(folder) as node:
        path = file_of(node.held.engine, 13, tmp_path)
        ids = {each.identifier: each.id for each in node.records.patients("here")}
    assert len(ids) == 20
    patient = ids[specimen.identifier]
    with running(folder) as (process, address):
        with client(folder, address) as nobody:
            assert nobody.get("/livez").text == "alive\n"
            told = nobody.get("/readyz").json()
            assert told["ready"]
            assert set(told["checks"].items()) == {
                (part, "") for part in ("store", "audit", "knowledge", "clock", "disk")
            }
        order = {"patient": patient, "drugs": ["codeine", "clopidogrel"], "medication": ["paroxetine"]}
        with client(folder, address, "prescriber") as prescriber:
            answer = prescriber.post("/v1/check", json=order).json()
            text = prescriber.post("/v1/check", params={"as": "text"}, json=order).text
        for role in ROLES:
            with client(folder, address, role) as known:
                assert known.get("/v1/knowledge").status_code == 200
        assert commands.run("node", "run", folder).err.endswith("[NODE_RUNNING]\n")
        with client(folder, address) as idle:  # connected, asking nothing, and not waited for
            assert idle.get("/livez").status_code == 200
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out) == (0, "")
        assert err.splitlines() == [f"starling: {name}: {text}" for name, text in told["processes"].items()]
    said = [f"--subject=sex={specimen.sex}", f"--subject=birth_date={specimen.birth_date}", "--sex", specimen.sex]
    asked: list[str | Path] = ["check", "codeine,clopidogrel", path, "-m", "paroxetine", *said]
    assert commands.run(*asked, "-o", tmp_path / "a.txt").code == commands.run(*asked, "-o", tmp_path / "a.json").code
    assert text == (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert _timeless(answer) == _timeless(httpx.Response(200, content=(tmp_path / "a.json").read_bytes()).json())
    assert administration.verify(folder).require().size > 100


def _timeless(answer: dict[str, object]) -> str:
    import json

    for each in answer["answers"]:  # type: ignore[attr-defined]
        del each["provenance"]["created"]
    return json.dumps(answer)


def test_a_process_that_is_killed_loses_nothing_that_it_acknowledged(copied: Path, tmp_path: Path) -> None:
    jobs = {}
    with opened(copied) as node:
        sent = [new_patient(node, number, tmp_path) for number in (5, 6, 7)]
    with running(copied) as (process, address), client(copied, address, "laboratory") as lab:
        for path, specimen in sent:
            jobs[upload(lab, path, specimen).json()["job"]["id"]] = specimen.specimen
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL
    with running(copied) as (process, address), client(copied, address, "laboratory") as lab:
        for path, specimen in sent:
            again = upload(lab, path, specimen)
            assert (again.status_code, again.json()["job"]["id"] in jobs) == (200, True)
        while {lab.get(f"/v1/jobs/{job}").json()["state"] for job in jobs} != {"called"}:
            assert process.poll() is None
            time.sleep(0.05)  # within the rate
        assert {job: lab.get(f"/v1/jobs/{job}").json()["specimen"] for job in jobs} == jobs
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert administration.verify(copied).require().seen


def test_a_renewed_certificate_is_shown_without_a_restart(copied: Path) -> None:
    with running(copied) as (process, address), client(copied, address, "prescriber") as before:
        assert before.get("/v1/knowledge").status_code == 200
        ends = administration.renew(copied, days=9)
        process.send_signal(signal.SIGHUP)
        while shown(copied, address) != ends.replace(microsecond=0):
            assert process.poll() is None
        assert ends - datetime.now(UTC) < timedelta(days=9)
        assert before.get("/v1/knowledge").status_code == 200
        (copied / "device.pem").write_bytes(b"half a certif")
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        said = iter(process.stderr.readline, "")
        assert next(line for line in said if "device.pem: key or certificate cannot be read" in line)
        assert shown(copied, address) == ends.replace(microsecond=0)


def test_only_tls_13_is_spoken(copied: Path) -> None:
    with running(copied) as (_, address):
        context = trusting(copied)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/livez", verify=context)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{address.replace('https', 'http')}/livez")


def test_a_plain_node_has_no_key_of_anybody(founded: Founded, tmp_path: Path) -> None:
    made = commands.run("node", "init", tmp_path / "node", "--set", "site=ward-3", "--set", "port=0")
    assert made.code == 0
    assert founded.verifier_key.startswith("starling.node/audit+")
    assert "starling.node/audit+" in made.out and "told here and never again" in made.out
    assert "whoever copies this disk has the key as well" in made.out
    assert not (tmp_path / "node" / "clients").exists()
    assert (tmp_path / "node" / "checkpoint").is_file()
    assert 'site = "ward-3"' in (tmp_path / "node" / "settings.toml").read_text(encoding="utf-8")
    again = commands.run("node", "init", tmp_path / "node")
    assert (again.code, again.err.endswith("[FOLDER_TAKEN]\n")) == (2, True)
    for word, code in (("site", "BAD_SETTING"), ("prt=1", "BAD_SETTING"), ("port=x", "BAD_SETTING")):
        assert commands.run("node", "init", tmp_path / "other", "--set", word).err.endswith(f"[{code}]\n")
    assert not (tmp_path / "other").exists()
    assert commands.run("node", "run", tmp_path / "other").err.endswith("[NO_NODE]\n")


def test_a_signal_ends_what_serves_and_what_runs_beside_it_and_the_log_says_so(copied: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    told: list[str] = []
    with opened(copied) as node:
        serving = server.Serving(node, port=0, ready=told.append)
        with serving._server.capture_signals():
            (copied / "device.pem").write_bytes(b"half a certif")
            os.kill(os.getpid(), signal.SIGHUP)  # changes nothing
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is before
        thread = Thread(target=serving.run)
        thread.start()
        thread.join(PATIENCE)
        assert told == [serving.address]
        said = [event["subtype"][0]["code"] for _, event in node.log.events(limit=2)]
        assert said == ["node.stop", "node.start"] and node.log.verify().seen == node.log.size


def test_a_node_that_cannot_listen_or_show_a_certificate_does_not_begin(copied: Path) -> None:
    with socket(AF_INET, SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        there = commands.run("node", "run", copied, "--port", str(taken.getsockname()[1]))
    assert (there.code, "cannot listen on 127.0.0.1" in there.err) == (2, True)
    assert commands.run("node", "run", copied, "--port", "70000").err.endswith("[BAD_SETTING]\n")
    (copied / "settings.toml").write_text('host = "::1"\nport = 0\n', encoding="utf-8")
    (copied / "device.pem").unlink()
    assert commands.run("node", "run", copied).err.endswith("[CERTIFICATE_REFUSED]\n")


def test_what_the_node_needs_is_loaded_by_its_own_command_alone_and_when_it_does_something() -> None:
    script = "import sys; from starling.cli.commands import whole_parser; whole_parser(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout.split()
    assert "starling.cli.node" in loaded
    assert [name for name in loaded if name.partition(".")[0] in PACKAGES or name.startswith("starling.node")] == []
