"""Medicines that are proposed instead, put through the same results and medicines before they are offered.

Each has its own answer already; it is looked up, never asked for alternatives of its own.  Beside them stand those of
the class that the same genes rule out as well: no way out either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.assessment import CheckedAlternative, DrugResult, Recommendation
from starling.definitions import EVERYBODY, LIMIT, SERIOUS, UNADVISED, Drug, action_words, proposed_drug, seriousness
from starling.guidance.advising import USUAL
from starling.guidance.mutual import instead_of
from starling.guidance.openings import key_words
from starling.guidance.standing import NO_RESULT
from starling.notices import NAMES_NO_INDICATION, ONLY_IF_USED, SUPERSEDED
from starling.values import replace

#: headlines of a drug beside which nothing is proposed
_KEPT: Final = frozenset({None, "test_further", *USUAL})
#: headlines of a drug beside which others of its class are named that are no way out either
_LEFT: Final = SERIOUS | {"consider_alternative"}
#: marks of rows whose alternatives are not proposed
_ASIDE: Final = frozenset({NAMES_NO_INDICATION, ONLY_IF_USED, SUPERSEDED})
#: keys of a gene of which nothing is known
_UNKNOWN: Final = frozenset({NO_RESULT, "n/a"})
#: Answers kept with their alternatives before the memory is emptied.
_KEPT_ANSWERS: Final = 20_000


class Alternatives:
    """Fills in the alternatives of answers; equal answers give one value.  Threads may share one."""

    def __init__(self, drugs: Iterable[Drug]) -> None:
        """`drugs`: those whose answers are given."""
        drugs = tuple(drugs)
        self._others = {drug.name: drug.others for drug in drugs}
        self._mentioned = {drug.name: frozenset(drug.mentioned) for drug in drugs}
        self._held = {name: (*others, *sorted(self._mentioned[name])) for name, others in self._others.items()}
        #: by identity, beside the answers themselves: while they are kept no others can have their identities
        self._made: dict[tuple[int, ...], tuple[tuple[DrugResult | None, ...], DrugResult]] = {}

    def needed(self, given: Iterable[DrugResult]) -> tuple[str, ...]:
        """The drugs whose answers decide the alternatives of these, from A to Z."""
        names = {other for each in given if each.headline_action not in _KEPT for other in self.beside(each.drug)}
        return tuple(sorted(names))

    def filled(self, given: DrugResult, answers: Mapping[str, DrugResult]) -> DrugResult:
        """The answer with its alternatives; `answers`: those of the drugs `needed`, by name."""
        if given.headline_action in _KEPT:
            return given
        others = self._others.get(given.drug, ())
        held = (given, *(answers.get(name) for name in self.beside(given.drug)))
        key = tuple(map(id, held))
        known = self._made.get(key)
        if known is not None:
            return known[1]
        checked = tuple(self._checked(given, answers, others))
        made = replace(given, alternatives=checked) if checked else given
        if len(self._made) >= _KEPT_ANSWERS:
            self._made.clear()
        return self._made.setdefault(key, (held, made))[1]

    def beside(self, drug: str) -> tuple[str, ...]:
        """Every drug that the sources of this one name, those without advice last: a label may limit them."""
        return self._held.get(drug, ())

    def _checked(
        self, given: DrugResult, answers: Mapping[str, DrugResult], others: Sequence[str]
    ) -> Iterator[CheckedAlternative]:
        rows = [row for row in given.recommendations if _ASIDE.isdisjoint(note.code for note in row.notes)]
        known = {*answers, *self._mentioned.get(given.drug, frozenset())}
        named = set()
        for text, whom in _proposed(rows).items():
            drug = proposed_drug(text, known)
            named.add(drug)
            yield self._one(text, drug, whom, _denied(rows, text), _instead_of(given.drug, answers.get(drug or "")))
        if given.headline_action in _LEFT:
            genes = _ruling_genes(given, _LEFT)
            for name in others:
                other = answers.get(name)
                if name in named or other is None or other.headline_action not in SERIOUS:
                    continue
                if genes & _ruling_genes(other, SERIOUS):
                    yield CheckedAlternative(name, other.headline_action, _why(other), offered=False)

    def _one(
        self, text: str, drug: str | None, whom: Sequence[str], denied: Sequence[str], answer: DrugResult | None
    ) -> CheckedAlternative:
        said = [f"for {_joined(whom)}"] if whom else []
        said += [f"not for {_joined(denied)}"] if denied else []
        if drug is None:
            return CheckedAlternative(text, None, "; ".join(said), offered=True)
        if answer is None or (answer.status == "no_guideline" and answer.headline_action is None):
            asks = [f"ask first: {each.ask}" for each in answer.conditions_open] if answer is not None else []
            return CheckedAlternative(text, None, "; ".join((*said, UNADVISED, *asks)), offered=True)
        offered = answer.headline_action not in SERIOUS
        return CheckedAlternative(text, answer.headline_action, "; ".join((*said, _why(answer))), offered=offered)


def _instead_of(drug: str, answer: DrugResult | None) -> DrugResult | None:
    return None if answer is None else instead_of(answer, drug)


def _proposed(rows: Iterable[Recommendation]) -> dict[str, tuple[str, ...]]:
    """What is proposed -> for whom; nobody in particular where a source says no more, or says it of every group."""
    rows = list(rows)
    everyone = {row.population for row in rows} - EVERYBODY
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.action in USUAL or row.action == "test_further":
            continue
        own, conditions = row.advice.alternatives, row.advice.conditions
        for text in dict.fromkeys((*own, *(text for each in conditions for text in each.alternatives))):
            found.setdefault(text, [])
            if row.population not in EVERYBODY and row.population not in found[text]:
                found[text].append(row.population)
    return {text: () if everyone.issubset(whom) else tuple(whom) for text, whom in found.items()}


def _denied(rows: Iterable[Recommendation], text: str) -> tuple[str, ...]:
    """The groups of patients for whom a source says that it is no alternative."""
    denying = (row.population for row in rows if text in row.advice.not_alternatives)
    return tuple(dict.fromkeys(whom for whom in denying if whom not in EVERYBODY))


def _ruling_genes(answer: DrugResult, actions: Iterable[str]) -> set[str]:
    wanted = frozenset(actions)
    return {gene for row in answer.recommendations if row.action in wanted for gene in row.genes}


def _why(answer: DrugResult) -> str:
    """What the same results say of an alternative."""
    action = answer.headline_action
    if answer.test_first:
        return f"test first: {_joined(answer.test_first)}"
    if action is None or action == "no_recommendation":
        missing = f": {_joined(answer.genes_missing)} not known" if answer.status == "no_result" else ""
        return f"no restriction is known for these results{missing}" if not missing else f"no advice{missing}"
    if action == "standard" or answer.is_asking:
        return "; ".join(("as usual by these results", *(f"ask first: {each.ask}" for each in answer.conditions_open)))
    return f"also restricted: {action_words(action)}, {_because(answer, action)}".rstrip(", ")


def _because(answer: DrugResult, action: str) -> str:
    """The results behind the most serious row."""
    row = min(answer.recommendations, key=lambda row: (row.action != action, seriousness(row.action)), default=None)
    if row is None:
        return ""
    if not row.genes and row.advice.id.startswith(LIMIT):
        said = row.advice.summary.partition(" (")[0]
        return said[:1].lower() + said[1:]
    return "; ".join(f"{gene} {key_words(key)}" for gene, key in row.genes.items() if key not in _UNKNOWN)


def _joined(parts: Sequence[str]) -> str:
    return " and ".join(parts)
