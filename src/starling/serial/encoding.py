"""Assessment -> plain dictionaries in the published shape (see docs/reference/assessments.schema.json)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starling.assessment import (
    Alternative,
    Assessment,
    Condition,
    Dose,
    DrugResult,
    GeneResult,
    Provenance,
    Recommendation,
    Run,
)
from starling.values import asdict
from starling.vocabulary import Notice, VariantCopies


def assessment_fields(assessment: Assessment) -> dict[str, object]:
    """The published JSON object of one assessment, keys in published order."""
    return {
        "sample": assessment.sample,
        "subject": dict(assessment.subject),
        "result_sha256": assessment.result_sha256,
        "provenance": _provenance(assessment.provenance),
        "run": _run(assessment.run),
        "genes": [gene_fields(gene) for gene in assessment.genes],
        "drugs": [drug_fields(drug) for drug in assessment.drugs],
    }


def _run(run: Run) -> dict[str, object]:
    return {"created": run.created, "timings_ms": dict(run.timings_ms), "notices": _notices(run.notices)}


def _provenance(provenance: Provenance) -> dict[str, object]:
    knowledge, source = provenance.knowledge, provenance.input
    return {
        "program": provenance.program,
        "knowledge": {
            "version": knowledge.version,
            "sha256": knowledge.sha256,
            "as_of": knowledge.as_of,
            "checked_on": knowledge.checked_on,
            "signed_by": knowledge.signed_by,
        },
        "input": {
            "name": source.name,
            "bytes": source.bytes,
            "evidence_sha256": source.evidence_sha256,
            "file_sha256": source.file_sha256,
            "build": source.build,
            "build_from": source.build_from,
            "reader": source.reader,
            "order": source.order,
        },
        "options": _plain(provenance.options),
        "positions": dict(provenance.positions),
        "notices": _notices(provenance.notices),
    }


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


def gene_fields(gene: GeneResult) -> dict[str, object]:
    """One gene's entry, in the order of the published JSON."""
    return {
        "gene": gene.gene,
        "status": gene.status,
        "reason": gene.reason,
        "diplotypes": [list(diplotype) for diplotype in gene.diplotypes],
        "label": gene.label,
        "phenotype": gene.phenotype,
        "phenotype_certain": gene.phenotype_certain,
        "phenotype_alternatives": [_alternative(other) for other in gene.phenotype_alternatives],
        "activity_score": gene.activity_score,
        "activity_score_alternatives": list(gene.activity_score_alternatives),
        "variants": [_variant(variant) for variant in gene.variants],
        "copy_number": gene.copy_number,
        "presence": dict(gene.presence),
        "adjusted": None
        if gene.adjusted is None
        else {
            "phenotype": gene.adjusted.phenotype,
            "activity_score": gene.adjusted.activity_score,
            "by": gene.adjusted.by,
        },
        "source": gene.source,
        "conflict": gene.conflict,
        "research_only": gene.research_only,
        "missing_positions": list(gene.missing_positions),
        "cannot_exclude": list(gene.cannot_exclude),
        "warnings": _notices(gene.warnings),
    }


def _alternative(other: Alternative) -> dict[str, object]:
    return {
        "phenotype": other.phenotype,
        "diplotypes": [list(diplotype) for diplotype in other.diplotypes],
        "why": str(other.why),
    }


def _variant(variant: VariantCopies) -> dict[str, object]:
    return {"name": variant.name, "copies": variant.copies, "fraction": variant.fraction}


def drug_fields(drug: DrugResult) -> dict[str, object]:
    """One drug's entry, in the order of the published JSON."""
    differ = drug.disagreement
    return {
        "drug": drug.drug,
        "status": drug.status,
        "headline_action": drug.headline_action,
        "genes_missing": list(drug.genes_missing),
        "disagreement": None if differ is None else {"what": differ.what, "by": list(differ.by)},
        "recommendations": [_recommendation(row) for row in drug.recommendations],
        "notes": _notices(drug.notes),
        "conditions_open": [asdict(each) for each in drug.conditions_open],
        "medicines": [asdict(each) for each in drug.medicines],
        "alternatives": [asdict(each) for each in drug.alternatives],
        "harm": None if drug.harm is None else asdict(drug.harm),
        "answer": drug.answer,
        "test_first": list(drug.test_first),
    }


def _recommendation(row: Recommendation) -> dict[str, object]:
    advice = row.advice
    return {
        "source": row.source,
        "guideline": row.guideline,
        "population": row.population,
        "genes": dict(row.genes),
        "phenotype_used": row.phenotype_used,
        "action": row.action,
        "strength": row.strength,
        "summary": advice.summary,
        "detail": advice.detail,
        "dose": _doses(advice.dose),
        "alternatives": list(advice.alternatives),
        "not_alternatives": list(advice.not_alternatives),
        "monitor": list(advice.monitor),
        "titrate": advice.titrate,
        "conditions": [_condition(condition) for condition in advice.conditions],
        "fallback": None if advice.fallback is None else _condition(advice.fallback),
        "implications": list(row.implications),
        "pmids": list(row.pmids),
        "text_as_of": row.text_as_of,
        "checked_on": row.checked_on,
        "notes": _notices(row.notes),
        "advice_id": advice.id,
        "advice_action": advice.action,
        "genes_missing": list(advice.genes_missing),
    }


def _condition(condition: Condition) -> dict[str, object]:
    return {
        "when": condition.when,
        "action": condition.action,
        "dose": _doses(condition.dose),
        "alternatives": list(condition.alternatives),
        "key": condition.key,
    }


def _doses(doses: Sequence[Dose]) -> list[dict[str, object]]:
    return [
        {
            "basis": dose.basis,
            "factor": dose.factor,
            "factor_min": dose.factor_min,
            "factor_max": dose.factor_max,
            "value": dose.value,
            "max": dose.max,
            "unit": dose.unit,
            "text": dose.text,
        }
        for dose in doses
    ]


def _notices(notices: Sequence[Notice]) -> list[dict[str, object]]:
    return [{"code": notice.code, "message": notice.message} for notice in notices]
