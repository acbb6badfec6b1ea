"""Which reader a file needs, as its own first bytes say.  A format is one module, and one line here.

A module of a format declares `FORMATS`: what each looks like and how it is opened.  The modules are asked in this
order and imported only then, so that reading a VCF costs nothing of the others, and what a format needs beside the
standard library is imported by its opener alone.  See docs/how-to/add-an-input-format.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.formats.bgzf import is_bgzf
from starling.formats.content import Content, Format, Opening
from starling.formats.stream import open_bytes

MODULES: Final = (
    "starling.formats.variant_text",
    "starling.formats.htslib",
    "starling.formats.finalreport",
    "starling.formats.arrays",
    "starling.formats.assay",
)
#: What a file is refused for that holds no genotypes, but what others concluded from them.
OUTSIDE_RESULT: Final = "OUTSIDE_RESULT"
#: Enough for the comment lines of an array's export.
_HEAD_BYTES: Final = 16_384


def formats() -> Iterator[Format]:
    """Every registered format, in the order in which they are asked."""
    for module in MODULES:
        yield from import_module(module).FORMATS


def sniff(head: bytes) -> Format | None:
    """The format of a text or binary that begins with `head`; None when nobody knows it."""
    return next((each for each in formats() if each.matches(head)), None)


def open_file(path: str | Path, opening: Opening) -> Content:
    """The file, open.  What nobody knows goes to the reader of VCF, which says what it is instead.

    Raises: InputError, what the format's own reader refuses; OUTSIDE_RESULT for what states results by gene.
    """
    head = head_of(path)
    found = sniff(head)
    if found is None and _is_result(head):
        raise InputError(OUTSIDE_RESULT, "it states results by gene, not genotypes", source=Path(path).name)
    return (found or next(formats())).open(path, opening)


def states_results(path: str | Path) -> bool:
    """Whether a file states results by gene, as outside calls do.  Raises: InputError FILE_*."""
    head = head_of(path)
    return sniff(head) is None and _is_result(head)


def _is_result(head: bytes) -> bool:
    if not head:
        return False
    from starling.formats.outside import is_result

    return is_result(head)


def head_of(path: str | Path) -> bytes:
    """The beginning of the content, inflated; empty for standard input and pipes, which can be read only once.

    Raises: InputError FILE_NOT_FOUND, FILE_UNREADABLE or FILE_EMPTY.
    """
    if str(path) == "-":
        return b""
    stream, size = open_bytes(Path(path))
    with stream:
        if size is None:
            return b""
        data = stream.read(_HEAD_BYTES)
    if not (is_bgzf(data) or data[:2] == b"\x1f\x8b"):
        return data
    try:
        return zlib.decompressobj(31).decompress(data, _HEAD_BYTES)
    except zlib.error:
        return b""  # the reader names what is wrong
