"""A TPM 2.0 in software (swtpm), on a socket of its own: what its callers see is what a chip shows."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class Chip:
    """`tcti`: how tpm2-tools reach it."""

    tcti: str

    def run(self, program: str, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A program of tpm2-tools, with this chip."""
        environment = {**os.environ, "TPM2TOOLS_TCTI": self.tcti, "TSS2_LOG": "all+none"}
        return subprocess.run(
            [program, *words], env=environment, cwd=cwd, capture_output=True, text=True, timeout=60, check=False
        )

    def measure(self, register: int, digest: bytes) -> None:
        """A register is extended, as firmware does with what it starts next."""
        assert self.run("tpm2_pcrextend", f"{register}:sha256={digest.hex()}").returncode == 0


@contextmanager
def chip(tool: Callable[[str], str], folder: Path) -> Iterator[Chip]:
    """A new chip, just switched on."""
    tool("tpm2_quote")
    (folder / "state").mkdir(parents=True)
    socket = folder / "s"
    process = subprocess.Popen(
        [tool("swtpm"), "socket", "--tpm2", "--tpmstate", f"dir={folder / 'state'}", "--server",
         f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl", "--flags",
         "not-need-init,startup-clear"], stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        while not (socket.exists() and Path(f"{socket}.ctrl").exists()):
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        yield Chip(f"swtpm:path={socket}")
    finally:
        process.kill()
        process.communicate()
