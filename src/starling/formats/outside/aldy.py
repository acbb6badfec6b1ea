"""Aldy: one row for each variant of each copy of a gene; the solution stands in the column `Major`.

Source: github.com/0xTCG/aldy README.rst, section on output.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, either
from starling.vocabulary import OutsideCall

_COLUMNS: Final = ("sample", "gene", "solutionid", "major")


def _matches(text: Text) -> bool:
    return tuple(cell.lstrip("#").casefold() for cell in text.head[:4]) == _COLUMNS


def _read(text: Text) -> Iterator[OutsideCall]:
    found: dict[tuple[str, str], list[str]] = {}
    lines: dict[tuple[str, str], int] = {}
    for number, line in text.filled:
        if line.startswith("#"):
            continue
        fields = cells(line)
        if len(fields) < len(_COLUMNS):
            raise text.wrong("an Aldy row has sample, gene, solution and major alleles", number)
        key = fields[0], fields[1]
        lines.setdefault(key, number)
        found.setdefault(key, []).append(fields[3])
    for (sample, gene), majors in found.items():
        yield OutsideCall(gene, either(majors), sample=sample, line=lines[sample, gene])


TOOLS: Final = (Tool("Aldy", _matches, _read),)
