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

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import Final

from starling.errors import TrustError
from starling.formats.write import replacing
from starling.node.layout import Layout
from starling.trust.audit import AuditLog
from starling.trust.signature import read_signature

#: what the signature is for
PURPOSE: Final = "order of a hub"
_START: Final = b"starling.order/1\n"
_ORDER: Final = re.compile(rb"starling\.order/1\nwipe ([0-9a-f]{32}) (\S{1,40})\n")
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


def wipe(layout: Layout, also: Path | None = None) -> None:
    """Keys, and what lies open in the folder, are gone.  `also`: a folder with lists in plain text.

    Raises: OSError, when something cannot be destroyed; the next start tries again.
    """
    if not layout.wiped.exists():
        with replacing(layout.wiped) as temporary:
            temporary.write_text(_NOTE, encoding="utf-8")
    for key in (layout.store_key, layout.file_key):
        _destroy(key)
    for folder in (layout.clients, layout.inbox, layout.spool):
        if folder.exists():
            shutil.rmtree(folder)
    for listed in sorted(also.glob("*.html")) + sorted(also.glob("*.txt")) if also else ():
        _destroy(listed)


def require_whole(layout: Layout) -> None:
    """Raises: TrustError NODE_WIPED, after what a killed process left undone was done."""
    if layout.wiped.exists():
        wipe(layout)
        raise TrustError("NODE_WIPED", f"{layout.root}: was wiped by order of its hub")


def _destroy(path: Path) -> None:
    """Overwritten, then gone.  On flash memory the old cells may outlive that: a token is the better place."""
    if not path.is_file():
        return
    with path.open("r+b") as stream:
        stream.write(os.urandom(path.stat().st_size))
        stream.flush()
        os.fsync(stream.fileno())
    path.unlink()
