"""Results of arrays and single tests as rows: what was tested, and which bases were found.

23andMe and AncestryDNA raw data, Illumina GenomeStudio final reports, and tables of point-of-care or PCR results.
Nothing is interpreted here; `starling.genotyping.markers` compares the rows with the sites of the definitions.

Source: 23andMe "Raw genotype data" (columns rsid, chromosome, position, genotype; plus strand of build 37; `--` is no
call, `I` and `D` are insertions and deletions); AncestryDNA "raw data download" (allele1, allele2; `0` is no call;
chromosomes 23 X, 24 Y, 25 the part of X that pairs, 26 MT); Illumina GenomeStudio Genotyping Module user guide.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from starling.errors import InputError
from starling.formats.stream import TextStream, open_bytes
from starling.values import dataclass, field

Kind = Literal["23andme", "ancestry", "finalreport", "assay"]
#: No array has more markers, no table of single tests more rows; a longer file is something else.
_LARGEST_TEXT: Final = 512 * 2**20
_CHROMOSOMES: Final[Mapping[str, str]] = {
    **{str(number): f"chr{number}" for number in range(1, 23)},
    "X": "chrX", "Y": "chrY", "MT": "chrM", "M": "chrM", "XY": "chrX", "23": "chrX", "24": "chrY", "25": "chrX",
    "26": "chrM",
}  # fmt: skip
_NO_CALL: Final = frozenset({"-", "0", "", "."})


@dataclass(frozen=True, slots=True)
class Marker:
    """One result of one sample.  `alleles`: bases, `I` or `D` as in the file; empty: no call.

    `result`: of a single test, in words.  `position` is None where the file does not say.
    """

    sample: str
    name: str
    chromosome: str | None
    position: int | None
    alleles: tuple[str, ...]
    line: int
    result: str = ""


@dataclass(frozen=True, slots=True)
class MarkerTable:
    """The results of a file.  `strand`: plus, or forward (of dbSNP, not always of the genome).

    `old_mitochondrion`: the file says that it uses build 36, whose chrM is another sequence.
    """

    kind: Kind
    name: str
    size: int | None
    file_sha256: str | None
    samples: tuple[str, ...]
    markers: tuple[Marker, ...]
    strand: Literal["plus", "forward", "none"] = "plus"
    old_mitochondrion: bool = False
    notes: tuple[str, ...] = field(default=())


def kind_of(head: bytes) -> Kind | None:
    """What the text that begins with `head` is; None for something else (a VCF)."""
    text = head.decode("utf-8-sig", errors="replace")
    if text.startswith("[Header]"):
        return "finalreport"
    if text.startswith("#AncestryDNA"):
        return "ancestry"
    lines = [line for line in text.splitlines() if line.strip()]
    data = next((line for line in lines if not line.startswith("#")), "")
    if data.casefold().split("\t") == ["rsid", "chromosome", "position", "allele1", "allele2"]:
        return "ancestry"
    commented = [line for line in lines if line.startswith("#")]
    columns = ["rsid", "chromosome", "position", "genotype"]
    if any(line.lstrip("# ").casefold().split("\t") == columns for line in (*commented, data)):
        return "23andme"
    fields = {field.strip().casefold() for field in data.split(",")}
    return "assay" if {"analyte", "result"} <= fields else None


def read_markers(path: Path, kind: Kind) -> MarkerTable:
    """The results in the file (plain or gzip).

    Raises: InputError BAD_MARKERS with the line, WRONG_STRAND for TOP/BOT columns, FILE_*, NOT_TEXT.
    """
    text, size, digest = _text(path)
    reader: Callable[[_Lines], MarkerTable] = _READERS[kind]
    return reader(_Lines(path.name, text, size, digest))


def _text(path: Path) -> tuple[str, int | None, str | None]:
    opened, size = open_bytes(path)
    stream = TextStream(opened, path.name, size)
    try:
        data = bytearray()
        for chunk in stream.chunks():
            data += chunk
            if len(data) > _LARGEST_TEXT:
                raise InputError("BAD_MARKERS", "larger than any array's results", source=path.name)
        if b"\0" in data:
            raise InputError("NOT_TEXT", "a NUL byte", source=path.name)
        return data.decode("utf-8-sig"), size, stream.digest
    except UnicodeDecodeError as error:
        raise InputError("NOT_TEXT", "not UTF-8", source=path.name) from error
    finally:
        stream.close()


@dataclass(frozen=True, slots=True)
class _Lines:
    """A text and where it came from."""

    name: str
    text: str
    size: int | None
    digest: str | None

    def numbered(self) -> Iterator[tuple[int, str]]:
        """(line number, line) of everything that is not empty."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.strip():
                yield number, line

    def wrong(self, message: str, line: int | None = None) -> InputError:
        """The error to raise."""
        return InputError("BAD_MARKERS", message, source=self.name, line=line)

    @property
    def stem(self) -> str:
        """The file's name without suffixes: the sample's name where the file has none."""
        return re.sub(r"(\.(txt|csv|tsv|gz|zip))+$", "", self.name, flags=re.IGNORECASE)

    def place(self, chromosome: str, position: str, line: int) -> tuple[str | None, int]:
        """Our name of a chromosome (None: one without genes of ours), and the position."""
        if not (position.isascii() and position.isdigit() and len(position) <= 10):
            raise self.wrong(f"position is {position[:40]!r}", line)
        return _CHROMOSOMES.get(chromosome.strip().upper().removeprefix("CHR")), int(position)


