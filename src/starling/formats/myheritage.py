"""MyHeritage raw data: CSV with every field in quotes, plus strand of build 37.

Source: the comments of the download ("The genotype is reported on the forward (+) strand with respect to the human
reference build 37"); columns RSID, CHROMOSOME, POSITION, RESULT; `--` is no call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starling.formats.consumer import comments_name, names_columns, read_consumer
from starling.formats.content import Format, Opening
from starling.formats.markers import MarkerTable


def matches(head: bytes) -> bool:
    """Whether a comment names MyHeritage, and the first row its columns."""
    return comments_name(head, "myheritage") and names_columns(head, "rsid", "chromosome", "position", "result")


def read(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    return read_consumer(path, opening, "MyHeritage raw data")


FORMATS: Final = (Format("myheritage", "MyHeritage raw data", matches, read, pipes=True),)
