"""CPIC's table of allele functions of one gene: a spreadsheet, or the same saved as text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.extras import need

_SUFFIXES: Final = frozenset({".csv", ".tsv", ".xlsx"})
#: how the columns begin that matter, whatever note in brackets follows
_ALLELE, _VALUE, _FUNCTION = "allele/", "activity value", "allele clinical functional status"
#: lines before the table that are read for the gene's name
_HEAD: Final = 10


def is_table(path: Path) -> bool:
    """Whether the file is a table by its name."""
    return path.suffix.lower() in _SUFFIXES


def table_of(path: Path) -> tuple[str, dict[str, tuple[str, str]]]:
    """The gene, and for each of its alleles the function and the activity value (`n/a`: none).

    Raises: InputError, the sender's: BAD_UPSTREAM when it is no such table, EXTRA_MISSING without openpyxl.
    """
    rows = list(_workbook(path) if path.suffix.lower() == ".xlsx" else _text(path))
    gene = next((name for row in rows[:_HEAD] for name in _gene(row)), None)
    for number, row in enumerate(rows[:_HEAD]):
        allele, function, value = (_column(row, begin) for begin in (_ALLELE, _FUNCTION, _VALUE))
        if gene is not None and allele is not None and function is not None:
            return gene, dict(_alleles(rows[number + 1 :], allele, function, value))
    message = (
        "no table of allele functions: `Gene: NAME` above columns `Allele/...` and `Allele Clinical Functional ...`"
    )
    raise InputError("BAD_UPSTREAM", message, source=path.name)


def _column(row: Sequence[str], begin: str) -> int | None:
    return next((at for at, name in enumerate(row) if name.casefold().startswith(begin)), None)


def _alleles(
    rows: Iterable[Sequence[str]], allele: int, function: int, value: int | None
) -> Iterator[tuple[str, tuple[str, str]]]:
    for row in rows:
        cells = [*row, *[""] * (max(allele, function, value or 0) + 1 - len(row))]
        if cells[allele] and cells[function]:
            yield cells[allele], (cells[function], cells[value] if value is not None and cells[value] else "n/a")


def _gene(row: Sequence[str]) -> Iterator[str]:
    for cell in row:
        label, colon, name = cell.partition(":")
        if colon and label.strip().casefold() == "gene" and name.strip():
            yield name.strip()


def _text(path: Path) -> Iterator[list[str]]:
    delimiter = "," if path.suffix.lower() == ".csv" else "\t"
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from ([cell.strip() for cell in row] for row in csv.reader(stream, delimiter=delimiter))
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", f"cannot be read: {error.strerror}", source=path.name) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError("BAD_UPSTREAM", f"not a text table ({error})", source=path.name) from error


def _workbook(path: Path) -> Iterator[list[str]]:
    openpyxl = need("openpyxl", "upstream")
    try:
        with path.open("rb") as stream, closing(openpyxl.load_workbook(stream, read_only=True, data_only=True)) as book:
            for row in book.worksheets[0].iter_rows(values_only=True):
                yield ["" if cell is None else str(cell).strip() for cell in row]
    except FileNotFoundError as error:
        raise InputError("FILE_NOT_FOUND", "no such file", source=path.name) from error
    except Exception as error:  # zip, XML and spreadsheet each complain of damage in their own way
        raise InputError("BAD_UPSTREAM", f"not a spreadsheet ({error})", source=path.name) from error
