"""Files that wait to be read: sealed on the disk, open in memory alone.

Each file has a key of its own, kept in the sealed store: without it the file is noise, and forgetting the key erases
it.  Pieces are sealed with ChaCha20-Poly1305 (RFC 8439), numbered in the nonce; the last one says that it is the last,
so that a file that was cut short is refused.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from starling.errors import InputError
from starling.formats.write import replacing

_PIECE: Final = 1 << 20
_SEALED: Final = _PIECE + 16
#: bytes of the name of a file, at most: there is room for it on every file system (ours)
_LONGEST: Final = 200
#: where files are open: memory that no disk holds, where the system has it
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- a memory file system; the folder made in it is ours alone


_PREFIX: Final = "starling-"
#: waits until nobody holds the other end of its input any more
_TAKES_AWAY: Final = "import shutil, sys; sys.stdin.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)"


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def seal(path: Path, key: bytes, chunks: Iterable[bytes]) -> int:
    """`path` holds the chunks, sealed and on the disk; returns how many bytes they were."""
    box, size, number = ChaCha20Poly1305(key), 0, 0
    with replacing(path) as temporary, temporary.open("xb") as stream:
        for number, (piece, last) in enumerate(_pieces(chunks)):
            size += len(piece)
            stream.write(box.encrypt(_nonce(number), piece, b"last" if last else b""))
    return size


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """(piece, whether it is the last); none but the last is short, and there is a last one always."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > _PIECE:
            yield bytes(waiting[:_PIECE]), False
            del waiting[:_PIECE]
    yield bytes(waiting), True


def unsealed(path: Path, key: bytes) -> Iterator[bytes]:
    """The pieces of a sealed file.  Raises: InputError FILE_DAMAGED when it is not what was written."""
    box = ChaCha20Poly1305(key)
    try:
        with path.open("rb") as stream:
            piece, number = stream.read(_SEALED), 0
            while piece:
                following = stream.read(_SEALED)
                yield box.decrypt(_nonce(number), piece, b"" if following else b"last")
                piece, number = following, number + 1
    except (OSError, InvalidTag) as error:
        raise InputError("FILE_DAMAGED", "the sealed file is damaged or gone", source=path.name) from error


def plain_name(name: str) -> str:
    """What a file is called here, and wherever it is taken to: no place in a folder of any system, the end kept.

    >>> plain_name("../a/b.vcf"), plain_name("..\\\\b.vcf"), plain_name(".."), plain_name("a\\nb")
    ('b.vcf', 'b.vcf', 'file', 'a_b')
    """
    last = Path(name.replace("\\", "/")).name
    shown = "".join(each if each.isprintable() else "_" for each in last)
    found = shown.encode()[-_LONGEST:].decode("utf-8", "ignore")
    return found if found.strip(" .") else "file"


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder of our own in memory that no disk holds, where the system has it; gone at the end."""
    place = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=place) as folder:
        yield Path(folder)


def take_away_left_behind() -> None:
    """Folders in memory of processes of this user that were killed are gone: the names in them are those of files."""
    for folder in (_MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())).glob(f"{_PREFIX}*-*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            if number.isdigit() and not Path("/proc", number).exists() and folder.lstat().st_uid == os.getuid():
                shutil.rmtree(folder)


@contextmanager
def watched_folder() -> Iterator[Path]:
    """As `memory_folder`, for what is secret: when this process is killed, another one takes the folder away."""
    with memory_folder() as folder:
        command = [sys.executable, "-I", "-c", _TAKES_AWAY, str(folder)]
        # in a session of its own, so that a signal to the whole group does not reach it
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):  # noqa: S603 -- our own words
            yield folder


@contextmanager
def in_memory(name: str, pieces: Iterable[bytes]) -> Iterator[Path]:
    """A path of that name under which the pieces can be read; nothing of it is on a disk, and nothing stays.

    The content is an anonymous file of this process: it goes when the process does, however that ends.
    """
    number = os.memfd_create("starling")
    try:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[os.write(number, view) :]
        with memory_folder() as folder:
            path = folder / plain_name(name)
            path.symlink_to(f"/proc/{os.getpid()}/fd/{number}")
            yield path
    finally:
        with suppress(OSError):
            os.close(number)
