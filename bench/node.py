"""What a node's questions cost and how long they wait: `python bench/node.py [--seconds 8] [--records 5000000]`.

A demonstration node is made and run as a process of its own on this machine; prescribers ask it over mutual TLS.

quiet     the same questions again and again, at 1, 8 and 64 clients: CPU of the node's process per request (/proc),
          p50, p99, p99.9, requests/s; then at a rate (200/s), which is the yardstick of everything below
first     5 of the 200 questions a second were never asked before and are computed
intake    the same rate, while files are taken in, one after another
upload    a whole-genome VCF of so many records: from the first byte sent to the answer after its release; calling in it
loaded    the same rate, while a cohort is called in other processes and stress-ng (where it is installed) loads every
          processor; p99 as a multiple of the quiet one
soak      with --soak SECONDS: 100 questions a second, and what memory does meanwhile

Whoever measures goes before everything else (SCHED_FIFO) where that is permitted: else it measures its own waiting.
Settings of the node: --set NAME=VALUE.  Every phase ends after its seconds; exit status 1 when any answer was an error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import combinations
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from urllib.parse import quote

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "workshop" / "src")]

from bench.genomes import genome
from starling.engine import Engine
from starling.node.demonstration import file_of, specimen_of
from tests.simulators.prescribers import Heard, ask, known_as, question

FOLDER = ROOT / "build" / "bench"
COMMAND = [sys.executable, "-m", "starling"]
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'workshop' / 'src'}",
}
TICKS = os.sysconf("SC_CLK_TCK")
RATE, FIRST_RATE, CLIENTS = 200, 5, 8
#: what is set unless it is set otherwise: nobody here is asked to wait
SETTINGS = ["requests_per_minute=10000000", "inbox=false"]


class Device:
    """The process of a node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*COMMAND, "node", "run", str(folder), "--port", "0"], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().removeprefix("ready ").strip()
        if not self.address:
            raise SystemExit("the node does not start")

    def client(self, role: str) -> httpx.Client:
        return httpx.Client(base_url=self.address, verify=known_as(self.folder, role), timeout=600)

    def orders(self, drugs: list[tuple[str, ...]]) -> list[bytes]:
        with self.client("prescriber") as prescriber:
            patients = [each["id"] for each in prescriber.get("/v1/patients").json()]
        return [question(self.address, {"patient": who, "drugs": names}) for names in drugs for who in patients]

    def cpu(self, process: int | None = None) -> float:
        """Seconds of CPU so far, of the process that serves or of another one."""
        fields = Path(f"/proc/{process or self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def reading(self) -> int:
        """The process that reads files; that which serves, where there is none."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else self.process.pid

    def memory(self) -> dict[str, float]:
        """MB of every process of the node: its own, those that answer, the one that reads."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        children = sorted(name for task in tasks for name in task.read_text().split())
        return {name: resident(int(name)) for name in [str(self.process.pid), *children]}

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def resident(process: int) -> float:
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


class Bench:
    """One node, its questions, and how long they take when nothing disturbs."""

    def __init__(self, device: Device, seconds: float) -> None:
        self.device = device
        self.seconds = seconds
        self.context = known_as(device.folder, "prescriber")
        self.again = device.orders([("codeine",), ("clopidogrel", "warfarin")])
        names = sorted(drug.name for drug in Engine.open(None).knowledge.guidance.drugs)
        pairs = Random(1).sample([*combinations(names, 2)], 400)
        self.new = iter(device.orders(pairs))
        self.quiet_p99 = float("nan")
        self.errors = 0
        self.asked(clients=4, seconds=2.0)

    def asked(self, *, seconds: float | None = None, clients: int = CLIENTS, rate: float | None = None) -> Heard:
        heard = asyncio.run(
            ask(
                self.device.address,
                self.context,
                self.again,
                seconds=seconds or self.seconds,
                clients=clients,
                rate=rate,
            )
        )
        self.errors += heard.errors
        return heard

    def row(self, name: str, heard: Heard, cpu_s: float | None, *, ratio: bool = True) -> None:
        times = " ".join(f"{heard.share(share):9.2f}" for share in (0.5, 0.99, 0.999))
        per_request = f"{cpu_s / max(1, len(heard.seconds)) * 1e3:8.2f}" if cpu_s is not None else " " * 8
        p99 = f"{heard.share(0.99) / self.quiet_p99:7.2f} x" if ratio else ""
        each = f"{len(heard.seconds) / heard.whole:8.0f} {per_request} {times} {heard.errors:6}"
        print(f"{name:44} {each}  {p99}", flush=True)

    def measured(self, name: str, *, clients: int = CLIENTS, rate: float | None = None, ratio: bool = True) -> Heard:
        before = self.device.cpu()
        heard = self.asked(clients=clients, rate=rate)
        if name == "quiet, 200/s":
            self.quiet_p99 = heard.share(0.99)
        self.row(name, heard, self.device.cpu() - before, ratio=ratio)
        return heard

    def quiet(self) -> None:
        for clients in (1, 8, 64):
            self.measured(f"quiet, {clients} client{'s' * (clients > 1)}", clients=clients, ratio=False)
        self.measured(f"quiet, {RATE}/s", rate=RATE)

    def first(self) -> None:
        """Questions that are there, beside those that must be computed."""
        new = [next(self.new) for _ in range(int(self.seconds * FIRST_RATE))]

        async def both() -> tuple[Heard, Heard]:
            address, context = self.device.address, self.context
            return await asyncio.gather(
                ask(address, context, self.again, seconds=self.seconds, clients=CLIENTS, rate=RATE - FIRST_RATE),
                ask(address, context, new, seconds=self.seconds, clients=2, rate=FIRST_RATE),
            )

        before = self.device.cpu()
        again, first = asyncio.run(both())
        spent = self.device.cpu() - before
        self.errors += again.errors + first.errors
        self.row(f"{RATE - FIRST_RATE}/s, beside {FIRST_RATE}/s for the first time", again, spent)
        self.row(f"  and the {FIRST_RATE}/s", first, None)

    def beside(self, name: str) -> None:
        self.measured(name, rate=RATE)

    def soak(self, seconds: int) -> None:
        """Memory before, and every tenth of the time."""
        print(f"soak: 100/s for {seconds} s; MB of every process")
        for tenth in range(11):
            print(f"  {tenth * 10:4} %  " + "  ".join(f"{mb:7.1f}" for mb in self.device.memory().values()), flush=True)
            if tenth < 10:
                heard = self.asked(seconds=seconds / 10, rate=100)
                if heard.errors:
                    print(f"        errors: {dict(heard.said)}")


def upload(device: Device, path: Path, number: int) -> tuple[str, dict[str, float]]:
    """A file is sent, called, reviewed, released and asked about.  Returns its job, and when each was done."""
    specimen = json.dumps({**_said(number), "name": ""})
    headers = {"starling-specimen": quote(specimen), "starling-file": path.name}
    with (
        device.client("laboratory") as lab,
        device.client("pharmacist") as pharmacist,
        device.client("prescriber") as who,
    ):
        begun = time.perf_counter()

        def since() -> float:
            return time.perf_counter() - begun

        with path.open("rb") as stream:
            size = {"content-length": str(path.stat().st_size)}
            job = lab.post("/v1/jobs", content=iter(lambda: stream.read(1 << 20), b""), headers=headers | size).json()[
                "job"
            ]
        times = {"received": since()}
        while job["state"] in {"received", "read"}:
            time.sleep(0.005)
            job = lab.get(f"/v1/jobs/{job['id']}").json()
        times["called"] = since()
        if job["state"] != "called":
            raise SystemExit(f"{path.name}: {job['state']} ({job['reason']})")
        lab.post(f"/v1/jobs/{job['id']}/review", json={})
        pharmacist.post(f"/v1/jobs/{job['id']}/release", json={}).raise_for_status()
        times["released"] = since()
        who.get(f"/v1/patients/{job['patient']}/assessment").raise_for_status()
        times["assessment read"] = since()
        at = {event["state"]: event["at"] for event in job["events"]}
        times["of it calling"] = _seconds(at["called"]) - _seconds(at["read"])
        return job["id"], times


def _said(number: int) -> dict[str, str]:
    said = specimen_of(number)
    return {
        "identifier": f"BENCH-{number:05}", "second_identifier": f"B2-{number:05}", "specimen": said.specimen,
        "laboratory": said.laboratory,
    }  # fmt: skip


def _seconds(at: str) -> float:
    hours, minutes, seconds = at[11:].rstrip("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def uploads(device: Device, path: Path, runs: int) -> None:
    print(f"a file of {path.stat().st_size / 1e6:.0f} MB, seconds since its first byte was sent")
    for run in range(runs):
        before = device.cpu(device.reading)
        _, times = upload(device, path, 90_000 + run + int(time.time()) % 1_000 * 10)
        said = "  ".join(f"{name} {seconds:.2f}" for name, seconds in times.items())
        print(f"  {said}  CPU of reading and calling {device.cpu(device.reading) - before:.2f}", flush=True)


@contextmanager
def taking_in(device: Device, folder: Path) -> Iterator[None]:
    """Files come one after another meanwhile, sent by a process of their own."""
    source = file_of(Engine.open(None), 3, folder)
    with aside([sys.executable, str(Path(__file__)), "--send", str(device.folder), device.address, str(source)]):
        yield


def send(folder: Path, address: str, path: Path) -> None:
    """Files of ever new patients, until somebody ends it."""
    content, number = path.read_bytes(), int(time.time() * 10)
    with httpx.Client(base_url=address, verify=known_as(folder, "laboratory"), timeout=60) as lab:
        while True:
            number += 1
            headers = {"starling-specimen": quote(json.dumps(_said(number))), "starling-file": path.name}
            job = lab.post("/v1/jobs", content=content, headers=headers).json()["job"]
            while job["state"] in {"received", "read"}:
                time.sleep(0.05)
                job = lab.get(f"/v1/jobs/{job['id']}").json()


@contextmanager
def aside(*commands: list[str]) -> Iterator[None]:
    """Processes that run meanwhile, with all that they start."""
    running = [
        subprocess.Popen(
            each, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        for each in commands
    ]
    try:
        time.sleep(1.0)  # until they are at it
        yield
    finally:
        for each in running:
            with suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)
            each.wait()


def loads(folder: Path, people: int, seconds: float) -> list[list[str]]:
    """A cohort that is called again and again; what loads every processor, where it is installed."""
    panel = cohort(folder, people)
    again = "while true; do rm -f {0}*; {1} cohort call {2} -o {0} --workers 2; done"
    command = again.format(folder / "called.parquet", " ".join(COMMAND), " ".join(map(str, panel)))
    found = [["sh", "-c", command]]
    if shutil.which("stress-ng"):
        cpus = str(os.cpu_count() or 1)
        found.append(["stress-ng", "--cpu", cpus, "--timeout", f"{seconds * 2 + 60:.0f}"])
    else:
        print("stress-ng is not installed: the cohort alone loads this machine")
    return found


def cohort(folder: Path, people: int) -> list[Path]:
    """The shards of a synthetic population."""
    frequencies = folder / "frequencies.tsv"
    frequencies.write_text("gene\tallele\tfrequency\nCYP2C19\t*2\t0.15\nCYP2C19\t*17\t0.2\nCYP2C9\t*2\t0.1\n")
    output = folder / "people.vcf.gz"
    command = [
        "simulate",
        "-o",
        str(output),
        "--people",
        str(people),
        "--shards",
        "2",
        "--frequencies",
        str(frequencies),
    ]
    subprocess.run([*COMMAND, *command], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    return sorted(folder.glob("people*.vcf.gz"))


def first_of_all() -> str:
    """This process goes before the node: what it measures is the node's waiting, not its own."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(50))
    except PermissionError:
        return "measured at plain priority (SCHED_FIFO is not permitted): times under load include the measurer's own"
    return "measured at SCHED_FIFO 50"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8, help="of every phase (default 8)")
    parser.add_argument("--records", type=int, default=5_000_000, help="of the whole genome; 0: none is sent")
    parser.add_argument("--people", type=int, default=1_000, help="of the cohort that is called beside")
    parser.add_argument("--runs", type=int, default=3, help="how often the genome is sent")
    parser.add_argument("--soak", type=int, default=0, metavar="SECONDS", help="100 questions a second for so long")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the node")
    parser.add_argument("--only", default="quiet,first,intake,loaded", help="which phases (default: all)")
    parser.add_argument("--send", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.send:
        send(Path(asked.send[0]), asked.send[1], Path(asked.send[2]))
    with TemporaryDirectory() as name:
        return benched(asked, Path(name))


def benched(asked: argparse.Namespace, folder: Path) -> int:
    """Every phase."""
    path = genome(FOLDER, "plain", asked.records)[""] if asked.records else None
    node = folder / "node"
    words = [word for each in [*SETTINGS, *asked.set] for word in ("--set", each)]
    subprocess.run(
        [*COMMAND, "node", "init", str(node), "--demo", *words], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL
    )
    device = Device(node)
    try:
        bench = Bench(device, asked.seconds)
        print(first_of_all())
        print(f"{'':44} {'1/s':>8} {'CPU ms':>8} {'p50 ms':>9} {'p99':>9} {'p99.9':>9} {'errors':>6}  p99 : quiet p99")
        bench.quiet()
        phases = asked.only.split(",")
        if "first" in phases:
            bench.first()
        if "intake" in phases:
            with taking_in(device, folder):
                bench.beside(f"{RATE}/s, files are taken in")
        if "loaded" in phases:
            loaded = loads(folder, asked.people, asked.seconds)
            with aside(*loaded):
                bench.beside(f"{RATE}/s, a cohort and stress-ng beside")
                bench.first()
        print("MB: " + ", ".join(f"{mb:.0f}" for mb in device.memory().values()) + " (serves, the others beside)")
        if asked.soak:
            bench.soak(asked.soak)
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        if path is not None:
            uploads(device, path, asked.runs)
    finally:
        device.stop()
    print(f"errors: {bench.errors}")
    return 1 if bench.errors else 0


if __name__ == "__main__":
    sys.exit(main())
