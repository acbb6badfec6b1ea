"""A node that answers an EHR, and that EHR: its keys, its FHIR server, its calls."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwk

from starling.node.founding import Founded
from tests.node.devices import Device, serving
from tests.simulators.ehr import Ehr
from tests.simulators.fhir import FhirServer, fhir_server

SYSTEM = "urn:oid:1.2.3"


@dataclass
class Hooked:
    """`ehr`: its keys lie in a file of the node; `rotating`: its keys are where its FHIR server is; `demo`."""

    device: Device
    client: httpx.Client
    fhir: FhirServer
    ehr: Ehr
    rotating: Ehr
    demo: Ehr

    def fhir_access(self, **more: Any) -> dict[str, Any]:
        return {"fhirServer": self.fhir.address, "fhirAuthorization": {"access_token": self.fhir.token or "t"}, **more}


def clients_file(fhir: FhirServer) -> str:
    """Two clients: by a file of keys, and by an address."""
    return f"""
[[client]]
name = "ehr"
iss = "https://ehr.example"
keys = "ehr.json"
fhir_ids = true
authority = "fhir.pem"
fhir = ["{fhir.address}/"]

[[client]]
iss = "https://rotating.example"
jku = "{fhir.root}/jwks.json"
authority = "fhir.pem"
identifiers = ["{SYSTEM}"]
"""


@contextmanager
def hooked(founded: Founded, folder: Path, **settings: str | int | bool) -> Iterator[Hooked]:
    """A copy of a demonstration, served, with an EHR beside it."""
    copy = Path(shutil.copytree(founded.layout.root, folder / "node"))
    with ExitStack() as stack:
        fhir = stack.enter_context(fhir_server(copy))
        (copy / "clients.toml").write_text(clients_file(fhir), encoding="utf-8")
        key = jwk.ECKey.generate_key("P-384", {"kid": "one"}, private=True)
        other = jwk.RSAKey.generate_key(2048, {"kid": "first"}, private=True)
        (copy / "ehr.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}), encoding="utf-8")
        fhir.keys = [other.as_dict(private=False)]
        stated = {"clients": "clients.toml", "demo_trust": True, "fhir_ms": 20_000, **settings}
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in stated.items())
        with (copy / "settings.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n[exchange]\n{lines}")
        device = stack.enter_context(serving(copy))
        client = stack.enter_context(device.client())
        yield Hooked(
            device,
            client,
            fhir,
            Ehr(device.address, key),
            Ehr(device.address, other, iss="https://rotating.example", jku=f"{fhir.root}/jwks.json", algorithm="RS384"),
            Ehr.of_demonstration(copy, device.address),
        )
