"""Invariants of guidelines, recommendations, advice, implications and drugs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from starling.definitions import ACTIONS, BOTH_REDUCED, Key
from starling.knowledge.invariants_genes import at
from starling.knowledge.tables import OUTSIDE, Record, TableRow, Tables, Violation
from starling.knowledge.values import parse_key

#: CPIC guidelines that are a flow, not rows (warfarin PMID 28198005, peginterferon PMID 24096968)
FLOWS: Final = frozenset({"PA166104949", "PA166110235"})
SOURCES: Final = frozenset({"CPIC", "DPWG", "FDA"})
STRENGTHS: Final[Mapping[str, frozenset[str]]] = {
    "CPIC": frozenset({"Strong", "Moderate", "Optional", "No recommendation", "N/A"}),
    "DPWG": frozenset({"", "N/A", "No recommendation"}),
    "FDA": frozenset({"", "Category 1", "Category 2", "Category 3"}),
}
_PRESENCE: Final = re.compile(r"\*\d{2,3}:\d{2,3} (?:positive|negative)")
_ATC: Final = re.compile(r"[A-Z]\d\d[A-Z][A-Z]\d\d")
_TEXT: Final = {"id", "action", "summary", "detail"}
_TEXTS: Final = {"alternatives", "not_alternatives", "monitor", "genes_missing"}
_CONDITION: Final = {"when", "action", "dose", "alternatives", "key"}
_DOSE: Final[tuple[frozenset[str], ...]] = tuple(
    map(
        frozenset,
        ({"factor"}, {"factor_min", "factor_max"}, {"factor_max"}, {"factor_min"}, {"value", "unit"}, {"max", "unit"}),
    )
)


def genes_of(tables: Tables) -> frozenset[str]:
    """Every gene a result can be given for."""
    return frozenset(row["gene"] for row in tables["genes"])


def outside_genes(tables: Tables) -> frozenset[str]:
    """The genes called from outside results: no definition table, keys are allele presences."""
    return frozenset(row["gene"] for row in tables["genes"] if row["called_from"] == OUTSIDE)


def guidelines(tables: Tables) -> Iterator[Violation]:
    """A guideline has a source, an identifier, known genes (or a named gap) and rows, unless it is a flow."""
    genes, excused = genes_of(tables), {(row["guideline"], row["when"]) for row in tables["known_gaps"]}
    used = {row["guideline"] for row in tables["recommendations"]}
    for row in tables["guidelines"]:
        if row["source"] not in SOURCES:
            yield at(row, f"source {row['source']!r} is not one of {', '.join(sorted(SOURCES))}")
        if not re.fullmatch(r"PA\d+", row["clinpgx_id"]):
            yield at(row, f"{row['clinpgx_id']!r} is not a ClinPGx identifier")
        if not re.fullmatch(r"(?:\d+(?: \d+)*)?", row["pmids"]):
            yield at(row, "PMIDs are numbers")
        for gene in row["genes"].split():
            if gene not in genes and (row["guideline"], gene) not in excused:
                yield at(row, f"gene {gene} is not in this knowledge base and no known gap names it")
        if (row["guideline"] in used) == (row["clinpgx_id"] in FLOWS):
            yield at(row, "a guideline has recommendations exactly when it is not a flow")


def recommendations(tables: Tables) -> Iterator[Violation]:
    """A recommendation refers to what exists."""
    sources = {row["guideline"]: row["source"] for row in tables["guidelines"]}
    known = {
        "drug": {row["drug"] for row in tables["drugs"]},
        "population": {row["code"] for row in tables["populations"]},
        "guideline": set(sources),
    }
    ids = {name: {record.id for record in tables.records[f"{name}.jsonl"]} for name in ("advice", "implications")}
    for row in tables["recommendations"]:
        for column, values in known.items():
            if row[column] not in values:
                yield at(row, f"{column} {row[column]!r} is not in {column}s.tsv")
        if row["strength"] not in STRENGTHS.get(sources.get(row["guideline"], ""), {row["strength"]}):
            yield at(row, f"strength {row['strength']!r} is none of {sources[row['guideline']]}")
        if row["advice"] not in ids["advice"]:
            yield at(row, f"advice {row['advice']!r} is not in advice.jsonl")
        for unknown in sorted({*row["implications"].split()} - ids["implications"]):
            yield at(row, f"implication {unknown!r} is not in implications.jsonl")


def keys(tables: Tables) -> Iterator[Violation]:
    """Every key is a phenotype, score, allele presence or diplotype of a gene that the guideline names."""
    genes = {row["guideline"]: set(row["genes"].split()) for row in tables["guidelines"]}
    vocabulary = _Vocabulary(tables)
    for row in tables["recommendations"]:
        try:
            parsed = [parse_key(part) for part in row["when"].split(" & ")]
        except ValueError as error:
            yield at(row, str(error))
            continue
        if len({key.gene for key in parsed}) != len(parsed):
            yield at(row, "a gene stands twice in one condition")
        for key in parsed:
            if key.gene not in genes.get(row["guideline"], {key.gene}):
                yield at(row, f"{key.gene} is not a gene of {row['guideline']}")
            problem = vocabulary.problem(key)
            if problem:
                yield at(row, problem)


class _Vocabulary:
    """What a key of a gene may say."""

    def __init__(self, tables: Tables) -> None:
        self.genes = genes_of(tables)
        self.outside = outside_genes(tables)
        self.measured = {row["gene"] for row in tables["genes"] if row["measure_activity"] == BOTH_REDUCED}
        self.alleles = {(row["gene"], row["allele"]) for row in tables["alleles"]}
        self.terms: dict[str, set[str]] = {}
        self.scores: dict[str, dict[str, str]] = {}
        for row in tables["phenotype_rules"]:
            self.terms.setdefault(row["gene"], {"No Result", "Indeterminate"}).add(row["phenotype"])
            if row["method"] == "activity_score":
                scores = self.scores.setdefault(row["gene"], {"n/a": "Indeterminate"})
                scores[row["function_1_or_score"]] = row["phenotype"]

    def problem(self, key: Key) -> str | None:
        """Why the key can never be a patient's; None when it can."""
        if key.gene not in self.genes:
            return f"gene {key.gene!r} is not in genes.tsv"
        if key.is_diplotype:
            pair = key.key.split("/")
            unknown = [name for name in pair if (key.gene, name) not in self.alleles]
            return f"{key.gene}:{key.key} is not a diplotype of known alleles" if unknown or len(pair) != 2 else None
        if key.gene in self.outside:
            fits = key.key == "No Result" or _PRESENCE.fullmatch(key.key) is not None
        else:
            fits = key.key in self.terms.get(key.gene, ()) or self._is_score(key.gene, key.key)
        return None if fits else f"{key.gene}={key.key} is neither a phenotype nor an activity score of the gene"

    def _is_score(self, gene: str, text: str) -> bool:
        """A score may carry its term, or the word Phenotyping where residual activity must be measured."""
        score, _, remark = text.partition(" ")
        term = self.scores.get(gene, {}).get(score)
        return term is not None and remark in {"", f"({term})", *({"(Phenotyping)"} if gene in self.measured else ())}


