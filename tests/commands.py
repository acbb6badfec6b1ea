"""The command `starling` without a process of its own: same arguments, streams, folder, environment and exit code.

A process is started only where the process itself is what is tested: a cold start, a signal, a closed pipe, a full
device, an empty environment.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from starling.cli import main


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended: its exit code, and what it printed, decoded as UTF-8."""

    code: int
    out: str
    err: str


def run(
    *argv: str | Path,
    stdin: str | bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Finished:
    """What `starling ARGV...` does; `env` is added to the environment.

    The streams are those of a process in a pipe under the C locale, so that only what the program does about it makes
    its output UTF-8.  An exception that leaves `main` leaves this function too: in a process it would be a traceback.
    """
    given = stdin.encode() if isinstance(stdin, str) else stdin
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii") for _ in range(2))
    with chdir(cwd) if cwd else nullcontext(), _environment(env or {}), _streams(given, out, err):
        code = _exit_code([str(word) for word in argv])
    return Finished(code, _text(out), _text(err))


def _exit_code(argv: list[str]) -> int:
    try:
        return main(argv)
    except SystemExit as left:  # argparse leaves this way
        if isinstance(left.code, str):
            sys.stderr.write(left.code + "\n")
            return 1
        return left.code or 0


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    data = stream.detach()
    assert isinstance(data, io.BytesIO)
    return data.getvalue().decode()


@contextmanager
def _environment(added: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _streams(given: bytes, out: io.TextIOWrapper, err: io.TextIOWrapper) -> Iterator[None]:
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"), out, err
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
