"""Codes of standard terminologies: what other systems call a thing that is known here by a name."""

from __future__ import annotations

from collections.abc import Mapping

from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A code of a system, with the words that the system shows for it.  Empty `code`: the system itself."""

    system: str
    code: str
    display: str


#: (kind, name) -> code, e.g. `("phenotype", "Poor Metabolizer")`.  Source: knowledge-base/terminology.tsv, row by row.
Terms = Mapping[tuple[str, str], Term]


def genes_by_code(terms: Terms) -> dict[str, str]:
    """Code of HGNC -> gene."""
    return {term.code: name for (kind, name), term in terms.items() if kind == "gene"}
