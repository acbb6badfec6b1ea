"""A sealed store with a log in it, and tokens of SoftHSM2."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from starling.trust.audit import AuditLog
from starling.trust.sealed import open_sealed
from tests.trust.logs import KEY, ORIGIN, SIGNER

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    """An empty sealed store, `store.db`, under `KEY`."""
    made = open_sealed(tmp_path / "store.db", KEY, create=True)
    yield made
    made.close()


@pytest.fixture
def log(connection: apsw.Connection, tmp_path: Path) -> AuditLog:
    """An empty log in it, whose second place is `witness/checkpoint`."""
    (tmp_path / "witness").mkdir()
    signer = Ed25519PrivateKey.from_private_bytes(SIGNER)
    return AuditLog(connection, signer, ORIGIN, tmp_path / "witness" / "checkpoint")


@pytest.fixture(scope="session")
def softhsm(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(PKCS #11 library, folder of tokens): SoftHSM2 with the tokens one, two, bare and lost, whose PIN is 1234.

    The library reads its settings once in a process, and sees no token that is made later.
    """
    utility = tool("softhsm2-util")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    (folder / "softhsm2.conf").write_text(settings, encoding="utf-8")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    for label in ("one", "two", "bare", "lost"):
        command = [utility, "--init-token", "--free", "--label", label, "--pin", "1234", "--so-pin", "4321"]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    return next(path for each in MODULES if (path := Path(each)).exists()), folder / "tokens"
