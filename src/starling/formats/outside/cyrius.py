"""Cyrius: CYP2D6 of one sample a row (`Sample, Genotype, Filter`), or as JSON by sample.

Several possible genotypes are separated by semicolons.  Source: github.com/Illumina/Cyrius README.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, either, fields_of, filter_note, text_of
from starling.vocabulary import OutsideCall

_GENE: Final = "CYP2D6"
_JSON_FIELDS: Final = frozenset({"Genotype", "Filter"})


def _matches(text: Text) -> bool:
    samples = fields_of(text.document)
    if samples:
        return all(fields_of(each).keys() >= _JSON_FIELDS for each in samples.values())
    return tuple(cell.casefold() for cell in text.head) == ("sample", "genotype", "filter")


def _read(text: Text) -> Iterator[OutsideCall]:
    for sample, each in fields_of(text.document).items():
        yield _call(sample, text_of(fields_of(each)["Genotype"]), text_of(fields_of(each)["Filter"]), None)
    if text.document is None:
        for number, line in text.filled[1:]:
            fields = cells(line)
            if len(fields) != 3:
                raise text.wrong("a Cyrius row has sample, genotype and filter", number)
            yield _call(*fields, number)


def _call(sample: str, genotype: str, filtered: str, line: int | None) -> OutsideCall:
    stated = either(part.strip() for part in genotype.split(";")) or "None"
    return OutsideCall(_GENE, stated, sample=sample, note=filter_note(filtered), line=line)


TOOLS: Final = (Tool("Cyrius", _matches, _read),)
