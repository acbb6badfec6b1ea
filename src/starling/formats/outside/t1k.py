"""T1K: gene, number of different alleles, then allele, abundance and quality of each.

An allele of quality 0 or less is not there; one allele alone means two copies of it.  Alleles that T1K cannot tell
apart stand side by side with commas.  Source: github.com/mourisl/T1K README.md, output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, every_line
from starling.vocabulary import OutsideCall

_ALLELE: Final = re.compile(r"(?:HLA-|KIR)[A-Z0-9]+\*[\w:,*-]+|\.")
_NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,9})?(e[+-]?\d{1,2})?")


def _is_row(fields: tuple[str, ...]) -> bool:
    if len(fields) < 8 or not fields[1].isdigit():
        return False
    numbers = (fields[3], fields[4], fields[6], fields[7])
    return all(_ALLELE.fullmatch(each) for each in (fields[2], fields[5])) and all(map(_NUMBER.fullmatch, numbers))


def _read(text: Text) -> Iterator[OutsideCall]:
    for number, line in text.filled:
        gene, _, first, _, quality, second, _, other_quality, *_ = cells(line)
        alleles = [_together(name) for name, score in ((first, quality), (second, other_quality)) if float(score) > 0]
        alleles = [name for name in alleles if name != "."]
        yield OutsideCall(gene, "/".join(alleles * 2 if len(alleles) == 1 else alleles) or "No call", line=number)


def _together(names: str) -> str:
    """Alleles that cannot be told apart as far as they agree: the first field alone where the second ones differ."""
    fields = [name.split(":") for name in names.split(",")]
    if len({tuple(each[:2]) for each in fields}) == 1:
        return ":".join(fields[0])
    firsts = {each[0] for each in fields}
    return firsts.pop() if len(firsts) == 1 else " or ".join(names.split(","))


TOOLS: Final = (Tool("T1K", every_line(_is_row), _read),)
