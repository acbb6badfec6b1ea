"""Advice of an assessment as therapeutic implications, one for each row of a source, and one proposal for each drug.

Nothing is advised here: an implication carries a row of guidance as the assessment has it, a proposal the answer that
was made of all of them.  What a model predicted is no part of an assessment, and of no message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from starling.assessment import DrugResult, GeneResult, Recommendation
from starling.exchange.fhir.parts import PROFILES, Json, Scribe, concept, made, notes, stated
from starling.report.wording import condition_text, with_dose
from starling.report.words import action_words, disagreement_words, open_words, sentence, strength_words, test_words
from starling.values import dataclass

#: What changes nothing in how the drug is given: no proposal is made.
_USUAL: Final = frozenset({None, "standard", "no_recommendation"})
_ARTIFACT: Final = "http://hl7.org/fhir/StructureDefinition/workflow-relatedArtifact"
_PUBMED: Final = "https://pubmed.ncbi.nlm.nih.gov/"
#: What the input of a proposal that names another medicine is called.
ALTERNATIVE: Final = "Alternative medication"


@dataclass(frozen=True, slots=True, eq=False)
class _Answered:
    """A drug, and the genes of the assessment by name."""

    drug: DrugResult
    genes: Mapping[str, GeneResult]

    def rows(self) -> Iterator[tuple[str, Recommendation]]:
        """The rows that rest on a result, each with its number."""
        for number, row in enumerate(self.drug.recommendations):
            if any(gene in self.genes for gene in row.genes):
                yield str(number), row


def drug_resources(scribe: Scribe, drug: DrugResult, genes: Mapping[str, GeneResult]) -> Iterator[Json]:
    """The implications of a drug, then the proposal, if there is something to do."""
    answered = _Answered(drug, genes)
    for number, row in answered.rows():
        yield _implication(scribe, answered, number, row)
    if drug.status == "advice" and drug.headline_action not in _USUAL:
        yield _proposal(scribe, answered)


def _implication(scribe: Scribe, answered: _Answered, number: str, row: Recommendation) -> Json:
    looked_up = [gene for gene in row.genes if gene in answered.genes]
    return scribe.observation(
        "therapeutic-implication",
        "therapeutic implication",
        row.drug,
        number,
        extension=list(_sources(row)),
        note=notes(sentence(note.message) for note in row.notes),
        derivedFrom=[scribe.to("genotype", gene, display=gene) for gene in looked_up],
        component=list(_components(scribe, answered, row)),
    )


def _components(scribe: Scribe, answered: _Answered, row: Recommendation) -> Iterator[Json]:
    medicine = concept(scribe.codes.rxnorm(row.drug), row.drug)
    yield scribe.part("medication", valueCodeableConcept=medicine)
    for gene, key in row.genes.items():
        yield scribe.part("therapeutic implication", valueCodeableConcept=_meant(scribe, answered, row, gene, key))
    strength = strength_words(row.strength)
    if strength:
        level = concept(None, f"{row.source}, strength of the recommendation: {strength}")
        yield scribe.part("evidence level", valueCodeableConcept=level)
    if row.population:
        yield scribe.part("treatment context", valueCodeableConcept=concept(None, row.population))
    yield scribe.part("conclusion", valueString=" ".join(_conclusion(row)))


def _meant(scribe: Scribe, answered: _Answered, row: Recommendation, gene: str, key: str) -> Json:
    """By what a row was looked up: coded when it is a term and nothing speaks against the result."""
    result = answered.genes.get(gene)
    is_certain = result is not None and result.phenotype_certain and not result.conflict
    by = f", with {result.adjusted.by}" if row.phenotype_used == "adjusted" and result and result.adjusted else ""
    return concept(scribe.codes.term("phenotype", key) if is_certain else None, f"{gene} {key}{by}")


def _conclusion(row: Recommendation) -> Iterator[str]:
    """The row as sentences: what the source says, why, and when it says otherwise."""
    yield sentence(f"{row.source}: {with_dose(row)}")
    if row.advice.detail:
        yield sentence(row.advice.detail)
    yield from (sentence(each) for each in row.implications)
    conditions = (*row.advice.conditions, *([row.advice.fallback] if row.advice.fallback else []))
    yield from (sentence(condition_text(each)) for each in conditions)


def _sources(row: Recommendation) -> Iterator[Json]:
    """The guideline, and where it was published."""
    dated = f", text of {row.text_as_of}" if row.text_as_of else ""
    named = stated(type="citation", label=row.source, citation=f"{row.guideline}{dated}, checked {row.checked_on}")
    yield {"url": _ARTIFACT, "valueRelatedArtifact": named}
    for pmid in row.pmids:
        yield {"url": _ARTIFACT, "valueRelatedArtifact": stated(type="citation", label=pmid, url=_PUBMED + pmid)}


def _proposal(scribe: Scribe, answered: _Answered) -> Json:
    """What is proposed for a drug as a whole: a task that somebody may take up, never an order."""
    drug = answered.drug
    action = drug.headline_action or ""
    asks_for_test = action == "test_further"
    code = None if drug.is_asking else scribe.codes.term("action", action)
    return made(
        "Task",
        id=scribe.name("Task", drug.drug),
        meta={"profile": [PROFILES + ("followup-recommendation" if asks_for_test else "medication-recommendation")]},
        status="requested",
        intent="proposal",
        code=concept(code, action_words(action).word) if code else None,
        description=" ".join(_described(drug)),
        for_=scribe.to("Patient"),
        authoredOn=scribe.assessment.run.created,
        requester=scribe.to("Device"),
        reasonReference=_reason(scribe, answered),
        note=notes(_beside(drug)),
        input=list(_alternatives(scribe, drug)),
    )


def _described(drug: DrugResult) -> Iterator[str]:
    yield f"{drug.drug}: {'ask first' if drug.is_asking else action_words(drug.headline_action).word}."
    if drug.answer:
        yield sentence(drug.answer)
    elif drug.recommendations:
        yield sentence(with_dose(drug.recommendations[0]))
    if drug.test_first:
        yield f"To be tested first: {test_words(drug.test_first, 1)}."


def _reason(scribe: Scribe, answered: _Answered) -> Json | None:
    """The row that says what is proposed; where none does alone, the first."""
    rows = list(answered.rows())
    leading = [number for number, row in rows if row.action == answered.drug.headline_action]
    number = next(iter([*leading, *(number for number, _ in rows)]), None)
    return None if number is None else scribe.to("therapeutic-implication", answered.drug.drug, number)


def _beside(drug: DrugResult) -> Iterator[str]:
    """What the proposal must be read with."""
    if drug.harm is not None:
        harm = drug.harm
        yield f"At stake: {harm.what} ({harm.level}), with {harm.gene} {harm.result} [{harm.source}]."
    yield from map(open_words, drug.conditions_open)
    if drug.disagreement is not None:
        yield sentence(disagreement_words(drug.disagreement))
    yield from (sentence(medicine.text) for medicine in drug.medicines)
    yield from (sentence(f"{each.drug}: {each.why}") for each in drug.alternatives if not each.offered and each.why)
    yield from (sentence(note.message) for note in drug.notes)


def _alternatives(scribe: Scribe, drug: DrugResult) -> Iterable[Json]:
    """Each medicine that is still proposed instead, with what its own check gave."""
    for each in drug.alternatives:
        if each.offered:
            words = f"{each.drug} ({each.why.rstrip('.')})" if each.why else each.drug
            value = concept(scribe.codes.rxnorm(each.drug), words)
            yield {"type": concept(None, ALTERNATIVE), "valueCodeableConcept": value}
