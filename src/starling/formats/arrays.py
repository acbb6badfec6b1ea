"""Raw data of consumer arrays: 23andMe and AncestryDNA, and others with their columns.

Source: 23andMe "Raw genotype data" (columns rsid, chromosome, position, genotype, or allele1 and allele2; plus strand
of build 37; `--` is no call, `I` and `D` are insertions and deletions); AncestryDNA "raw data download" (allele1,
allele2; `0` is no call; chromosomes 23 X, 24 Y, 25 the part of X that pairs, 26 MT).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starling.formats.consumer import commented_columns, has_places, names_columns, read_consumer
from starling.formats.content import Format, Opening
from starling.formats.markers import MarkerTable, first_row, head_text


def is_ancestry(head: bytes) -> bool:
    """Whether it begins with AncestryDNA's comment, or its first row names AncestryDNA's columns."""
    named = names_columns(head, "rsid", "chromosome", "position", "allele1", "allele2")
    return head_text(head).startswith("#AncestryDNA") or ("\t" in first_row(head) and named)


def is_23andme(head: bytes) -> bool:
    """Whether a comment or the first row names 23andMe's columns, and tabs part the rows."""
    if "\t" not in first_row(head):
        return False
    return has_places(commented_columns(head)) or names_columns(head, "rsid", "chromosome", "position", "genotype")


def read_23andme(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    return read_consumer(path, opening, "raw data as 23andMe writes them")


def read_ancestry(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    return read_consumer(path, opening, "AncestryDNA raw data")


FORMATS: Final = (
    Format("ancestry", "AncestryDNA raw data", is_ancestry, read_ancestry, pipes=True),
    Format("23andme", "23andMe raw data", is_23andme, read_23andme, pipes=True),
)
