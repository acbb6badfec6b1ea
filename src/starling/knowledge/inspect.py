"""Every invariant of the source tables, each violation with its file and row.

    shape      columns, fields, JSON            tables.py
    keys       no row twice                     here
    genes      sites, alleles, rules            invariants_genes.py
    facts      what is particular of a gene     invariants_facts.py
    guidance   guidelines, advice, drugs        invariants_guidance.py
    conditions what stated facts decide         invariants_conditions.py
    reach      what conditions can do           invariants_reach.py
    names      medicines, chromosomes           invariants_names.py
    upstream   where rows come from             invariants_upstream.py
    coverage   every result reaches a row       coverage.py

A check reads; it never repairs.  Later checks may rely on nothing that an earlier one reports, so one defect can be
reported more than once but never hides another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from starling.knowledge import (
    coverage,
    invariants_conditions,
    invariants_facts,
    invariants_genes,
    invariants_guidance,
    invariants_names,
    invariants_reach,
    invariants_upstream,
)
from starling.knowledge.tables import Record, TableRow, Tables, Violation, read_tables

#: table -> the columns that identify a row
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "genes.tsv": ("gene",),
    "variants.tsv": ("gene", "pos_grch38"),
    "alleles.tsv": ("gene", "allele"),
    "allele_definitions.tsv": ("gene", "allele", "pos_grch38"),
    "phenotype_rules.tsv": ("gene", "method", "function_1_or_score", "function_2"),
    "gene_exceptions.tsv": ("gene", "kind", "value"),
    "aliases.tsv": ("gene", "alias"),
    "score_ranges.tsv": ("gene", "score"),
    "uninformative_results.tsv": ("gene",),
    "unphased_priorities.tsv": ("gene", "pick", "among"),
    "dpwg_terms.tsv": ("gene", "our_term"),
    "populations.tsv": ("code",),
    "drugs.tsv": ("drug",),
    "drug_names.tsv": ("drug", "name"),
    "drug_exceptions.tsv": ("drug", "kind", "value"),
    "inhibitors.tsv": ("enzyme", "ingredient", "source", "class"),
    "inhibitor_names.tsv": ("ingredient", "name"),
    "indications.tsv": ("indication", "name"),
    "interactions.tsv": ("drug", "key", "source"),
    "label_conditions.tsv": ("drug", "key", "source"),
    "contigs.tsv": ("name",),
    "contig_lengths.tsv": ("build", "chromosome"),
    "guidelines.tsv": ("guideline",),
    "recommendations.tsv": ("guideline", "drug", "population", "when"),
    "known_gaps.tsv": ("guideline", "drug", "population", "when"),
    "required_tests.tsv": ("drug", "gene", "authority", "population"),
    "harm.tsv": ("drug", "gene", "when"),
    "drugs_without_advice.tsv": ("drug",),
    "upstream.tsv": ("record", "drug", "when", "source_when"),
    "upstream_differences.tsv": ("guideline", "drug", "population", "when"),
    "terminology.tsv": ("kind", "name"),
}
_VERSION: Final = re.compile(r"\d{4}\.\d{2}\+\d+")

Check = Callable[[Tables], Iterable[Violation]]


def check(source: Path) -> tuple[Violation, ...]:
    """Every violation in the folder of source tables, in file and line order; empty when they can be compiled.

    Raises: KnowledgeError when the folder or one of its tables is missing or not UTF-8.
    """
    return check_tables(read_tables(source))


def check_tables(tables: Tables) -> tuple[Violation, ...]:
    """Every violation in tables already read.  With lines that could not be read, only those are reported."""
    if tables.violations:
        return tuple(sorted(tables.violations))
    checks: tuple[Check, ...] = (
        _keys,
        _version,
        *invariants_genes.CHECKS,
        *invariants_facts.CHECKS,
        *invariants_guidance.CHECKS,
        *invariants_conditions.CHECKS,
        *invariants_names.CHECKS,
        *invariants_upstream.CHECKS,
    )
    found = {violation for one in checks for violation in one(tables)}
    if not found:
        found.update(violation for one in invariants_reach.CHECKS for violation in one(tables))
        found.update(coverage.check_coverage(tables))
    found.update(invariants_upstream.provenance(tables))
    return tuple(sorted(found))


def _keys(tables: Tables) -> Iterator[Violation]:
    """No two rows of a table say something about the same thing."""
    for file, columns in KEYS.items():
        yield from _repeated((row, tuple(row[column] for column in columns)) for row in tables.rows[file])
    for records in tables.records.values():
        yield from _repeated((record, (record.id,)) for record in records)


def _repeated(keyed: Iterable[tuple[TableRow | Record, tuple[str, ...]]]) -> Iterator[Violation]:
    first: dict[tuple[str, ...], int] = {}
    for row, key in keyed:
        line = first.setdefault(key, row.line)
        if line != row.line:
            yield Violation(row.file, row.line, f"{' '.join(key)!r} already stands in line {line}")


def _version(tables: Tables) -> Iterator[Violation]:
    rows = tables["version"]
    if len(rows) != 1:
        yield Violation("version.tsv", 0, "exactly one row states the version")
    for row in rows:
        if not _VERSION.fullmatch(row["version"]):
            yield Violation(row.file, row.line, f"{row['version']!r} is not YEAR.MONTH+NUMBER")
