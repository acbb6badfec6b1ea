"""What the raw data of consumer arrays share: one row a marker, whatever the columns are called and parted by.

Columns are known by their headings, in a comment or in the first row; a table without any is known by what stands in
it: a name, a chromosome, a position, and a genotype or two alleles.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from starling.formats.content import Opening
from starling.formats.markers import (
    Lines,
    Marker,
    MarkerTable,
    Rows,
    Strand,
    build_in,
    first_row,
    head_lines,
    is_chromosome,
    read_lines,
    table,
)
from starling.values import dataclass

#: Heading, as letters and digits -> what stands below it.
_HEADINGS: Final = {
    **dict.fromkeys(("rsid", "rs", "name", "snp", "snpname", "snpid", "marker", "markername", "id", "dbsnp"), "name"),
    **dict.fromkeys(("chromosome", "chr", "chrom"), "chromosome"),
    **dict.fromkeys(("position", "pos", "bp", "mapinfo", "basepairposition"), "position"),
    **dict.fromkeys(("genotype", "result", "alleles", "genotypes"), "genotype"),
    "allele1": "first",
    "allele2": "second",
}
_NAME: Final = re.compile(r"(?:rs|i|kgp|vg|exm|gsa-|seq-|jhu_)[\w.:-]*\d[\w.:-]*", re.IGNORECASE)
_HAPLOID: Final = frozenset({"chrX", "chrY", "chrM"})
#: Comments of which the words are looked at; a file may have more.
_REMEMBERED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Columns:
    """Where what stands: indices into a row.  `second`: None when both alleles stand in one column."""

    count: int
    name: int
    chromosome: int | None
    position: int | None
    first: int
    second: int | None
    words: str


def cells(line: str, separator: str, lines: Lines | None = None, number: int | None = None) -> list[str]:
    """The fields of a row, without quotes.  Raises: InputError BAD_MARKERS when `lines` are given."""
    if '"' not in line:
        return [text.strip() for text in (line.split(separator) if separator else line.split())]
    try:
        found = next(csv.reader([line], delimiter=separator or " ", strict=lines is not None), [])
        if len(found) == 1 and '"' in found[0]:  # quoted twice, as some spreadsheets leave it
            found = next(csv.reader([found[0]], delimiter=separator or " "), [])
    except csv.Error as error:
        if lines is None:
            return []
        raise lines.wrong(f"not CSV ({error})", number) from None
    return [text.strip().strip('"') for text in found]


def separator_of(line: str) -> str:
    """What parts the columns of a row; empty: any blanks."""
    return next((sign for sign in "\t,;" if sign in line), "")


def columns_of(line: str) -> Columns | None:
    """The columns that a line of headings names; None when it is no such line.

    A heading that is not known makes it another table: the alleles of an association study are nobody's genotype.
    """
    words = cells(line.lstrip("# "), separator_of(line))
    found: dict[str, int] = {}
    for index, word in enumerate(words):
        meaning = _meaning(word)
        if meaning is not None:
            found.setdefault(meaning, index)
    paired = "first" in found and "second" in found
    if len(found) != len(words) or paired == ("genotype" in found):
        return None
    if "name" not in found or ("chromosome" in found) != ("position" in found):
        return None
    return Columns(
        count=len(words),
        name=found["name"],
        chromosome=found.get("chromosome"),
        position=found.get("position"),
        first=found["first"] if paired else found["genotype"],
        second=found["second"] if paired else None,
        words=", ".join(words),
    )


def _meaning(word: str) -> str | None:
    """What stands below a heading; `Position (hg19)` is a position, whose build the markers prove."""
    return _HEADINGS.get(re.sub(r"\(.*?\)|[^a-z0-9]", "", word.casefold()))


def near_miss(head: bytes) -> str | None:
    """Why a table that is nearly one of markers is none, in words; None where it does not look like one."""
    row = first_row(head)
    if not row and commented_columns(head) is not None:
        return "has no results"
    words = cells(row.lstrip("# "), separator_of(row))
    found = {_meaning(word) for word in words}
    if not {"name", "genotype"} <= found or len(words) == len(found - {None}):
        return None
    unknown = ", ".join(word for word in words if _meaning(word) is None)
    return f"its columns {unknown or row[:80]} are not known; keep rsid, chromosome, position and genotype"


def columns_without_headings(row: str) -> Columns | None:
    """The columns of a row of results whose file has no headings; None when it looks like none."""
    fields = cells(row, separator_of(row))
    if len(fields) not in {4, 5} or not _NAME.fullmatch(fields[0]) or not is_chromosome(fields[1]):
        return None
    if not (fields[2].isascii() and fields[2].isdigit()):
        return None
    last = "".join(fields[3:]).upper().replace("/", "")
    if not last or len(last) > 2 * len(fields) or not set(last) <= set("ACGTID-0N."):
        return None
    if len(fields) == 4:
        return Columns(4, 0, 1, 2, 3, None, "rsid, chromosome, position, genotype")
    return Columns(5, 0, 1, 2, 3, 4, "rsid, chromosome, position, allele1, allele2")


def commented_columns(head: bytes) -> Columns | None:
    """The columns that the last comment with headings names."""
    comments = [line for line in head_lines(head) if line.startswith("#")]
    return next((found for line in reversed(comments) if (found := columns_of(line)) is not None), None)


def has_places(columns: Columns | None) -> bool:
    """Whether the rows say where their markers stand."""
    return columns is not None and columns.chromosome is not None


def comments_name(head: bytes, *words: str) -> bool:
    """Whether a comment before the first row holds one of the words."""
    comments = " ".join(line for line in head_lines(head) if line.startswith("#")).casefold()
    return any(word in comments for word in words)


def names_columns(head: bytes, *names: str) -> bool:
    """Whether the first row has just these headings, whatever parts them."""
    row = first_row(head)
    return [text.casefold() for text in cells(row, separator_of(row))] == list(names)


def read_consumer(path: str | Path, opening: Opening, kind: str, strand: Strand = "plus") -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    lines = read_lines(path, opening)
    rows = Rows(lines.needed)
    comments: list[str] = []
    columns: Columns | None = None
    announced: Columns | None = None
    separator = "\t"
    heading = ""
    for number, line in lines.numbered():
        if line.startswith("#"):
            announced = columns_of(line) or announced
            comments = comments if len(comments) >= _REMEMBERED else [*comments, line]
            continue
        if columns is None:
            separator, named = separator_of(line), columns_of(line)
            columns = named or announced or columns_without_headings(line)
            if columns is None:
                message = "no line names the columns: rsid, chromosome, position, and genotype or allele1 and allele2"
                raise lines.wrong(message, number)
            heading = line if named is not None else ""
        if line != heading:
            _add(rows, columns, cells(line, separator, lines, number), lines, number)
    built = build_in(comments)
    return table(lines, (lines.stem,), rows.markers, strand=strand, rows=rows.count, stated_build=built, kind=kind)


def _add(rows: Rows, columns: Columns, fields: Sequence[str], lines: Lines, number: int) -> None:
    """One row."""
    while len(fields) > columns.count and not fields[-1]:
        fields = fields[:-1]
    if len(fields) != columns.count:
        raise lines.wrong(f"{len(fields)} columns, not {columns.words[:200]}", number)
    place: tuple[str | None, int | None] = (None, None)
    if columns.chromosome is not None and columns.position is not None:
        place = lines.place(fields[columns.chromosome], fields[columns.position], number)
    if columns.second is None:
        alleles = lines.genotype(fields[columns.first], number)
    else:
        found = [fields[columns.first].upper(), fields[columns.second].upper()]
        single = place[0] in _HAPLOID and found[0] and not found[1]
        alleles = lines.alleles(found[:1] if single else found, number)
    name = fields[columns.name]
    if rows.has(name, place):
        rows.keep(Marker(lines.stem, name, *place, alleles, number))
