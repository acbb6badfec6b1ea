"""The calls alone as a table: a row for each gene, with the function and the activity value of each allele.

Where several diplotypes fit equally well each has a row, and `fits` says which of how many it is; a gene without a
diplotype has one row.  Values are ISO and machine readable; several in one cell are separated by `; `.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from starling.assessment import Assessment, GeneResult
from starling.definitions import GeneDefinition
from starling.guidance.meaning import allele_named
from starling.report.tsv import cell

COLUMNS: Final = (
    *("sample", "gene", "status", "reason", "diplotype", "fits"),
    *("allele_1", "function_1", "activity_value_1", "allele_2", "function_2", "activity_value_2"),
    *("variants", "presence", "phenotype", "activity_score", "certain", "phenotype_alternatives"),
    *("copy_number", "call_source", "missing_positions", "knowledge_version", "result_sha256"),
)
#: a gene's alleles in one row: a person has at most two
_MOST: Final = 2


def calls_parts(people: Iterable[Assessment], definitions: Mapping[str, GeneDefinition]) -> Iterator[str]:
    """The table in parts: its head, then the rows of each person; `definitions`: of the knowledge that called them."""
    yield "\t".join(COLUMNS) + "\n"
    for person in people:
        yield "".join(
            "\t".join(cell(row.get(column, "")) for column in COLUMNS) + "\n"
            for gene in person.genes
            for row in _rows(person, gene, definitions.get(gene.gene))
        )


def _rows(person: Assessment, gene: GeneResult, definition: GeneDefinition | None) -> Iterator[dict[str, str]]:
    common = {
        "sample": person.sample,
        "gene": gene.gene,
        "status": gene.status,
        "reason": gene.reason or "",
        "variants": _variants(gene, definition),
        "presence": "; ".join(f"{name} {answer}" for name, answer in gene.presence.items()),
        "phenotype": gene.phenotype or "",
        "activity_score": gene.activity_score or "",
        "certain": "yes" if gene.phenotype_certain else "no",
        "phenotype_alternatives": "; ".join(other.phenotype or "" for other in gene.phenotype_alternatives),
        "copy_number": gene.copy_number,
        "call_source": gene.source,
        "missing_positions": str(len(gene.missing_positions)),
        "knowledge_version": person.provenance.knowledge.version,
        "result_sha256": person.result_sha256,
    }
    if not gene.diplotypes:
        yield common | {"diplotype": "" if gene.status == "undetermined" else gene.label}
    for number, alleles in enumerate(gene.diplotypes, start=1):
        fits = f"{number}/{len(gene.diplotypes)}"
        yield common | {"diplotype": "/".join(alleles), "fits": fits, **_alleles(alleles, definition)}


def _alleles(names: tuple[str, ...], definition: GeneDefinition | None) -> dict[str, str]:
    cells: dict[str, str] = {}
    for number, name in enumerate(names[:_MOST], start=1):
        function, value = _meaning(name, definition)
        cells |= {f"allele_{number}": name, f"function_{number}": function, f"activity_value_{number}": value}
    return cells


def _meaning(name: str, definition: GeneDefinition | None) -> tuple[str, str]:
    """Function and activity value of an allele, of all its copies; empty where none is assigned."""
    allele = allele_named(name, definition) if definition is not None else None
    if allele is None:
        return "", ""
    return allele.function, "" if allele.activity is None else str(allele.activity)


def _variants(gene: GeneResult, definition: GeneDefinition | None) -> str:
    """Named variants with their copies, and in brackets what each does."""
    shown = []
    for one in gene.variants:
        meaning = ", ".join(filter(None, _meaning(one.name, definition)))
        copies = "?" if one.copies is None else str(one.copies)
        share = "" if one.fraction is None else f" ({one.fraction:g} of reads)"
        shown.append(f"{one.name} x{copies}{share}" + (f" [{meaning}]" if meaning else ""))
    return "; ".join(shown)
