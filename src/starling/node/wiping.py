"""Remote wipe: the hub's signed order in its answer, after which the keys of the node are gone for good.

    starling.order/1
    wipe 9f2c... 2026-05-28T10:00:00Z
    starling.signature/1
    key ...
    signature ...

The order names one node by its audit log, so that it means nothing to another.  What is destroyed is the wrapped key
of the store, without which the store is noise, the key file where there is one, and what lies open in the folder.  A
process that is killed meanwhile is finished by the next start: a note of the order lies there first.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from starling.errors import TrustError
from starling.formats.write import replacing
from starling.node.layout import Layout
from starling.node.settings import Settings
from starling.trust.audit import AuditLog
from starling.trust.signature import read_signature

#: what the signature is for
PURPOSE: Final = "order of a hub"
_START: Final = b"starling.order/1\n"
_ORDER: Final = re.compile(rb"starling\.order/1\nwipe ([0-9a-f]{32}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n")
#: lists in plain text; and one that a killed process was writing (`formats.write`)
_LISTS: Final = ("*.html", "*.txt", ".starling-*.part/part")
_NOTE: Final = "Wiped by order of its hub: the key of the store is gone, and what was encrypted cannot be read.\n"


def node_id(log: AuditLog) -> str:
    """What names one node in an order: digits of the SHA-256 of the line by which its log is believed."""
    return hashlib.sha256(log.verifier_key.encode()).hexdigest()[:32]


def is_order(answer: bytes) -> bool:
    """Whether an answer claims to be an order."""
    return answer.startswith(_START)


def is_wipe(answer: bytes, public: bytes, log: AuditLog) -> bool:
    """Whether an answer is the hub's order to wipe this very node.  `public`: the key of the hub's orders."""
    said, mark, rest = answer.partition(b"starling.signature/1\n")
    order, signature = _ORDER.fullmatch(said), read_signature(mark + rest)
    if order is None or signature is None or signature.public != public:
        return False
    return order[1].decode() == node_id(log) and signature.fits(PURPOSE, said)


def said_at(answer: bytes) -> str:
    """When an order was given, in UTC to the second, as it states; empty: it is none."""
    order = _ORDER.match(answer)
    return order[2].decode().removesuffix("Z") if order else ""


def wipe(layout: Layout, also: Path | None = None) -> None:
    """Keys, and what lies open in the folder, are gone; also of nodes that a restore set aside.

    `also`: a folder with lists in plain text.  A disk that is full keeps no key: the note of it can be written after.
    Raises: OSError, when something cannot be destroyed; the next start tries again.
    """
    is_noted = layout.wiped.exists() or _is_noted(layout)
    everywhere = (layout, *_set_aside(layout))
    for each in everywhere:
        _destroy(each.store_key, each.file_key)
    if also is not None:
        _destroy(*(path for kind in _LISTS for path in sorted(also.glob(kind))))
    if not is_noted:
        _note(layout)
    for each in everywhere:
        for folder in (each.clients, each.inbox, each.spool):
            if folder.exists():
                shutil.rmtree(folder)


def require_whole(layout: Layout, settings: Settings) -> None:
    """Raises: TrustError NODE_WIPED, after what a killed process left undone was done."""
    if layout.wiped.exists():
        wipe(layout, lists_of(settings))
        raise TrustError("NODE_WIPED", f"{layout.root}: was wiped by order of its hub")


def lists_of(settings: Settings) -> Path | None:
    """Where lists in plain text are, if anywhere."""
    return Path(settings.emergency_list) if settings.emergency_list else None


def _set_aside(layout: Layout) -> Iterator[Layout]:
    """What a restore left beside: nodes of before, and one that was not ready when its process was killed."""
    folder, name = layout.root.absolute().parent, layout.root.absolute().name
    kinds = [rf"{re.escape(name)}\.set-aside-[0-9]+"]
    kinds += [] if _is_held(folder) else [rf"\.{re.escape(name)}\.restoring"]
    beside = re.compile("|".join(kinds))
    return (Layout(path) for path in sorted(folder.iterdir()) if beside.fullmatch(path.name))


def _is_held(folder: Path) -> bool:
    """Whether somebody restores a node into the folder at this moment (`restoring`)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _is_noted(layout: Layout) -> bool:
    try:
        _note(layout)
    except OSError:
        return False
    return True


def _note(layout: Layout) -> None:
    """Raises: OSError."""
    with replacing(layout.wiped) as temporary:
        temporary.write_text(_NOTE, encoding="utf-8")


def _destroy(*paths: Path) -> None:
    """Overwritten, where the disk takes that, then gone.

    On flash memory the old cells may outlive that: a token is the better place.
    """
    for path in filter(Path.is_file, paths):
        with suppress(OSError), path.open("r+b") as stream:
            stream.write(os.urandom(path.stat().st_size))
            stream.flush()
            os.fsync(stream.fileno())
        path.unlink()
