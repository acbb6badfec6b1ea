"""Invariants of sites, alleles, definitions, phenotype rules and exceptions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations_with_replacement
from typing import Final

from starling.knowledge.intervals import disagreement, parse_hgvs
from starling.knowledge.tables import OUTSIDE, TableRow, Tables, Violation
from starling.vocabulary import ActivityScore

#: mitochondrial deletions and insertions that no single-nucleotide variant shows: named for outside results, not called
NOT_CALLABLE: Final = re.compile(r"m\.\d+[ACGT]>del(?:\+Cn)?")

_BASES: Final = re.compile(r"[ACGT]+")
_RSID: Final = re.compile(r"rs\d+|")
_NUMBER: Final = re.compile(r"[1-9]\d*")
_LIFTED: Final = frozenset({"table", "flank", "offset", "same"})
_KINDS: Final = frozenset(
    {
        "tier1_allele",
        "tier1_position",
        "required_position",
        "extra_position",
        "ignored_variant",
        "ignored_allele",
    }
)


def at(row: TableRow, message: str) -> Violation:
    """The violation of this row."""
    return Violation(row.file, row.line, message)


def known_genes(tables: Tables) -> Iterator[Violation]:
    """Every gene that a table names has a row in genes.tsv, and its chromosome there."""
    chromosomes = {row["gene"]: row["chrom"] for row in tables["genes"]}
    for name in (
        "variants",
        "alleles",
        "allele_definitions",
        "phenotype_rules",
        "gene_exceptions",
        "aliases",
        "score_ranges",
        "unphased_priorities",
        "dpwg_terms",
    ):
        for row in tables[name]:
            if row["gene"] not in chromosomes:
                yield at(row, f"gene {row['gene']!r} is not in genes.tsv")
            elif row.values.get("chrom", chromosomes[row["gene"]]) != chromosomes[row["gene"]]:
                yield at(row, f"{row['gene']} lies on {chromosomes[row['gene']]}, not {row['chrom']}")


def gene_rows(tables: Tables) -> Iterator[Violation]:
    """Spans are in order, the counts are right and the reference allele is the one marked."""
    sites = Counter(row["gene"] for row in tables["variants"] if row["role"] != "extra")
    alleles = Counter(row["gene"] for row in tables["alleles"] if row["is_structural"] != "yes")
    references = {
        gene: [row["allele"] for row in rows if row["is_reference"] == "yes"]
        for gene, rows in tables.by_gene("alleles").items()
    }
    for row in tables["genes"]:
        for column, count in (("n_variants", sites), ("n_alleles", alleles)):
            if row[column] != str(count[row["gene"]]):
                yield at(row, f"{column} is {row[column]}, the tables hold {count[row['gene']]}")
        if row["called_from"] == OUTSIDE:
            continue
        span = row["start_grch38"], row["end_grch38"]
        if not all(map(_NUMBER.fullmatch, span)) or int(span[0]) > int(span[1]):
            yield at(row, "start and end are not positions in order")
        if references.get(row["gene"]) != [row["reference_allele"]]:
            yield at(row, f"{row['reference_allele']!r} is not the one allele marked as reference")


def sites(tables: Tables) -> Iterator[Violation]:
    """A site's alleles are bases, its positions numbers, its description the same change, its place in the gene."""
    spans = {row["gene"]: (row["start_grch38"], row["end_grch38"]) for row in tables["genes"]}
    for row in tables["variants"]:
        if not _NUMBER.fullmatch(row["pos_grch38"]) or not _NUMBER.fullmatch(row["pos_grch37"]):
            yield at(row, "a position is not a number")
            continue
        for problem in (_site_alleles(row), _site_names(row), _site_place(row, spans.get(row["gene"]))):
            if problem:
                yield at(row, problem)


def _site_alleles(row: TableRow) -> str | None:
    ref, alts = row["ref"], row["alts"].split(",")
    if not all(map(_BASES.fullmatch, (ref, *alts))) or len({ref, *alts}) != len(alts) + 1:
        return "REF and ALTS are not distinct bases"
    if row["ref_grch37"] not in {"", ref, *alts}:
        return f"REF on GRCh37 is {row['ref_grch37']}, which is neither REF nor one of ALTS"
    try:
        changes = parse_hgvs(row["hgvs_g"])
    except ValueError as error:
        return str(error)
    problem = disagreement(int(row["pos_grch38"]), ref, alts, changes)
    return f"{row['hgvs_g']}: {problem}" if problem else None


def _site_names(row: TableRow) -> str | None:
    if not _RSID.fullmatch(row["rsid"]):
        return f"{row['rsid']!r} is not an rsid"
    if row["pos_grch37_from"] not in _LIFTED:
        return f"pos_grch37_from {row['pos_grch37_from']!r} is not one of {', '.join(sorted(_LIFTED))}"
    return None


def _site_place(row: TableRow, span: tuple[str, str] | None) -> str | None:
    if row["role"] == "extra":
        return None
    if row["role"] != "allele-defining":
        return f"role {row['role']!r} is neither allele-defining nor extra"
    if span and all(map(_NUMBER.fullmatch, span)) and not int(span[0]) <= int(row["pos_grch38"]) <= int(span[1]):
        return "the site lies outside its gene"
    return None


