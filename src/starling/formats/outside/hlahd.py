"""HLA-HD: a gene and its two alleles a line; `-` for the second says that both are alike.

`Not typed` is no call.  More than two alleles are other pairs that it holds possible.  A gene whose estimate could not
be read leaves a line that names no gene: it is passed over, and no other line depends on it.
Source: public workflows that read `_final.result.txt` (TRON-Bioinformatics/tronflow-hla-hd among those that run it);
the source of the tool is not public.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, every_line
from starling.vocabulary import OutsideCall

_GENE: Final = re.compile(r"[A-Z]{1,3}\d{0,2}")
#: Written in place of a line, without a gene.
_UNREAD: Final = "couldn't read result file"
_CELL: Final = re.compile(r"HLA-[A-Z0-9]+\*[\w:]+|-|Not typed", re.IGNORECASE)


def _is_row(fields: tuple[str, ...]) -> bool:
    if fields[0].casefold().startswith(_UNREAD):
        return True
    return len(fields) >= 3 and bool(_GENE.fullmatch(fields[0])) and all(_CELL.fullmatch(each) for each in fields[1:])


def _read(text: Text) -> Iterator[OutsideCall]:
    for number, line in text.filled:
        if line.strip().casefold().startswith(_UNREAD):
            continue
        gene, first, second, *more = cells(line)
        alleles = (first, first if second == "-" else second, *more)
        yield OutsideCall(f"HLA-{gene}", "No call" if "-" in alleles[:1] else "/".join(alleles), line=number)


TOOLS: Final = (Tool("HLA-HD", every_line(_is_row), _read),)
