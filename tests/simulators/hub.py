"""A hub that takes batches of events over TLS, and fails now and then: it refuses, or it keeps and never says so."""

from __future__ import annotations

import gzip
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any


class Hub(HTTPServer):
    """Keeps one event per id.  `errors`: share of batches refused with `status`; `lost`: kept and not acknowledged."""

    def __init__(self, *, errors: float, lost: float, status: int = 503, seed: int = 1) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.errors, self.lost, self.status, self.random = errors, lost, status, Random(seed)
        self.events: dict[str, Any] = {}
        self.received = self.refused = self.unacknowledged = 0
        self.answer = b""


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        packed = self.rfile.read(int(self.headers["Content-Length"]))
        chance = self.server.random.random()
        if chance < self.server.errors:
            self.server.refused += 1
            self.send_error(self.server.status)
            return
        for event in json.loads(gzip.decompress(packed)):
            self.server.received += 1
            self.server.events.setdefault(event["id"], event)
        if chance < self.server.errors + self.server.lost:
            self.server.unacknowledged += 1
            return
        self.send_response(200 if self.server.answer else 204)
        self.send_header("content-length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def hub(folder: Path, *, errors: float, lost: float, status: int = 503) -> Iterator[tuple[Hub, str, ssl.SSLContext]]:
    """A hub that listens, its address, and how to trust it."""
    certificate(folder / "hub.pem")
    server = Hub(errors=errors, lost=lost, status=status)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(folder / "hub.pem")
    server.socket = own.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield (
            server,
            f"https://127.0.0.1:{server.server_port}/events",
            ssl.create_default_context(cafile=str(folder / "hub.pem")),
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(path: Path) -> None:
    """Key and certificate for 127.0.0.1, which is its own authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
