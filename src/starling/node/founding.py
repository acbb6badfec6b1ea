"""`starling node init DIR`: keys, certificates, an empty sealed store, a first administrator, settings explained.

All of it is made in a folder beside and renamed at the end: a node is there whole, or it is not there.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING, Any, Final

from joserfc.jwk import ECKey

from starling.errors import InputError
from starling.node import opening, presence
from starling.node.demonstration import PEOPLE, take_in_patients
from starling.node.desk import now
from starling.node.disk import on_disk
from starling.node.identity import Accounts
from starling.node.layout import DEMONSTRATION_KEYS, Layout
from starling.node.private_file import private
from starling.node.records import Records
from starling.node.settings import Plain, Settings, written
from starling.node.values import ROLES, Enrolled
from starling.trust.certificates import Authority
from starling.trust.events import event
from starling.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How long certificates last, in days (ours): a device is renewed each year.
DAYS: Final = 365
_HOSTS: Final = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Founded:
    """A new node: where, and what its first administrator is told once."""

    layout: Layout
    administrator: Enrolled
    verifier_key: str
    holder: str


def found(
    folder: Path, *, demonstration: bool = False, patients: int = PEOPLE, settings: dict[str, Plain] | None = None
) -> Founded:
    """A node in `folder`, which must not exist or be empty.  `patients`: how many a demonstration has.

    Raises: InputError FOLDER_TAKEN, BAD_SETTING, the administrator's.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError("FOLDER_TAKEN", "is not empty", source=str(folder))
    chosen = Settings(settings)
    with on_disk(), _whole(folder) as beside:
        layout = Layout(beside)
        for each in (layout.inbox, layout.spool):
            each.mkdir(mode=0o700)
        layout.settings.write_text(written(settings), encoding="utf-8")
        holder = opening.new_holder(layout, chosen)
        layout.store_key.write_bytes(holder.wrap(token_bytes(32)))
        connection = opening.open_store(layout, chosen, create=True)
        try:
            records = Records(connection)
            authority, administrator = _secrets(layout, chosen, records)
            log = opening.open_log(layout, chosen, records)
            presence.keep(records, presence.sighting())
            with records.transaction(durable=True):
                log.append(_founded(chosen), durable=True)
            if demonstration:
                _demonstrate(layout, chosen, records, authority, patients)
            log.checkpoint()
        finally:
            connection.close()
    return Founded(Layout(folder), administrator, log.verifier_key, holder.describe())


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


def _founded(settings: Settings) -> dict[str, Any]:
    return event("node.found", "success", "node", "", when=now(), detail={"role": "system", "site": settings.site})


def _secrets(layout: Layout, settings: Settings, records: Records) -> tuple[Authority, Enrolled]:
    """Keys into the store, certificates into the folder."""
    authority, password = Authority.create(), token_hex(16)
    device = authority.issue("device", role="system", site=settings.site, hosts=hosts_of(settings), days=DAYS)
    with records.transaction():
        records.keep_secret(opening.AUDIT_KEY, token_bytes(32))
        records.keep_secret(opening.AUTHORITY, authority.private_pem())
        records.keep_secret(opening.DEVICE_PASSWORD, password.encode())
        administrator = Accounts(records).add("administrator", "administrator", settings.site)
    layout.authority.write_bytes(authority.pem)
    private(layout.device, device.private_pem(password.encode()) + device.chain)
    return authority, administrator


def hosts_of(settings: Settings) -> list[str]:
    """What the device is called by: names and addresses for its certificate."""
    named = settings.names.replace(",", " ").split()
    return sorted({*_HOSTS, settings.host, *named} - {"0.0.0.0", "::"})  # noqa: S104 -- no name to be called by


def _demonstrate(layout: Layout, settings: Settings, records: Records, authority: Authority, patients: int) -> None:
    """Patients, and a certificate for each role."""
    take_in_patients(layout, settings, records, patients)
    layout.clients.mkdir(mode=0o700)
    for role in ROLES:
        issued = authority.issue(f"{role}-1", role=role, site=settings.site, days=DAYS)
        private(layout.clients / f"{role}.pem", issued.private_pem() + issued.chain)
    for name, curve in DEMONSTRATION_KEYS.items():
        key = ECKey.generate_key(curve, private=True)
        private(layout.clients / name, key.as_pem(private=True))
