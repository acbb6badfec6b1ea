"""The other end of a lane: a process that holds the knowledge, does one thing after another, and writes nothing.

It is told what to do as a function and its arguments, by the process that started it, and by nobody else, and answers
in plain data (`wire`); when that is gone, however it went, this one ends as well.
"""

from __future__ import annotations

import json
import signal
import sys
import zlib
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from starling.engine import Engine
from starling.errors import StarlingError
from starling.node import answers, scheduling, wire
from starling.node.values import Order, Origin, Specimen

#: What an edition is found by: where its file is, and the digest that it must have.
Edition = tuple[str, str]
#: by this signal whoever started the process asks it to leave
LEAVE: Final = signal.SIGUSR1
SCRIPT: Final = "import sys; sys.path[:] = sys.argv[2:]; from starling.node.worker import main; main(sys.argv[1])"


def words(handle: int, plan: scheduling.Plan, edition: Edition) -> str:
    """What `main` is told when it starts.  A place behind others is given from outside."""
    return json.dumps([handle, None if plan.background else (plan.priority, plan.cpus, plan.locked), edition])


def main(started: str) -> None:
    """Serves until the other end is gone."""
    handle, plan, edition = json.loads(started)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # sent to the whole group; the process that started this one decides
    signal.signal(LEAVE, lambda *_: sys.exit())  # whatever lies open is closed
    scheduling.keep_to_itself()
    with Connection(handle) as pipe:
        try:
            if plan is None:
                scheduling.end_with_starter()
                pipe.send_bytes(wire.greeting(()))
            else:
                grants = scheduling.apply(scheduling.Plan(plan[0], tuple(plan[1]), locked=plan[2]))
                pipe.send_bytes(wire.greeting(grants))
            _serve(pipe, Path(edition[0]), edition[1])
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _serve(pipe: Connection, path: Path, sha256: str) -> None:
    engine = _warm(Engine.open(path))
    while True:
        (path, sha256), work, arguments = pipe.recv()
        if engine.knowledge.stamp.sha256 != sha256:
            engine = Engine.open(path)
        is_other = engine.knowledge.stamp.sha256 != sha256
        pipe.send_bytes(wire.elsewhere() if is_other else _done(engine, work, arguments))


def _warm(engine: Engine) -> Engine:
    """What every question needs is loaded before the first: one of nobody was answered."""
    knowledge = engine.knowledge
    contigs = [f"##contig=<ID={name},length={size}>" for name, size in knowledge.contig_lengths["GRCh38"].items()]
    site = next(site for gene in knowledge.definitions.values() for site in gene.sites)
    record = (site.chromosome, f"{site.position}", ".", site.ref, ".", ".", "PASS", ".", "GT", "0/0")
    columns = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "nobody")
    lines = ["##fileformat=VCFv4.2", *contigs, "\t".join(columns), "\t".join(record), ""]
    content = zlib.compress("\n".join(lines).encode())
    specimen = Specimen(identifier="1", second_identifier="2", specimen="3", laboratory="4")
    origin = Origin(bytes=None, file_sha256=None, reader=None, order=None)
    with suppress(StarlingError):  # it is for speed alone
        tested = answers.Tested("", "nobody.vcf", content, origin, specimen)
        answers.answered(engine, tested, Order(patient="nobody", drugs=(knowledge.guidance.drugs[0].name,)))
    return engine


def _done(engine: Engine, work: Any, arguments: tuple[Any, ...]) -> bytes:
    try:
        return wire.answer(work, work(engine, *arguments))
    except Exception as error:  # noqa: BLE001 -- carried to whoever asked, who raises it
        return wire.failed(error)
