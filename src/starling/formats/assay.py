"""Results of point-of-care and PCR tests as a table: what was looked for, and what was found.

Ours is `analyte,result` and, where known, device, lot, time, sample.  Exports of TaqMan Genotyper and QuantStudio, of
MassARRAY and of bedside analysers say the same in columns of their own, with bases in the place of words, and lines of
the instrument above the columns.  Commas, semicolons and tabs separate.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from starling.formats.content import Format, Opening
from starling.formats.markers import Lines, Marker, MarkerTable, head_lines, read_lines, table

_COLUMNS: Final = frozenset({"analyte", "result", "device", "lot", "time", "sample"})
_NEEDED: Final = frozenset({"analyte", "result"})
#: Heading of an instrument -> column.  Several for the analyte: the first that holds an rsid counts, else the first.
_HEADINGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("analyte", "snp assay name", "assay name", "assay_id", "target", "variant", "marker"), "analyte"),
    **dict.fromkeys(("ncbi snp reference", "rsid", "snp", "allele"), "analyte"),
    **dict.fromkeys(("result", "call"), "result"),
    **dict.fromkeys(("sample id", "sample name", "sample_id", "sample", "patient id"), "sample"),
    **dict.fromkeys(("device", "instrument"), "device"),
    "time": "time",
    "lot": "lot",
    "allele1": "first",
    "allele2": "second",
    "allele 1": "first",
    "allele 2": "second",
}
#: A table with one of these is an array's, with a place for every marker.
_OF_ARRAYS: Final = frozenset({"chromosome", "position", "chr", "pos", "chrom"})
_LARGEST_PRELUDE: Final = 60
#: What instruments say -> our word.
_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("het", "heterozygote", "heterozygous mutant", "allele 1/allele 2"), "heterozygous"),
    **dict.fromkeys(("hom mut", "homozygous mutant", "homozygous variant", "mutant"), "homozygous"),
    **dict.fromkeys(("wild type", "wildtype", "wt", "homozygous wild type", "homozygous reference"), "not detected"),
    **dict.fromkeys(("absent", "not present", "neg", "undetected"), "not detected"),
    **dict.fromkeys(("present", "pos", "mutation detected"), "detected"),
    **dict.fromkeys(("und", "undetermined", "noamp", "no call", "nocall", "no_call", "invalid", "fail"), "invalid"),
    **dict.fromkeys(("failed", "error", "indeterminate", "inconclusive", "", "-", "n/a"), "invalid"),
}
_BASES: Final = re.compile(r"(?P<first>[ACGT])[/:| ]?(?P<second>[ACGT])?|homozygous (?P<both>[ACGT])", re.IGNORECASE)


def matches(head: bytes) -> bool:
    """Whether a row near the top names the columns of single tests, below lines that are an instrument's."""
    rows = [(0, line) for line in head_lines(head) if not line.startswith("#")]
    found = _header(rows[:_LARGEST_PRELUDE])
    if found is None:
        return False
    typed = [line.lstrip(' "').upper().startswith("HLA") for _, line in rows[found[0] + 1 :]]
    return not (typed and all(typed))  # no position tells an HLA type: those are statements by gene


def _header(rows: Sequence[tuple[int, str]]) -> tuple[int, str, list[str]] | None:
    """(place of the row, separator, columns) of the first row that names an analyte and a result."""
    for at, (_, line) in enumerate(rows):
        separator = next((each for each in "\t;," if each in line), ",")
        names = [name.strip().strip('"').casefold() for name in line.split(separator)]
        columns = [_HEADINGS.get(name, "") for name in names]
        named = {*columns} >= _NEEDED and not _OF_ARRAYS.intersection(names)
        if named and ("analyte" in names or not line.startswith("#")):
            return at, separator, [column or f"?{name}" for column, name in zip(columns, names, strict=True)]
    return None


def read(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    lines = read_lines(path, opening)
    rows = [(number, line) for number, line in lines.numbered() if not line.startswith("#")]
    found = _header(rows)
    if found is None:
        raise lines.wrong("has no results")
    at, separator, columns = found
    _check(columns, lines, rows[at][0])
    markers, samples = [], dict[str, None]()
    for number, line in rows[at + 1 :]:
        fields = _cells(line, separator, lines, number)
        if len(fields) != len(columns):
            raise lines.wrong(f"{len(fields)} columns, not {len(columns)}", number)
        marker_ = marker(list(zip(columns, fields, strict=True)), lines, number)
        samples[marker_.sample] = None
        markers.append(marker_)
    return table(lines, tuple(samples), markers, strand="none", tests=True)


def _check(columns: Sequence[str], lines: Lines, number: int) -> None:
    """Our own columns are ours alone, each once; an instrument's may be any."""
    known = [column for column in columns if not column.startswith("?")]
    if twice := [column for column in _COLUMNS - {"analyte", "time"} if known.count(column) > 1]:
        raise lines.wrong(f"the column {twice[0]} stands there twice", number)


def marker(row: Sequence[tuple[str, str]], lines: Lines, number: int) -> Marker:
    """One single test, of (column, text): analyte, result and, where known, device, lot, time and sample."""
    values = {column: text for column, text in reversed(row) if text or column != "analyte"}
    names = [text for column, text in row if column == "analyte" and text]
    name = next((each for each in names if re.fullmatch(r"rs\d+", each, re.IGNORECASE)), names[0] if names else "")
    stated = ", ".join(f"{key} {values[key]}" for key in ("device", "lot", "time") if values.get(key))
    shown = name if name == (names or [name])[0] else f"{names[0]} {name}"
    note = f"{shown}: {values['result']}" + (f" ({stated})" if stated else "")
    alleles, result = _found(values)
    return Marker(values.get("sample") or lines.stem, name, None, None, alleles, number, result, note)


def _found(values: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """(bases, our word): one of the two is empty.  One base alone stands for both copies."""
    said = " ".join(values["result"].casefold().split())
    bases = _BASES.fullmatch(said)
    if bases is not None:
        first = bases["first"] or bases["both"]
        return (first.upper(), (bases["second"] or first).upper()), ""
    number = re.fullmatch(r"(?:homozygous )?allele ?([12])(?:/allele ?\1)?|homozygous ([12])/\2", said)
    base = values.get("first" if (number and "1" in said) else "second", "").upper()
    if number and base in {"A", "C", "G", "T"}:
        return (base, base), ""
    return (), _WORDS.get(said, said)


def _cells(line: str, separator: str, lines: Lines, number: int) -> list[str]:
    """The fields of one line."""
    try:
        return [text.strip() for row in csv.reader([line], delimiter=separator, strict=True) for text in row]
    except csv.Error as error:
        raise lines.wrong(f"not CSV ({error})", number) from None


FORMATS: Final = (Format("assay", "results of single tests", matches, read, pipes=True),)