def alleles(tables: Tables) -> Iterator[Violation]:
    """Marks are `yes` or empty, activity values parse, and only an allele that no site shows has no definition."""
    defined = {(row["gene"], row["allele"]) for row in tables["allele_definitions"]}
    ignored = {(row["gene"], row["value"]) for row in tables["gene_exceptions"] if row["kind"] == "ignored_allele"}
    for row in tables["alleles"]:
        key = row["gene"], row["allele"]
        if not {row["is_reference"], row["is_structural"]} <= {"", "yes"}:
            yield at(row, "is_reference and is_structural are `yes` or empty")
        if not _parses(row["activity_value"]):
            yield at(row, f"activity value {row['activity_value']!r} is neither a number, `>=` number, nor n/a")
        if row["is_structural"] == "yes" and key in defined:
            yield at(row, f"{' '.join(key)} is structural but has a definition")
        shown = row["is_structural"] != "yes" and key not in ignored and not NOT_CALLABLE.fullmatch(row["allele"])
        if shown and key not in defined:
            yield at(row, f"{' '.join(key)} has no definition and is not structural")


def _parses(value: str) -> bool:
    try:
        score = ActivityScore.parse(value)
    except (ValueError, ZeroDivisionError):
        return False
    return score is None or score.value >= 0


def definitions(tables: Tables) -> Iterator[Violation]:
    """Every cell belongs to an allele and a site, agrees on REF, and holds REF or listed ALTS."""
    named = {(row["gene"], row["allele"]) for row in tables["alleles"]}
    sited = {(row["gene"], row["pos_grch38"]): row for row in tables["variants"] if row["role"] != "extra"}
    for row in tables["allele_definitions"]:
        site = sited.get((row["gene"], row["pos_grch38"]))
        if (row["gene"], row["allele"]) not in named:
            yield at(row, f"{row['gene']} {row['allele']} is not in alleles.tsv")
        if site is None:
            yield at(row, f"{row['gene']} {row['pos_grch38']} is not an allele-defining site of variants.tsv")
            continue
        if row["ref"] != site["ref"]:
            yield at(row, f"REF is {row['ref']}, in variants.tsv {site['ref']}")
        unlisted = sorted({*row["bases"].split("/")} - {site["ref"], *site["alts"].split(",")})
        if unlisted:
            yield at(row, f"{'/'.join(unlisted)} is neither REF nor one of ALTS")


def reference_rows(tables: Tables) -> Iterator[Violation]:
    """The reference allele accepts REF at every allele-defining site of its gene."""
    cells = {(row["gene"], row["allele"], row["pos_grch38"]): row["bases"] for row in tables["allele_definitions"]}
    references = {row["gene"]: row["reference_allele"] for row in tables["genes"]}
    for row in tables["variants"]:
        if row["role"] == "extra" or row["gene"] not in references:
            continue
        bases = cells.get((row["gene"], references[row["gene"]], row["pos_grch38"]), "")
        if row["ref"] not in bases.split("/"):
            yield at(row, f"the reference allele {references[row['gene']]} does not accept REF here")


def distinct_definitions(tables: Tables) -> Iterator[Violation]:
    """No two alleles of a gene are the same at every site once undefined cells read as the reference."""
    reference = {(row["gene"], row["pos_grch38"]): row["ref"] for row in tables["variants"]}
    changed: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in tables["allele_definitions"]:
        cells = changed.setdefault((row["gene"], row["allele"]), set())
        if row["bases"] != reference.get((row["gene"], row["pos_grch38"])):
            cells.add((row["pos_grch38"], row["bases"]))
    first: dict[tuple[str, frozenset[tuple[str, str]]], str] = {}
    for row in tables["alleles"]:
        cells = changed.get((row["gene"], row["allele"]), set())
        if cells or row["is_reference"] == "yes":
            other = first.setdefault((row["gene"], frozenset(cells)), row["allele"])
            if other != row["allele"]:
                yield at(row, f"{row['gene']} {row['allele']} has the definition of {other}")
        elif (row["gene"], row["allele"]) in changed:
            yield at(row, f"{row['gene']} {row['allele']} differs nowhere from the reference")


def functions(tables: Tables) -> Iterator[Violation]:
    """Every assigned function has rules with every other of its gene; every activity sum that is not ranged has one."""
    rules = tables.by_gene("phenotype_rules")
    inherited = {row["gene"]: row["inheritance"] for row in tables["genes"]}
    excused = {row["gene"] for row in tables["genes"] if row["method"] == "none"}
    ranged = {row["gene"] for row in tables["score_ranges"]}
    for gene, rows in tables.by_gene("alleles").items():
        methods = {row["method"] for row in rules.get(gene, ())}
        if len(methods) > 1:
            yield at(rules[gene][0], f"{gene} has both activity scores and functions")
        elif methods == {"functions"}:
            yield from _function_rules(inherited.get(gene, ""), rows, rules[gene])
        elif methods and gene not in ranged:
            yield from _score_rules(gene, rows, rules[gene])
        elif not methods and gene not in excused:
            yield at(rows[0], f"{gene} has no phenotype rule")


