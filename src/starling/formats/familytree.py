"""FamilyTreeDNA raw data, both forms: columns RSID, CHROMOSOME, POSITION, RESULT; or, as "famfinder", two alleles.

Neither form states its strand in the file.  Source: FamilyTreeDNA help centre, "Family Finder raw data" (build 37,
forward strand; `--` is no call).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starling.formats.consumer import (
    commented_columns,
    comments_name,
    has_places,
    names_columns,
    read_consumer,
)
from starling.formats.content import Format, Opening
from starling.formats.markers import MarkerTable


def matches(head: bytes) -> bool:
    """Whether the first row names the columns of the one form, or a comment the other form and its columns."""
    if names_columns(head, "rsid", "chromosome", "position", "result"):
        return True
    return comments_name(head, "famfinder", "familytreedna") and has_places(commented_columns(head))


def read(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    return read_consumer(path, opening, "FamilyTreeDNA raw data", "forward")


FORMATS: Final = (Format("familytree", "FamilyTreeDNA raw data", matches, read, pipes=True),)
