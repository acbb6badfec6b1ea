"""A node that serves over real TLS, in a thread of the tests: what its callers see is what any caller sees."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import quote

import httpx
from msgspec import json

from starling.node.demonstration import file_of, specimen_of
from starling.node.opening import AUTHORITY, opened
from starling.node.server import Serving
from starling.node.service import Node
from starling.node.values import ITSELF, Patient, Principal, Role, Specimen
from starling.trust.certificates import Authority

#: seconds that anything may take before a test gives up
PATIENCE = 60


@dataclass
class Device:
    """A node that serves.  `node` is the very one that answers."""

    node: Node
    serving: Serving

    @property
    def folder(self) -> Path:
        return self.node.layout.root

    @property
    def address(self) -> str:
        return self.serving.address

    def client(self, who: str | Path | None = None, **headers: str) -> httpx.Client:
        """A caller: a role of the demonstration, a file of key and certificate, or nobody."""
        context = trusting(self.folder)
        if who is not None:
            context.load_cert_chain(who if isinstance(who, Path) else self.folder / "clients" / f"{who}.pem")
        return httpx.Client(base_url=self.address, verify=context, headers=headers, timeout=PATIENCE)

    def certificate(self, path: Path, role: str, *, site: str = "here", name: str = "somebody", days: int = 1) -> Path:
        """A file of key and certificate from the node's own authority."""
        key = self.node.records.secret(AUTHORITY)
        assert key is not None
        issued = Authority.load((self.folder / "ca.pem").read_bytes(), key).issue(name, role=role, site=site, days=days)
        path.write_bytes(issued.private_pem() + issued.chain)
        return path

    @cached_property
    def patients(self) -> dict[str, Patient]:
        """Identifier -> who they are."""
        return {each.identifier: each for each in self.node.records.patients("here")}

    def events(self) -> list[dict[str, Any]]:
        """The audit log, the newest first."""
        with self.node.records.lock:
            return [event for _, event in self.node.log.events(limit=10_000)]


def trusting(folder: Path) -> ssl.SSLContext:
    """Whoever trusts the authority of the node."""
    return ssl.create_default_context(cafile=str(folder / "ca.pem"))


@contextmanager
def serving(folder: Path) -> Iterator[Device]:
    """The node of a folder, served on a free port until the end."""
    with opened(folder) as node:
        ready: Queue[str] = Queue()
        served = Serving(node, port=0, ready=ready.put)
        thread = Thread(target=served.run, name="serving")
        thread.start()
        try:
            assert ready.get(timeout=PATIENCE) == served.address
            yield Device(node, served)
        finally:
            served.stop()
            thread.join(PATIENCE)
            assert not thread.is_alive()


def upload(client: httpx.Client, path: Path, specimen: Specimen) -> httpx.Response:
    """The file is sent as a laboratory sends it."""
    headers = {"starling-specimen": quote(json.encode(specimen)), "starling-file": quote(path.name)}
    return client.post("/v1/jobs", content=path.read_bytes(), headers=headers)


def new_patient(node: Node, number: int, folder: Path) -> tuple[Path, Specimen]:
    """A synthetic patient whom the demonstration does not have."""
    return file_of(node.held.engine, number, folder), specimen_of(number)


def asker(role: Role = "prescriber", name: str = "somebody", *, site: str = "here", emergency: str = "") -> Principal:
    """Whoever asks a node in the same process."""
    return Principal(name=name, role=role, site=site, emergency=emergency)


def itself() -> Principal:
    """The node."""
    return Principal(name=ITSELF, role="system", site="here", way="process")


def settled(node: Node, job: str) -> Any:
    """The job once the node itself can do no more for it."""
    from time import monotonic, sleep

    ends = monotonic() + PATIENCE
    while (found := node.records.job(job)) is None or found.state in {"received", "read"}:
        assert monotonic() < ends, "the job stands still"
        sleep(0.01)
    return found
