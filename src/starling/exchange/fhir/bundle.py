"""An assessment as one Bundle: START HERE.

    report            people_and_things, the DiagnosticReport, its provenance
    genes             genotypes, haplotypes, variants
    advice            therapeutic implications and proposals
    parts             codes, references, components

The ids follow from the result: the same result gives the same bundle, but for the moment at which it was made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from starling.assessment import Assessment
from starling.exchange.codes import Codes
from starling.exchange.fhir.advice import drug_resources
from starling.exchange.fhir.genes import gene_resources
from starling.exchange.fhir.parts import Json, Scribe
from starling.exchange.fhir.report import day_of, people_and_things, provenance, report
from starling.report.document import printable
from starling.report.words import stated_subject
from starling.values import replace

_ENCODER: Final = json.JSONEncoder(check_circular=False, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def resources(assessment: Assessment, codes: Codes) -> Iterator[Json]:
    """Everything about one person, the report first."""
    scribe = _scribe(assessment, codes)
    results = [each for gene in assessment.genes for each in gene_resources(scribe, gene)]
    genes = {gene.gene: gene for gene in assessment.genes}
    advice = [each for drug in assessment.drugs for each in drug_resources(scribe, drug, genes)]
    results += [each for each in advice if each["resourceType"] == "Observation"]
    proposals = [each for each in advice if each["resourceType"] == "Task"]
    whole = report(scribe, results, proposals)
    yield from (whole, *people_and_things(scribe), *results, *proposals, provenance(scribe, whole))


def bundle(assessments: Iterable[Assessment], codes: Codes) -> Json:
    """One Bundle of everything about each person."""
    people = list(assessments)
    entries = [_entry(each) for person in people for each in resources(person, codes)]
    first = _scribe(people[0], codes) if people else None
    moment = max((person.run.created for person in people), default="")
    named = {"id": first.name("Bundle", *(person.result_sha256 for person in people[1:]))} if first else {}
    stamp = {"timestamp": moment} if moment else {}
    return {"resourceType": "Bundle", **named, "type": "collection", **stamp, **({"entry": entries} if entries else {})}


def document(assessments: Iterable[Assessment], codes: Codes) -> str:
    """The Bundle as JSON with one resource a line, ending in a line feed."""
    return "".join(document_parts(assessments, codes))


def document_parts(assessments: Iterable[Assessment], codes: Codes) -> Iterator[str]:
    """The document in parts that follow one another."""
    whole = bundle(assessments, codes)
    entries = whole.pop("entry", [])
    assert isinstance(entries, list), "made above"
    yield printable(_ENCODER.encode(whole))[:-1]
    before = ',"entry":[\n'
    for entry in entries:
        yield before + printable(_ENCODER.encode(entry))
        before = ",\n"
    yield "\n]}\n" if entries else "}\n"


def _entry(resource: Json) -> Json:
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def _scribe(assessment: Assessment, codes: Codes) -> Scribe:
    subject = stated_subject(assessment)
    taken = day_of(subject.get("collected", "")) or assessment.run.created
    scribe = Scribe(assessment, codes, taken, ())
    return replace(scribe, performer=(scribe.to("Organization"),)) if subject.get("laboratory", "").strip() else scribe
