"""A cohort for MultiQC: one table of custom content, a row a gene, with call rate and counts of phenotypes.

The file is named `..._mqc.json`, by which MultiQC finds it.  What the summary withholds has no number here either.
Source: MultiQC documentation, "Custom content" (plot type `table`).
"""

from __future__ import annotations

import json
from typing import Final

from starling.report.summary_table import notes
from starling.summary import ALL, Cell, Protection, Summary

#: what `phenotype` cells call people without a result
NOT_CALLED: Final = "not determined"
_CALL_RATE: Final = "call_rate"


def multiqc(summary: Summary) -> str:
    """The section as JSON; counts are those of everybody, whatever groups the summary has."""
    genes: dict[str, list[Cell]] = {}
    for cell in summary.of("phenotype", group=ALL):
        genes.setdefault(cell.subject, []).append(cell)
    protection = Protection(summary.min_cell)
    rate = {**_RATE, "title": "Called, at least"} if summary.min_cell else _RATE
    terms = dict.fromkeys(cell.item for cells in genes.values() for cell in cells)
    section = {
        "id": "starling_pharmacogenes",
        "section_name": "Starling: pharmacogenes",
        "description": _description(summary),
        "plot_type": "table",
        "pconfig": {
            "id": "starling_pharmacogenes_table",
            "title": "Starling: calls and phenotypes",
            "col1_header": "Gene",
        },
        "headers": {_CALL_RATE: rate, **{term: _header(term) for term in terms}},
        "data": {gene: _row(cells, protection) for gene, cells in genes.items()},
    }
    return json.dumps(section, indent=1, ensure_ascii=True) + "\n"


_RATE: Final = {
    "title": "Called",
    "description": "People with a result for this gene",
    "min": 0,
    "max": 100,
    "suffix": "%",
    "format": "{:,.1f}",
    "scale": "RdYlGn",
}


def _header(term: str) -> dict[str, object]:
    return {"title": term, "description": f"People with: {term}", "format": "{:,.0f}", "min": 0, "scale": False}


def _description(summary: Summary) -> str:
    """What a reader must know of the numbers, as text: MultiQC shows it as HTML."""
    said = "; ".join(notes(summary))
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _row(cells: list[Cell], protection: Protection) -> dict[str, object]:
    """Counts of the terms that may be said, and the call rate that they leave."""
    counts: dict[str, object] = {cell.item: cell.count for cell in cells if cell.count is not None}
    of = cells[0].of
    if not of:
        return counts
    uncalled = next((cell.count for cell in cells if cell.item == NOT_CALLED), None)
    return {_CALL_RATE: round(100 * (1 - min(of, _at_most(uncalled, protection)) / of), 2), **counts}


def _at_most(uncalled: int | None, protection: Protection) -> int:
    """How many people may be without a result, by what the summary says of itself: nothing that it withholds is used.

    A count is off by less than the base, and one that is not given is less than twice the least cell.
    """
    if uncalled is None:
        return max(0, 2 * protection.min_cell - 1)
    return uncalled + protection.base - 1
