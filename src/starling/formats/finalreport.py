"""Illumina GenomeStudio final reports: one or many samples, alleles on a strand of the genome.

Source: Illumina GenomeStudio Genotyping Module user guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from starling.errors import InputError
from starling.formats.content import Format, Opening
from starling.formats.markers import Lines, Marker, MarkerTable, head_text, read_lines, table


def matches(head: bytes) -> bool:
    """Whether it begins with its [Header] section."""
    return head_text(head).startswith("[Header]")


def read(path: str | Path, _opening: Opening) -> MarkerTable:
    """The results in the file.

    Raises: InputError BAD_MARKERS with the line, WRONG_STRAND for TOP/BOT columns, FILE_*, NOT_TEXT.
    """
    lines = read_lines(Path(path))
    rows = lines.numbered()
    if not any(line.strip().rstrip(",\t") == "[Data]" for _, line in rows):
        raise lines.wrong("has no [Data] section")
    number, header = next(rows, (None, ""))
    separator = "\t" if "\t" in header else ","
    columns = [column.strip() for column in header.split(separator)]
    place = {column.casefold(): index for index, column in enumerate(columns)}
    strand, first, second = _strand_columns(place, lines, number)
    missing = [name for name in ("SNP Name", "Sample ID") if name.casefold() not in place]
    if missing:
        raise lines.wrong(f"has no column {missing[0]!r}", number)
    where = (place.get("chr", place.get("chromosome")), place.get("position", place.get("mapinfo")))
    markers, samples = [], dict[str, None]()
    for at, line in rows:
        fields = [text.strip() for text in line.split(separator)]
        if len(fields) != len(columns):
            raise lines.wrong(f"{len(fields)} columns, not {len(columns)}", at)
        chromosome, position = None, None
        if where[0] is not None and where[1] is not None:
            chromosome, position = lines.place(fields[where[0]], fields[where[1]], at)
        alleles = lines.alleles((fields[first].upper(), fields[second].upper()), at)
        sample = fields[place["sample id"]]
        samples[sample] = None
        markers.append(Marker(sample, fields[place["snp name"]], chromosome, position, alleles, at))
    return table(lines, tuple(samples), markers, strand=strand)


def _strand_columns(
    place: Mapping[str, int], lines: Lines, number: int | None
) -> tuple[Literal["plus", "forward"], int, int]:
    """The columns of alleles on a strand of the genome, Plus before Forward."""
    strands: tuple[Literal["plus", "forward"], ...] = ("plus", "forward")
    for strand in strands:
        names = (f"allele1 - {strand}", f"allele2 - {strand}")
        if all(name in place for name in names):
            return strand, place[names[0]], place[names[1]]
    others = sorted({name.rpartition(" - ")[2].upper() for name in place if name.startswith("allele")})
    shown = ", ".join(others) or "no allele columns"
    raise InputError("WRONG_STRAND", f"alleles as {shown}, not Plus or Forward", source=lines.name, line=number)


FORMATS: Final = (Format("finalreport", "a GenomeStudio final report", matches, read),)
