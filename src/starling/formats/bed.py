"""Callable regions: a BED file says where a position without a record may be taken as reference.

BED counts from 0 and leaves the end out; what is returned counts from 1 and includes it.
Source: GA4GH BED v1.0 (hts-specs, BEDv1.pdf), section 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starling.errors import InputError
from starling.formats.record import LARGEST_POSITION
from starling.formats.regions import merge
from starling.formats.stream import TextStream, open_bytes

_NO_REGION = (b"#", b"track", b"browser")


def read_bed(path: str | Path) -> Mapping[str, tuple[tuple[int, int], ...]]:
    """Chromosome, as named in the file -> its regions, 1-based inclusive, sorted, merged.  Gzip is read as well.

    Raises: InputError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY, FILE_DAMAGED, NOT_TEXT, BAD_BED.
    """
    stream, size = open_bytes(Path(path))
    text = TextStream(stream, Path(path).name, size)
    pairs: dict[str, list[tuple[int, int]]] = {}
    number = 0
    try:
        for chunk in text.chunks():
            for line in chunk.split(b"\n")[:-1]:
                number += 1
                if line.strip() and not line.startswith(_NO_REGION):
                    name, start, end = _region(line, text.name, number)
                    pairs.setdefault(name, []).append((start + 1, end))
    finally:
        text.close()
    return {name: tuple(merge(values)) for name, values in pairs.items()}


def _region(line: bytes, source: str, number: int) -> tuple[str, int, int]:
    """(chromosome, start counted from 0, end left out).  Raises: InputError BAD_BED or NOT_TEXT."""
    if b"\0" in line:
        raise InputError("NOT_TEXT", "a NUL byte in the file", source=source, line=number)
    fields = line.split()
    if len(fields) < 3:
        raise InputError("BAD_BED", "fewer than three columns", source=source, line=number)
    start, end = (_position(field, source, number) for field in fields[1:3])
    if end < start:
        raise InputError("BAD_BED", f"the end {end} is before the start {start}", source=source, line=number)
    try:
        return fields[0].decode(), start, end
    except UnicodeDecodeError as error:
        raise InputError("NOT_TEXT", "the file is not UTF-8", source=source, line=number) from error


def _position(field: bytes, source: str, number: int) -> int:
    if field.isdigit() and len(field) <= 10 and (position := int(field)) <= LARGEST_POSITION:
        return position
    shown = field[:40].decode(errors="replace")
    raise InputError("BAD_BED", f"{shown!r} is not a position", source=source, line=number)
