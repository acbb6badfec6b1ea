"""Quotes of a TPM 2.0, by the programs of tpm2-tools.

The key is made anew from the seed of the chip each time and is always the same: nothing of it lies on a disk.  It is
restricted: it signs what the chip itself states, and nothing that it is given.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Final

from starling.errors import TrustError
from starling.trust.attestation import BOOT_REGISTERS, LONGEST_NONCE, Evidence

__all__ = ["Tpm"]

#: a primary key of the endorsement hierarchy that signs by ECDSA on P-256 with SHA-256
_KEY: Final = ("-C", "e", "-G", "ecc256:ecdsa-sha256:null")
#: never leaves this chip, made in it, signs its own statements alone.  Source: TPM 2.0 Part 1, 25 (object attributes).
_ATTRIBUTES: Final = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign"
#: seconds that a chip may take (ours); real ones need one or two
_PATIENCE_S: Final = 15
#: bytes of a register of the SHA-256 bank
_REGISTER: Final = 32


class Tpm:
    """A TPM 2.0.  `tcti`: how it is reached, `device:/dev/tpmrm0` as a rule.  `registers`: those that are quoted."""

    def __init__(self, tcti: str, registers: Sequence[int] = BOOT_REGISTERS) -> None:
        self._tcti = tcti
        self._registers = tuple(sorted(set(registers)))
        self._lock = Lock()  # where no resource manager stands between, one quote at a time

    def quote(self, nonce: bytes) -> Evidence:
        """A new quote for this nonce (1 to 32 bytes).  Raises: TrustError NO_QUOTE, the security officer's."""
        if not 0 < len(nonce) <= LONGEST_NONCE:
            raise _refused(f"a nonce has 1 to {LONGEST_NONCE} bytes")
        with self._lock, TemporaryDirectory(prefix="starling-tpm-") as named:
            folder = Path(named)
            try:
                self._run(folder, "tpm2_createprimary", *_KEY, "-a", _ATTRIBUTES, "-c", "key")
                self._run(folder, "tpm2_readpublic", "-c", "key", "-f", "pem", "-o", "public")
                self._run(folder, "tpm2_quote", *self._asked(nonce))
            finally:
                self._forget(folder)
            return self._evidence(folder)

    def _asked(self, nonce: bytes) -> tuple[str, ...]:
        bank = "sha256:" + ",".join(map(str, self._registers))
        told = ("-m", "statement", "-s", "signature", "-f", "plain", "-o", "registers", "-F", "values")
        return ("-c", "key", "-l", bank, "-q", nonce.hex(), "-g", "sha256", *told)

    def _forget(self, folder: Path) -> None:
        """The chip has room for three keys at a time, and no resource manager where it is reached directly."""
        self._run(folder, "tpm2_flushcontext", "-t", needed=False)

    def _evidence(self, folder: Path) -> Evidence:
        values = (folder / "registers").read_bytes()
        if len(values) != _REGISTER * len(self._registers):
            raise _refused("the chip has not all of these registers")
        pieces = (values[place : place + _REGISTER] for place in range(0, len(values), _REGISTER))
        statement, signature, key = (folder / name for name in ("statement", "signature", "public"))
        registers = dict(zip(self._registers, pieces, strict=True))
        return Evidence("tpm2", statement.read_bytes(), signature.read_bytes(), key.read_bytes(), registers)

    def _run(self, folder: Path, program: str, *words: str, needed: bool = True) -> None:
        found = shutil.which(program)
        if found is None:
            raise _refused(f"{program} is not installed")
        environment = {**os.environ, "TPM2TOOLS_TCTI": self._tcti, "TSS2_LOG": "all+none"}
        try:
            done = subprocess.run(  # noqa: S603 -- words of ours and numbers; no shell
                [found, *words], cwd=folder, env=environment, capture_output=True, text=True, errors="replace",
                check=False, timeout=_PATIENCE_S,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _refused(f"{program} did not answer") from error
        if needed and done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [program]
            raise _refused(f"{program}: {said[0].removeprefix('ERROR: ')}")


def _refused(said: str) -> TrustError:
    return TrustError("NO_QUOTE", f"TPM: {said}")
