"""A machine as a node is to find it: everything read-only but one folder, no rights, nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.conftest import CI, MISSING_TOOL, ROOT

#: who runs it, in the image; any number that owns nothing will do
NOBODY = "65532"
STATE = "/var/lib/starling"
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'workshop' / 'src'}",
    "PYTHONDONTWRITEBYTECODE": "1",
}

Within = Callable[..., list[str]]
Started = Callable[..., AbstractContextManager["subprocess.Popen[str]"]]


@pytest.fixture(scope="session")
def within(tool: Callable[[str], str]) -> Within:
    """A function that gives the words before a command: on a read-only machine, as nobody, with `state` to write to."""
    program = tool("bwrap")
    if subprocess.run([program, "--ro-bind", "/", "/", "--unshare-user", "true"], check=False).returncode != 0:
        (pytest.fail if CI else pytest.skip)(MISSING_TOOL + "namespaces for bwrap")

    def words(state: Path, *more: str, hidden: tuple[str, ...] = ("/tmp",)) -> list[str]:
        seen = [word for place in (ROOT, Path(sys.prefix)) for word in ("--ro-bind", str(place), str(place))]
        empty = [word for place in (*hidden, "/var/lib") for word in ("--tmpfs", place)]
        return [
            program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *empty, *seen,
            "--bind", str(state), STATE, "--unshare-user", "--uid", NOBODY, "--gid", NOBODY, "--unshare-ipc",
            "--unshare-pid", "--cap-drop", "ALL", "--die-with-parent", "--chdir", STATE, *more, "--",
        ]  # fmt: skip

    return words


@pytest.fixture
def started() -> Started:
    """A function that starts a command, and ends it at the end."""

    @contextmanager
    def start(command: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            command, env={**ENVIRONMENT, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=60)

    return start
