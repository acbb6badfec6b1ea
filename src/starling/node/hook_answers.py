"""A call of CDS Hooks and what is kept of a patient -> cards: computed where answers are, and kept as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from starling.assessment import Assessment, DrugResult, Question
from starling.engine import Engine
from starling.exchange.cds.cards import INDICATORS, About, Card, Policy, cards_of
from starling.exchange.cds.medicines import Prescribed
from starling.exchange.cds.question import Medication, drugs, indications_of, medication_of, names_of
from starling.exchange.cds.reading import HookRequest
from starling.genotyping.collect import Collected
from starling.library import question
from starling.node import answers
from starling.report.words import joined
from starling.source.stamps import SourceStamp
from starling.values import dataclass
from starling.vocabulary import SampleGenotypes

_NOBODY = "patient"
#: what a medicine does to an answer that makes it another one
_CHANGING = frozenset({"adjusted", "condition"})


@dataclass(frozen=True, slots=True)
class Judged:
    """The cards, and what the audit says: drug -> headline, digests of the assessments, unknown medicines by code."""

    cards: tuple[Card, ...]
    actions: answers.Actions
    digests: tuple[str, ...]
    unknown: tuple[str, ...]


def judged(engine: Engine, tested: answers.Tested | None, request: HookRequest, policy: Policy) -> Judged:
    """The cards for one call.  `tested`: None: nothing of the patient is known.  Raises: InputError, the asker's."""
    medication = medication_of(request, engine.knowledge)
    ordered = drugs(medication.orders, engine.knowledge)
    taken = drugs(medication.taken, engine.knowledge)
    ask = _asker(engine, tested, medication)
    everything = names_of((*medication.orders, *medication.taken))
    found: list[tuple[Assessment, list[About]]] = []
    for indications, names in _by_indication(engine, ordered):
        person = ask(names, everything, indications)
        found.append((person, [About(name, ordered[name]) for name in names]))
    if taken and not ordered and request.hook == "patient-view":
        found.append((ask(tuple(taken), everything, ()), [About(name) for name in taken]))
    elif ordered and (others := tuple(name for name in taken if name not in ordered)):
        before = ask(others, names_of(medication.taken), ())
        after = ask(others, everything, ())
        found.append((after, [*_changed(before, after, others, medication.orders)]))
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
        cards=tuple(sorted(cards, key=lambda card: INDICATORS.index(card.indicator))),
        actions=tuple(pair for person, abouts in found for pair in answers.actions_of(person, _names(abouts))),
        digests=tuple(person.result_sha256 for person, _ in found),
        unknown=tuple(_coded(each) for each in medication.unknown),
    )


def _names(abouts: Iterable[About]) -> list[str]:
    return [each.drug for each in abouts]


def _by_indication(
    engine: Engine, ordered: Mapping[str, Prescribed]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Drugs that are ordered for the same: what one is for says nothing about another."""
    groups: dict[tuple[str, ...], list[str]] = {}
    known = engine.knowledge.guidance.indications
    for name, order in ordered.items():
        groups.setdefault(indications_of(order, known), []).append(name)
    yield from ((indications, tuple(names)) for indications, names in groups.items())


def _asker(
    engine: Engine, tested: answers.Tested | None, medication: Medication
) -> Callable[[Sequence[str], Sequence[str], Sequence[str]], Assessment]:
    """Asks about this patient: (drugs, medicines that are taken, what the drugs are for)."""
    facts = answers.subject_of(tested.specimen) if tested is not None else {}
    if medication.birth_date and "birth_date" not in facts:
        facts["birth_date"] = medication.birth_date

    def ask(names: Sequence[str], taken: Sequence[str], indications: Sequence[str]) -> Assessment:
        asked = question(
            drugs=tuple(names),
            medication=tuple(taken),
            subject=facts,
            pregnant=medication.pregnant or None,
            breastfeeding=medication.breastfeeding or None,
            indication=tuple(indications) or None,
        )
        return _of_nobody(engine, asked) if tested is None else answers.of_tested(engine, tested, asked)

    return ask


def _of_nobody(engine: Engine, asked: Question) -> Assessment:
    """The assessment of somebody of whom no genotype is known: what must be tested first is all there is to say."""
    stamp = SourceStamp("no result", None, None, "scan", None)
    person = SampleGenotypes(_NOBODY, {}, ())
    narrow = engine.about(asked)
    collected = Collected([person], {}, stamp, {_NOBODY: stamp}, narrow.maps.count)
    return narrow.conclude(person, collected, asked)


def _changed(
    before: Assessment, after: Assessment, names: Iterable[str], orders: Sequence[Prescribed]
) -> Iterator[About]:
    """The medicines that are taken and for which what was ordered changes the advice."""
    ordered = {name.casefold() for name in names_of(orders)}
    for name in names:
        one, two = before.drug(name), after.drug(name)
        if _said(one) == _said(two):
            continue
        acting = [each.name for each in two.medicines if each.effect in _CHANGING and each.name.casefold() in ordered]
        yield About(name, None, joined(acting or names_of(orders)))


def _said(result: DrugResult) -> object:
    rows = [(row.source, row.action, dict(row.genes)) for row in result.recommendations]
    return result.headline_action, result.test_first, rows


def _coded(medicine: Prescribed) -> str:
    """How an unknown medicine is named in the log: by its first code, for words may name a patient."""
    concept = medicine.resource.get("medicationCodeableConcept")
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    first = codings[0] if isinstance(codings, list) and codings else None
    code = first.get("code") if isinstance(first, Mapping) else None
    return str(code)[:40] if code else "without a code"
