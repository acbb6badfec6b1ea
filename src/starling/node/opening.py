"""A node's folder -> an open node: the key from its holder, the store with it, the audit log inside, the knowledge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from starling.errors import TrustError
from starling.node import answers
from starling.node.editions import edition_of
from starling.node.layout import Layout
from starling.node.records import Records
from starling.node.service import Node
from starling.node.settings import Settings, read_settings
from starling.node.wiping import require_whole
from starling.trust import sealed
from starling.trust.audit import AuditLog
from starling.trust.holder import FileKey, KeyHolder, TokenKey

#: what a checkpoint of the audit log is of
ORIGIN: Final = "starling.node/audit"
#: names of secrets in the store
AUDIT_KEY, DEVICE_PASSWORD, AUTHORITY = "audit key", "device password", "authority"


@contextmanager
def opened(folder: Path) -> Iterator[Node]:
    """The node of a folder, closed at the end.

    Raises: TrustError, the security officer's; InputError BAD_SETTING and NO_NODE, KnowledgeError, the administrator's.
    """
    with unsealed(folder) as (layout, settings, records, log):
        log.compare().require()
        engine = answers.sound_engine(edition_of(layout, settings, records))
        yield Node(layout, settings, records, log, engine)


@contextmanager
def unsealed(folder: Path) -> Iterator[tuple[Layout, Settings, Records, AuditLog]]:
    """Settings, store and audit log of a node, whatever was done to the log; closed at the end.

    Raises: TrustError, the security officer's; InputError BAD_SETTING and NO_NODE, the administrator's.
    """
    layout = Layout(folder)
    settings = read_settings(layout.settings)
    connection = open_store(layout, settings)
    try:
        records = Records(connection)
        yield layout, settings, records, open_log(layout, settings, records)
    finally:
        connection.close()


def open_store(layout: Layout, settings: Settings, *, create: bool = False) -> Any:
    """The sealed store, under the key that only its holder can unwrap."""
    return sealed.open_sealed(layout.store, _store_key(layout, settings), cipher=settings.cipher, create=create)


def open_again(layout: Layout, settings: Settings) -> Any:
    """Another connection to the store, which is open.  Raises: TrustError KEY_UNAVAILABLE, STORE_SEALED."""
    return sealed.open_again(layout.store, _store_key(layout, settings), cipher=settings.cipher)


def _store_key(layout: Layout, settings: Settings) -> bytes:
    require_whole(layout, settings)
    try:
        wrapped = layout.store_key.read_bytes()
    except OSError as error:
        raise TrustError("KEY_UNAVAILABLE", f"{layout.store_key.name}: cannot be read ({error.strerror})") from error
    return holder_of(layout, settings).unwrap(wrapped)


def holder_of(layout: Layout, settings: Settings) -> KeyHolder:
    """Who holds the key that wraps the store's: the token that the settings name, or a file.

    Raises: TrustError KEY_UNAVAILABLE.
    """
    if not settings.token_module:
        return FileKey(layout.file_key)
    return TokenKey(Path(settings.token_module), settings.token, _pin(settings))


def new_holder(layout: Layout, settings: Settings) -> KeyHolder:
    """As `holder_of`, with a new key; a token that has a key of ours already keeps that one."""
    if not settings.token_module:
        return FileKey.create(layout.file_key)
    holder = TokenKey(Path(settings.token_module), settings.token, _pin(settings))
    try:
        holder.wrap(bytes(32))
    except TrustError:
        return TokenKey.create(holder.module, holder.token, _pin(settings))
    return holder


def _pin(settings: Settings) -> str:
    try:
        return Path(settings.token_pin_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "no text"
        raise TrustError("KEY_UNAVAILABLE", f"token_pin_file: cannot be read ({said})") from error


def open_log(layout: Layout, settings: Settings, records: Records) -> AuditLog:
    """The audit log in the store; its checkpoints are written to a second place."""
    key = records.secret(AUDIT_KEY)
    assert key is not None
    witness = Path(settings.witness) if settings.witness else layout.checkpoint
    return AuditLog(records.connection, Ed25519PrivateKey.from_private_bytes(key), ORIGIN, witness)