def _function_rules(inheritance: str, rows: list[TableRow], rules: list[TableRow]) -> Iterator[Violation]:
    """Functions are looked up in pairs; alone in males for X-linked genes, and always for mitochondrial ones."""
    listed = {tuple(sorted(filter(None, (row["function_1_or_score"], row["function_2"])))) for row in rules}
    first = {row["function"]: row for row in reversed(rows) if row["function"]}
    pairs: list[tuple[str, ...]] = [(name,) for name in first] if inheritance in {"X-linked", "mitochondrial"} else []
    if inheritance != "mitochondrial":
        pairs += list(combinations_with_replacement(sorted(first), 2))
    for pair in pairs:
        if pair not in listed:
            row = first[pair[-1]]
            yield at(row, f"no phenotype rule of {row['gene']} for {' and '.join(pair)}")


def _score_rules(gene: str, rows: list[TableRow], rules: list[TableRow]) -> Iterator[Violation]:
    listed = {ActivityScore.parse(row["function_1_or_score"]) for row in rules if _parses(row["function_1_or_score"])}
    first = {row["activity_value"]: row for row in reversed(rows) if _parses(row["activity_value"])}
    values = {text: score.value for text in first if (score := ActivityScore.parse(text)) and not score.at_least}
    for one, other in combinations_with_replacement(sorted(values), 2):
        if ActivityScore(values[one] + values[other]) not in listed:
            yield at(first[other], f"no phenotype rule of {gene} for an activity score of {one} + {other}")


def rules(tables: Tables) -> Iterator[Violation]:
    """A rule has a known method, a score that parses or functions that an allele of the gene has, and a term."""
    assigned = {(row["gene"], row["function"]) for row in tables["alleles"]}
    for row in tables["phenotype_rules"]:
        first, second = row["function_1_or_score"], row["function_2"]
        if row["method"] == "activity_score":
            if not _parses(first) or not first or second:
                yield at(row, f"{first!r} {second!r} is not one activity score")
        elif row["method"] == "functions":
            unknown = [name for name in (first, second) if name and (row["gene"], name) not in assigned]
            if unknown or not first:
                yield at(row, f"no allele of {row['gene']} has the function {', '.join(unknown) or 'missing'}")
        else:
            yield at(row, f"method {row['method']!r} is neither activity_score nor functions")
        if not row["phenotype"]:
            yield at(row, "the rule gives no term")


def exceptions(tables: Tables) -> Iterator[Violation]:
    """Exceptions name alleles and sites of their gene; what is ignored need not be defined."""
    named = {(row["gene"], row["allele"]) for row in tables["alleles"]}
    sited = {(row["gene"], row["pos_grch38"]): row["role"] for row in tables["variants"]}
    for row in tables["gene_exceptions"]:
        kind, key = row["kind"], (row["gene"], row["value"])
        if kind not in _KINDS:
            yield at(row, f"kind {kind!r} is not one of {', '.join(sorted(_KINDS))}")
        elif kind == "tier1_allele" and key not in named:
            yield at(row, f"{' '.join(key)} is not in alleles.tsv")
        elif kind.endswith("_position") and (key not in sited or (sited[key] == "extra") != kind.startswith("extra")):
            yield at(row, f"{' '.join(key)} is not a site of that kind in variants.tsv")
        elif kind == "ignored_variant" and not re.fullmatch(r"[1-9]\d* [ACGT]+>[ACGT]+", row["value"]):
            yield at(row, f"{row['value']!r} is not POSITION REF>ALT")


def other_names(tables: Tables) -> Iterator[Violation]:
    """Aliases, core names and priorities lead to alleles that exist; an alias is not itself an allele."""
    named = {(row["gene"], row["allele"]) for row in tables["alleles"]}
    for row in tables["aliases"]:
        if (row["gene"], row["name"]) not in named:
            yield at(row, f"{row['gene']} {row['name']} is not in alleles.tsv")
        if (row["gene"], row["alias"]) in named:
            yield at(row, f"{row['gene']} {row['alias']} is an allele of its own")
    for row in tables["alleles"]:
        if row["reported_as"] and not row["allele"].startswith(f"{row['reported_as']}."):
            yield at(row, f"{row['allele']} is not a suballele of {row['reported_as']}")
    for row in tables["unphased_priorities"]:
        among = row["among"].split(" | ")
        unknown = [name for pair in among for name in pair.split("/") if (row["gene"], name) not in named]
        if unknown or row["pick"] not in among or len(among) < 2:
            yield at(row, f"the pick is one of at least two diplotypes of {row['gene']} alleles")


CHECKS: Final[tuple[Callable[[Tables], Iterable[Violation]], ...]] = (
    known_genes,
    gene_rows,
    sites,
    alleles,
    definitions,
    reference_rows,
    distinct_definitions,
    functions,
    rules,
    exceptions,
    other_names,
)
