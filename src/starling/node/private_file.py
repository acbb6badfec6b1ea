"""A file that its owner alone may read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.formats.write import replacing

_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY


def private(path: Path, content: bytes | Iterable[bytes], *, keeps_mode: bool = False) -> None:
    """The file is there whole, and its owner alone may read it.  `content`: or its pieces, one after another.

    `keeps_mode`: one that is replaced is read by whoever could read it before.  Raises: InputError OUTPUT_UNWRITABLE.
    """
    try:
        with (
            replacing(path, keeps_mode=keeps_mode) as temporary,
            os.fdopen(os.open(temporary, _NEW, 0o600), "wb") as stream,
        ):
            for piece in (content,) if isinstance(content, bytes) else content:
                stream.write(piece)
    except OSError as error:
        raise InputError("OUTPUT_UNWRITABLE", f"cannot be written ({error.strerror})", source=str(path)) from error