# --- consumer arrays --------------------------------------------------------------------------------------------------


def _read_23andme(lines: _Lines) -> MarkerTable:
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
        alleles = _alleles(tuple(fields[3].strip().upper()), lines, number)
        markers.append(Marker(lines.stem, fields[0], chromosome, position, alleles, number))
    return _table("23andme", lines, (lines.stem,), markers, old_mitochondrion=old)


def _read_ancestry(lines: _Lines) -> MarkerTable:
    markers = []
    for number, line in lines.numbered():
        fields = line.rstrip("\r\n").split("\t")
        if line.startswith("#") or fields[0].casefold() == "rsid":
            continue
        if len(fields) != 5:
            raise lines.wrong(f"{len(fields)} columns, not rsid, chromosome, position, allele1, allele2", number)
        chromosome, position = lines.place(fields[1], fields[2], number)
        alleles = _alleles((fields[3].strip().upper(), fields[4].strip().upper()), lines, number)
        if chromosome == "chrM":  # written twice, as everything is in this format
            alleles = alleles[:1] if len(set(alleles)) == 1 else ()
        markers.append(Marker(lines.stem, fields[0], chromosome, position, alleles, number))
    return _table("ancestry", lines, (lines.stem,), markers)


def _alleles(texts: Sequence[str], lines: _Lines, number: int) -> tuple[str, ...]:
    """The alleles; none when one of them was not called."""
    if not texts or len(texts) > 2 or not set(texts) <= {*"ACGTID", *_NO_CALL}:
        raise lines.wrong(f"genotype is {''.join(texts)[:20]!r}", number)
    return () if _NO_CALL.intersection(texts) else tuple(texts)


# --- laboratory arrays ------------------------------------------------------------------------------------------------


def _read_finalreport(lines: _Lines) -> MarkerTable:
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
        alleles = _alleles((fields[first].upper(), fields[second].upper()), lines, at)
        sample = fields[place["sample id"]]
        samples[sample] = None
        markers.append(Marker(sample, fields[place["snp name"]], chromosome, position, alleles, at))
    return _table("finalreport", lines, tuple(samples), markers, strand=strand)


def _strand_columns(
    place: Mapping[str, int], lines: _Lines, number: int | None
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


# --- single tests -----------------------------------------------------------------------------------------------------


def _read_assay(lines: _Lines) -> MarkerTable:
    rows = [(number, line) for number, line in lines.numbered() if not line.startswith("#")]
    if not rows:
        raise lines.wrong("has no results")
    header = [name.casefold() for name in _cells(rows[0][1], lines, rows[0][0])]
    known = {"analyte", "result", "device", "lot", "time", "sample"}
    if unknown := set(header) - known:
        raise lines.wrong(f"unknown column {sorted(unknown)[0]!r}", rows[0][0])
    if missing := {"analyte", "result"} - set(header):
        raise lines.wrong(f"has no column {sorted(missing)[0]!r}", rows[0][0])
    if len(set(header)) < len(header):
        raise lines.wrong("a column stands there twice", rows[0][0])
    markers, notes, samples = [], [], dict[str, None]()
    for number, line in rows[1:]:
        fields = _cells(line, lines, number)
        if len(fields) != len(header):
            raise lines.wrong(f"{len(fields)} columns, not {len(header)}", number)
        row = dict(zip(header, fields, strict=True))
        sample = row.get("sample") or lines.stem
        samples[sample] = None
        markers.append(Marker(sample, row["analyte"], None, None, (), number, result=row["result"].casefold()))
        stated = ", ".join(f"{name} {row[name]}" for name in ("device", "lot", "time") if row.get(name))
        notes.append(f"{row['analyte']}: {row['result']}" + (f" ({stated})" if stated else ""))
    return _table("assay", lines, tuple(samples), markers, strand="none", notes=tuple(notes))


def _cells(line: str, lines: _Lines, number: int) -> list[str]:
    """The fields of one line of CSV."""
    try:
        return [text.strip() for row in csv.reader([line], strict=True) for text in row]
    except csv.Error as error:
        raise lines.wrong(f"not CSV ({error})", number) from None


def _table(
    kind: Kind,
    lines: _Lines,
    samples: tuple[str, ...],
    markers: Sequence[Marker],
    *,
    strand: Literal["plus", "forward", "none"] = "plus",
    old_mitochondrion: bool = False,
    notes: tuple[str, ...] = (),
) -> MarkerTable:
    if not markers:
        raise lines.wrong("has no results")
    return MarkerTable(
        kind, lines.name, lines.size, lines.digest, samples, tuple(markers), strand, old_mitochondrion, notes
    )


_READERS: Final[Mapping[Kind, Callable[[_Lines], MarkerTable]]] = {
    "23andme": _read_23andme,
    "ancestry": _read_ancestry,
    "finalreport": _read_finalreport,
    "assay": _read_assay,
}
