"""The sealed store: one SQLite file that is encrypted and authenticated page by page (SQLite3 Multiple Ciphers).

Whoever has the file without the key reads nothing in it, and a file of which one bit is another is not opened.  What no
cipher shows is an older copy put back in its place, or a write-ahead log taken away: that is for the audit log to find.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from starling.errors import TrustError

__all__ = ["CIPHERS", "KEY_BYTES", "open_again", "open_sealed", "sealed_errors", "transaction"]

KEY_BYTES: Final = 32
_SALT_BYTES: Final = 16
#: name in the settings -> (the library's name, bytes of each page that hold nonce and tag, how a raw key is spelled).
#: Source: SQLite3 Multiple Ciphers, "Cipher schemes": sqlcipher version 4 is AES-256-CBC with HMAC-SHA-512.
CIPHERS: Final = {
    "aes256": ("sqlcipher", 80, "x'{}'"),
    "aegis": ("aegis", 64, "raw:{}"),
    "chacha20": ("chacha20", 32, "raw:{}"),
}
#: "Stlg", in the header of every store: a file without it is not one of ours, or was emptied.
_APPLICATION: Final = 0x53746C67
#: KiB of pages that are kept open: one that is read from the file again costs several times a plain one (ours).
_CACHE_KIB: Final = 16 * 1024
#: How long another process may hold the store before a writer gives up, in milliseconds (ours).
_BUSY_MS: Final = 5_000


def open_sealed(path: Path, key: bytes, *, cipher: str = "aes256", create: bool = False) -> apsw.Connection:
    """A connection to the store, every page of which was read and is what was written with this key.

    `create`: a new store, where there was no file.  A commit survives the end of the process; that it survives the end
    of power is for a durable `transaction`.  Reading every page takes about 10 ms a megabyte with aes256, 4 ms with
    chacha20, 2 ms with aegis (bench/trust.py).
    Raises: TrustError STORE_SEALED for another key, damage, a file cut short, a missing file, or one in the way.
    """
    if len(key) != KEY_BYTES or cipher not in CIPHERS:
        raise TrustError("STORE_SEALED", f"{path.name}: a key has {KEY_BYTES} bytes, a cipher is one of {[*CIPHERS]}")
    salt = hmac.digest(key, b"starling.store/1 salt", hashlib.sha256)[:_SALT_BYTES]
    with sealed_errors(path):
        if create:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        else:
            _look_at_header(path, salt, CIPHERS[cipher][1])
        connection = _connected(path, cipher, (key + salt).hex())
        try:
            _begin(connection) if create else _read_every_page(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_again(path: Path, key: bytes, *, cipher: str) -> apsw.Connection:
    """Another connection to a store that is open: its pages were read then.  Raises: TrustError STORE_SEALED."""
    salt = hmac.digest(key, b"starling.store/1 salt", hashlib.sha256)[:_SALT_BYTES]
    with sealed_errors(path):
        return _connected(path, cipher, (key + salt).hex())


@contextmanager
def sealed_errors(path: Path) -> Iterator[None]:
    """What the library and the disk say of damage, said as TrustError STORE_SEALED."""
    try:
        yield
    except FileExistsError as error:
        raise TrustError("STORE_SEALED", f"{path.name}: there is a store already") from error
    except OSError as error:
        raise TrustError("STORE_SEALED", f"{path.name}: cannot be read ({error.strerror})") from error
    except apsw.CantOpenError as error:
        said = "cannot be opened for writing: a disk that is read-only, or no permission"
        raise TrustError("STORE_SEALED", f"{path.name}: {said}") from error
    except (apsw.NotADBError, apsw.CorruptError, apsw.IOError, apsw.FormatError) as error:
        raise _refused(path) from error


@contextmanager
def transaction(connection: apsw.Connection, *, durable: bool = False) -> Iterator[None]:
    """Everything inside is written, or nothing.  `durable`: on the disk when it ends, whatever happens to power."""
    if durable:
        connection.execute("PRAGMA synchronous = full")
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    finally:
        if durable:
            connection.execute("PRAGMA synchronous = normal")


def _look_at_header(path: Path, salt: bytes, reserved: int) -> None:
    """The 24 bytes that are not encrypted hold what this key and cipher put there, bit for bit.

    Source: SQLite file format, section 1.3: page size 4096, WAL, reserved bytes, and three constants.
    """
    with path.open("rb") as stream:
        header = stream.read(24)
    plain = bytes((0x10, 0x00, 0x02, 0x02, reserved, 64, 32, 32))
    if header != salt + plain:
        raise _refused(path)


def _connected(path: Path, cipher: str, key: str) -> apsw.Connection:
    library, _, spelling = CIPHERS[cipher]
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(_BUSY_MS)
        connection.pragma("cipher", library)
        connection.pragma("key", spelling.format(key))
        for name, value in (
            ("temp_store", "memory"),  # nothing spills to a file that is not sealed
            ("secure_delete", "on"),
            ("trusted_schema", "off"),
            ("foreign_keys", "on"),
            ("synchronous", "normal"),
            ("cache_size", -_CACHE_KIB),
        ):
            connection.pragma(name, value)
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: apsw.Connection) -> None:
    connection.pragma("application_id", _APPLICATION)
    connection.pragma("journal_mode", "wal")


def _read_every_page(connection: apsw.Connection, path: Path) -> None:
    if connection.pragma("application_id") != _APPLICATION:
        raise _refused(path)
    if [*connection.execute("PRAGMA quick_check(1)")] != [("ok",)]:
        raise _refused(path)


def _refused(path: Path) -> TrustError:
    return TrustError("STORE_SEALED", f"{path.name}: another key, or the file was damaged or cut short")
