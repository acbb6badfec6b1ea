"""Invariants of where rows come from: every row stands in its source, or a person says why it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from starling.definitions import HARMS, WORDINGS
from starling.knowledge.invariants_genes import at
from starling.knowledge.names import plain_name
from starling.knowledge.tables import TableRow, Tables, Violation

#: how our rows and those of the source differ: one of the two has none, or both speak and say different things
KINDS: Final = frozenset({"ours alone", "theirs alone", "said otherwise"})
_DATE: Final = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")
_DAY: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_KEY: Final = ("guideline", "drug", "population", "when")


def dates(tables: Tables) -> Iterator[Violation]:
    """A guideline's text is of a year, month or day, or undated; the day of its last check is stated."""
    for row in tables["guidelines"]:
        if row["text_as_of"] and not _DATE.fullmatch(row["text_as_of"]):
            yield at(row, f"text_as_of {row['text_as_of']!r} is not YYYY, YYYY-MM or YYYY-MM-DD")
        if not _DAY.fullmatch(row["checked_on"]):
            yield at(row, f"checked_on {row['checked_on']!r} is not YYYY-MM-DD")


def required_tests(tables: Tables) -> Iterator[Violation]:
    """A required test is of a gene that a guideline of its drug names, is worded as known, and has a source."""
    genes = _genes_named(tables)
    for row in tables["required_tests"]:
        if row["gene"] not in genes.get(row["drug"], ()):
            yield at(row, f"no guideline of {row['drug']!r} names {row['gene']}")
        if row["wording"] not in WORDINGS:
            yield at(row, f"wording {row['wording']!r} is not one of {', '.join(WORDINGS)}")
        if not row["authority"] or not row["source"] or (row["since"] and not _DATE.fullmatch(row["since"])):
            yield at(row, "a required test has an authority and a source; since is YYYY, YYYY-MM, YYYY-MM-DD or empty")


def harms(tables: Tables) -> Iterator[Violation]:
    """A harm is of a result that its gene can have and a guideline of its drug names, and states its source."""
    genes = _genes_named(tables)
    terms: dict[str, set[str]] = {}
    for row in tables["phenotype_rules"]:
        terms.setdefault(row["gene"], set()).add(row["phenotype"])
    for row in tables["recommendations"]:
        for key in row["when"].split(" & "):
            gene, _, stated = key.partition("=")
            terms.setdefault(gene, set()).add(stated)
    for row in tables["harm"]:
        if row["gene"] not in genes.get(row["drug"], ()):
            yield at(row, f"no guideline of {row['drug']!r} names {row['gene']}")
        for stated in row["when"].split(" | "):
            if stated not in terms.get(row["gene"], ()):
                yield at(row, f"{stated!r} is no result of {row['gene']}")
        if row["harm"] not in HARMS or not row["what"] or not row["source"]:
            yield at(row, f"a harm is {' or '.join(HARMS)}, says what happens and states its source")


def _genes_named(tables: Tables) -> dict[str, set[str]]:
    """Drug -> the genes that its guidelines name."""
    genes: dict[str, set[str]] = {}
    named = {row["guideline"]: row["genes"].split() for row in tables["guidelines"]}
    for row in tables["recommendations"]:
        genes.setdefault(row["drug"], set()).update(named.get(row["guideline"], ()))
    return genes


def drugs_without_advice(tables: Tables) -> Iterator[Violation]:
    """A drug without advice has no guideline, no name or code of another drug, a reason and a source."""
    advised = {row["drug"] for row in tables["drugs"]}
    owners = {plain_name(drug): drug for drug in advised}
    owners |= {plain_name(row["name"]): row["drug"] for row in tables["drug_names"] if row["drug"] in advised}
    owners |= {code: row["drug"] for row in tables["drugs"] for code in (row["rxnorm"], *row["atc"].split()) if code}
    for row in tables["drugs_without_advice"]:
        for name in filter(None, (plain_name(row["drug"]), row["rxnorm"], *row["atc"].split())):
            if owners.get(name, row["drug"]) != row["drug"] or row["drug"] in advised:
                yield at(row, f"{name!r} is that of a drug with advice: {owners.get(name, row['drug'])}")
        if not row["reason"] or not row["source"] or row["reason"].endswith("."):
            yield at(row, "a drug without advice has a source, and a reason without a full stop")


def provenance(tables: Tables) -> Iterator[Violation]:
    """Every row comes from a record of its source, every record leads to a row, or the difference has a reason."""
    if not tables["upstream"]:
        return  # tables that nobody has compared with a source yet
    rows = {_key(row): row for row in tables["recommendations"]}
    read = {_key(row): row for row in tables["upstream"]}
    kinds = {_key(row): row["kind"] for row in tables["upstream_differences"]}
    alone = {"ours alone": rows.keys() - read.keys(), "theirs alone": read.keys() - rows.keys()}
    for key in alone["ours alone"]:
        if kinds.get(key) != "ours alone":
            yield at(rows[key], "this row comes from no record in upstream.tsv, and no reason is given")
    for key in alone["theirs alone"]:
        if kinds.get(key) != "theirs alone":
            yield at(read[key], "no row was made of this record, and no reason is given")
    for row in tables["upstream_differences"]:
        if row["kind"] not in KINDS or not row["reason"]:
            yield at(row, f"a difference is one of {', '.join(sorted(KINDS))}, and has a reason")
        elif _key(row) not in alone.get(row["kind"], rows.keys() & read.keys()):
            yield at(row, f"this difference is none of the kind {row['kind']!r}")


def records(tables: Tables) -> Iterator[Violation]:
    """A record of a source has its identifier and the digest of its words."""
    for row in tables["upstream"]:
        if not re.fullmatch(r"PA\d+", row["record"]) or not re.fullmatch(r"[0-9a-f]{16}", row["digest"]):
            yield at(row, "a record is PA and a number, a digest sixteen hexadecimal digits")


def _key(row: TableRow) -> tuple[str, ...]:
    return tuple(row[column] for column in _KEY)


CHECKS: Final[tuple[Callable[[Tables], Iterable[Violation]], ...]] = (
    dates,
    required_tests,
    harms,
    drugs_without_advice,
    records,
)
