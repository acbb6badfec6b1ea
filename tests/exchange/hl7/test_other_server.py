"""A server that nobody here wrote (node-hl7-server) takes what we send, and we understand its acknowledgement.

Its packages are fetched by `make setup` (tools/npm.txt); without them the test is skipped, and fails where CI is set.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starling.exchange.codes import Codes
from starling.exchange.hl7.mllp import Frames, framed
from starling.exchange.hl7.report import report
from starling.formats.hl7 import decoded, encoded, messages
from starling.library import assess
from starling.values import replace
from tests.bundled import bundled_knowledge
from tests.exchange.fhir.checks import require
from tests.exchange.hl7.test_report import EXAMPLE
from tests.node.interfaces import free_port

PACKAGES = Path(sys.prefix) / "npm"
SERVER = Path(__file__).with_name("server.cjs")


@contextmanager
def other_server() -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """(port, process) of the server, once it listens."""
    require("node", PACKAGES / "node-hl7-server", PACKAGES / "node-hl7-client")
    port = free_port()
    with subprocess.Popen(
        ["node", str(SERVER), str(port)], env={**os.environ, "NODE_PATH": str(PACKAGES)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "listening\n"
        yield port, process
        process.stdin.close()


def test_it_reads_what_we_write_and_acknowledges_it_by_its_control_id() -> None:
    person = replace(assess(EXAMPLE), subject={"id": "4711", "name": "Müller & Søn, Zoé"})
    segments = report(person, Codes.of(bundled_knowledge()))
    with other_server() as (port, process):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(framed(encoded(segments)))
            frames, found = Frames(1 << 16), list[bytes]()
            while not found:
                data = connection.recv(1 << 14)
                assert data, "it went away"
                found += frames.feed(data)
        assert process.stdout is not None
        read = json.loads(process.stdout.readline())
    (ack,) = messages(decoded(found[0]))
    assert (ack.first("MSA").text(1), ack.first("MSA").text(2)) == ("AA", segments[0].text(10))
    assert (read["control"], read["kind"], read["patient"]) == (segments[0].text(10), "ORU", "4711")
    assert read["observations"] == sum(each.name == "OBX" for each in segments)