def unused(tables: Tables) -> Iterator[Violation]:
    """Every advice and every implication is used."""
    used = {part for row in tables["recommendations"] for part in (row["advice"], *row["implications"].split())}
    for records in tables.records.values():
        for record in records:
            if record.id not in used:
                yield Violation(record.file, record.line, f"{record.id or 'a record without id'} is never used")


def advice(tables: Tables) -> Iterator[Violation]:
    """An advice has a known action, a summary, and well-formed doses and conditions."""
    genes = genes_of(tables)
    for record in tables.records["advice.jsonl"]:
        for problem in _advice_problems(record, genes):
            yield Violation(record.file, record.line, f"{record.id}: {problem}")


def _advice_problems(record: Record, genes: frozenset[str]) -> Iterator[str]:
    values = record.values
    unknown = sorted(set(values) - _TEXT - _TEXTS - {"dose", "titrate", "conditions", "fallback"})
    if unknown:
        yield f"unknown field {', '.join(unknown)}"
    if any(not isinstance(values.get(name, ""), str) for name in _TEXT) or not values.get("summary"):
        yield "id, action, summary and detail are texts, and there is a summary"
    if any(not _are_texts(values.get(name, [])) for name in _TEXTS):
        yield f"{', '.join(sorted(_TEXTS))} are lists of texts"
    elif not set(values.get("genes_missing", ())) <= genes:
        yield "genes_missing names a gene that is not in genes.tsv"
    if not isinstance(values.get("titrate", False), bool):
        yield "titrate is true or false"
    yield from _act_problems(values)
    conditions = values.get("conditions", [])
    fallback = [values["fallback"]] if "fallback" in values else []
    for one in [*(conditions if isinstance(conditions, list) else [conditions]), *fallback]:
        if not isinstance(one, dict) or not one.get("when") or not set(one) <= _CONDITION:
            yield "a condition has when, action, dose, alternatives and key only"
        else:
            yield from _act_problems(one)
            if not _are_texts(one.get("alternatives", [])):
                yield "the alternatives of a condition are a list of texts"


