"""Two digests of a compiled file: one of its facts, one of its bytes.

`content_digest` covers every row of every table and identifies what a result rests on, whichever SQLite library wrote
the file.  The seal stands inside the file and covers all of its bytes, itself read as zeros; it shows damage before
SQLite sees a page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

#: 'STAR': lets `file` and `KnowledgeBase.open` tell a knowledge base from any other SQLite file.
APPLICATION_ID: Final = 0x53544152
SCHEMA_VERSION: Final = 2
_SEAL: Final = b"starling-file-sha256="
_BLANK: Final = b"0" * 64
#: what the compiler stores where the seal will stand
UNSEALED: Final = (_SEAL + _BLANK).decode()
#: SQLite writes the version of the library that made the file here; it carries no meaning for readers.
_LIBRARY_VERSION_FIELD: Final = slice(96, 100)


def content_digest(content: Iterable[tuple[str, Sequence[Sequence[Any]]]]) -> str:
    """SHA-256 over table names and rows, in the order given."""
    digest = hashlib.sha256()
    for table, rows in content:
        digest.update(json.dumps([table, len(rows)]).encode())
        for row in rows:
            digest.update(json.dumps(list(row), ensure_ascii=False).encode())
    return digest.hexdigest()


def seal_of(data: bytes) -> tuple[str, str]:
    """The seal that the file states, and the one that its bytes give.  Raises: ValueError when it states none."""
    start = data.index(_SEAL) + len(_SEAL)
    whole = memoryview(data)
    digest = hashlib.sha256(whole[:start])
    digest.update(_BLANK)
    digest.update(whole[start + len(_BLANK) :])
    return data[start : start + len(_BLANK)].decode("ascii", "replace"), digest.hexdigest()


def sealed(data: bytes) -> bytes:
    """The file with its seal in place, and without a trace of the library that wrote it."""
    writable = bytearray(data)
    writable[_LIBRARY_VERSION_FIELD] = bytes(4)
    _, seal = seal_of(bytes(writable))
    return bytes(writable).replace(UNSEALED.encode(), _SEAL + seal.encode(), 1)
