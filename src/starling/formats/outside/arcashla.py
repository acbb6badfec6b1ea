"""arcasHLA: JSON, gene -> its one or two alleles.  Source: github.com/RabadanLab/arcasHLA README.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, fields_of, items_of, text_of
from starling.vocabulary import OutsideCall

_ALLELE: Final = re.compile(r"[A-Z0-9]{1,6}\*\d{1,4}(:\w{1,5}){0,3}")


def _matches(text: Text) -> bool:
    genes = fields_of(text.document)
    return bool(genes) and all(
        isinstance(each, list) and each and all(_ALLELE.fullmatch(text_of(name)) for name in each)
        for each in genes.values()
    )


def _read(text: Text) -> Iterator[OutsideCall]:
    for gene, alleles in fields_of(text.document).items():
        yield OutsideCall(f"HLA-{gene}", "/".join(text_of(each) for each in items_of(alleles)))


TOOLS: Final = (Tool("arcasHLA", _matches, _read),)
