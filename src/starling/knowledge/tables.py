"""The source tables as rows that know where they stand, so that a violation can name its file and line.

A table is tab-separated text with one header line, or JSON Lines; UTF-8, no quoting.  Row order carries no meaning:
the compiler sorts, so that two people who insert a row in different places compile the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from starling.errors import KnowledgeError
from starling.values import dataclass

#: the columns of genes.tsv that state what is particular about a gene
TRAITS: Final = (
    "inheritance",
    "called_from",
    "rule",
    "method",
    "copy_number",
    "deleted_allele",
    "undocumented_as_reference",
    "nomenclatures",
    "measure_activity",
    "adjusted_by_inhibitors",
    "inhibited_as",
)

#: `called_from` of a gene whose results come from other laboratories: it has no definition table
OUTSIDE: Final = "outside"

#: file -> its columns, in order.  JSON Lines tables have no fixed columns.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "version.tsv": ("version", "signed_by"),
    "genes.tsv": (
        "gene",
        "chrom",
        "start_grch38",
        "end_grch38",
        "reference_allele",
        "n_variants",
        "n_alleles",
        "data_version",
        *TRAITS,
        "sources",
    ),
    "variants.tsv": (
        "gene",
        "chrom",
        "pos_grch38",
        "ref",
        "alts",
        "rsid",
        "hgvs_g",
        "pos_grch37",
        "ref_grch37",
        "pos_grch37_from",
        "role",
    ),
    "alleles.tsv": (
        "gene",
        "allele",
        "is_reference",
        "is_structural",
        "function",
        "activity_value",
        "reported_as",
    ),
    "allele_definitions.tsv": ("gene", "allele", "chrom", "pos_grch38", "ref", "bases"),
    "phenotype_rules.tsv": ("gene", "method", "function_1_or_score", "function_2", "phenotype"),
    "gene_exceptions.tsv": ("gene", "kind", "value"),
    "aliases.tsv": ("gene", "alias", "name"),
    "score_ranges.tsv": ("gene", "score", "phenotype", "source"),
    "uninformative_results.tsv": ("gene", "phenotype", "says", "unless", "source"),
    "unphased_priorities.tsv": ("gene", "pick", "among"),
    "dpwg_terms.tsv": ("gene", "our_term", "dpwg_term"),
    "populations.tsv": ("code", "shown_as", "key"),
    "drugs.tsv": ("drug", "rxnorm", "atc"),
    "drug_names.tsv": ("drug", "name", "kind", "source"),
    "drug_exceptions.tsv": ("drug", "kind", "value", "source"),
    "inhibitors.tsv": (
        "enzyme",
        "ingredient",
        "class",
        "factor",
        "route",
        "source",
        "source_date",
        "dose_condition",
    ),
    "inhibitor_names.tsv": ("ingredient", "name", "kind", "source"),
    "indications.tsv": ("indication", "name"),
    "interactions.tsv": ("drug", "key", "action", "says", "source"),
    "label_conditions.tsv": ("drug", "key", "action", "says", "source"),
    "contigs.tsv": ("name", "chromosome", "build"),
    "contig_lengths.tsv": ("build", "chromosome", "length"),
    "guidelines.tsv": ("guideline", "source", "clinpgx_id", "genes", "pmids", "text_as_of", "checked_on"),
    "recommendations.tsv": ("guideline", "drug", "population", "strength", "when", "advice", "implications"),
    "known_gaps.tsv": ("guideline", "drug", "population", "when", "reason"),
    "required_tests.tsv": ("drug", "gene", "authority", "since", "wording", "population", "source"),
    "harm.tsv": ("drug", "gene", "when", "harm", "what", "source"),
    "drugs_without_advice.tsv": ("drug", "rxnorm", "atc", "reason", "source"),
    "upstream.tsv": ("guideline", "drug", "population", "when", "record", "digest", "source_population", "source_when"),
    "upstream_differences.tsv": ("guideline", "drug", "population", "when", "kind", "reason"),
    "terminology.tsv": ("kind", "name", "system", "code", "display", "source", "confirmed"),
}
JSON_TABLES: Final = ("advice.jsonl", "implications.jsonl")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of one table; `line` counts from 1 and includes the header."""

    file: str
    line: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]


@dataclass(frozen=True, slots=True)
class Record:
    """One object of a JSON Lines table."""

    file: str
    line: int
    values: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The identifier by which recommendations name the record; empty when it states none."""
        return str(self.values.get("id", ""))


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """An invariant that a row breaks.  Line 0: the file as a whole."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


@dataclass(frozen=True, slots=True)
class Tables:
    """All source tables, and what could not be read as one."""

    rows: Mapping[str, tuple[TableRow, ...]]
    records: Mapping[str, tuple[Record, ...]]
    violations: tuple[Violation, ...] = ()

    def __getitem__(self, name: str) -> tuple[TableRow, ...]:
        return self.rows[f"{name}.tsv"]

    def by_gene(self, name: str) -> dict[str, list[TableRow]]:
        """The rows of a table under their gene, in file order."""
        return self._by("gene", name)

    def by_guideline(self, name: str) -> dict[str, list[TableRow]]:
        """The rows of a table under their guideline, in file order."""
        return self._by("guideline", name)

    def _by(self, column: str, name: str) -> dict[str, list[TableRow]]:
        groups: dict[str, list[TableRow]] = {}
        for row in self[name]:
            groups.setdefault(row[column], []).append(row)
        return groups


def read_tables(source: Path) -> Tables:
    """Every table of the folder, with a violation for each line that is not one of its table's.

    Raises: KnowledgeError when the folder or one of its tables is missing or not UTF-8.
    """
    if not source.is_dir():
        raise KnowledgeError("KNOWLEDGE_NOT_FOUND", f"{source.name}: no such folder of source tables")
    found: list[Violation] = []
    rows = {name: tuple(_rows(source / name, found)) for name in COLUMNS}
    records = {name: tuple(_records(source / name, found)) for name in JSON_TABLES}
    return Tables(rows, records, tuple(found))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that counts digits as numbers.

    >>> sorted(["*10", "*2", "*1"], key=natural)
    ['*1', '*2', '*10']
    """
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError as error:
        raise KnowledgeError("KNOWLEDGE_NOT_FOUND", f"{path.name}: no such table") from error
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError("KNOWLEDGE_INVALID", f"{path.name}: cannot be read as UTF-8 text ({error})") from error


def _numbered(lines: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
    """Non-empty lines with their number; a final newline leaves an empty last element that is no row."""
    for number, line in enumerate(lines, start=first):
        if line:
            yield number, line.removesuffix("\r")


def _rows(path: Path, found: list[Violation]) -> Iterable[TableRow]:
    columns = COLUMNS[path.name]
    header, *lines = _lines(path)
    if tuple(header.removesuffix("\r").split("\t")) != columns:
        found.append(Violation(path.name, 1, f"the columns must be {', '.join(columns)}"))
        return
    for number, line in _numbered(lines, 2):
        fields = line.split("\t")
        if len(fields) != len(columns):
            found.append(Violation(path.name, number, f"{len(fields)} fields where the table has {len(columns)}"))
            continue
        padded = next((column for column, text in zip(columns, fields, strict=True) if text != text.strip()), None)
        if padded:
            found.append(Violation(path.name, number, f"{padded} begins or ends with a blank"))
        yield TableRow(path.name, number, dict(zip(columns, fields, strict=True)))


def _records(path: Path, found: list[Violation]) -> Iterable[Record]:
    for number, line in _numbered(_lines(path), 1):
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            yield Record(path.name, number, value)
        else:
            found.append(Violation(path.name, number, "not a JSON object"))
