"""What is stated of a patient decides the conditions of advice: a true one leads, a false one goes, an open one stays.

    Decider       a key -> true, false or open, for one drug and one patient
    decided       a recommendation as it then reads
    limits_of     what labels and guidelines say whatever the genotype, as recommendations

A condition applies within its row only: it never lifts what another row says.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.assessment import Advice, Condition, Recommendation
from starling.condition_keys import GENE, NUMBERS, READER, TAKING, Clause, parse_condition, parse_gene, parse_number
from starling.definitions import LABELS, LIMIT, SERIOUS, StatedLimit, action_words, seriousness
from starling.guidance.facts import Facts
from starling.guidance.scores import INDETERMINATE
from starling.guidance.standing import NO_RESULT, Standings, unordered
from starling.notices import CONDITION_DECIDED
from starling.values import dataclass, replace
from starling.vocabulary import Notice

_COMPARE: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_LABEL: Final = "US label"
#: Examples of medicines in the words of a condition; who takes one of them is told which.
_EXAMPLES: Final = r" \((?:e\.g\.|such as) [^)]*\)"


@dataclass(frozen=True, slots=True)
class Decider:
    """What is known of one patient, for the conditions of one drug; a drug is not a medicine taken with itself."""

    drug: str
    facts: Facts
    standings: Standings

    def decide(self, key: str) -> bool | None:
        """Whether what the key asks is true; None when that is not known."""
        states = [self.state(clause) for clause in parse_condition(key)]
        return False if False in states else None if None in states else True

    def state(self, clause: Clause) -> bool | None:
        """Whether one clause is true; None when that is not known."""
        found = self._holds(clause)
        return found if found is None or not clause.negated else not found

    def taken(self, key: str) -> tuple[str, ...]:
        """The ingredients that a clause of the key asks for and that are taken, in the order of the key."""
        asked = (value for clause in parse_condition(key) if clause.name == TAKING for value in clause.values)
        return tuple(dict.fromkeys(each for value in asked for each in sorted(self._taken(value))))

    def _taken(self, value: str) -> frozenset[str]:
        found = self.facts.taken.get(value.casefold(), frozenset())
        return frozenset(each for each in found if each.casefold() != self.drug.casefold())

    def _holds(self, clause: Clause) -> bool | None:
        match clause.name:
            case name if name == GENE:
                return _any(self._of_gene(value) for value in clause.values)
            case name if name == READER:
                return None
            case name if name in NUMBERS:
                number = self.facts.numbers.get(name)
                return None if number is None else any(_compares(number, value) for value in clause.values)
            case name if name == TAKING:
                found = any(self._taken(value) for value in clause.values)
            case name:
                stated = {word.casefold() for word in self.facts.words.get(name, ())}
                found = any(value.casefold() in stated for value in clause.values)
        return True if found else False if clause.name in self.facts.closed else None

    def _of_gene(self, value: str) -> bool | None:
        asked = parse_gene(value)
        standing = self.standings.get(asked.gene)
        if standing is None or (standing.is_missing and not standing.diplotypes):
            return True if NO_RESULT in asked.states else None
        if asked.of_diplotypes:
            wanted = set(map(unordered, asked.states))
            return _any_of([each in wanted for each in standing.diplotypes])
        if standing.presence:
            states = dict(standing.presence)
            return _any(_present(each, states) for each in asked.states)
        terms = standing.candidates if standing.term is None else (standing.term,)
        return None if INDETERMINATE in terms else _any_of([each in asked.states for each in terms])


def _any(states: Iterable[bool | None]) -> bool | None:
    """Whether one of them is true."""
    found = list(states)
    return True if True in found else None if None in found else False


def _any_of(states: Sequence[bool]) -> bool | None:
    """The same of everything that remains possible; None when the possibilities differ, or there is none."""
    return states[0] if len(set(states)) == 1 else None


def _compares(number: float, value: str) -> bool:
    sign, limit = parse_number(value)
    return bool(_COMPARE[sign](number, limit))


def _present(asked: str, states: Mapping[str, str]) -> bool | None:
    allele, _, wanted = asked.partition(" ")
    state = states.get(allele, "nocall")
    return None if state == "nocall" else state == wanted


def decided(row: Recommendation, decider: Decider) -> Recommendation:
    """The recommendation as it reads for this patient: the most serious true condition leads, false ones are gone."""
    if not row.advice.conditions:
        return row
    stays: list[Condition] = []
    true: list[Condition] = []
    for each in row.advice.conditions:
        state = decider.decide(each.key) if each.key else None
        if state is not False:
            stays.append(each)
        if state:
            true.append(each)
    if not true:
        return row if len(stays) == len(row.advice.conditions) else _with(row, tuple(stays))
    leads = min(true, key=lambda each: seriousness(each.action))
    rest = tuple(each for each in stays if each is not leads)
    same = (leads.action, leads.dose) == (row.advice.action, row.advice.dose)
    if same and ":" not in leads.when and not decider.taken(leads.key):
        return _with(row, rest)  # it only says of whom the row speaks
    return _led(row, leads, rest, decider.taken(leads.key))


def _with(row: Recommendation, conditions: tuple[Condition, ...]) -> Recommendation:
    """The row with these of its conditions; what those that are gone propose to their own patients goes with them."""
    kept = {name for each in conditions for name in each.alternatives}
    gone = {name for each in row.advice.conditions if each not in conditions for name in each.alternatives} - kept
    alternatives = tuple(name for name in row.advice.alternatives if name not in gone)
    return replace(row, advice=replace(row.advice, conditions=conditions, alternatives=alternatives))


def _led(
    row: Recommendation, leads: Condition, rest: tuple[Condition, ...], medicines: Sequence[str]
) -> Recommendation:
    """The row with its true condition as what it says; what it says else becomes the detail."""
    advice = row.advice
    when = re.sub(_EXAMPLES, "", leads.when) if medicines else leads.when
    because = f" (taken: {', '.join(medicines)})" if medicines else ""
    what, colon, then = when.partition(":")
    said = _sentence(f"{what}{because}:{then if colon else f' {action_words(leads.action)}'}")
    led = replace(
        advice,
        action=leads.action,
        summary=said,
        detail=f"Otherwise: {advice.summary} {advice.detail}".rstrip(),
        dose=leads.dose,
        alternatives=leads.alternatives or _of_all(advice),
        titrate=advice.titrate and leads.action not in SERIOUS,
        monitor=() if leads.action in SERIOUS and advice.action not in SERIOUS else advice.monitor,
        conditions=rest,
        fallback=None if seriousness(leads.action) < seriousness(advice.action) else advice.fallback,
    )
    notice = Notice("CONDITION_DECIDED", f"Decided by what was stated{because}: {leads.when}.")
    return replace(row, action=leads.action, advice=led, notes=(*row.notes, notice))


def _of_all(advice: Advice) -> tuple[str, ...]:
    """The alternatives that no condition proposes to its own patients alone."""
    others = {name for each in advice.conditions for name in each.alternatives}
    return tuple(name for name in advice.alternatives if name not in others)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def limits_of(limits: Iterable[StatedLimit], decider: Decider) -> Iterator[Recommendation]:
    """What applies of the limits that hold whatever the genotype, and whichever source was asked for advice by it.

    A grave one that only a genotype leaves open is advice to find that out.
    """
    known = [(limit, decider.decide(limit.key)) for limit in limits]
    true = [limit for limit, state in known if state]
    for limit, state in known:
        if state and not is_outdone(limit, true):
            yield _limit(limit, decider, limit.action)
        elif state is None and limit.action in SERIOUS and _waits_for_gene(limit.key, decider):
            yield _limit(limit, decider, "test_further")


def unsaid_limits(rows: Sequence[Recommendation], limits: Iterable[Recommendation]) -> Iterator[Recommendation]:
    """The limits that no row of the same source has been decided to say already."""
    said = {(row.source, row.action) for row in rows if any(note.code == CONDITION_DECIDED for note in row.notes)}
    return (each for each in limits if (each.source, each.action) not in said)


def told_by(
    rows: Iterable[Recommendation], limits: Iterable[StatedLimit], decider: Decider, headline: str | None
) -> dict[str, tuple[str, ...]]:
    """An ingredient that is taken -> what it decided, in words.  `rows`: as they are before anything is decided.

    Of a drug that is ruled out (`headline`) a milder limit holds only if it were used all the same, and says so.
    """
    true = [each for each in limits if decider.decide(each.key)]
    stated = [(each.key, each.action, each.says) for each in true if not is_outdone(each, true)]
    told = _told(stated, decider)
    stated = [(each.key, each.action, each.when) for row in rows for each in row.advice.conditions if each.key]
    by_rows = _told([each for each in stated if decider.decide(each[0])], decider)
    return {each: _gravest(by_rows.get(each, []), told.get(each, []), headline) for each in (*told, *by_rows)}


def _told(stated: Iterable[tuple[str, str, str]], decider: Decider) -> dict[str, list[tuple[str, str]]]:
    told: dict[str, list[tuple[str, str]]] = {}
    for key, action, text in stated:
        for ingredient in decider.taken(key):
            told.setdefault(ingredient, []).append((action, re.sub(_EXAMPLES, "", text)))
    return told


def _gravest(
    by_rows: Sequence[tuple[str, str]], by_limits: Sequence[tuple[str, str]], headline: str | None
) -> tuple[str, ...]:
    """What is said of a medicine; where it rules the drug out nothing milder, and a label's own words alone."""
    for said in (by_limits, by_rows):
        grave = tuple(text for action, text in said if action in SERIOUS)
        if grave:
            return grave
    before = "only if the drug were used all the same: " if headline in SERIOUS else ""
    return tuple(f"{before}{text}" for _, text in (*by_rows, *by_limits))


