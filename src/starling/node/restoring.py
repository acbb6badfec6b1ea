"""`starling node restore FILE DIR`: a node from its backup, which was verified before it takes any place.

All of it is made in a folder beside.  What is there already is never removed: it is set aside under another name, and
where it is newer than the backup, or cannot be read, only for a reason that then stands in the log.  A process that is
killed at any moment leaves the node that was there, or the one that was restored, or (between two renamings) both
under other names and none in the place; the same command again goes on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from msgspec import json

from starling.errors import InputError, StarlingError
from starling.node.administration import recorded
from starling.node.backup import Manifest, put_key, require_ours, unpack
from starling.node.layout import Layout
from starling.node.opening import unsealed
from starling.node.records import Records
from starling.node.server import only_one
from starling.node.settings import Settings, read_settings
from starling.trust.audit import AuditLog
from starling.trust.events import action_of
from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class Restored:
    """A node from a backup.

    `events`: of the log now.  `aside`: where what was there lies now; None: nothing was.  `erased`: patients whom the
    node that was there had erased since, and who are back.
    """

    manifest: Manifest
    events: int
    aside: Path | None
    erased: tuple[str, ...]


def restore(file: Path, folder: Path, *, key: Path | None = None, over: str = "") -> Restored:
    """The node of a backup in its folder.

    `key`: the key file, or the library of the token that holds the key; without one that of the node that is there.
    `over`: why it may take the place of a node that is newer or cannot be read.
    Raises: InputError BACKUP_REFUSED, NODE_NEWER, NODE_RUNNING, FOLDER_TAKEN, the administrator's; TrustError
    KEY_UNAVAILABLE, STORE_SEALED, LOG_TAMPERED, the security officer's.  What was there is as it was.
    """
    there = Layout(folder)
    with _beside(folder) as beside, ExitStack() as stack:
        if there.settings.exists():
            stack.enter_context(only_one(there))
        elif folder.exists() and any(folder.iterdir()):
            raise InputError("FOLDER_TAKEN", "is not empty, and holds no node", source=str(folder))
        manifest, said, code = unpack(file, beside)
        layout, settings = Layout(beside), read_settings(beside / "settings.toml")
        layout.inbox.mkdir(mode=0o700)
        put_key(layout, settings, key or _opens(there))
        since = _since(there, manifest) if there.settings.exists() else _Since()
        events, erased = _verified(beside, (said, code), over, since)
        return Restored(manifest, events, _put(beside, folder), erased)


def _opens(there: Layout) -> Path:
    """What opens the node that is there: its key file, or the library of its token."""
    try:
        module = read_settings(there.settings).token_module
    except InputError:  # none is there, or one that cannot be read, which is said later
        module = ""
    return Path(module) if module else there.file_key


@dataclass(frozen=True, slots=True)
class _Since:
    """What the node that is there did after the backup.

    `newer`: what would be lost (empty: nothing).  `gone`: whom it erased.  `revoked`: certificates, as in its records.
    """

    newer: str = ""
    gone: frozenset[str] = frozenset()
    revoked: tuple[tuple[str, str, int], ...] = ()


def _since(there: Layout, manifest: Manifest) -> _Since:
    try:
        with unsealed(there.root) as (_, _, records, log):
            later = log.size - manifest.events
            rows = records.rows("SELECT event FROM audit_event WHERE place >= ?", manifest.events)
            revoked = tuple(records.revocations())
    except StarlingError as error:
        return _Since(f"what is there cannot be read ({error.message})")
    gone = frozenset(_erased(json.decode(event)) for (event,) in rows) - {""}
    return _Since(f"what is there has {later} events more than the backup" if later > 0 else "", gone, revoked)


def _erased(event: dict[str, Any]) -> str:
    """The pseudonym of whom this event erased; empty: nobody."""
    if action_of(event) != "patient.erase" or event["outcome"] != "0":
        return ""
    return str(event["entity"][0]["what"]["identifier"]["value"])


def _verified(beside: Path, sealed: tuple[bytes, bytes], reason: str, since: _Since) -> tuple[int, tuple[str, ...]]:
    """The store opens, the log is whole, the backup is of this node; the log says that it was restored.

    What was revoked stays so.  `reason`: why something may be lost.  Returns the events in the log, and who was erased
    and is back.
    """
    said, code = sealed
    with unsealed(beside) as (layout, settings, records, log):
        require_ours(records, said, code, source="manifest.json")
        outside, log.witness = log.witness, None  # a second place that saw more is another question
        log.verify(layout.checkpoint.read_text(encoding="utf-8")).require()
        log.witness = outside
        newer = since.newer or log.compare().kind
        if newer and not reason:
            raise InputError("NODE_NEWER", newer, source=settings.witness or None)
        with records.transaction(durable=True):
            for row in since.revoked:
                records.revoke(*row)
        _told(settings, records, log, {"reason": reason} if reason else {})
        return log.size, tuple(sorted(each for each in since.gone if records.patient(each)))


def _told(settings: Settings, records: Records, log: AuditLog, detail: dict[str, str]) -> None:
    recorded(settings, records, log, "node.restore", detail)
    if log.compare().sound:
        log.checkpoint()
    else:
        log.set_aside()


def _put(beside: Path, folder: Path) -> Path | None:
    """The folder is in its place; what was there lies under another name."""
    aside = None
    try:
        if folder.exists() and any(folder.iterdir()):
            names = (folder.with_name(f"{folder.name}.set-aside-{number}") for number in count(1))
            aside = next(path for path in names if not path.exists())
            folder.rename(aside)
        elif folder.exists():
            folder.rmdir()
        beside.rename(folder)
    except OSError as error:
        raise InputError("OUTPUT_UNWRITABLE", f"cannot be put there ({error.strerror})", source=str(folder)) from error
    return aside


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """An empty folder beside, ours alone; what a killed process left there is gone, and so is ours on any error."""
    beside = folder.with_name(f".{folder.name}.restoring")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise InputError("OUTPUT_UNWRITABLE", f"cannot be made ({error.strerror})", source=str(folder)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(mode=0o700)
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        os.close(handle)
