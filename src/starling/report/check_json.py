"""Answers for single drugs as JSON: `{"schema": "starling.checks/1", "answers": [...]}`, an answer a line.

The shape is published as JSON Schema in docs/reference/checks.schema.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from starling.assessment import Assessment, GeneResult, Recommendation
from starling.report.answer import Answer, shared_limits
from starling.report.document import encoded, framed
from starling.report.glance import is_superseded, source_name
from starling.report.words import call_words

SCHEMA: Final = "starling.checks/1"


def checks_parts(people: Iterable[Assessment], drugs: Sequence[str]) -> Iterator[str]:
    """The document in parts that follow one another; dates as ISO 8601, nothing in it steers a terminal.

    `drugs`: names in the assessments.  Raises: KeyError when an assessment has no such drug.
    """
    answers = (Answer.about(person, drug) for person in people for drug in drugs)
    return framed(SCHEMA, "answers", (encoded(_answer(each)) for each in answers))


def _answer(answer: Answer) -> dict[str, object]:
    drug, person = answer.line.drug, answer.assessment
    return {
        "sample": person.sample,
        "drug": drug.drug,
        "status": drug.status,
        "action": drug.headline_action,
        "headline": answer.headline,
        "box": answer.box_lines,
        "conditions_open": [
            {"ask": one.ask, "key": one.key, "action": one.action, "source": one.source} for one in drug.conditions_open
        ],
        "medicines": [{"name": one.name, "effect": one.effect, "text": one.text} for one in drug.medicines],
        "alternatives": [
            {"drug": one.drug, "action": one.action, "why": one.why, "offered": one.offered}
            for one in drug.alternatives
        ],
        "genes": [*map(_gene, answer.genes)],
        "genes_missing": drug.genes_missing,
        "sources": [*map(_source, answer.line.rows)],
        "disagreement": {"what": drug.disagreement.what, "by": drug.disagreement.by} if drug.disagreement else None,
        "conditions": answer.conditions,
        "notes": [{"code": note.code, "message": note.message} for note in drug.notes],
        "limits": (*answer.limits, *shared_limits(person)),
        "provenance": _provenance(person),
    }


def _gene(gene: GeneResult) -> dict[str, object]:
    return {
        "gene": gene.gene,
        "call": call_words(gene),
        "phenotype": gene.phenotype,
        "certain": gene.phenotype_certain,
        "activity_score": gene.activity_score,
        "presence": dict(gene.presence),
        "adjusted": {"phenotype": gene.adjusted.phenotype, "by": gene.adjusted.by} if gene.adjusted else None,
    }


def _source(row: Recommendation) -> dict[str, object]:
    return {
        "source": source_name(row),
        "guideline": row.guideline,
        "strength": row.strength,
        "action": row.action,
        "summary": row.advice.summary,
        "population": row.population,
        "text_as_of": row.text_as_of,
        "checked_on": row.checked_on,
        "phenotype_used": row.phenotype_used,
        "superseded": is_superseded(row),
    }


def _provenance(person: Assessment) -> dict[str, object]:
    stamp = person.provenance
    return {
        "program": stamp.program,
        "knowledge": stamp.knowledge.version,
        "knowledge_sha256": stamp.knowledge.sha256,
        "file": stamp.input.name,
        "evidence_sha256": stamp.input.evidence_sha256,
        "result_sha256": person.result_sha256,
        "created": person.run.created,
    }
