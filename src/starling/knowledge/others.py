"""Which other drugs an answer for a drug speaks of: what its advice proposes instead, and what is no way out either.

A drug that shares the class and a deciding gene may be ruled out by the same result; where it is, the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starling.definitions import SERIOUS, proposed_drug
from starling.knowledge.tables import TableRow, Tables
from starling.knowledge.values import parse_key

#: So many characters of an ATC code name a pharmacological subgroup: N03A, antiepileptics.
_SUBGROUP: Final = 4


def others_of(tables: Tables) -> dict[str, tuple[str, ...]]:
    """Drug -> the other drugs of which its answer speaks, from A to Z."""
    listed = (*tables["drugs"], *tables["drugs_without_advice"])
    known = {row["drug"] for row in listed}
    advice = {record.id: record.values for record in tables.records["advice.jsonl"]}
    found: dict[str, set[str]] = {row["drug"]: set() for row in tables["drugs"]}
    ruled_out: dict[str, set[str]] = {}
    for row in tables["recommendations"]:
        given = advice[row["advice"]]
        found[row["drug"]].update(_proposed(given, known))
        if given["action"] in SERIOUS:
            ruled_out.setdefault(row["drug"], set()).update(parse_key(key).gene for key in row["when"].split(" & "))
    classes = {row["drug"]: _classes(row) for row in tables["drugs"]}
    for drug, genes in ruled_out.items():
        found[drug] |= {
            other for other, theirs in ruled_out.items() if genes & theirs and classes[drug] & classes[other]
        }
    return {drug: tuple(sorted(others - {drug})) for drug, others in found.items()}


def _classes(row: TableRow) -> frozenset[str]:
    return frozenset(code[:_SUBGROUP] for code in row["atc"].split())


def _proposed(advice: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    """The drugs that a record proposes, in whatever place."""
    places = (advice, *advice.get("conditions", ()), advice.get("fallback") or {})
    for text in (text for place in places for text in place.get("alternatives", ())):
        drug = proposed_drug(text, known)
        if drug is not None:
            yield drug
