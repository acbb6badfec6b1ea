"""From gene results to one answer for every drug: all guidelines, all populations, every source side by side.

`Advisor` indexes the rules once and answers for one patient after another; `recommend` is the same as a function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from starling.assessment import DrugResult, GeneResult, Recommendation
from starling.definitions import Drug, GuidanceRules, Inhibitor
from starling.guidance.advising import advise
from starling.guidance.conversion import (
    ADJUSTED_GENE,
    BRANCH_ON_INHIBITORS,
    adjust,
    inhibitions,
    strongest,
)
from starling.guidance.flows import FLOWS
from starling.guidance.flows.answer import FlowAnswer
from starling.guidance.lookup import Block, index
from starling.guidance.remarks import medicine_notices, relevant_genes, unlisted
from starling.guidance.standing import Standing, adjusted_standing, standing_of
from starling.guidance.summary import SUPERSEDED, summarise
from starling.values import dataclass, replace
from starling.vocabulary import Notice

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
#: Answers kept for the next patient with the same results; emptied when full.
_KEPT_ANSWERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Patient:
    """Everything about one patient that an answer depends on."""

    results: Mapping[str, GeneResult]
    standings: Mapping[str, Standing]
    subject: Mapping[str, str]
    medication: tuple[str, ...]
    taken: tuple[Inhibitor, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One drug for one patient: the standings that count for it, the genetic ones, and notices by gene."""

    standings: Mapping[str, Standing]
    genetic: Mapping[str, Standing]
    notices: Mapping[str, tuple[Notice, ...]]

    def of(self, genes: Iterable[str]) -> tuple[Notice, ...]:
        """What to say of the medicines that matter for `genes`, each once."""
        return tuple(dict.fromkeys(notice for gene in dict.fromkeys(genes) for notice in self.notices.get(gene, ())))


