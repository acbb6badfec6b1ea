"""A node's folder -> an open node: the key from its holder, the store with it, the audit log inside, the knowledge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from starling.engine import Engine
from starling.node.layout import Layout
from starling.node.records import Records
from starling.node.service import Node
from starling.node.settings import Settings, read_settings

#: what a checkpoint of the audit log is of
ORIGIN: Final = "starling.node/audit"
#: names of secrets in the store
AUDIT_KEY, DEVICE_PASSWORD, AUTHORITY = "audit key", "device password", "authority"


@contextmanager
def opened(folder: Path) -> Iterator[Node]:
    """The node of a folder, closed at the end.

    Raises: TrustError, the security officer's; InputError BAD_SETTING and NO_NODE, KnowledgeError, the administrator's.
    """
    layout = Layout(folder)
    settings = read_settings(layout.settings)
    engine = Engine.open(settings.knowledge or None)
    connection = open_store(layout, settings)
    try:
        records = Records(connection)
        yield Node(layout, settings, records, open_log(layout, settings, records), engine)
    finally:
        connection.close()


def open_store(layout: Layout, settings: Settings, *, create: bool = False) -> Any:
    """The sealed store, under the key that only its holder can unwrap."""
    from starling.trust.holder import FileKey
    from starling.trust.sealed import open_sealed

    key = FileKey(layout.file_key).unwrap(layout.store_key.read_bytes())
    return open_sealed(layout.store, key, cipher=settings.cipher, create=create)


def open_log(layout: Layout, settings: Settings, records: Records) -> Any:
    """The audit log in the store; its checkpoints are written to a second place."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from starling.trust.audit import AuditLog

    key = records.secret(AUDIT_KEY)
    assert key is not None
    witness = Path(settings.witness) if settings.witness else layout.checkpoint
    return AuditLog(records.connection, Ed25519PrivateKey.from_private_bytes(key), ORIGIN, witness)
