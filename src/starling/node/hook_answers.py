"""A call of CDS Hooks and what is kept of a patient -> cards: computed where answers are, and kept as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import json

from starling.assessment import Assessment, Question
from starling.condition_keys import TAKING, either_of, parse_condition
from starling.engine import Engine
from starling.errors import InputError
from starling.exchange.cds.actions import Suggestion
from starling.exchange.cds.cards import INDICATORS, About, Card, Policy, cards_of
from starling.exchange.cds.medicines import Prescribed
from starling.exchange.cds.question import Medication, drugs, indications_of, medication_of, names_of
from starling.exchange.cds.reading import HookRequest, id_of
from starling.formats.registry import OUTSIDE_RESULT
from starling.genotyping.collect import Collected
from starling.knowledge.base import KnowledgeBase
from starling.library import question
from starling.node import answers, evidence
from starling.node.values import Value
from starling.report.words import joined
from starling.source.stamps import SourceStamp
from starling.vocabulary import SampleGenotypes

_NOBODY = "patient"
#: what a medicine does to an answer that makes it another one
_CHANGING = frozenset({"adjusted", "condition"})
#: People whose file is held as it was read, by the process that computes (ours; some hundred kB each).
_MOST_READ: Final = 32


class Proposed(Value, frozen=True):
    """A suggestion, as it travels."""

    label: str
    actions: tuple[dict[str, Any], ...]


class Drawn(Value, frozen=True):
    """A card, as it travels: as `exchange.cds.cards.Card`."""

    drug: str
    action: str
    rule: str
    indicator: str
    summary: str
    detail: str
    source: str
    result_sha256: str
    suggestions: tuple[Proposed, ...]

    def card(self) -> Card:
        """The card."""
        proposed = tuple(Suggestion(each.label, each.actions) for each in self.suggestions)
        return Card(
            self.drug, self.action, self.rule, self.indicator, self.summary, self.detail, self.source,
            self.result_sha256, proposed,
        )  # fmt: skip


class Judged(Value, frozen=True):
    """The cards, and what the audit says: drug -> headline, digests of the assessments, unknown medicines by code."""

    cards: tuple[Drawn, ...]
    actions: answers.Actions
    digests: tuple[str, ...]
    unknown: tuple[str, ...]


def judged(
    engine: Engine, tested: answers.Tested | None, epoch: int, request: HookRequest, policy: Policy
) -> str:  # fmt: skip
    """The answer to one call as JSON of a `Judged`, for whoever serves believes data and nothing else.

    `tested`: None: nothing of the patient is known.  `epoch`: with another one, everything that is held is let go of.
    Raises: InputError, the asker's.
    """
    _begun(epoch)
    return json.encode(_judged(engine, tested, request, policy)).decode()


@lru_cache(maxsize=1)
def _begun(epoch: int) -> None:
    """Done once for each: whoever was erased before it is held no longer."""
    _read.cache_clear()


class _Once:
    """A test, the same as another of the same job."""

    __slots__ = ("tested",)

    def __init__(self, tested: answers.Tested) -> None:
        self.tested = tested

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Once) and other.tested.job == self.tested.job

    def __hash__(self) -> int:
        return hash(self.tested.job)


@lru_cache(maxsize=_MOST_READ)
def _read(engine: Engine, once: _Once) -> Collected | None:
    """What a patient's file says, read once for all calls about them: reading costs more than all else together.

    None where the file holds results, which are read each time.  Raises: InputError, the sender's.
    """
    tested = once.tested
    options = answers.options_for(tested.specimen)
    try:
        with tested.opened() as path:
            found = engine.read(path, options, samples=evidence.samples_of(tested.specimen))
            person = evidence.only(found.samples, tested.name)
    except InputError as error:
        if error.code != OUTSIDE_RESULT:
            raise
        return None
    return Collected([person], {}, found.stamp, {person.sample: found.stamps[person.sample]}, found.sites)


def _judged(engine: Engine, tested: answers.Tested | None, request: HookRequest, policy: Policy) -> Judged:
    medication = medication_of(request, engine.knowledge)
    ordered = drugs(medication.orders, engine.knowledge)
    taken = drugs(medication.taken, engine.knowledge)
    ask = _asker(engine, tested, medication)
    everything = names_of((*medication.orders, *medication.taken))
    acts = any(_acts(name, engine.knowledge) for each in medication.orders for name in each.substances)
    others = tuple(name for name in taken if name not in ordered) if acts else ()
    found: list[tuple[Assessment, list[About]]] = []
    for indications, names in _by_indication(engine, ordered, others):
        person = ask((*names, *(() if indications else others)), everything, indications)
        found.append((person, [About(name, ordered[name]) for name in names]))
    if taken and request.hook == "patient-view":
        found.append((ask(tuple(taken), everything, ()), [About(name) for name in taken]))
    elif others:
        after, abouts = found[-1]
        acted = _acted_on(after, others, medication.orders)
        if acted:
            before = ask(tuple(acted), names_of(medication.taken), ())
            abouts += [About(name, None, by) for name, by in acted.items() if _said(before, name) != _said(after, name)]
    cards = [
        card
        for person, abouts in found
        for card in cards_of(
            person,
            abouts,
            policy=policy,
            knowledge=engine.knowledge,
            patient=request.patient,
            tested=tested is not None,
        )
    ]
    return Judged(
        cards=tuple(map(_drawn, sorted(cards, key=lambda card: INDICATORS.index(card.indicator)))),
        actions=tuple(pair for person, abouts in found for pair in answers.actions_of(person, _names(abouts))),
        digests=tuple(person.result_sha256 for person, _ in found),
        unknown=tuple(_coded(each) for each in medication.unknown),
    )


def _drawn(card: Card) -> Drawn:
    fields = {name: getattr(card, name) for name in Drawn.__struct_fields__ if name != "suggestions"}
    return Drawn(
        **fields, suggestions=tuple(Proposed(label=each.label, actions=each.actions) for each in card.suggestions)
    )


def _names(abouts: Iterable[About]) -> list[str]:
    return [each.drug for each in abouts]


def _by_indication(
    engine: Engine, ordered: Mapping[str, Prescribed], others: Sequence[str]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Drugs that are ordered for the same: what one is for says nothing about another.

    Last those for which nothing is stated, which others that are taken are asked about with.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    known = engine.knowledge.guidance.indications
    for name, order in ordered.items():
        groups.setdefault(indications_of(order, known), []).append(name)
    plain = groups.pop((), [])
    stated = [(indications, tuple(names)) for indications, names in groups.items()]
    return [*stated, ((), tuple(plain))] if plain or others else stated


def _asker(
    engine: Engine, tested: answers.Tested | None, medication: Medication
) -> Callable[[Sequence[str], Sequence[str], Sequence[str]], Assessment]:
    """Asks about this patient: (drugs, medicines that are taken, what the drugs are for)."""
    facts = answers.subject_of(tested.specimen) if tested is not None else {}
    if medication.birth_date and "birth_date" not in facts:
        facts["birth_date"] = medication.birth_date
    whole = _read(engine, _Once(tested)) if tested is not None else None

    def ask(names: Sequence[str], taken: Sequence[str], indications: Sequence[str]) -> Assessment:
        asked = question(
            drugs=tuple(names),
            medication=tuple(taken),
            subject=facts,
            pregnant=medication.pregnant or None,
            breastfeeding=medication.breastfeeding or None,
            indication=tuple(indications) or None,
        )
        if tested is None:
            return _of_nobody(engine, asked)
        if whole is None:
            return answers.of_tested(engine, tested, asked)
        return engine.conclude(whole.samples[0], whole, asked, options=answers.options_for(tested.specimen))

    return ask


def _of_nobody(engine: Engine, asked: Question) -> Assessment:
    """The assessment of somebody of whom no genotype is known: what must be tested first is all there is to say."""
    stamp = SourceStamp("no result", None, None, "scan", None)
    person = SampleGenotypes(_NOBODY, {}, ())
    narrow = engine.about(asked)
    collected = Collected([person], {}, stamp, {_NOBODY: stamp}, narrow.maps.count)
    return narrow.conclude(person, collected, asked)


def _acts(substance: str, knowledge: KnowledgeBase) -> bool:
    """Whether the advice about another medicine can depend on this one: by an enzyme, or by its name."""
    return bool(knowledge.find_inhibitors(substance)) or substance.casefold() in _named_beside_others(knowledge)


@lru_cache(maxsize=2)
def _named_beside_others(knowledge: KnowledgeBase) -> frozenset[str]:
    """Every medicine that some condition of the advice about another asks for by its name."""
    rules = knowledge.guidance
    rows = (row for guideline in rules.guidelines for table in guideline.tables for row in table.rows)
    conditions = (each for row in rows for each in (*row.advice.conditions, row.advice.fallback) if each is not None)
    keys = {
        *(limit.key for limit in rules.limits),
        *(each.key for each in conditions),
        *(key for keys in rules.population_keys.values() for key in either_of(keys)),
    }
    clauses = (clause for key in keys for clause in parse_condition(key))
    return frozenset(value.casefold() for clause in clauses if clause.name == TAKING for value in clause.values)


def _acted_on(after: Assessment, names: Iterable[str], orders: Sequence[Prescribed]) -> dict[str, str]:
    """Medicines that are taken -> what of the ordered acts on their advice."""
    ordered = {name.casefold() for name in names_of(orders)}
    found = {}
    for name in names:
        stated = after.drug(name).medicines
        acting = [each.name for each in stated if each.effect in _CHANGING and each.name.casefold() in ordered]
        if acting:
            found[name] = joined(acting)
    return found


def _said(person: Assessment, name: str) -> object:
    result = person.drug(name)
    rows = [(row.source, row.action, dict(row.genes)) for row in result.recommendations]
    return result.headline_action, result.test_first, rows


def _coded(medicine: Prescribed) -> str:
    """How an unknown medicine is named in the log: by its first code, for words may name a patient."""
    concept = medicine.resource.get("medicationCodeableConcept")
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    first = codings[0] if isinstance(codings, list) and codings else None
    return id_of(first.get("code") if isinstance(first, Mapping) else None) or "without a code"