class Advisor:
    """The rules, indexed: every call answers for all drugs, in drug order.

    Answers are pure functions of their input; those already given are kept, since patients share results.
    """

    def __init__(self, rules: GuidanceRules) -> None:
        self._rules = rules
        self._blocks = index(rules)
        self._genes = {drug: _genes_of(blocks) for drug, blocks in self._blocks.items()}
        self._unknown = {gene: Standing(gene) for blocks in self._blocks.values() for b in blocks for gene in b.genes}
        self._guidelines = {each.id: each for each in rules.guidelines}
        self._by_diplotype = {drug: _genes_by_diplotype(blocks) for drug, blocks in self._blocks.items()}
        self._known: dict[Standing, Standing] = {}
        self._without: dict[Standing, Standing] = {}
        #: by identity, beside the result itself: while it is kept no other can have its identity
        self._standings: dict[int, tuple[GeneResult, Standing]] = {}
        self._answers: dict[tuple[object, ...], DrugResult] = {}

    def recommend(
        self,
        results: Sequence[GeneResult],
        *,
        medication: Sequence[str] = (),
        subject: Mapping[str, str] = _NOTHING,
        sources: Sequence[str] = (),
    ) -> tuple[DrugResult, ...]:
        """What each source advises for every drug, given all gene results, other medicines and who the patient is.

        `medication` holds ingredient names; `sources` restricts to CPIC, DPWG or FDA (empty: all).
        """
        patient = self._patient(results, medication, subject)
        wanted = frozenset(source.upper() for source in sources)
        return tuple(self._answer(drug, patient, wanted) for drug in self._rules.drugs)

    def genes_for(self, drug: str) -> tuple[str, ...]:
        """Every gene whose result the answer for a drug may depend on, whatever other medicines are taken."""
        flow = self._guidelines.get(FLOWS[drug].guideline) if drug in FLOWS else None
        named = relevant_genes(drug, self._blocks[drug], flow.genes if flow is not None else ())
        return tuple(dict.fromkeys((*self._genes[drug], *named)))

    def answer(
        self,
        drug: Drug,
        results: Sequence[GeneResult],
        *,
        medication: Sequence[str] = (),
        subject: Mapping[str, str] = _NOTHING,
        sources: Sequence[str] = (),
    ) -> DrugResult:
        """What each source advises for one drug; `results` of `genes_for(drug)` (and CYP2D6 with a medication) do."""
        wanted = frozenset(source.upper() for source in sources)
        return self._answer(drug, self._patient(results, medication, subject), wanted)

    def _patient(
        self, results: Sequence[GeneResult], medication: Sequence[str], subject: Mapping[str, str]
    ) -> _Patient:
        if max(len(self._answers), len(self._standings)) > _KEPT_ANSWERS:
            self._answers.clear()
            self._known.clear()
            self._without.clear()
            self._standings.clear()
        standings = {**self._unknown, **{result.gene: self._standing(result) for result in results}}
        names = {name.strip().casefold() for name in medication}
        taken = tuple(
            row
            for row in self._rules.inhibitors
            if names and not names.isdisjoint((row.ingredient.casefold(), *map(str.casefold, row.names)))
        )
        return _Patient({each.gene: each for each in results}, standings, subject, tuple(medication), taken)

    def _answer(self, drug: Drug, patient: _Patient, wanted: frozenset[str]) -> DrugResult:
        if patient.taken or drug.name in FLOWS:
            return self._answer_afresh(drug, patient, wanted)
        key = (drug.name, wanted, *(self._key(drug.name, gene, patient) for gene in self._genes[drug.name]))
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._answer_afresh(drug, patient, wanted)
        return answer

    def _standing(self, result: GeneResult) -> Standing:
        """One value for equal standings, so that they are compared by identity."""
        known = self._standings.get(id(result))
        if known is None or known[0] is not result:
            standing = standing_of(result)
            known = self._standings[id(result)] = (result, self._known.setdefault(standing, standing))
        return known[1]

    def _key(self, drug: str, gene: str, patient: _Patient) -> int:
        """What tells standings of a gene apart, for this drug: the diplotype only where a row or a remark names it."""
        standing = patient.standings.get(gene)
        if standing is None or gene in self._by_diplotype[drug] or (standing.term is None and not standing.candidates):
            return id(standing)
        plain = self._without.get(standing)
        if plain is None:
            reduced = replace(standing, diplotypes=())
            plain = self._without[standing] = self._known.setdefault(reduced, reduced)
        return id(plain)

    def _answer_afresh(self, drug: Drug, patient: _Patient, wanted: frozenset[str]) -> DrugResult:
        asked = self._ask(drug, patient)
        missing: set[str] = set()
        answered: list[tuple[Block, list[Recommendation]]] = []
        for block in self._blocks[drug.name]:
            if not wanted or block.guideline.source in wanted:
                missing.update(block.missing(asked.standings))
                answered.append((block, self._given(block, asked)))
        flow = self._flow(drug, patient, asked, wanted)
        given = [*flow.recommendations, *(each for _, rows in answered for each in rows)]
        notes = (*unlisted(answered, asked.standings), *_unsaid(asked, given))
        return summarise(drug.name, given, missing.union(flow.genes_missing), notes)

    def _flow(self, drug: Drug, patient: _Patient, asked: _Asked, wanted: frozenset[str]) -> FlowAnswer:
        """What the drug's flow answers, with the other medicines that matter for its genes; nothing without a flow."""
        flow = FLOWS.get(drug.name)
        guideline = self._guidelines.get(flow.guideline) if flow is not None else None
        if flow is None or guideline is None or (wanted and guideline.source not in wanted):
            return FlowAnswer(())
        answer = flow.advise(drug.name, guideline, patient.results, patient.subject)
        noted = (replace(each, notes=(*each.notes, *asked.of(guideline.genes))) for each in answer.recommendations)
        return FlowAnswer(tuple(noted), answer.genes_missing)

    def _given(self, block: Block, asked: _Asked) -> list[Recommendation]:
        """Recommendations under the adjusted phenotype first; the genetic one beside it where the action differs."""
        population = self._rules.populations.get(block.population, block.population)
        counting = advise(block, asked.standings, population)
        if asked.standings is asked.genetic and not asked.notices:
            return list(counting)
        given = list(counting)
        if any(asked.standings[gene] is not asked.genetic[gene] for gene in block.genes):
            actions = {each.action for each in counting}
            genetic = advise(block, asked.genetic, population)
            given += [replace(each, notes=(*each.notes, SUPERSEDED)) for each in genetic if each.action not in actions]
        notices = asked.of((*block.genes, *block.guideline.genes, *relevant_genes(block.drug, ())))
        return [replace(each, notes=(*each.notes, *notices)) for each in given] if notices else given

    def _ask(self, drug: Drug, patient: _Patient) -> _Asked:
        """The standings that count while the other medicines are taken, and what to say about those medicines."""
        genetic = patient.standings
        found = inhibitions(drug.name, patient.medication, patient.taken) if patient.taken else ()
        if not found:
            return _Asked(genetic, genetic, {})
        result, counted = patient.results.get(ADJUSTED_GENE), strongest(found)
        rules = self._rules.phenotypes.get(ADJUSTED_GENE)
        adjusted = None
        if result is not None and rules is not None and drug.name not in BRANCH_ON_INHIBITORS:
            adjusted = adjust(result, counted, rules)
        flow = self._guidelines.get(FLOWS[drug.name].guideline) if drug.name in FLOWS else None
        relevant = relevant_genes(drug.name, self._blocks[drug.name], flow.genes if flow else ())
        said = medicine_notices(drug.name, found, applied=counted if adjusted else None)
        notices = {gene: said[gene] for gene in relevant if gene in said}
        if adjusted is None or rules is None or counted is None:
            return _Asked(genetic, genetic, notices)
        standing = adjusted_standing(genetic[ADJUSTED_GENE], adjusted, counted.factor, rules)
        return _Asked({**genetic, ADJUSTED_GENE: standing}, genetic, notices)


def recommend(
    results: Sequence[GeneResult],
    rules: GuidanceRules,
    *,
    medication: Sequence[str] = (),
    subject: Mapping[str, str] = _NOTHING,
    sources: Sequence[str] = (),
) -> tuple[DrugResult, ...]:
    """What each source advises for every drug; for several patients keep an `Advisor` instead."""
    return Advisor(rules).recommend(results, medication=medication, subject=subject, sources=sources)


def _unsaid(asked: _Asked, given: Sequence[Recommendation]) -> tuple[Notice, ...]:
    """What no recommendation says of the other medicines."""
    said = {notice for each in given for notice in each.notes}
    return tuple(notice for notice in asked.of(asked.notices) if notice not in said)


def _genes_by_diplotype(blocks: Sequence[Block]) -> frozenset[str]:
    """The genes of which some row names a diplotype."""
    return frozenset(
        key.gene for block in blocks for row in block.rows.values() for key in row.when if key.is_diplotype
    )


def _genes_of(blocks: Sequence[Block]) -> tuple[str, ...]:
    """Every gene on which the answer for a drug depends, those that are only named included."""
    return tuple(dict.fromkeys(gene for block in blocks for gene in (*block.genes, *block.guideline.genes)))
