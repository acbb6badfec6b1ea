"""From gene results to one answer for every drug: all guidelines, all populations, every source side by side.

`Advisor` indexes the rules once and answers for one patient after another; `recommend` is the same as a function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeVar

from starling.assessment import DrugResult, GeneResult, MedicineEffect, Recommendation
from starling.condition_keys import classes_in, either_of, parse_condition
from starling.definitions import (
    SERIOUS,
    Drug,
    GuidanceRules,
    Guideline,
    Inhibitor,
    KnownHarm,
    Medicine,
    RequiredTest,
    StatedLimit,
)
from starling.guidance.advising import advise
from starling.guidance.asking import open_conditions
from starling.guidance.conditions import Decider, decided, limits_of, told_by, unsaid_limits
from starling.guidance.conversion import Inhibition, adjust, inhibitions, of_classes, strongest
from starling.guidance.effects import Applied, medicine_effects
from starling.guidance.facts import DECIDING, NOTHING, Facts, facts_of
from starling.guidance.flows import FLOWS
from starling.guidance.flows.answer import FlowAnswer
from starling.guidance.harm import NO_HARM, Grave, grave_results, with_harm
from starling.guidance.indicated import names_indication, set_back
from starling.guidance.lookup import Block, index
from starling.guidance.memory import KEPT_ANSWERS, AnswerKey, Memory, Numbered
from starling.guidance.mutual import Mutual, mutual, parts_of
from starling.guidance.remarks import (
    Enzymes,
    enzymes_of,
    medicine_notices,
    unlisted,
    untested,
    untested_notice,
)
from starling.guidance.standing import Standing, adjusted_standing
from starling.guidance.summary import SUPERSEDED, Given, summarise, unadvised
from starling.guidance.uninformative import set_aside, uninformative
from starling.values import dataclass, field, replace
from starling.vocabulary import Notice

#: what is stated of one drug
Row = TypeVar("Row", RequiredTest, KnownHarm, StatedLimit)

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Plan:
    """One drug: its tables, the guideline of its flow, and the genes on which its answer depends.

    `asked`: genes that tables ask for or name, and whether a diplotype decides.  `kind`: equal for drugs that ask
    alike.  `relevant`: genes whose enzymes matter for the drug.  `tests`: what authorities ask for before it is given.
    `harms`: what is at stake with it, by result; `grave`: the results with which it threatens life.
    `usual`: genes with a result that does not help.
    `limits`: what labels and guidelines say of it whatever the genotype.
    """

    drug: Drug
    blocks: tuple[Block, ...]
    flow: Guideline | None
    asked: tuple[tuple[str, bool], ...]
    kind: int
    relevant: tuple[str, ...]
    tests: tuple[RequiredTest, ...]
    harms: tuple[KnownHarm, ...] = ()
    grave: Grave = NO_HARM
    usual: tuple[str, ...] = ()
    limits: tuple[StatedLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class _Patient:
    """Everything about one patient that an answer depends on; `keys`: the numbers of the standings, by kind of plan."""

    results: Mapping[str, GeneResult]
    numbered: Mapping[str, Numbered]
    standings: Mapping[str, Standing]
    subject: Mapping[str, str]
    medicines: tuple[Medicine, ...]
    taken: tuple[Inhibitor, ...]
    facts: Facts
    wanted: frozenset[str]
    memory: Memory
    keys: dict[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def is_particular(self) -> bool:
        """Whether more than standings may decide what is said."""
        return bool(self.facts.is_stated or self.medicines or self.subject)

    def key(self, plan: _Plan) -> AnswerKey:
        """What tells patients apart for this drug."""
        numbers = self.keys.get(plan.kind)
        if numbers is None:
            known = [(self.numbered.get(gene), exact) for gene, exact in plan.asked]
            numbers = tuple([0 if each is None else each.exact if exact else each.plain for each, exact in known])
            self.keys[plan.kind] = numbers
        if plan.flow is not None:  # which looks at the results themselves; the memory keeps them
            numbers = (*numbers, *(id(self.results.get(gene)) for gene in plan.flow.genes))
        return plan.drug.name, self.wanted, numbers


@dataclass(frozen=True, slots=True)
class _Asked:
    """One drug for one patient: the standings that count for it, the genetic ones, and notices by gene.

    `found`: what the other medicines do to enzymes.
    """

    standings: Mapping[str, Standing]
    genetic: Mapping[str, Standing]
    notices: Mapping[str, tuple[Notice, ...]]
    found: Sequence[Inhibition] = ()

    def of(self, genes: Iterable[str]) -> tuple[Notice, ...]:
        """What to say of the medicines that matter for `genes`, each once."""
        return tuple(dict.fromkeys(notice for gene in dict.fromkeys(genes) for notice in self.notices.get(gene, ())))


class Advisor:
    """The rules, indexed: every call answers for all their drugs, in their order.  Threads may share one.

    `rules` may be those of some drugs only.  Answers are pure functions of their input; `kept` of those already given
    are kept, since patients share results.
    """

    def __init__(self, rules: GuidanceRules, *, kept: int = KEPT_ANSWERS) -> None:
        self._rules = rules
        self._plans = _plans(rules)
        self._unknown = {
            gene: Standing(gene)
            for gene in (
                *(gene for plan in self._plans.values() for block in plan.blocks for gene in block.genes),
                *(test.gene for plan in self._plans.values() for test in plan.tests),
                *(gene for _, gene, _ in rules.condition_genes),
            )
        }
        self._enzymes = enzymes_of(rules.phenotypes)
        self._limits = _by_drug(rules.limits)
        self._kept = kept
        self._memory = Memory(kept)

    @property
    def adjusted_genes(self) -> tuple[str, ...]:
        """The genes whose results answers also depend on when other medicines are taken."""
        return self._enzymes.adjusted

    def genes_for(self, drug: str) -> tuple[str, ...]:
        """Every gene whose result the answer for a drug may depend on, whatever other medicines are taken."""
        plan = self._plans[drug]
        return tuple(dict.fromkeys((*(gene for gene, _ in plan.asked), *plan.relevant)))

    def asks_facts(self, drug: str) -> bool:
        """Whether anything stated of a patient beside other medicines can decide what is said of the drug."""
        return drug in FLOWS or not self.clauses(drug).isdisjoint(DECIDING)

    def clauses(self, drug: str) -> frozenset[str]:
        """The names of the clauses (`age`, `pregnant`, ...) on which something that is said of the drug depends."""
        plan = self._plans[drug]
        populations = (self._rules.population_keys.get(block.population, "") for block in plan.blocks)
        keys = {key for population in populations for key in either_of(population)}
        keys |= {each.key for block in plan.blocks for row in block.table.rows for each in row.advice.conditions}
        keys |= {each.key for each in plan.limits}
        keys |= {known.unless for gene in plan.usual if (known := self._rules.phenotypes[gene].uninformative)}
        return frozenset(clause.name for key in keys if key for clause in parse_condition(key))

    def recommend(
        self,
        results: Sequence[GeneResult],
        *,
        medication: Sequence[str | Medicine] = (),
        subject: Mapping[str, str] = _NOTHING,
        sources: Sequence[str] = (),
    ) -> tuple[DrugResult, ...]:
        """What each source advises for every drug, given all gene results, other medicines and who the patient is.

        `medication` holds ingredient names, or medicines as they were stated; `sources` restricts to CPIC, DPWG or FDA
        (empty: all).
        """
        return self.answers(self._rules.drugs, results, medication=medication, subject=subject, sources=sources)

    def answers(
        self,
        drugs: Iterable[Drug],
        results: Sequence[GeneResult],
        *,
        medication: Sequence[str | Medicine] = (),
        subject: Mapping[str, str] = _NOTHING,
        sources: Sequence[str] = (),
    ) -> tuple[DrugResult, ...]:
        """What each source advises for these drugs; results of their `genes_for`, with medicines `adjusted_genes`, do.

        Raises: KeyError, the caller's, when the rules are not about one of the drugs.
        """
        patient = self._patient(results, medication, subject, sources)
        answer = self._answer_afresh if patient.is_particular else self._answer
        return tuple([answer(self._plans[drug.name], patient) for drug in drugs])

    def _patient(
        self,
        results: Sequence[GeneResult],
        medication: Sequence[str | Medicine],
        subject: Mapping[str, str],
        sources: Sequence[str],
    ) -> _Patient:
        memory = self._memory
        if memory.is_full:
            memory = self._memory = Memory(self._kept)
        numbered = {result.gene: memory.numbered(result) for result in results}
        medicines = tuple(each if isinstance(each, Medicine) else Medicine(each, (each,)) for each in medication)
        taken = self._taken(medicines) if medicines else ()
        return _Patient(
            results={each.gene: each for each in results},
            numbered=numbered,
            standings={**self._unknown, **{gene: each.standing for gene, each in numbered.items()}},
            subject=subject,
            medicines=medicines,
            taken=taken,
            facts=facts_of(subject, medicines, taken, self._rules.indications) if subject or medicines else NOTHING,
            wanted=frozenset([source.upper() for source in sources]),
            memory=memory,
        )

    def _taken(self, medicines: Sequence[Medicine]) -> tuple[Inhibitor, ...]:
        substances = [name for each in medicines for name in each.substances]
        names = {name.strip().casefold() for name in substances}
        known = (
            row
            for row in self._rules.inhibitors
            if not names.isdisjoint((row.ingredient.casefold(), *map(str.casefold, row.names)))
        )
        return (*known, *of_classes(substances, self._rules.inhibitors))

    def _answer(self, plan: _Plan, patient: _Patient) -> DrugResult:
        """The answer of somebody in no way particular, kept where nothing but standings decides it."""
        key, answers = patient.key(plan), patient.memory.answers
        answer = answers.get(key)
        return answers.setdefault(key, self._answer_afresh(plan, patient)) if answer is None else answer

    def _answer_afresh(self, plan: _Plan, patient: _Patient) -> DrugResult:
        asked = self._ask(plan, patient)
        decider = Decider(plan.drug.name, patient.facts, asked.standings)
        missing: set[str] = set()
        answered: list[tuple[Block, list[Recommendation]]] = []
        undecided: list[Recommendation] = []
        for_others: list[Block] = []
        for block in plan.blocks:
            if self._is_for_others(block, decider):
                for_others.append(block)
            elif not patient.wanted or block.guideline.source in patient.wanted:
                missing.update(block.missing(asked.standings))
                rows = self._given(plan, block, asked)
                undecided += rows
                answered.append((block, [decided(each, decider) for each in rows]))
        flow = _flow(plan, patient, asked)
        given = [*flow.recommendations, *(each for _, rows in answered for each in rows)]
        if plan.drug.name in FLOWS:
            given = [FLOWS[plan.drug.name].restrain(each, patient.subject) for each in given]
        if plan.limits:
            given += unsaid_limits(given, limits_of(plan.limits, decider))
        beyond = self._mutual(plan, patient, decider) if patient.medicines else Mutual()
        given += beyond.rows
        if "indication" in patient.facts.words:
            named = [decided(each, decider) for each in undecided if names_indication(each, decider)]
            given = set_back(given, named)
        if plan.usual:
            given = set_aside(given, uninformative(plan.usual, decider, self._rules.phenotypes))
        beside = (*_looked_at(plan.drug, patient.wanted), *self._left_out(for_others))
        answer = self._summarised(plan, asked, answered, given, missing.union(flow.genes_missing), beside)
        asks = open_conditions(given, plan.limits, decider, answer.headline_action)
        effects: tuple[MedicineEffect, ...] = ()
        if patient.medicines:
            told = {**beyond.told, **told_by(undecided, plan.limits, decider, answer.headline_action)}
            keys = [each.key for row in undecided for each in row.advice.conditions]
            classes = classes_in([*keys, *(each.key for each in plan.limits)])
            effects = medicine_effects(patient.medicines, _applied(plan, asked, told, self._enzymes, classes))
        if not asks and not effects:
            return answer
        # nothing usual over a danger that is open
        headline = "test_further" if asks and answer.headline_action == "standard" else answer.headline_action
        return replace(answer, headline_action=headline, conditions_open=asks, medicines=effects)

    def _mutual(self, plan: _Plan, patient: _Patient, decider: Decider) -> Mutual:
        """What the labels of the other medicines say of the drug, beside what its own say of them."""
        drug = plan.drug.name
        grave = [each for each in plan.limits if each.action in SERIOUS and decider.decide(each.key)]
        return mutual(
            drug,
            patient.medicines,
            (*patient.taken, *self._taken([Medicine(drug, (drug, *parts_of(drug)))])),
            self._limits,
            patient.standings,
            readable=self._enzymes.adjusted,
            known={name for each in grave for name in decider.taken(each.key)},
        )

    def _summarised(
        self,
        plan: _Plan,
        asked: _Asked,
        answered: list[tuple[Block, list[Recommendation]]],
        given: list[Recommendation],
        missing: set[str],
        beside: tuple[Notice, ...],
    ) -> DrugResult:
        """One answer of all that was given."""
        if plan.drug.unadvised and not given:
            return unadvised(plan.drug)
        tests = untested(plan.tests, plan.blocks, asked.genetic)
        said = (*map(untested_notice, tests), *unlisted(answered, asked.standings), *_unsaid(asked, given))
        found = Given(
            drug=plan.drug.name,
            rows=given,
            answered=answered,
            standings=asked.standings,
            missing=missing,
            untested=tests,
            notes=(*said, *beside),
            grave=plan.grave,
        )
        return with_harm(summarise(found), plan.harms, asked.standings)

    def _is_for_others(self, block: Block, decider: Decider) -> bool:
        """Whether the table speaks of a population (children, an indication) that the patient is known not to be of."""
        known = self._rules.population_keys.get(block.population, "")
        return bool(known) and all(decider.decide(key) is False for key in either_of(known))

    def _left_out(self, for_others: Iterable[Block]) -> Iterator[Notice]:
        """One notice for each population of a guideline whose advice is left out because it concerns others."""
        for source, population in dict.fromkeys((each.guideline.source, each.population) for each in for_others):
            whom = self._rules.populations.get(population, population)
            yield Notice("OTHER_POPULATION", f"{source}: what it says of {whom} does not concern this patient.")

    def _given(self, plan: _Plan, block: Block, asked: _Asked) -> list[Recommendation]:
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
        notices = asked.of((*block.genes, *block.guideline.genes, *plan.drug.other_enzymes))
        return [replace(each, notes=(*each.notes, *notices)) for each in given] if notices else given

    def _ask(self, plan: _Plan, patient: _Patient) -> _Asked:
        """The standings that count while the other medicines are taken, and what to say about those medicines."""
        genetic = patient.standings
        names = [name for each in patient.medicines for name in each.substances]
        found = inhibitions(plan.drug.name, names, patient.taken) if patient.taken else ()
        if not found:
            return _Asked(genetic, genetic, {})
        adjusted = dict(self._adjusted(plan.drug, patient, found))
        said = medicine_notices(plan.drug, found, self._enzymes, adjusted)
        notices = {gene: said[gene] for gene in plan.relevant if gene in said}
        return _Asked({**genetic, **adjusted} if adjusted else genetic, genetic, notices, found)

    def _adjusted(self, drug: Drug, patient: _Patient, found: Sequence[Inhibition]) -> Iterator[tuple[str, Standing]]:
        """Every gene whose phenotype the other medicines change, as it then stands."""
        for gene in self._enzymes.adjusted:
            result, counted, rules = patient.results.get(gene), strongest(found, gene), self._rules.phenotypes[gene]
            if result is None or counted is None or gene in drug.branches_on:
                continue
            adjusted = adjust(result, counted, rules)
            if adjusted is not None:
                yield gene, adjusted_standing(patient.standings[gene], adjusted, counted.factor, rules)


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


def _by_drug(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each drug."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.drug, []).append(row)
    return found


def _plans(rules: GuidanceRules) -> dict[str, _Plan]:
    """What answers for each drug of the rules."""
    blocks, guidelines = index(rules), {each.id: each for each in rules.guidelines}
    kinds: dict[tuple[tuple[str, bool], ...], int] = {}
    plans: dict[str, _Plan] = {}
    deciding: dict[str, list[tuple[str, bool]]] = {}
    for drug_name, gene, by_diplotype in rules.condition_genes:
        deciding.setdefault(drug_name, []).append((gene, bool(by_diplotype)))
    all_tests, all_harms, all_limits = _by_drug(rules.required_tests), _by_drug(rules.harms), _by_drug(rules.limits)
    for drug in (*rules.drugs, *rules.unadvised):
        own = tuple(blocks.get(drug.name, ()))
        exact = {keys.gene for block in own for keys in block.keys if keys.asks_diplotypes}
        tests = tuple(all_tests.get(drug.name, ()))
        named = dict.fromkeys([gene for block in own for gene in (*block.table.genes, *block.guideline.genes)])
        genes = {**named, **dict.fromkeys([test.gene for test in tests])}
        for gene, of_diplotypes in deciding.get(drug.name, ()):
            genes[gene] = None
            if of_diplotypes:
                exact.add(gene)
        usual = tuple(gene for gene in genes if (known := rules.phenotypes.get(gene)) and known.uninformative)
        harms = tuple(all_harms.get(drug.name, ()))
        limits = tuple(all_limits.get(drug.name, ()))
        asked = tuple([(gene, gene in exact or gene in usual) for gene in genes])
        flow = guidelines.get(FLOWS[drug.name].guideline) if drug.name in FLOWS else None
        relevant = tuple({**named, **dict.fromkeys((*(flow.genes if flow is not None else ()), *drug.other_enzymes))})
        kind = kinds.setdefault(asked, len(kinds))
        plans[drug.name] = _Plan(
            drug, own, flow, asked, kind, relevant, tests, harms, grave_results(harms), usual, limits
        )
    return plans


def _flow(plan: _Plan, patient: _Patient, asked: _Asked) -> FlowAnswer:
    """What the drug's flow answers, with the other medicines that matter for its genes; nothing without a flow."""
    guideline = plan.flow
    if guideline is None or (patient.wanted and guideline.source not in patient.wanted):
        return FlowAnswer(())
    answer = FLOWS[plan.drug.name].advise(plan.drug.name, guideline, patient.results, patient.subject)
    noted = (replace(each, notes=(*each.notes, *asked.of(guideline.genes))) for each in answer.recommendations)
    return FlowAnswer(tuple(noted), answer.genes_missing)


