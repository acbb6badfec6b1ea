"""arcasHLA: JSON, gene -> its one or two alleles; merged, sample -> gene -> alleles.

A gene of which no reads were found is left out.  Its table of many subjects is read with others of that form
(`optitype`).  Source: github.com/RabadanLab/arcasHLA test/expected_output, scripts/merge.py, scripts/convert.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, fields_of, items_of, text_of
from starling.vocabulary import OutsideCall

_ALLELE: Final = re.compile(r"[A-Z0-9]{1,6}\*\d{1,4}(:\w{1,5}){0,3}")


def _is_genotype(value: object) -> bool:
    genes = fields_of(value)
    return bool(genes) and all(
        isinstance(each, list) and each and all(_ALLELE.fullmatch(text_of(name)) for name in each)
        for each in genes.values()
    )


def _is_merged(text: Text) -> bool:
    samples = fields_of(text.document)
    return bool(samples) and any(samples.values()) and all(not each or _is_genotype(each) for each in samples.values())


def _read(text: Text) -> Iterator[OutsideCall]:
    yield from _calls(text.document, "")


def _read_merged(text: Text) -> Iterator[OutsideCall]:
    for sample, genes in fields_of(text.document).items():
        yield from _calls(genes, sample)


def _calls(genes: object, sample: str) -> Iterator[OutsideCall]:
    for gene, alleles in fields_of(genes).items():
        yield OutsideCall(f"HLA-{gene}", "/".join(text_of(each) for each in items_of(alleles)), sample=sample)


TOOLS: Final = (
    Tool("arcasHLA", lambda text: _is_genotype(text.document), _read),
    Tool("arcasHLA", _is_merged, _read_merged, marks=('["A*', '["B*')),
)
