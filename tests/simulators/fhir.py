"""A FHIR server over TLS that answers reads and searches of what it holds, and misbehaves where a test has it do so.

It serves the keys of an EHR as well (`/jwks.json`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.simulators.hub import certificate
from tests.simulators.serving import over_tls, served


class FhirServer(ThreadingHTTPServer):
    """`resources`: what it holds.  `token`: without which it gives nothing; empty: it gives to everybody.

    `keys`: of the EHR.  `page`: entries of a page.  `way`: `redirect`, `elsewhere` (the next page is another server's),
    `drip` (never done), `huge`, `broken`; empty: as it should.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.resources: list[dict[str, Any]] = []
        self.keys: list[dict[str, Any]] = []
        self.token = self.way = ""
        self.page = 100
        self.asked: list[str] = []

    @property
    def root(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"

    @property
    def address(self) -> str:
        return f"{self.root}/fhir"


class _Handler(BaseHTTPRequestHandler):
    server: FhirServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        parts = urlsplit(self.path)
        if parts.path == "/jwks.json":
            self._json(200, {"keys": self.server.keys})
        elif self.server.token and self.headers.get("authorization") != f"Bearer {self.server.token}":
            self._json(401, {"resourceType": "OperationOutcome"})
        elif self.server.way:
            getattr(self, f"_{self.server.way}")()
        else:
            self._found(parts.path.removeprefix("/fhir/").split("/"), parse_qs(parts.query))

    def _found(self, path: list[str], query: dict[str, list[str]]) -> None:
        held = [each for each in self.server.resources if each["resourceType"] == path[0]]
        if len(path) > 1:
            one = next((each for each in held if each["id"] == path[1]), None)
            self._json(200, one) if one else self._json(404, {"resourceType": "OperationOutcome"})
            return
        patient = f"Patient/{query['patient'][0]}"
        found = [each for each in held if each["subject"]["reference"] == patient]
        start = int(query.get("start", ["0"])[0])
        shown = found[start : start + self.server.page]
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        bundle |= {"entry": [{"resource": each} for each in shown]} if shown else {}
        if start + self.server.page < len(found):
            following = (
                f"{self.server.address}/{path[0]}?patient={query['patient'][0]}&start={start + self.server.page}"
            )
            bundle["link"] = [{"relation": "next", "url": following}]
        self._json(200, bundle)

    def _redirect(self) -> None:
        self.send_response(302)
        self.send_header("location", f"{self.server.root}/secret")
        self.send_header("content-length", "0")
        self.end_headers()

    def _elsewhere(self) -> None:
        link = [{"relation": "next", "url": f"{self.server.root}/secret"}]
        self._json(200, {"resourceType": "Bundle", "link": link})

    def _broken(self) -> None:
        self._bytes(200, b"{" * 10_000)

    def _huge(self) -> None:
        self._bytes(200, b"[" + b"0," * (3 << 20) + b"0]")

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(200):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)  # what is tested is that nobody waits for the end of this

    def _json(self, status: int, body: Any) -> None:
        self._bytes(status, json.dumps(body).encode())

    def _bytes(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/fhir+json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def fhir_server(folder: Path) -> Iterator[FhirServer]:
    """One that listens; whoever trusts `fhir.pem` of the folder believes it."""
    certificate(folder / "fhir.pem")
    server = FhirServer()
    over_tls(server, folder / "fhir.pem")
    with served(server):
        yield server
