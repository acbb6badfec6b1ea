"""The write-ahead log of the store is worked into its file beside the questions, not in the middle of one.

SQLite does that in whichever commit finds the log long: measured here, every five hundredth question waited 14 to 21 ms
for the disk.  A second connection does it meanwhile, and whoever writes does not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from starling.node.every import Every
from starling.node.opening import open_again
from starling.node.service import Node

#: Seconds between two looks; pages of 4 KiB after which a commit does it after all (ours); SQLite's own number of them.
_LOOK_S, _MOST_PAGES, _USUAL_PAGES = 1.0, 50_000, 1_000


@contextmanager
def tidied(node: Node) -> Iterator[Every]:
    """What does it, not started yet.  Raises: TrustError KEY_UNAVAILABLE, STORE_SEALED."""
    store = open_again(node.layout, node.settings)

    def tidy() -> float:
        store.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return _LOOK_S

    try:
        with node.records.lock:
            node.records.connection.wal_autocheckpoint(_MOST_PAGES)
        yield Every("store", tidy)
    finally:
        store.close()
        with node.records.lock:
            node.records.connection.wal_autocheckpoint(_USUAL_PAGES)
