"""Assessments as one rectangular table: a row for each gene, then a row for each recommendation of each drug.

`kind` says which (`gene` or `drug`; `notice`: what holds for the whole result, in `notes`); a drug without advice has
one row.  The columns are stable.  Several values in one cell are separated by `; `.  A cell that a spreadsheet would
run as a formula begins with an apostrophe instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from starling.assessment import Assessment, DrugResult, GeneResult, Recommendation
from starling.report.text import visible
from starling.report.wording import condition_text, doses_text
from starling.report.words import alternative_terms, disagreement_words
from starling.vocabulary import Notice

COLUMNS: Final = (
    "sample",
    "kind",
    "gene",
    "drug",
    "status",
    "reason",
    "call",
    "phenotype",
    "phenotype_certain",
    "phenotype_alternatives",
    "activity_score",
    "adjusted_phenotype",
    "adjusted_by",
    "variants",
    "presence",
    "copy_number",
    "call_source",
    "conflict",
    "research_only",
    "missing_positions",
    "cannot_exclude",
    "headline_action",
    "action",
    "guideline_source",
    "guideline",
    "population",
    "strength",
    "genes_used",
    "phenotype_used",
    "summary",
    "detail",
    "dose",
    "alternatives",
    "not_alternatives",
    "monitor",
    "conditions",
    "fallback",
    "genes_missing",
    "disagreement",
    "notes",
    "pmids",
    "text_as_of",
    "checked_on",
    "knowledge_version",
    "result_sha256",
)

#: A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection), full-width forms included.
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def table(assessments: Iterable[Assessment]) -> str:
    """The table with its head, tab separated, every line ending in a line feed."""
    return "".join(table_parts(assessments))


def table_parts(assessments: Iterable[Assessment]) -> Iterator[str]:
    """The table in parts that follow one another: the head, then the rows of each person."""
    yield "\t".join(COLUMNS) + "\n"
    for assessment in assessments:
        yield "".join(map(_line, _rows(assessment)))


def _line(row: Mapping[str, str]) -> str:
    return "\t".join([cell(text) if (text := row.get(column)) else "" for column in COLUMNS]) + "\n"


def cell(text: str) -> str:
    """The text as one cell: on one line, without tabs, and never a formula.

    >>> cell("=1+1"), cell("*1/*2")  # a sample name that computes; a diplotype is left alone
    ("'=1+1", '*1/*2')
    """
    shown = visible(" ".join(text.split()))
    return "'" + shown if shown.startswith(_FORMULA) else shown


def _rows(assessment: Assessment) -> Iterator[Mapping[str, str]]:
    common = {
        "sample": assessment.sample,
        "knowledge_version": assessment.provenance.knowledge.version,
        "result_sha256": assessment.result_sha256,
    }
    for gene in assessment.genes:
        yield common | _gene(gene)
    for notice in assessment.provenance.notices:
        yield common | {"kind": "notice", "notes": _notices((notice,))}
    for drug in assessment.drugs:
        for recommendation in drug.recommendations or (None,):
            yield common | _drug(drug) | (_recommendation(recommendation) if recommendation else {})


def _gene(gene: GeneResult) -> dict[str, str]:
    return {
        "kind": "gene",
        "gene": gene.gene,
        "status": gene.status,
        "reason": gene.reason or "",
        "call": gene.label,
        "phenotype": gene.phenotype or "",
        "phenotype_certain": "yes" if gene.phenotype_certain else "no",
        "phenotype_alternatives": _list(alternative_terms(gene.phenotype_alternatives)),
        "activity_score": gene.activity_score or "",
        "adjusted_phenotype": (gene.adjusted.phenotype or "") if gene.adjusted else "",
        "adjusted_by": gene.adjusted.by if gene.adjusted else "",
        "variants": _list(
            f"{one.name} x{'?' if one.copies is None else one.copies}"
            + ("" if one.fraction is None else f" ({one.fraction:g})")
            for one in gene.variants
        ),
        "presence": _list(f"{name} {presence}" for name, presence in gene.presence.items()),
        "copy_number": gene.copy_number,
        "call_source": gene.source,
        "conflict": gene.conflict or "",
        "research_only": "yes" if gene.research_only else "no",
        "missing_positions": _list(gene.missing_positions),
        "cannot_exclude": _list(gene.cannot_exclude),
        "notes": _notices(gene.warnings),
    }


def _drug(drug: DrugResult) -> dict[str, str]:
    differ = drug.disagreement
    return {
        "kind": "drug",
        "drug": drug.drug,
        "status": drug.status,
        "headline_action": drug.headline_action or "",
        "genes_missing": _list(drug.genes_missing),
        "disagreement": disagreement_words(differ) if differ else "",
    }


def _recommendation(row: Recommendation) -> dict[str, str]:
    advice = row.advice
    return {
        "action": row.action,
        "guideline_source": row.source,
        "guideline": row.guideline,
        "population": row.population,
        "strength": row.strength,
        "genes_used": _list(f"{gene} {key}" for gene, key in row.genes.items()),
        "phenotype_used": row.phenotype_used,
        "summary": advice.summary,
        "detail": advice.detail,
        "dose": doses_text(advice.dose),
        "alternatives": _list(advice.alternatives),
        "not_alternatives": _list(advice.not_alternatives),
        "monitor": _list(advice.monitor),
        "conditions": _list(map(condition_text, advice.conditions)),
        "fallback": condition_text(advice.fallback) if advice.fallback else "",
        "notes": _notices(row.notes),
        "pmids": _list(row.pmids),
        "text_as_of": row.text_as_of,
        "checked_on": row.checked_on,
    }


def _list(values: Iterable[str]) -> str:
    return "; ".join(values)


def _notices(notices: Iterable[Notice]) -> str:
    return _list(f"{notice.code}: {notice.message}" for notice in notices)
