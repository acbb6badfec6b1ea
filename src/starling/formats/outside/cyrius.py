"""Cyrius: CYP2D6 of one sample a row (`Sample, Genotype, Filter`), or as JSON by sample.

`None` (null in JSON) is no call.  Several possible genotypes are separated by semicolons.  Alleles that it could not
put on two chromosomes (filter `Not_assigned_to_haplotypes`) are joined by underscores, or are copies of one allele
alone: `*1_*2_*68`, `*1x4`.  Source: github.com/Illumina/Cyrius README.md, star_caller.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, either, fields_of, filter_note, text_of
from starling.vocabulary import OutsideCall

_GENE: Final = "CYP2D6"
_JSON_FIELDS: Final = frozenset({"Genotype", "Filter"})
_COPIES: Final = re.compile(r"(?P<name>\*\d{1,4}[A-Z]?)(?:x(?P<count>\d{1,2}))?")
#: More copies than anybody was found to have.  Source: ours.
_MOST_COPIES: Final = 12


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
    parts = (part.strip() for part in genotype.split(";"))
    stated = either(way for part in parts for way in _ways(part)) or "None"
    return OutsideCall(_GENE, stated, sample=sample, note=filter_note(filtered), line=line)


def _ways(genotype: str) -> tuple[str, ...]:
    """Every way in which alleles that are on no chromosome yet lie on two; a diplotype stays as it is.

    >>> _ways("*1x4")
    ('*1/*1x3', '*1x2/*1x2')
    """
    found = [_COPIES.fullmatch(name) for name in genotype.split("_")]
    if "/" in genotype or not all(found):
        return (genotype,)
    copies = [match["name"] for match in found if match for _ in range(int(match["count"] or 1))]
    if not 1 < len(copies) <= _MOST_COPIES:
        return (genotype,)
    ways: dict[str, None] = {}
    for size in range(1, len(copies) // 2 + 1):
        for chosen in combinations(range(len(copies)), size):
            sides = ([copies[at] for at in chosen], [copies[at] for at in range(len(copies)) if at not in chosen])
            ways["/".join(sorted(map(_haplotype, sides), key=len))] = None
    return tuple(ways)


def _haplotype(names: list[str]) -> str:
    return "+".join(name if count == 1 else f"{name}x{count}" for name, count in Counter(names).items())


TOOLS: Final = (Tool("Cyrius", _matches, _read, marks=('"Coverage_MAD"',)),)
