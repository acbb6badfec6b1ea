"""A sealed store with a log in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from starling.trust.audit import AuditLog
from starling.trust.sealed import open_sealed
from tests.trust.logs import KEY, ORIGIN, SIGNER


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
