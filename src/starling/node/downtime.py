"""The list of a node that is down: from its folder, from one whose disk cannot be written, or from a backup.

Whoever has the key can make it.  From the folder it is recorded in the log, as everything is that is read there; what
cannot be written (a disk that is full or read-only) and a backup are opened as a copy in memory, nothing is recorded,
and the list says so.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import apsw

from starling.errors import InputError, TrustError
from starling.node import listing
from starling.node.administration import recorded
from starling.node.backup import put_key, require_ours, unpack
from starling.node.desk import now
from starling.node.layout import Layout
from starling.node.opening import unsealed
from starling.node.records import Records
from starling.node.settings import read_settings
from starling.node.spool import watched_folder
from starling.values import dataclass

_COPIED: Final = ("settings.toml", "store.key", "file.key", "store.db", "store.db-wal", "checkpoint")


@dataclass(frozen=True, slots=True)
class Found:
    """`head`: whose list, of when, from where.  `is_recorded`: the log of the node has it."""

    people: tuple[listing.Entry, ...]
    head: str
    is_recorded: bool


def people_of(source: Path, key: Path | None = None) -> Found:
    """Everybody of a node, from its folder or its backup.  `key`: of a backup: the file, or the library of its token.

    Raises: TrustError, the security officer's; InputError NO_NODE, FILE_NOT_FOUND, BACKUP_REFUSED, the administrator's.
    """
    if source.is_file():
        return _of_backup(source, key)
    try:
        with unsealed(source) as (_, settings, records, log):
            recorded(settings, records, log, "patient.list", {"as": "list for when the node is down"})
            return _found(records, settings.site, now(), "")
    except (apsw.Error, OSError, TrustError) as error:
        if isinstance(error, TrustError) and error.code != "STORE_SEALED":
            raise
        with watched_folder() as folder:
            for name in _COPIED:
                if (source / name).exists():
                    shutil.copy(source / name, folder / name)
            return _copy(folder, now(), f"NOT RECORDED in the log, which cannot be written ({type(error).__name__})")


def _of_backup(file: Path, key: Path | None) -> Found:
    with watched_folder() as folder:
        manifest, said, code = unpack(file, folder)
        if key is None:
            why = "a backup is opened with its key: name it with --key"
            raise InputError("FILE_NOT_FOUND", why, source=str(file))
        put_key(Layout(folder), read_settings(folder / "settings.toml"), key)
        with unsealed(folder) as (_, _, records, log):
            require_ours(records, said, code, source=str(file))
            log.verify(Layout(folder).checkpoint.read_text(encoding="utf-8")).require()
        return _copy(folder, manifest.made, "from a backup of that moment; NOT RECORDED in the log of the node")


def _copy(folder: Path, made: str, said: str) -> Found:
    with unsealed(folder) as (_, settings, records, _):
        return _found(records, settings.site, made, said)


def _found(records: Records, site: str, made: str, said: str) -> Found:
    return Found(tuple(listing.entries(records, site)), listing.heading(site, made, said), not said)
