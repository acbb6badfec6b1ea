"""A process whose children take files in and are killed at a moment that is chosen; it tells what they acknowledged.

    python -m tests.node.killed FOLDER FILE

Each line on standard input is an order: {"first": number of the first file, "files": how many,
"statement": killed at this statement of the store, or "seconds": killed after so long}.  Each job that was acknowledged
is a line on standard output; `end STATEMENTS` stands last when nobody was killed, and `dead` always.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import apsw

from starling.node.intake import Intake
from starling.node.opening import opened
from starling.node.values import Principal, Specimen

WHO = Principal(name="lab-1", role="laboratory", site="here")


def file_of(content: bytes, number: int) -> tuple[bytes, Specimen]:
    """The file of a number, and whose it is: always another patient."""
    specimen = Specimen(
        identifier=f"KILL-{number:05}", second_identifier=f"K2-{number:05}", specimen=f"E-{number}", laboratory="lab"
    )
    return content + b"\n" * (number % 7), specimen


def work(folder: Path, content: bytes, order: dict[str, Any]) -> None:
    """Files are taken in, and what was acknowledged is told at once."""
    statements = count(1)

    def traced(_: object) -> None:
        if next(statements) == order.get("statement"):
            os.kill(os.getpid(), signal.SIGKILL)

    with opened(folder) as node:
        node.records.connection.trace_v2(apsw.SQLITE_TRACE_STMT, traced)
        intake = Intake(node)
        intake.start()
        for number in range(order["first"], order["first"] + order["files"]):
            sent, specimen = file_of(content, number)
            job = node.files.submit(WHO, f"{number}.vcf", [sent], specimen).job
            os.write(1, f"{job.id} {number}\n".encode())
        while node.records.unfinished():
            time.sleep(0.005)
        intake.stop()
    os.write(1, f"end {next(statements)}\n".encode())


def main() -> None:
    """One child for each order."""
    folder, content = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            work(folder, content, order)
            os._exit(0)
        if "seconds" in order:
            time.sleep(order["seconds"])
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.write(1, b"dead\n")


if __name__ == "__main__":
    main()