def _act_problems(values: Mapping[str, Any]) -> Iterator[str]:
    if values.get("action") not in ACTIONS:
        yield f"action {values.get('action')!r} is not one of {', '.join(sorted(ACTIONS))}"
    doses = values.get("dose", [])
    for dose in doses if isinstance(doses, list) else [doses]:
        problem = _dose_problem(dose)
        if problem:
            yield problem


def _dose_problem(dose: object) -> str | None:
    if not isinstance(dose, dict) or not isinstance(dose.get("basis"), str):
        return "a dose has a basis"
    if frozenset(dose) - {"basis"} not in _DOSE:
        return f"a dose with {', '.join(sorted(dose))} is not one of the forms"
    numbers = [value for name, value in dose.items() if name not in {"basis", "unit"}]
    if any(isinstance(value, bool) or not isinstance(value, int | float) or value <= 0 for value in numbers):
        return "a dose is a positive number"
    if dose.get("factor_min", 0) > dose.get("factor_max", float("inf")):
        return "factor_min is larger than factor_max"
    return None


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)


def implications(tables: Tables) -> Iterator[Violation]:
    """An implication has an effect and a summary; its gene, when stated, is known."""
    genes = genes_of(tables)
    for record in tables.records["implications.jsonl"]:
        values = record.values
        texts = all(isinstance(value, str) for value in values.values())
        if not texts or set(values) - {"id", "gene", "effect", "magnitude", "summary"}:
            yield Violation(record.file, record.line, f"{record.id}: unknown field, or a value that is not a text")
        elif not values.get("summary") or not re.fullmatch(r"[a-z_]+", values.get("effect", "")):
            yield Violation(record.file, record.line, f"{record.id}: an effect and a summary are needed")
        elif values.get("gene") and values["gene"] not in genes:
            yield Violation(record.file, record.line, f"{record.id}: gene {values['gene']!r} is not in genes.tsv")


def drugs(tables: Tables) -> Iterator[Violation]:
    """Every drug has codes of the right form, a code names one drug, and some guideline speaks of it."""
    used = {row["drug"] for row in tables["recommendations"]}
    flows = " ".join(row["guideline"] for row in tables["guidelines"] if row["clinpgx_id"] in FLOWS)
    owner: dict[str, TableRow] = {}
    for row in tables["drugs"]:
        codes = row["atc"].split()
        if not re.fullmatch(r"\d*", row["rxnorm"]) or not all(map(_ATC.fullmatch, codes)):
            yield at(row, "RxNorm is a number, ATC codes have seven places")
        if row["drug"] not in used and row["drug"].replace(" ", "-") not in flows:
            yield at(row, f"no guideline speaks of {row['drug']}")
        for code in filter(None, (row["rxnorm"], *codes)):
            if owner.setdefault(code, row) is not row:
                yield at(row, f"code {code} is already that of {owner[code]['drug']}")


def dpwg_terms(tables: Tables) -> Iterator[Violation]:
    """A mapping begins at a term or a score range of the gene; no range leads back to another mapping."""
    terms: dict[str, set[str]] = {}
    for row in tables["phenotype_rules"]:
        terms.setdefault(row["gene"], set()).add(row["phenotype"])
    mapped = {(row["gene"], row["our_term"]) for row in tables["dpwg_terms"]}
    for row in tables["dpwg_terms"]:
        ours = row["our_term"]
        if ours not in terms.get(row["gene"], ()) and not re.fullmatch(r"score (?:[<>]?[\d.]+)(?:-[\d.]+)?", ours):
            yield at(row, f"{ours!r} is neither a term of {row['gene']} nor a score range")
        if row["dpwg_term"] not in terms.get(row["gene"], ()) or (row["gene"], row["dpwg_term"]) in mapped:
            yield at(row, f"{row['dpwg_term']!r} is not a term that DPWG uses as it is")


CHECKS: Final[tuple[Callable[[Tables], Iterable[Violation]], ...]] = (
    guidelines,
    recommendations,
    keys,
    unused,
    advice,
    implications,
    drugs,
    dpwg_terms,
)
