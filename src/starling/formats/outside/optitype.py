"""Tables with two columns a gene (`A1, A2, B1, B2, ...`): OptiType's, arcasHLA's of many subjects, and others.

OptiType ranks its solutions by `Objective`; the first is its answer, and both columns hold the allele of a homozygous
locus.  The first column is the sample's where it is none of a gene.
Source: github.com/FRED-2/OptiType OptiTypePipeline.py, model.py; github.com/RabadanLab/arcasHLA scripts/convert.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, cells
from starling.vocabulary import OutsideCall

_COLUMN: Final = re.compile(r"(?P<gene>A|B|C|DRB1|DQA1|DQB1|DPA1|DPB1)_?(?P<copy>[12])")
_NEEDED: Final = frozenset({"A1", "A2", "B1", "B2"})


def _matches(text: Text) -> bool:
    return set(text.head) >= _NEEDED


def _read(text: Text) -> Iterator[OutsideCall]:
    header = text.head
    samples: set[str] = set()
    is_ranked = "Objective" in header
    for number, line in text.filled[1:]:
        fields = cells(line)
        if len(fields) != len(header):
            raise text.wrong(f"{len(fields)} columns, not {len(header)}", number)
        sample = "" if is_ranked or _COLUMN.fullmatch(header[0]) else fields[0]
        if is_ranked and samples:
            continue
        samples.add(sample)
        found: dict[str, list[str]] = {}
        for name, cell in zip(header, fields, strict=True):
            column = _COLUMN.fullmatch(name)
            if column and cell:
                found.setdefault(f"HLA-{column['gene']}", []).append(cell)
        for gene, alleles in found.items():
            yield OutsideCall(gene, "/".join(alleles), sample=sample, line=number)


TOOLS: Final = (
    Tool("OptiType", lambda text: _matches(text) and "Objective" in text.head, _read),
    Tool("arcasHLA", lambda text: _matches(text) and text.head[0] == "subject", _read),
    Tool("an HLA typer with two columns a gene", _matches, _read),
)
