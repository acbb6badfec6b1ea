"""`starling node init DIR`: keys, certificates, an empty sealed store, a first administrator, settings explained.

All of it is made in a folder beside and renamed at the end: a node is there whole, or it is not there.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING, Any, Final

from starling.errors import InputError
from starling.node import opening
from starling.node.identity import Accounts
from starling.node.layout import Layout
from starling.node.records import Records
from starling.node.settings import Plain, Settings, written
from starling.node.values import ROLES, Enrolled
from starling.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How long certificates last, in days (ours): a device is renewed each year.
_DAYS: Final = 365
_HOSTS: Final = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Founded:
    """A new node: where, and what its first administrator is told once."""

    layout: Layout
    administrator: Enrolled


def found(folder: Path, *, demonstration: bool = False, settings: dict[str, Plain] | None = None) -> Founded:
    """A node in `folder`, which must not exist or be empty.

    Raises: InputError FOLDER_TAKEN, BAD_SETTING, the administrator's.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError("FOLDER_TAKEN", "is not empty", source=str(folder))
    chosen = Settings(settings)
    with _whole(folder) as beside:
        layout = Layout(beside)
        for each in (layout.clients, layout.inbox, layout.spool):
            each.mkdir(mode=0o700)
        layout.settings.write_text(written(settings), encoding="utf-8")
        connection = _store(layout, chosen)
        try:
            records = Records(connection)
            administrator = _secrets(layout, chosen, records)
            if demonstration:
                from starling.node.demonstration import take_in_patients

                take_in_patients(layout, chosen, records)
        finally:
            connection.close()
    return Founded(Layout(folder), administrator)


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that takes its place at the end; on any error it is gone."""
    beside = folder.with_name(f".{folder.name}-{token_hex(4)}.tmp")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir(mode=0o700)
        yield beside
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _store(layout: Layout, settings: Settings) -> Any:
    """An empty store under a new key, which its holder has wrapped."""
    from starling.trust.holder import FileKey

    layout.store_key.write_bytes(FileKey.create(layout.file_key).wrap(token_bytes(32)))
    return opening.open_store(layout, settings, create=True)


def _secrets(layout: Layout, settings: Settings, records: Records) -> Enrolled:
    """Keys into the store, certificates into the folder."""
    from starling.trust.certificates import Authority

    authority = Authority.create()
    password = token_hex(16)
    device = authority.issue("device", role="system", site=settings.site, hosts=_HOSTS, days=_DAYS)
    with records.transaction():
        records.keep_secret(opening.AUDIT_KEY, token_bytes(32))
        records.keep_secret(opening.AUTHORITY, authority.private_pem())
        records.keep_secret(opening.DEVICE_PASSWORD, password.encode())
        administrator = Accounts(records).add("administrator", "administrator", settings.site)
    layout.authority.write_bytes(authority.pem)
    layout.device.write_bytes(device.chain)
    _private(layout.device_key, device.private_pem(password.encode()))
    for role in ROLES:
        issued = authority.issue(f"{role}-1", role=role, site=settings.site, days=_DAYS)
        _private(layout.clients / f"{role}.pem", issued.private_pem() + issued.chain)
    return administrator


def _private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