def _applied(
    plan: _Plan, asked: _Asked, told: Mapping[str, tuple[str, ...]], enzymes: Enzymes, classes: frozenset[str]
) -> Applied:
    """What the medicines did to the answer for the drug; `told`: an ingredient -> what it decided.

    `classes`: those of medicines that conditions of the drug ask for.
    """
    changed = {
        gene: (by, asked.standings[gene])
        for gene in plan.relevant
        if asked.standings.get(gene) is not asked.genetic.get(gene) and (by := strongest(asked.found, gene)) is not None
    }
    found = [
        each
        for each in asked.found
        if not {each.enzyme, *enzymes.classed.get(each.enzyme, ())}.isdisjoint(plan.relevant)
        and not (each.factor is None and each.enzyme in enzymes.adjusted and each.enzyme not in plan.drug.branches_on)
    ]
    return Applied(plan.drug.name, told, changed, found, classes)


def _looked_at(drug: Drug, wanted: frozenset[str]) -> Iterator[Notice]:
    """One notice for each source that looked at a gene and gives no recommendation."""
    for gene, source in drug.looked_at:
        if not wanted or source.partition(" ")[0] in wanted:
            message = f"{source} looked at {gene} and gives no recommendation for {drug.name}"
            yield Notice("LOOKED_AT", message)


def _unsaid(asked: _Asked, given: Sequence[Recommendation]) -> tuple[Notice, ...]:
    """What no recommendation says of the other medicines."""
    if not asked.notices:
        return ()
    said = {notice for each in given for notice in each.notes}
    return tuple(notice for notice in asked.of(asked.notices) if notice not in said)
