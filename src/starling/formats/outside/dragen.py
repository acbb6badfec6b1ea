"""DRAGEN: the JSON of its targeted and star-allele callers, and the row without headings of older CYP2D6 callers.

`targeted.json` holds `softwareVersion`, `sampleId`, an object for each of `cyp2d6` and `cyp2b6` (`genotype`,
`genotypeFilter`, `phenotypeDatabaseAnnotation`), and `locusAnnotations`, a list with `gene`, `genotype` and
`phenotypeDatabaseAnnotation`.  Genotypes that it cannot tell apart are separated by semicolons; `None` is no call, and
no phenotype.  Fields of other names are read as well, for the form differs between versions: an object with a genotype
is a result, of the gene that it names, else of the one under whose name it stands.
Source: DRAGEN product guides 4.1 to 4.6, sections on the targeted caller, CYP2D6, CYP2B6 and star-allele callers; names
of fields after public readers of `targeted.json`.  No example file is public.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, either, fields_of, filter_note, items_of, text_of
from starling.vocabulary import OutsideCall

_GENE_FIELDS: Final = ("gene", "geneSymbol", "geneName", "locus")
_CALL_FIELDS: Final = ("genotype", "diplotype", "starAllele", "genotypes", "diplotypes")
_PHENOTYPE_FIELDS: Final = ("phenotypeDatabaseAnnotation", "phenotype", "metabolismStatus", "metabolizerStatus")
_SCORE_FIELDS: Final = ("activityScore", "phenotypeActivityScore")
#: The filter of a row, which is no phenotype: `CYP2C19 *1/*2 Poor Metabolizer` is a laboratory's row.
_FILTER: Final = re.compile(r"PASS|None|Low[A-Z]\w*|[A-Z][a-z]+(?:_[A-Za-z]+)+")
#: The genes whose callers write a row without headings.
_ROW_GENES: Final = ("CYP2D6", "CYP2B6")


def _is_json(text: Text) -> bool:
    document = fields_of(text.document)
    version = text_of(document.get("softwareVersion")) or text_of(document.get("dragenVersion"))
    targets = {"cyp2d6", "cyp2b6", "starAlleles", "locusAnnotations"} & document.keys()
    return "dragen" in version.casefold() or bool(targets and "sampleId" in document)


def _read_json(text: Text) -> Iterator[OutsideCall]:
    sample = text_of(fields_of(text.document).get("sampleId"))
    for gene, found in _results(text.document, ""):
        phenotype, score = _first(found, _PHENOTYPE_FIELDS), _first(found, _SCORE_FIELDS)
        phenotype = "" if phenotype.casefold() == "none" else phenotype
        stated = either(each for field in _CALL_FIELDS for each in _names(found.get(field)))
        note = filter_note(_first(found, ("genotypeFilter", "filter")))
        yield OutsideCall(gene, stated or "None", phenotype, score, sample=sample, note=note)


def _results(value: object, key: str, depth: int = 0) -> Iterator[tuple[str, Mapping[str, object]]]:
    """(gene, object) of every object that holds a genotype; a gene's own inner objects are details of it."""
    if depth > 6:
        return
    found = fields_of(value)
    gene = _first(found, _GENE_FIELDS) or key.upper()
    if gene and any(field in found for field in _CALL_FIELDS):
        yield gene, found
        return
    for name, each in found.items():
        if isinstance(each, dict):
            yield from _results(each, name, depth + 1)
        for inner in items_of(each):
            yield from _results(inner, "", depth + 1)


def _names(value: object) -> list[str]:
    """The diplotypes in a text, a list of texts or a list of objects."""
    if isinstance(value, list):
        return [name for each in value for name in _names(_first(fields_of(each), _CALL_FIELDS[:2]) or each)]
    return [part.strip() for part in text_of(value).split(";") if part.strip()]


def _first(found: Mapping[str, object], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := text_of(found.get(name)))), "")


def _is_row(text: Text) -> bool:
    rows = [cells(line) for _, line in text.filled]
    return len(rows) == 1 and len(rows[0]) == 3 and rows[0][1].startswith("*") and bool(_FILTER.fullmatch(rows[0][2]))


def _read_row(text: Text) -> Iterator[OutsideCall]:
    (number, line), gene = text.filled[0], text.gene_in_name(_ROW_GENES)
    if not gene:
        message = "DRAGEN does not name the gene in this table; put it into the name of the file, as S1.cyp2d6.tsv"
        raise text.wrong(message, number)
    sample, genotype, filtered = cells(line)
    yield OutsideCall(gene, either(_names(genotype)), sample=sample, note=filter_note(filtered), line=number)


TOOLS: Final = (
    Tool("DRAGEN", _is_json, _read_json, marks=('"dragen', '"locusAnnotations"')),
    Tool("DRAGEN", _is_row, _read_row),
)