def is_outdone(limit: StatedLimit, true: Iterable[StatedLimit]) -> bool:
    """Whether another true limit, no milder, asks for the same and for more: a quarter of the dose, not half."""
    asked = parse_condition(limit.key)
    return any(
        len(also := parse_condition(other.key)) > len(asked)
        and seriousness(other.action) <= seriousness(limit.action)
        and all(any(_is_about_the_same(one, two) for two in also) for one in asked)
        for other in true
    )


def _is_about_the_same(one: Clause, two: Clause) -> bool:
    return (one.name, one.negated) == (two.name, two.negated) and (
        one.name == GENE or not set(one.values).isdisjoint(two.values)
    )


def _waits_for_gene(key: str, decider: Decider) -> bool:
    """Whether the patient's own results alone leave the key open."""
    clauses = parse_condition(key)
    return any(clause.name == GENE for clause in clauses) and all(
        clause.name == GENE or decider.state(clause) for clause in clauses
    )


def _limit(limit: StatedLimit, decider: Decider, action: str) -> Recommendation:
    taken = decider.taken(limit.key)
    taking = f"taken: {', '.join(taken)}; " if taken else ""
    because = f" ({taking}{limit.source})"
    genes = {
        asked.gene: ", ".join(asked.states)
        for clause in parse_condition(limit.key)
        if clause.name == GENE
        for asked in map(parse_gene, clause.values)
    }
    said = f"{_sentence(limit.says)[:-1]}{because}."
    if action == limit.action:
        return limit_row(limit, genes, said, action)
    said = f"Find out {' and '.join(genes)} first; it decides this: {limit.says}{because}."
    return limit_row(limit, {}, said, action, (Condition(limit.says, limit.action, key=limit.key),))


def limit_row(
    limit: StatedLimit, genes: Mapping[str, str], said: str, action: str, conditions: tuple[Condition, ...] = ()
) -> Recommendation:
    """A limit as a recommendation for its drug that says `said`."""
    slug = slug_of(limit.drug)
    source = _source_of(limit)
    return Recommendation(
        drug=limit.drug,
        source=source,
        guideline=f"{LABELS if limit.source.startswith(_LABEL) else source.lower() + '-'}limits-{slug}",
        population="no restriction",
        genes=dict(genes),
        phenotype_used="genetic",
        strength="",
        action=action,
        advice=Advice(
            id=f"{LIMIT}{slug}", action=action, summary=said, detail=f"{limit.source}.", conditions=conditions
        ),
        pmids=tuple(re.findall(r"PMID (\d+)", limit.source)),
    )


def slug_of(drug: str) -> str:
    """The name of a drug within identifiers."""
    return re.sub(r"\W+", "-", drug)


def _source_of(limit: StatedLimit) -> str:
    """The source under which it is shown and asked for."""
    return "FDA" if limit.source.startswith(_LABEL) else limit.source.partition(" ")[0]
