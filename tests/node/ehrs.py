"""EHRs in tests: a FHIR server that nobody here wrote, and one that misbehaves as a test has it do."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwk

from tests.exchange.fhir.checks import require
from tests.node.devices import PATIENCE
from tests.simulators.hub import certificate
from tests.simulators.serving import over_tls, served

PACKAGES = Path(sys.prefix) / "npm"
CLIENT, SYSTEM = "starling", "urn:oid:1.2.3.4"
Stated = dict[str, str | int | bool]


def key_of(folder: Path, kind: str = "EC") -> dict[str, Any]:
    """A key of the node as the file `ehr.json` in a folder; its public half."""
    key = jwk.ECKey.generate_key("P-384") if kind == "EC" else jwk.RSAKey.generate_key(2048)
    named = {**key.as_dict(private=True), "kid": f"one-{kind}"}
    (folder / "ehr.json").write_text(json.dumps(named), encoding="utf-8")
    return {**key.as_dict(private=False), "kid": f"one-{kind}"}


def settings_for(root: str, folder: Path) -> Stated:
    """What a node states of an EHR whose certificate and whose key for it lie in a folder."""
    return {
        "exchange_ehr": f"{root}/fhir", "exchange_ehr_client": CLIENT, "exchange_ehr_key": str(folder / "ehr.json"),
        "exchange_ehr_authority": str(folder / "ehr.pem"), "exchange_ehr_identifiers": SYSTEM,
        "exchange_ehr_seconds": 20,
    }  # fmt: skip


class OtherEhr:
    """The server of another house, as its own users see it."""

    def __init__(self, root: str, authority: Path) -> None:
        self.root = root
        context = ssl.create_default_context(cafile=str(authority))
        head = {"authorization": "Bearer of the test"}
        self.client = httpx.Client(base_url=root, verify=context, headers=head, timeout=PATIENCE)

    def add(self, **patient: Any) -> str:
        """The id of a new patient."""
        answer = self.client.post("/fhir/Patient", json={"resourceType": "Patient", **patient})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def all(self, kind: str, **asked: str) -> list[dict[str, Any]]:
        """Every resource of a kind."""
        answer = self.client.get(f"/fhir/{kind}", params={"_count": "1000", **asked})
        assert answer.status_code == 200, answer.text
        return [each["resource"] for each in answer.json().get("entry", [])]


@contextmanager
def other_ehr(folder: Path) -> Iterator[OtherEhr]:
    """The server, once it listens.  `folder`: then holds `ehr.pem`, and the keys `ehr.json` (EC) and `rsa/ehr.json`."""
    require("node", *(PACKAGES / each for each in ("@medplum/fhir-router", "@medplum/core", "graphql", "dataloader")))
    (folder / "rsa").mkdir()
    keys = [key_of(folder / "rsa", "RSA"), key_of(folder)]
    (folder / "jwks.json").write_text(json.dumps({"keys": keys}), encoding="utf-8")
    certificate(folder / "ehr.pem")
    with subprocess.Popen(
        ["node", str(Path(__file__).with_name("ehr.cjs")), str(folder / "ehr.pem"), CLIENT, str(folder / "jwks.json"),
         "of the test"],
        env={**os.environ, "NODE_PATH": str(PACKAGES)}, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stdin is not None
        found = OtherEhr(f"https://127.0.0.1:{int(process.stdout.readline())}", folder / "ehr.pem")
        with found.client:
            yield found
        process.stdin.close()


class BadEhr(ThreadingHTTPServer):
    """`ways`: path -> (status, headers, body); a body of None never ends, of `drip` never ends, slowly."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ways: dict[str, tuple[int, dict[str, str], Any]] = {}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def root(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Whoever does not believe this server goes away in the middle."""


class _Handler(BaseHTTPRequestHandler):
    server: BadEhr

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        status, headers, said = self.server.ways.get(self.path, (404, {}, {}))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if said is None:
                self._endless(b"[" * (1 << 16), 0)
            elif said == "drip":
                self._endless(b"[", 0.05)
            else:
                self.wfile.write(json.dumps(said).encode())
        except OSError:
            return  # whoever asked has heard enough

    def do_GET(self) -> None:
        self.do_POST()

    def _endless(self, piece: bytes, pause_s: float) -> None:
        while True:
            self.wfile.write(piece)
            time.sleep(pause_s)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def bad_ehr(folder: Path) -> Iterator[BadEhr]:
    """A server that does as `ways` says; `folder` holds its certificate and a key of the node."""
    certificate(folder / "ehr.pem")
    key_of(folder)
    server = BadEhr()
    over_tls(server, folder / "ehr.pem")
    with served(server):
        yield server
