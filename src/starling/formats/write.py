"""Results onto the disk: a file is there whole, or it is not there."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final

from starling.errors import InputError

#: File names of 255 bytes are the least that common file systems allow; room for a suffix and a temporary name.
_LONGEST: Final = 120

#: Names that Windows keeps for devices, whatever their suffix.
_RESERVED: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}
)


def write_atomically(path: str | Path, text: str | Iterable[str]) -> None:
    """`path` holds exactly `text` (or its parts, one after another) in UTF-8; never was it there by half.

    The permissions of a file that is replaced are kept; a new file has those that the umask gives.  Something that
    exists and is not a file (a pipe, a device) is written to directly and never replaced.
    A lone surrogate (an undecodable byte of a file name) is written as its `\\udcxx` escape, which JSON reads back.
    Raises: InputError (OUTPUT_UNWRITABLE), the user's: no such directory, no permission, no space; nothing is left.
    Whatever the parts raise while they are made is passed on, and nothing is left either.
    """
    parts = (text,) if isinstance(text, str) else text
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                _write(stream, parts)
        else:
            _replace(target.resolve(), parts)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("OUTPUT_UNWRITABLE", f"cannot be written: {reason}", source=str(path)) from error


def file_name_for(sample: str, suffix: str) -> str:
    """A file name for a sample: the sample's own where every system allows it, else made so and distinct.

    >>> file_name_for("PATIENT-7", ".html"), file_name_for("../etc/passwd", ".html")
    ('PATIENT-7.html', 'etc_passwd-7fef78f5.html')
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", sample)[:_LONGEST].strip("._-")
    if safe and safe == sample and safe.upper().split(".")[0] not in _RESERVED:
        return safe + suffix
    mark = hashlib.sha256(sample.encode("utf-8", errors="backslashreplace")).hexdigest()[:8]
    return f"{safe or 'sample'}-{mark}{suffix}"


def _write(stream: BinaryIO, parts: Iterable[str]) -> None:
    for part in parts:
        stream.write(part.encode("utf-8", errors="backslashreplace"))


def _replace(target: Path, parts: Iterable[str]) -> None:
    with replacing(target) as temporary, temporary.open("xb") as stream:
        _write(stream, parts)


@contextmanager
def replacing(target: Path, *, keeps_mode: bool = True) -> Iterator[Path]:
    """A temporary path beside `target`, for a writer that opens files by name; at the end it takes `target`'s place.

    What was written is on the disk before the name changes.  On any error nothing is left, and `target` is as it was.
    What a killed process left in the folder is removed; what a living one is writing there never is.
    `keeps_mode`: a file that is replaced keeps its permissions; else the new one has those that its writer gave it.
    """
    _remove_leftovers(target.parent.resolve())
    with _workplace(target.parent) as workplace:
        temporary = workplace / "part"
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        if keeps_mode and target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    _sync_directory(target.parent)


#: The hidden directories that files are written in, beside where they belong.
_WORKPLACE: Final = re.compile(r"\.starling-[0-9a-f]{16}\.part")


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A new directory in `folder`, locked while it is in use, then gone with all that it holds."""
    while True:
        workplace = folder / f".starling-{os.urandom(8).hex()}.part"
        workplace.mkdir(mode=0o700)
        with _locked(workplace) as locked:
            if locked is False or not workplace.exists():
                continue  # taken for a leftover by another process before it was locked
            try:
                yield workplace
            finally:
                _remove(workplace)
            return


@lru_cache(maxsize=64)  # once for each folder: a run that writes a thousand pages there does not look a thousand times
def _remove_leftovers(folder: Path) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            if _WORKPLACE.fullmatch(path.name):
                _remove_if_left(path)


def _remove_if_left(workplace: Path) -> None:
    with (
        suppress(OSError),
        _locked(workplace) as locked,
    ):  # not a directory, or not ours to open: not a leftover of ours
        if locked:
            _remove(workplace)


def _remove(folder: Path) -> None:
    """The folder goes with all that it holds, as far as it can; links are removed, never followed.

    `shutil` does the same, and loads every archive format before: a tenth of what `starling report` loads.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                _remove(path)
            else:
                path.unlink()
        folder.rmdir()


@contextmanager
def _locked(directory: Path) -> Iterator[bool | None]:
    """Whether the directory is there and ours alone now; None where the system or the disk has no such locks.

    The system lets go of the lock of whoever is killed.
    """
    if sys.platform == "win32":
        yield None
        return
    import fcntl

    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked: bool | None = True
        except BlockingIOError:
            locked = False
        except OSError:
            locked = None
        yield locked
    finally:
        os.close(handle)


def _sync_directory(directory: Path) -> None:
    """The rename itself survives a loss of power, where the system can promise that."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
