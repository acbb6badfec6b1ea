"""Invariants of what is particular about a gene or a drug: traits, score ranges, exceptions of drugs.

Every trait that departs from the usual states its source in the `sources` of its row: `trait: source; trait: source`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from starling.definitions import BOTH_REDUCED, CALLING_RULES, SERIOUS
from starling.knowledge.invariants_genes import at
from starling.knowledge.tables import OUTSIDE, TableRow, Tables, Violation

#: trait -> what it may state, where that is a fixed list
_STATED: Final[Mapping[str, frozenset[str]]] = {
    "inheritance": frozenset({"autosomal", "X-linked", "mitochondrial"}),
    "called_from": frozenset({"sample", OUTSIDE}),
    "rule": frozenset({"", *CALLING_RULES}),
    "method": frozenset({"activity_score", "functions", "none"}),
    "copy_number": frozenset({"", "yes"}),
    "undocumented_as_reference": frozenset({"", "yes"}),
    "adjusted_by_inhibitors": frozenset({"", "yes"}),
}
_SOURCED: Final = (
    "copy_number",
    "deleted_allele",
    "undocumented_as_reference",
    "nomenclatures",
    "measure_activity",
    "adjusted_by_inhibitors",
    "inhibited_as",
)
#: what a gene has only when it is called from the sample
_SAMPLE_ONLY: Final = ("start_grch38", "end_grch38", "reference_allele", "data_version", "rule")
_HAPLOID: Final = {"X-linked": "chrX", "mitochondrial": "chrM"}
_NOMENCLATURES: Final = re.compile(r"(?:\d{4}(?: [a-z0-9]+)*)?")
_RANGE: Final = re.compile(r">=?\d+(?:\.\d+)?")
_DRUG_KINDS: Final = frozenset({"other_enzyme", "branches_on_inhibitors", "without_recommendation"})


def traits(tables: Tables) -> Iterator[Violation]:
    """Traits are words of their lists and fit each other; what departs from the usual has a source."""
    genes = {row["gene"] for row in tables["genes"]}
    for row in tables["genes"]:
        for trait, words in _STATED.items():
            if row[trait] not in words:
                yield at(row, f"{trait} {row[trait]!r} is not one of {', '.join(sorted(filter(None, words)))}")
        if _HAPLOID.get(row["inheritance"], row["chrom"]) != row["chrom"]:
            yield at(row, f"{row['inheritance']} inheritance does not fit {row['chrom']}")
        if not _NOMENCLATURES.fullmatch(row["nomenclatures"]):
            yield at(row, "nomenclatures are the year of the newest, then words in small letters")
        if row["inhibited_as"] and row["inhibited_as"] not in genes - {row["gene"]}:
            yield at(row, f"inhibited_as {row['inhibited_as']!r} is not another gene of genes.tsv")
        if row["called_from"] == OUTSIDE and any(row[column] for column in _SAMPLE_ONLY):
            yield at(row, f"a gene called from outside results has no {', '.join(_SAMPLE_ONLY)}")
        yield from _sources(row)
    deleted = {(row["gene"], row["allele"]) for row in tables["alleles"] if row["is_structural"] == "yes"}
    for row in tables["genes"]:
        if row["deleted_allele"] and (row["gene"], row["deleted_allele"]) not in deleted:
            yield at(row, f"deleted_allele {row['deleted_allele']!r} is not a structural allele of {row['gene']}")


def _sources(row: TableRow) -> Iterator[Violation]:
    stated = dict(part.partition(": ")[::2] for part in filter(None, row["sources"].split("; ")))
    needed = {trait for trait in _SOURCED if row[trait]}
    for trait in sorted(needed - {name for name, source in stated.items() if source}):
        yield at(row, f"{trait} states no source")
    for name in sorted(set(stated) - needed):
        yield at(row, f"a source of {name!r}, which the row does not state")


def methods(tables: Tables) -> Iterator[Violation]:
    """The method of a gene is that of its rules, and what depends on terms or scores is stated where there are some."""
    found = {gene: {row["method"] for row in rows} for gene, rows in tables.by_gene("phenotype_rules").items()}
    terms = {(row["gene"], row["phenotype"]) for row in tables["phenotype_rules"]}
    for row in tables["genes"]:
        if {row["method"]} - {"none"} != found.get(row["gene"], set()):
            yield at(row, f"method {row['method']!r} is not that of the rules in phenotype_rules.tsv")
        measured = row["measure_activity"]
        if measured == BOTH_REDUCED and row["method"] != "activity_score":
            yield at(row, f"{BOTH_REDUCED!r} is judged by activity values, which the gene does not use")
        if measured not in {"", BOTH_REDUCED} and (row["gene"], measured) not in terms:
            yield at(row, f"measure_activity {measured!r} is neither a term of the gene nor {BOTH_REDUCED!r}")
        if measured not in {"", BOTH_REDUCED} and row["inheritance"] != "X-linked":
            yield at(row, "a term at which activity is measured means one silenced X of two: X-linked genes only")
        if row["adjusted_by_inhibitors"] and row["method"] != "activity_score":
            yield at(row, "adjusted_by_inhibitors needs an activity score that inhibitors can lower")


def score_ranges(tables: Tables) -> Iterator[Violation]:
    """The ranges of a gene with activity scores begin at 0 and agree with every score that its rules list."""
    scored = {row["gene"] for row in tables["genes"] if row["method"] == "activity_score"}
    listed = tables.by_gene("phenotype_rules")
    for gene, rows in tables.by_gene("score_ranges").items():
        good = [row for row in rows if _RANGE.fullmatch(row["score"])]
        for row in rows:
            if row not in good or not row["source"] or not row["phenotype"]:
                yield at(row, "a range is `>=` or `>` and a score, with its phenotype and its source")
        if gene not in scored:
            yield at(rows[0], f"{gene} has no activity score")
        if not any(row["score"] == ">=0" for row in rows):
            yield at(rows[0], f"the ranges of {gene} do not begin at 0")
        for row in listed.get(gene, ()) if good else ():
            expected = _range_of(row["function_1_or_score"], good)
            if expected is not None and expected["phenotype"] != row["phenotype"]:
                yield at(row, f"score {row['function_1_or_score']} lies in the range of line {expected.line}")


def _range_of(score: str, ranges: list[TableRow]) -> TableRow | None:
    """The highest range that holds an exact score; None for an inequality, `n/a`, or a score below all."""
    if not re.fullmatch(r"\d+(?:\.\d+)?", score):
        return None
    value = Fraction(score)
    starts = {row.line: (Fraction(row["score"].lstrip(">=")), row["score"].startswith(">=")) for row in ranges}
    holding = [
        row for row in ranges if starts[row.line][0] < value or (starts[row.line][1] and starts[row.line][0] == value)
    ]
    return max(holding, key=lambda row: (starts[row.line][0], not starts[row.line][1]), default=None)


def drug_exceptions(tables: Tables) -> Iterator[Violation]:
    """An exception names a drug, a kind, a gene and a source; guidelines branch on inhibitors of adjusted enzymes."""
    drugs = {row["drug"] for row in tables["drugs"]}
    genes = {row["gene"]: row["adjusted_by_inhibitors"] for row in tables["genes"]}
    for row in tables["drug_exceptions"]:
        if row["drug"] not in drugs:
            yield at(row, f"drug {row['drug']!r} is not in drugs.tsv")
        if row["kind"] not in _DRUG_KINDS or not row["source"]:
            yield at(row, f"an exception is {' or '.join(sorted(_DRUG_KINDS))} and states its source")
        if row["value"] not in genes:
            yield at(row, f"gene {row['value']!r} is not in genes.tsv")
        elif row["kind"] == "branches_on_inhibitors" and not genes[row["value"]]:
            yield at(
                row, f"{row['value']} is not adjusted by inhibitors, so there is nothing to leave to the guideline"
            )


def uninformative(tables: Tables) -> Iterator[Violation]:
    """What is called uninformative is what the reference has; no other row stops a drug for the reference alone.

    Such a row would stop it for nearly everybody; it is uninformative, or it is wrong.
    """
    usual = {gene: terms for gene in tables.by_gene("alleles") if (terms := _reference_terms(tables, gene))}
    stated = {(row["gene"], row["phenotype"]) for row in tables["uninformative_results"]}
    for row in tables["uninformative_results"]:
        if row["phenotype"] not in usual.get(row["gene"], ()):
            yield at(row, f"{row['phenotype']!r} is not what the reference allele of {row['gene']} gives")
        if "{drug}" not in row["says"] or not row["source"]:
            yield at(row, "it says a sentence with {drug} in it, and states its source")
    advice = {record.id: record.values for record in tables.records["advice.jsonl"]}
    for row in tables["recommendations"]:
        keys = [tuple(part.split("=", 1)) for part in row["when"].split(" & ")]
        named = {key for key in keys if key[-1] != "No Result"}
        action = advice.get(row["advice"], {}).get("action")
        if action not in {*SERIOUS, "test_further"} or not named or named <= stated:
            continue
        if all(len(key) == 2 and key[1] in usual.get(key[0], ()) for key in named):
            yield at(row, "the reference alone meets this row, and uninformative_results.tsv does not name the result")


def _reference_terms(tables: Tables, gene: str) -> frozenset[str]:
    """The term of two reference alleles (of one, where the rules are for one), and their score."""
    reference = next((row for row in tables.by_gene("alleles")[gene] if row["is_reference"]), None)
    rules = tables.by_gene("phenotype_rules").get(gene, ())
    if reference is None:
        return frozenset()
    pair = ([reference["function"]] * 2, [reference["function"], ""])
    scores = {str(2 * float(value)) for value in (reference["activity_value"],) if re.fullmatch(r"[\d.]+", value)}
    found = {row["phenotype"]: row for row in rules if [row["function_1_or_score"], row["function_2"]] in pair}
    return frozenset({*found, *scores, *(row["phenotype"] for row in rules if row["function_1_or_score"] in scores)})


CHECKS: Final[tuple[Callable[[Tables], Iterable[Violation]], ...]] = (
    traits,
    methods,
    score_ranges,
    drug_exceptions,
    uninformative,
)
