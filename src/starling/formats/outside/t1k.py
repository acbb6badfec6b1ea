"""T1K: gene, number of different alleles, then allele, abundance and quality of each, then lesser alleles.

An allele of quality 0 or less is to be ignored.  One HLA allele alone means two copies of it, but not where a second
one was named and had no quality: then one copy is known.  Alleles that T1K cannot tell apart stand side by side with
commas.  Early versions write the columns of called alleles only.
Source: github.com/mourisl/T1K README.md (output), Genotyper.cpp, example/T1K_example_genotype.tsv; issues 15, 25, 29.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, every_line
from starling.vocabulary import OutsideCall

_GENE: Final = re.compile(r"[A-Z][A-Z0-9-]{1,15}")
_ALLELE: Final = re.compile(r"[A-Z][A-Z0-9-]*\*[\w:.,*-]+|\.")
_NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,9})?(e[+-]?\d{1,2})?")
#: One allele alone of these genes means two copies; another gene may be missing from a chromosome.
_ON_EVERY_CHROMOSOME: Final = re.compile(r"HLA-(?:[ABC]|DRB1|D[PQ][AB]1)")


def _is_row(fields: tuple[str, ...]) -> bool:
    if len(fields) < 2 or fields[1] not in {"0", "1", "2"} or not _GENE.fullmatch(fields[0]):
        return False
    if len(fields) not in {8, 9, 2 + 3 * int(fields[1])}:
        return False
    return all(_ALLELE.fullmatch(name) and all(map(_NUMBER.fullmatch, more)) for name, *more in _alleles(fields))


def _matches(text: Text) -> bool:
    return every_line(_is_row)(text) and any("*" in line for _, line in text.filled)


def _alleles(fields: tuple[str, ...]) -> list[tuple[str, ...]]:
    """(allele or alleles, abundance, quality), twice at most."""
    return [fields[at : at + 3] for at in range(2, min(len(fields), 8), 3)]


def _read(text: Text) -> Iterator[OutsideCall]:
    for number, line in text.filled:
        fields = cells(line)
        named = [(name, float(quality)) for name, _, quality in _alleles(fields) if name != "."]
        alleles = [_together(name) for name, quality in named if quality > 0]
        if len(named) == len(alleles) == 1 and _ON_EVERY_CHROMOSOME.fullmatch(fields[0]):
            alleles *= 2
        yield OutsideCall(fields[0], "/".join(alleles) or "No call", line=number)


def _together(names: str) -> str:
    """Alleles that cannot be told apart as far as they agree: the first field alone where the second ones differ."""
    fields = [name.split(":") for name in names.split(",")]
    if len({tuple(each[:2]) for each in fields}) == 1:
        return ":".join(fields[0])
    firsts = {each[0] for each in fields}
    return firsts.pop() if len(firsts) == 1 else " or ".join(names.split(","))


TOOLS: Final = (Tool("T1K", _matches, _read),)
