"""Luminex xTAG and other tables with one column a gene (`Genotype CYP2C19`, or `CYP2C19` alone), one sample a row.

Lines above the header name the program.  Source: ours; no exported file of these kits is public, so columns are known
by their names, in any order.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Final

from starling.formats.outside.content import Text, Tool
from starling.vocabulary import OutsideCall

_COLUMN: Final = re.compile(
    r"(?P<kind>Genotype|Diplotype|Call|Result|Phenotype)[ :_-]+(?P<gene>[A-Z][A-Z0-9-]{2,9})"
    r"|(?P<gene_first>[A-Z][A-Z0-9-]{2,9})[ :_-]+(?P<kind_last>Genotype|Diplotype|Call|Result|Phenotype)"
)
#: A column that is called by its gene alone; so is no column unless two have a digit within, as genes have.
_BARE: Final = re.compile(r"[A-Z][A-Z0-9-]{2,9}")
_WITH_DIGIT: Final = re.compile(r"[A-Z]{2,5}\d[A-Z0-9]{0,5}")
_SAMPLES: Final = frozenset({"sample", "sample id", "sample name", "sampleid", "patient", "patient id"})


def _rows(text: Text) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of everything that can be read as a row, from a header on."""
    first = next((line for _, line in text.filled if _genes_of(_split(line))), None)
    begun = False
    for number, line in text.filled:
        begun = begun or line is first
        if begun:
            yield number, _split(line)


def _split(line: str) -> list[str]:
    separator = "\t" if "\t" in line else ";" if ";" in line else ","
    try:
        return [cell.strip() for row in csv.reader([line], delimiter=separator) for cell in row]
    except csv.Error:
        return []


def _genes_of(header: Sequence[str]) -> dict[int, tuple[str, str]]:
    """Column -> (gene, field); empty when it is no such header."""
    if not any(cell.casefold() in _SAMPLES for cell in header):
        return {}
    matches = ((at, _COLUMN.fullmatch(cell)) for at, cell in enumerate(header))
    found = {
        at: (match["gene"] or match["gene_first"], (match["kind"] or match["kind_last"]).casefold())
        for at, match in matches
        if match
    }
    if found or sum(bool(_WITH_DIGIT.fullmatch(cell)) for cell in header) < 2:
        return found
    return {at: (cell, "diplotype") for at, cell in enumerate(header) if _BARE.fullmatch(cell)}


def _matches(text: Text) -> bool:
    return text.document is None and any(_genes_of(_split(line)) for line in text.lines[:60])


def _read(text: Text) -> Iterator[OutsideCall]:
    rows = list(_rows(text))
    header = rows[0][1]
    columns = _genes_of(header)
    sample_at = next(at for at, cell in enumerate(header) if cell.casefold() in _SAMPLES)
    for number, fields in rows[1:]:
        if len(fields) != len(header):
            raise text.wrong(f"{len(fields)} columns, not {len(header)}", number)
        found: dict[str, dict[str, str]] = {}
        for at, (gene, kind) in columns.items():
            found.setdefault(gene, {})["phenotype" if kind == "phenotype" else "diplotype"] = fields[at]
        for gene, stated in found.items():
            yield OutsideCall(
                gene,
                stated.get("diplotype") or "No call",
                stated.get("phenotype", ""),
                sample=fields[sample_at],
                line=number,
            )


TOOLS: Final = (Tool("a panel with one column a gene", _matches, _read),)
