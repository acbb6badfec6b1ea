"""Aldy: one row for each variant of each copy of a gene; the solution stands in the column `Major`.

Its short form has no headings: sample, gene, then the major and the minor alleles of each solution; nothing after the
gene is no solution.  An allele with a new functional variant (`*1-like`, `*1+rs...`) is none that has a name.
Source: github.com/0xTCG/aldy README.rst (output), aldy/diplotype.py (columns), aldy/genotype.py (`.simple`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, either, every_line
from starling.vocabulary import OutsideCall

_COLUMNS: Final = ("sample", "gene", "solutionid", "major")
_GENE: Final = re.compile(r"[A-Z][A-Z0-9-]{2,9}")


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


def _is_short(fields: tuple[str, ...]) -> bool:
    """A row of the short form: a gene in the second place, then diplotypes in pairs, if any."""
    found = [field for field in fields[2:] if field]
    return (
        len(fields) > 2
        and bool(_GENE.fullmatch(fields[1]))
        and len(found) % 2 == 0
        and all(field.startswith("*") and "/" in field for field in found)
    )


def _read_short(text: Text) -> Iterator[OutsideCall]:
    for number, line in text.filled:
        sample, gene, *solutions = cells(line)
        yield OutsideCall(gene, either(solutions[::2]) or "No call", sample=sample, line=number)


TOOLS: Final = (Tool("Aldy", _matches, _read), Tool("Aldy", every_line(_is_short), _read_short))
