"""Texts onto the disk: a report is there whole, or it is not there."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from starling.errors import InputError


def write_atomically(path: str | Path, text: str) -> None:
    """`path` holds exactly `text` in UTF-8; a reader at any moment saw the old file or the new one.

    The permissions of a file that is replaced are kept; a new file has those that the umask gives.  Something that
    exists and is not a file (a pipe, a device) is written to directly and never replaced.
    A lone surrogate (an undecodable byte of a file name) is written as its `\\udcxx` escape, which JSON reads back.
    Raises: InputError (OUTPUT_UNWRITABLE), the user's: no such directory, no permission, no space; nothing is left.
    """
    data = text.encode("utf-8", errors="backslashreplace")
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            _write_through(target, data)
        else:
            _replace(target.resolve(), data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("OUTPUT_UNWRITABLE", f"cannot be written: {reason}", source=str(path)) from error


def _write_through(target: Path, data: bytes) -> None:
    with target.open("wb") as stream:
        stream.write(data)


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_directory(target.parent)


def _sync_directory(directory: Path) -> None:
    """The rename itself survives a loss of power, where the system can promise that."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
