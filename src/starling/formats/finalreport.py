"""Illumina GenomeStudio final reports: one or many samples, alleles on a strand of the genome.

Source: Illumina GenomeStudio Genotyping Module user guide (final report wizard: standard and matrix form).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from starling.errors import InputError
from starling.formats.consumer import cells, separator_of
from starling.formats.content import Format, Opening
from starling.formats.markers import Lines, Marker, MarkerTable, Rows, build_in, first_row, head_text, read_lines, table
from starling.values import dataclass

#: Lines of a [Header] section that are remembered; it has some ten.
_REMEMBERED: Final = 1_000
_NAMES: Final = ("snp name", "name", "snp", "marker name")
_SAMPLES: Final = ("sample id", "sample name", "sample", "sampleid", "samplename")


def matches(head: bytes) -> bool:
    """Whether it begins with its [Header] section, or with the headings of its rows."""
    row = first_row(head).casefold()
    return head_text(head).lstrip().startswith(("[Header]", "[Data]")) or ("snp name" in row and "allele1 - " in row)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where what stands: indices into a row of `count` fields."""

    separator: str
    count: int
    name: int
    rsid: int | None
    sample: int | None
    chromosome: int | None
    position: int | None
    first: int
    second: int
    strand: Literal["plus", "forward"]


def read(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the file.

    Raises: InputError BAD_MARKERS with the line, WRONG_STRAND for TOP/BOT columns, FILE_*, NOT_TEXT.
    """
    lines = read_lines(path, opening)
    numbered = lines.numbered()
    about, number, header = _before_rows(lines, numbered)
    columns = _columns(header, about, lines, number)
    rows = Rows(lines.needed)
    for at, line in numbered:
        _add(rows, columns, cells(line, columns.separator, lines, at), lines, at)
    return table(
        lines,
        tuple(rows.samples),
        rows.markers,
        strand=columns.strand,
        rows=rows.count,
        stated_build=build_in(about),
        kind="a GenomeStudio final report",
    )


def _before_rows(lines: Lines, numbered: Iterator[tuple[int, str]]) -> tuple[list[str], int, str]:
    """What the [Header] section says, and the line of headings with its number."""
    about: list[str] = []
    for number, line in numbered:
        if line.strip().rstrip(",\t;") == "[Data]":
            return about, *next(numbered, (number, ""))
        if not about and "allele1 - " in line.casefold():
            return about, number, line
        if len(about) < _REMEMBERED:
            about.append(line)
    raise lines.wrong("has no [Data] section")


def _add(rows: Rows, columns: _Columns, fields: list[str], lines: Lines, number: int) -> None:
    """One row."""
    if len(fields) != columns.count:
        raise lines.wrong(f"{len(fields)} columns, not {columns.count}", number)
    place: tuple[str | None, int | None] = (None, None)
    if columns.chromosome is not None and columns.position is not None:
        place = lines.place(fields[columns.chromosome], fields[columns.position], number)
    alleles = lines.alleles((fields[columns.first].upper(), fields[columns.second].upper()), number)
    sample = lines.stem if columns.sample is None else fields[columns.sample]
    own = "" if columns.rsid is None else fields[columns.rsid]
    name = own if own.casefold().startswith("rs") else fields[columns.name]
    rows.samples.setdefault(sample)
    if rows.has(name, place):
        rows.keep(Marker(sample, name, *place, alleles, number))


def _columns(header: str, about: list[str], lines: Lines, number: int) -> _Columns:
    """Raises: InputError BAD_MARKERS, WRONG_STRAND."""
    separator = separator_of(header) or "\t"
    names = cells(header, separator, lines, number)
    place = {name.casefold(): index for index, name in reversed(list(enumerate(names)))}
    if names and not names[0] and not any(name.startswith("allele") for name in place):
        message = (
            "this is the matrix form of a final report, which does not say on which strand its alleles are: "
            "export the standard form (one row for each marker and sample) with Chr, Position, Allele1 - Plus and "
            "Allele2 - Plus"
        )
        raise lines.wrong(message, number)
    strand, first, second = _strand_columns(place, lines, number)
    name = next((place[each] for each in _NAMES if each in place), None)
    sample = next((place[each] for each in _SAMPLES if each in place), None)
    if name is None:
        raise lines.wrong("has no column 'SNP Name'", number)
    if sample is None and not _is_of_one(about):
        raise lines.wrong("has no column 'Sample ID' or 'Sample Name'", number)
    return _Columns(
        separator=separator,
        count=len(names),
        name=name,
        rsid=place.get("rsid"),
        sample=sample,
        chromosome=place.get("chr", place.get("chromosome")),
        position=place.get("position", place.get("mapinfo")),
        first=first,
        second=second,
        strand=strand,
    )


def _is_of_one(about: list[str]) -> bool:
    """Whether the [Header] section counts one sample."""
    counts = [line.split()[-1] for line in about if line.casefold().startswith("num samples")]
    return counts == ["1"]


def _strand_columns(place: Mapping[str, int], lines: Lines, number: int) -> tuple[Literal["plus", "forward"], int, int]:
    """The columns of alleles on a strand of the genome, Plus before Forward."""
    strands: tuple[Literal["plus", "forward"], ...] = ("plus", "forward")
    for strand in strands:
        names = (f"allele1 - {strand}", f"allele2 - {strand}")
        if all(name in place for name in names):
            return strand, place[names[0]], place[names[1]]
    others = sorted({name.rpartition(" - ")[2].upper() for name in place if name.startswith("allele")})
    if {"PLUS", "FORWARD"}.intersection(others):
        raise lines.wrong("has no two columns of alleles (Allele1 - Plus and Allele2 - Plus)", number)
    shown = ", ".join(others)[:100] or "no allele columns"
    raise InputError("WRONG_STRAND", f"alleles as {shown}, not Plus or Forward", source=lines.name, line=number)


FORMATS: Final = (Format("finalreport", "a GenomeStudio final report", matches, read, pipes=True),)
