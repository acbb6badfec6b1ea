"""A cohort for MultiQC: one table of custom content, a row a gene, with call rate and counts of phenotypes.

The file is named `..._mqc.json`, by which MultiQC finds it.  What the summary withholds has no number here either.
Source: MultiQC documentation, "Custom content" (plot type `table`).
"""

from __future__ import annotations

import json
from typing import Final

from starling.report.summary_table import notes
from starling.summary import ALL, Cell, Summary

#: what `phenotype` cells call people without a result
NOT_CALLED: Final = "not determined"
_CALL_RATE: Final = "call_rate"


def multiqc(summary: Summary) -> str:
    """The section as JSON; counts are those of everybody, whatever groups the summary has."""
    genes: dict[str, list[Cell]] = {}
    for cell in summary.of("phenotype", group=ALL):
        genes.setdefault(cell.subject, []).append(cell)
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
        "headers": {_CALL_RATE: _RATE, **{term: _header(term) for term in terms}},
        "data": {gene: _row(cells, exact=not summary.min_cell) for gene, cells in genes.items()},
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


def _row(cells: list[Cell], *, exact: bool) -> dict[str, object]:
    """Counts of the terms; a call rate where the number of those without a result may be said.

    In a protected summary no count of them means too few to say, in an exact one that there are none.
    """
    counts: dict[str, object] = {cell.item: cell.count for cell in cells if cell.count is not None}
    of = cells[0].of
    uncalled = next((cell.count for cell in cells if cell.item == NOT_CALLED), 0 if exact else None)
    if of and uncalled is not None:
        counts = {_CALL_RATE: round(100 * (1 - min(uncalled, of) / of), 2), **counts}
    return counts
