"""What a call of CDS Hooks costs and how long it waits: `python bench/cds.py [--seconds 4] [--medicines 1 5 10 20]`.

A demonstration node is made and run as a process of its own on this machine; an EHR signs each call (ES384) beforehand
asks over TLS, without a client certificate.  Every call is order-sign with a whole prefetch: one order, and so many
medicines that are taken.

kept      the same order again and again: tokens, audit and cards of each call, the answer itself is there
first     every call is another one, and is computed
rate      100 calls a second, one in ten of them computed; then all of them
same      the cards of a call with prefetch, and of one for which the node reads the same from a FHIR server

CPU is that of the process that serves (and, of `first`, of the one that computes) per call.  Signing is not measured.
Exit status 1 when any answer was an error, or the cards were not the same.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "workshop" / "src")]

from bench.node import SETTINGS, Device, first_of_all
from starling.node.founding import found
from starling.node.settings import of_words
from tests.simulators.ehr import SERVICES, Ehr, call, order, taken
from tests.simulators.fhir import FhirServer
from tests.simulators.prescribers import Heard, ask

PATIENT, PATH = "DEMO-0002", f"{SERVICES}/starling-order-sign"
RATE, MOST = 100, 600  # calls a second; calls that are signed for each second of a phase that asks as fast as it can
TAKEN = (
    "paroxetine 20 MG Oral Tablet", "metformin 500 MG Oral Tablet", "omeprazole 20 MG Delayed Release Oral Capsule",
    "simvastatin 40 MG Oral Tablet", "metoprolol tartrate 50 MG Oral Tablet", "amlodipine 5 MG Oral Tablet",
    "lisinopril 10 MG Oral Tablet", "aspirin 81 MG Oral Tablet", "furosemide 40 MG Oral Tablet",
    "allopurinol 300 MG Oral Tablet", "levothyroxine 0.05 MG Oral Tablet", "sertraline 50 MG Oral Tablet",
    "gabapentin 300 MG Oral Capsule", "warfarin sodium 5 MG Oral Tablet", "citalopram 20 MG Oral Tablet",
    "ondansetron 4 MG Oral Tablet", "diltiazem 120 MG Oral Tablet", "quetiapine 25 MG Oral Tablet",
    "atorvastatin 20 MG Oral Tablet", "pantoprazole 40 MG Delayed Release Oral Tablet",
)  # fmt: skip


def body(medicines: int, amount: float = 50) -> dict[str, Any]:
    """One call; another amount is another call."""
    dose = [{"doseAndRate": [{"doseQuantity": {"value": amount, "unit": "mg"}}]}]
    ordered = order("tramadol hydrochloride 50 MG Oral Tablet", patient=PATIENT, dosageInstruction=dose)
    listed = (taken(words, patient=PATIENT, id_=f"m-{number}") for number, words in enumerate(TAKEN[:medicines]))
    return call("order-sign", PATIENT, ordered, medicines=tuple(listed))


class Bench:
    """One node and its EHR."""

    def __init__(self, device: Device, seconds: float) -> None:
        self.device, self.seconds = device, seconds
        self.ehr = Ehr.of_demonstration(device.folder, device.address)
        self.context = ssl.create_default_context(cafile=str(device.folder / "ca.pem"))
        self.client = httpx.Client(base_url=device.address, verify=self.context, timeout=600)
        self.errors = self.amount = 0

    def another(self, medicines: int) -> dict[str, Any]:
        self.amount += 1
        return body(medicines, 100 + self.amount / 8)

    def signed(self, made: Callable[[int], dict[str, Any]], count: int) -> list[bytes]:
        """So many calls, each with a token of its own."""
        host, found = urlsplit(self.device.address).netloc, []
        for number in range(count):
            content = json.dumps(made(number)).encode()
            head = f"POST {PATH} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
            head += f"authorization: Bearer {self.ehr.token(self.device.address + PATH)}\r\n"
            found.append(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
        return found

    def asked(self, calls: list[bytes], *, clients: int, rate: float | None = None) -> Heard:
        address, seconds = self.device.address, self.seconds
        heard = asyncio.run(ask(address, self.context, calls, seconds=seconds, clients=clients, rate=rate))
        self.errors += heard.errors
        return heard

    def cpu(self) -> float:
        """Of the process that serves and of those that it started."""
        tasks = Path(f"/proc/{self.device.process.pid}/task").glob("*/children")
        children = {int(name) for task in tasks for name in task.read_text().split()}
        return self.device.cpu() + sum(self.device.cpu(each) for each in children)

    def row(self, name: str, calls: list[bytes], *, clients: int, rate: float | None = None) -> None:
        before = self.cpu()
        heard = self.asked(calls, clients=clients, rate=rate)
        spent = (self.cpu() - before) / max(1, len(heard.seconds)) * 1e3
        times = " ".join(f"{heard.share(share):9.2f}" for share in (0.5, 0.99))
        each = f"{len(heard.seconds) / heard.whole:8.0f} {spent:9.2f}"
        print(f"{name:44} {each} {times} {heard.errors:6}", flush=True)

    def rows(self, medicines: int) -> None:
        name, same = f"{medicines:2} medicines", body(medicines)
        many = int(self.seconds * MOST)
        self.client.post(PATH, json=same, headers=self.ehr.signed(PATH)).raise_for_status()
        for clients in (1, 8, 64):
            self.row(f"{name}, kept, {clients} at a time", self.signed(lambda _: same, many), clients=clients)
        for clients in (1, 8):
            calls = self.signed(lambda _: self.another(medicines), many // 4)
            self.row(f"{name}, first, {clients} at a time", calls, clients=clients)

        def mixed(number: int) -> dict[str, Any]:
            return same if number % 10 else self.another(medicines)

        many = int(self.seconds * RATE) + 1
        self.row(f"{name}, {RATE} a second, a tenth first", self.signed(mixed, many), clients=8, rate=RATE)
        calls = self.signed(lambda _: self.another(medicines), many)
        self.row(f"{name}, {RATE} a second, all first", calls, clients=8, rate=RATE)

    def same(self) -> bool:
        """Whether the cards with prefetch are those without."""
        server = FhirServer()
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            sent = body(20)
            medicines = [each["resource"] for each in sent["prefetch"]["medications"]["entry"]]
            server.resources = [{"resourceType": "Patient", "id": PATIENT}, *medicines]
            bare = {name: value for name, value in sent.items() if name != "prefetch"}
            bare["fhirServer"] = server.address.replace("https://", "http://")
            one, two = (self.ehr.ask(self.client, "order-sign", each).json() for each in (sent, bare))
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        is_same = bool(one.get("cards")) and _plain(one) == _plain(two)
        print(f"cards with prefetch and without: {'the same' if is_same else f'NOT the same: {one} {two}'}")
        return is_same


def _plain(told: dict[str, Any]) -> str:
    """Without the names of this showing."""
    for card in told.get("cards", []):
        card.pop("uuid")
        for each in card.get("suggestions", []):
            each.pop("uuid")
    return json.dumps(told, sort_keys=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each phase (default: 4)")
    parser.add_argument("--medicines", type=int, nargs="+", default=[1, 5, 10, 20], help="how many are taken, up to 20")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the node")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        node = Path(folder) / "node"
        words = ["exchange.demo_trust=true", "exchange.fhir_ms=20000", *SETTINGS, *arguments.set]
        found(node, demonstration=True, patients=2, settings=of_words(words))
        device = Device(node)
        try:
            print(first_of_all())
            bench = Bench(device, arguments.seconds)
            print(f"{'':44} {'calls/s':>8} {'CPU ms':>9} {'p50 ms':>9} {'p99 ms':>9} {'errors':>6}")
            for medicines in arguments.medicines:
                bench.rows(medicines)
            is_same = bench.same()
        finally:
            device.stop()
    return 0 if is_same and not bench.errors else 1


if __name__ == "__main__":
    sys.exit(main())
