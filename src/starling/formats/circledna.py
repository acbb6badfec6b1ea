"""CircleDNA raw data: marker, chromosome as `chr1`, position and a genotype as `A/G`, tab-separated, no headings.

Source: a public description of the export (Sergiodiaz53/CircleDNA-23andme-translator, README, "Input File Format").
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starling.formats.consumer import cells, columns_without_headings, comments_name, read_consumer
from starling.formats.content import Format, Opening
from starling.formats.markers import MarkerTable, first_row


def matches(head: bytes) -> bool:
    """Whether a comment names CircleDNA, or the first row is one of its results."""
    row = first_row(head)
    if "\t" not in row:
        return False
    if comments_name(head, "circledna"):
        return True
    fields = cells(row, "\t")
    return len(fields) == 4 and fields[1].startswith("chr") and "/" in fields[3] and _is_result(row)


def _is_result(row: str) -> bool:
    return columns_without_headings(row) is not None


def read(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    return read_consumer(path, opening, "CircleDNA raw data", "forward")


FORMATS: Final = (Format("circledna", "CircleDNA raw data", matches, read, pipes=True),)
