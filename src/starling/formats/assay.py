"""Results of point-of-care and PCR tests as a table: `analyte,result` and, where known, device, lot, time, sample."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from starling.formats.content import Format, Opening
from starling.formats.markers import Lines, Marker, MarkerTable, head_lines, read_lines, table

_COLUMNS: Final = frozenset({"analyte", "result", "device", "lot", "time", "sample"})
_NEEDED: Final = frozenset({"analyte", "result"})


def matches(head: bytes) -> bool:
    """Whether the first row that is no comment names the columns."""
    data = next((line for line in head_lines(head) if not line.startswith("#")), "")
    return {field.strip().casefold() for field in data.split(",")} >= _NEEDED


def read(path: str | Path, _opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    lines = read_lines(Path(path))
    rows = [(number, line) for number, line in lines.numbered() if not line.startswith("#")]
    if not rows:
        raise lines.wrong("has no results")
    header = _columns(rows[0][1], lines, rows[0][0])
    markers, samples = [], dict[str, None]()
    for number, line in rows[1:]:
        fields = _cells(line, lines, number)
        if len(fields) != len(header):
            raise lines.wrong(f"{len(fields)} columns, not {len(header)}", number)
        row = dict(zip(header, fields, strict=True))
        sample = row.get("sample") or lines.stem
        samples[sample] = None
        stated = ", ".join(f"{name} {row[name]}" for name in ("device", "lot", "time") if row.get(name))
        note = f"{row['analyte']}: {row['result']}" + (f" ({stated})" if stated else "")
        markers.append(Marker(sample, row["analyte"], None, None, (), number, row["result"].casefold(), note))
    return table(lines, tuple(samples), markers, strand="none", tests=True)


def _columns(line: str, lines: Lines, number: int) -> list[str]:
    header = [name.casefold() for name in _cells(line, lines, number)]
    if unknown := set(header) - _COLUMNS:
        raise lines.wrong(f"unknown column {sorted(unknown)[0]!r}", number)
    if missing := _NEEDED - set(header):
        raise lines.wrong(f"has no column {sorted(missing)[0]!r}", number)
    if len(set(header)) < len(header):
        raise lines.wrong("a column stands there twice", number)
    return header


def _cells(line: str, lines: Lines, number: int) -> list[str]:
    """The fields of one line of CSV."""
    try:
        return [text.strip() for row in csv.reader([line], strict=True) for text in row]
    except csv.Error as error:
        raise lines.wrong(f"not CSV ({error})", number) from None


FORMATS: Final = (Format("assay", "results of single tests", matches, read),)
