"""Raw data of consumer arrays: 23andMe and AncestryDNA.

Source: 23andMe "Raw genotype data" (columns rsid, chromosome, position, genotype; plus strand of build 37; `--` is no
call, `I` and `D` are insertions and deletions); AncestryDNA "raw data download" (allele1, allele2; `0` is no call;
chromosomes 23 X, 24 Y, 25 the part of X that pairs, 26 MT).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starling.formats.content import Format, Opening
from starling.formats.markers import Marker, MarkerTable, head_lines, head_text, read_lines, table

_23ANDME: Final = ["rsid", "chromosome", "position", "genotype"]
_ANCESTRY: Final = ["rsid", "chromosome", "position", "allele1", "allele2"]


def is_ancestry(head: bytes) -> bool:
    """Whether it begins with AncestryDNA's comment, or its first row names AncestryDNA's columns."""
    data = next((line for line in head_lines(head) if not line.startswith("#")), "")
    return head_text(head).startswith("#AncestryDNA") or data.casefold().split("\t") == _ANCESTRY


def is_23andme(head: bytes) -> bool:
    """Whether a comment or the first row names 23andMe's columns."""
    lines = head_lines(head)
    commented = [line for line in lines if line.startswith("#")]
    data = next((line for line in lines if not line.startswith("#")), "")
    return any(line.lstrip("# ").casefold().split("\t") == _23ANDME for line in (*commented, data))


def read_23andme(path: str | Path, _opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    lines = read_lines(Path(path))
    markers, old = [], False
    for number, line in lines.numbered():
        if line.startswith("#"):
            old = old or "build 36" in line.casefold()
            continue
        fields = line.rstrip().split("\t")
        if fields[0].casefold() == "rsid":
            continue
        if len(fields) != 4:
            raise lines.wrong(f"{len(fields)} columns, not rsid, chromosome, position, genotype", number)
        chromosome, position = lines.place(fields[1], fields[2], number)
        alleles = lines.alleles(tuple(fields[3].strip().upper()), number)
        markers.append(Marker(lines.stem, fields[0], chromosome, position, alleles, number))
    return table(lines, (lines.stem,), markers, usual_build="GRCh37", old_mitochondrion=old)


def read_ancestry(path: str | Path, _opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    lines = read_lines(Path(path))
    markers = []
    for number, line in lines.numbered():
        fields = line.rstrip("\r\n").split("\t")
        if line.startswith("#") or fields[0].casefold() == "rsid":
            continue
        if len(fields) != 5:
            raise lines.wrong(f"{len(fields)} columns, not rsid, chromosome, position, allele1, allele2", number)
        chromosome, position = lines.place(fields[1], fields[2], number)
        alleles = lines.alleles((fields[3].strip().upper(), fields[4].strip().upper()), number)
        if chromosome == "chrM":  # written twice, as everything is in this format
            alleles = alleles[:1] if len(set(alleles)) == 1 else ()
        markers.append(Marker(lines.stem, fields[0], chromosome, position, alleles, number))
    return table(lines, (lines.stem,), markers, usual_build="GRCh37")


FORMATS: Final = (
    Format("ancestry", "AncestryDNA raw data", is_ancestry, read_ancestry),
    Format("23andme", "23andMe raw data", is_23andme, read_23andme),
)
