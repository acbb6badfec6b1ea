"""PyPGx: a data frame of results, one sample a row (`Genotype, Phenotype, Haplotype1, ..., VariantData, CNV`).

The table does not name its gene: it stands in the archive (`results.zip`, with `metadata.txt` beside `data.tsv`), in an
added column, in the name of the file, or follows from the places of the variants.  `Indeterminate` is no genotype and
no phenotype.  Source: github.com/sbslee/pypgx pypgx/sdk/utils.py (Archive), README.rst (results interpretation), issues
83, 104.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from starling.formats.outside.content import Text, Tool, cells
from starling.vocabulary import OutsideCall

_NEEDED: Final = frozenset({"genotype", "phenotype", "haplotype1", "haplotype2"})
_GENE: Final = re.compile(
    r"(?<![A-Za-z0-9])(CYP\d[A-Z0-9]{1,4}|ABCG2|CACNA1S|CFTR|DPYD|F5|G6PD|IFNL3|NAT2|NUDT15|RYR1|SLCO1B1|TPMT|UGT1A1"
    r"|VKORC1)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(r"(?<![\w.])(\d{1,2}|X)-(\d{1,9})-[ACGT]+-[ACGT]+")


def _matches(text: Text) -> bool:
    return {cell.casefold() for cell in text.head} >= _NEEDED


def _read(text: Text) -> Iterator[OutsideCall]:
    header = [cell.casefold() for cell in text.head]
    for number, line in text.filled[1:]:
        fields = cells(line)
        if len(fields) != len(header):
            raise text.wrong(f"{len(fields)} columns, not {len(header)}", number)
        row = dict(zip(header, fields, strict=True))
        phenotype = "" if row["phenotype"].casefold() == "indeterminate" else row["phenotype"]
        sample = row.get("samplename") or row.get("sample") or row.get("", "")
        yield OutsideCall(_gene(row, text, number), row["genotype"], phenotype, sample=sample, line=number)


def _gene(row: Mapping[str, str], text: Text, number: int) -> str:
    """The gene that the row is of, or a place (`22:42524947`) by which those who know the genes can tell."""
    stated = row.get("gene") or row.get("symbol") or text.gene
    named = _GENE.search(text.name.replace("_", " "))
    place = _PLACE.search(row.get("variantdata", ""))
    if stated:
        return stated
    if named:
        return named[1].upper()
    if place:
        return f"{place[1]}:{place[2]}"
    raise text.wrong("PyPGx does not name the gene; put it into the name of the file, as CYP2D6.tsv", number)


TOOLS: Final = (Tool("PyPGx", _matches, _read),)
