"""Any other table of markers: rsid, perhaps chromosome and position, and a genotype or two alleles.

Parted by tabs, commas, semicolons or blanks, with headings or without.  It states no strand: bases that look alike on
both are not read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starling.formats.consumer import columns_of, columns_without_headings, commented_columns, read_consumer
from starling.formats.content import Format, Opening
from starling.formats.markers import MarkerTable, first_row


def matches(head: bytes) -> bool:
    """Whether headings name the columns, or the first row looks like a result."""
    row = first_row(head)
    if not row:
        return False
    return any((columns_of(row), commented_columns(head), columns_without_headings(row)))


def read(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    return read_consumer(path, opening, "a table of markers", "forward")


FORMATS: Final = (Format("generic", "a table of markers", matches, read, pipes=True),)
