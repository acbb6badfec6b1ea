"""The report around the results: who, by what, from what, and what its reader must know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from starling.assessment import Assessment
from starling.exchange.fhir.parts import PROFILES, Json, Scribe, concept, extension, made, shown, stated
from starling.report.words import NOT_A_DEVICE, ONLY_KNOWN, joined, plural, reason_words, sentence, stated_subject

#: A date as FHIR writes it: a year, a month, a day, or a moment with its zone.
_DATE: Final = re.compile(r"(?:19|20)\d\d(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")
_NOTES: Final = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/coded-annotation-types-cs"
_SEXES: Final = frozenset({"male", "female"})
#: facts of the subject that have a place of their own in a message
_PLACED: Final = frozenset(
    {"name", "id", "birth_date", "sex", "specimen", "collected", "accession", "laboratory", "interpreted_by"}
)


def day_of(text: str) -> str:
    """The text when it is a date as FHIR writes it, of a day that there is; else empty.

    >>> day_of("2026-02"), day_of("2026-02-30"), day_of("spring 2026")
    ('2026-02', '', '')
    """
    plain = text.strip()
    if not _DATE.fullmatch(plain):
        return ""
    try:
        date.fromisoformat(plain if len(plain) == 10 else f"{plain}-01-01"[:10])
    except ValueError:
        return ""
    return plain


def people_and_things(scribe: Scribe) -> Iterator[Json]:
    """The patient, the specimen, the laboratory where it is stated, and the program with its knowledge."""
    subject = stated_subject(scribe.assessment)
    yield _patient(scribe, subject)
    yield _specimen(scribe, subject)
    if subject.get("laboratory", "").strip():
        yield made("Organization", id=scribe.name("Organization"), name=shown(subject["laboratory"]))
    yield _device(scribe)


def _patient(scribe: Scribe, subject: Mapping[str, str]) -> Json:
    """What is known of the patient; nothing that was not stated, and never an age as a date of birth."""
    sex = subject.get("sex", "").strip().casefold()
    named = subject.get("id", "").strip() or scribe.assessment.sample
    birth = day_of(subject.get("birth_date", ""))
    return made(
        "Patient",
        id=scribe.name("Patient"),
        identifier=[{"value": shown(named)}] if shown(named) else None,
        name=[{"text": shown(subject["name"])}] if shown(subject.get("name", "")) else None,
        gender=sex if sex in _SEXES else None,
        birthDate=birth,
    )


def _specimen(scribe: Scribe, subject: Mapping[str, str]) -> Json:
    collected = day_of(subject.get("collected", ""))
    kind = shown(subject.get("specimen", ""))
    label = shown(subject.get("accession", "")) or shown(scribe.assessment.sample)
    return made(
        "Specimen",
        id=scribe.name("Specimen"),
        identifier=[{"value": label}] if label else None,
        type=concept(None, kind),
        subject=scribe.to("Patient"),
        collection={"collectedDateTime": collected} if collected else None,
    )


def _device(scribe: Scribe) -> Json:
    """The program and the edition of its knowledge."""
    stamp = scribe.assessment.provenance
    name, _, version = stamp.program.partition(" ")
    versions = {
        "program": version or name,
        "knowledge edition": stamp.knowledge.version,
        "knowledge SHA-256": stamp.knowledge.sha256,
        "knowledge as of": stamp.knowledge.as_of,
    }
    return made(
        "Device",
        id=scribe.name("Device"),
        deviceName=[{"name": shown(name), "type": "model-name"}],
        type=concept(None, "Software that interprets pharmacogenetic results; not a medical device"),
        version=[{"type": concept(None, kind), "value": shown(value)} for kind, value in versions.items() if value],
    )


def report(scribe: Scribe, results: Sequence[Json], proposals: Sequence[Json]) -> Json:
    """The DiagnosticReport."""
    person, subject = scribe.assessment, stated_subject(scribe.assessment)
    interpreter = shown(subject.get("interpreted_by", ""))
    actions = [extension("recommended-action", valueReference=_to(each)) for each in proposals]
    said = [_note("test-methodology", text) for text in _methods(person)]
    said += [_note("test-disclaimer", text) for text in _limits(person)]
    return made(
        "DiagnosticReport",
        id=scribe.name("DiagnosticReport"),
        meta={"profile": [f"{PROFILES}genomic-report"]},
        extension=[*actions, *said],
        status="final",
        category=[scribe.term("category", "genetics")],
        code=scribe.term("resource", "report"),
        subject=scribe.to("Patient"),
        effectiveDateTime=scribe.taken,
        issued=person.run.created,
        performer=list(scribe.performer),
        resultsInterpreter=[{"display": interpreter}] if interpreter else None,
        specimen=[scribe.to("Specimen")],
        result=[_to(each) for each in results],
        conclusion=" ".join(_conclusion(person)),
    )


def _to(resource: Json) -> Json:
    return {"reference": f"urn:uuid:{resource['id']}"}


def _note(kind: str, text: str) -> Json:
    code = extension("annotation-code", valueCodeableConcept={"coding": [{"system": _NOTES, "code": kind}]})
    return extension("genomic-report-note", valueAnnotation={"extension": [code], "text": shown(text)})


def _conclusion(person: Assessment) -> Iterator[str]:
    """What was found and, first of all, what was not."""
    called = [gene for gene in person.genes if gene.status != "undetermined"]
    yield f"Pharmacogenetic results: {plural(len(called), 'gene')} of {len(person.genes)} with a result."
    missing = [f"{gene.gene} ({reason_words(gene.reason)})" for gene in person.genes if gene.status == "undetermined"]
    if missing:
        yield f"Not determined, which does not mean normal: {joined(missing)}."
    doubtful = [gene.gene for gene in called if gene.phenotype is not None and not gene.phenotype_certain]
    if doubtful:
        yield f"Not certain: {joined(doubtful)}; see what else is possible."


def _methods(person: Assessment) -> Iterator[str]:
    """What the results rest on."""
    stamp = person.provenance
    knowledge, source = stamp.knowledge, stamp.input
    signed = f", signed by {knowledge.signed_by}" if knowledge.signed_by else ", not signed by a pharmacist"
    yield (
        f"{stamp.program}, knowledge {knowledge.version} as of {knowledge.as_of}, checked {knowledge.checked_on}"
        f"{signed}, SHA-256 {knowledge.sha256}."
    )
    yield (
        f"Input {source.name}, build {source.build or 'not stated'}, read by {source.reader or 'not stated'}; evidence "
        f"SHA-256 {source.evidence_sha256}; result SHA-256 {person.result_sha256}."
    )
    counts = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in stamp.positions.items())
    if counts:
        yield f"Positions: {counts}. A position that was not called was not counted as normal."
    facts = {key: value for key, value in person.subject.items() if key not in _PLACED and value.strip()}
    medication = _texts(stamp.options.get("medication"))
    if facts or medication:
        told = [f"{key.replace('_', ' ')} {value}" for key, value in facts.items()] + [f"takes {m}" for m in medication]
        yield f"Stated of the patient: {'; '.join(told)}."


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()


def _limits(person: Assessment) -> Iterable[str]:
    """What the reader must know of the reading and of the whole, each once."""
    notices = (*person.provenance.notices, *person.run.notices)
    return dict.fromkeys((NOT_A_DEVICE, ONLY_KNOWN, *(sentence(notice.message) for notice in notices)))


def provenance(scribe: Scribe, target: Json) -> Json:
    """What was made of what, by what, and when."""
    stamp = scribe.assessment.provenance
    of = {
        shown(stamp.input.name) or "input": stamp.input.file_sha256 or stamp.input.evidence_sha256,
        f"knowledge {shown(stamp.knowledge.version)}": stamp.knowledge.sha256,
    }
    return made(
        "Provenance",
        id=scribe.name("Provenance"),
        target=[_to(target)],
        recorded=scribe.assessment.run.created,
        agent=[{"who": scribe.to("Device")}],
        entity=[{"role": "source", "what": stated(identifier=_digest(sha), display=name)} for name, sha in of.items()],
    )


def _digest(sha256: str) -> Json:
    return {"type": concept(None, "SHA-256"), "value": sha256} if sha256 else {}
