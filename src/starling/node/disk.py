"""A disk that is full or cannot be written: what the system and the store say of it, said as one error.

It is the administrator's to put right; nothing that was acknowledged is lost, since every change is whole or not there.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from starling.errors import InputError

#: bytes below which a node is not ready: room for some thousand answers in the log (ours)
LEAST_FREE: Final = 16 << 20
_OF_THE_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})


def of_disk(error: BaseException) -> InputError | None:
    """The error of a disk behind this one; None: it is another.

    `apsw.IOError` of a store that is open is a disk that fails: damage is found when it is opened.
    """
    if isinstance(error, apsw.FullError):
        return InputError("DISK_UNWRITABLE", "the disk of the node is full")
    if isinstance(error, apsw.ReadOnlyError | apsw.IOError | apsw.CantOpenError):
        return InputError("DISK_UNWRITABLE", "the disk of the node cannot be written")
    if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
        return InputError("DISK_UNWRITABLE", f"the disk of the node cannot be written ({error.strerror})")
    return None


@contextmanager
def on_disk() -> Iterator[None]:
    """What goes wrong with the disk inside is said so.  Raises: InputError DISK_UNWRITABLE."""
    try:
        yield
    except (OSError, apsw.Error) as error:
        found = of_disk(error)
        if found is None:
            raise
        raise found from error


def unfit(folder: Path) -> str:
    """Why the disk of a node cannot be relied on; empty: it can."""
    found = os.statvfs(folder)
    if found.f_flag & os.ST_RDONLY:
        return "read-only"
    free = found.f_bavail * found.f_frsize
    return f"{free >> 20} MB free, {LEAST_FREE >> 20} needed" if free < LEAST_FREE else ""
