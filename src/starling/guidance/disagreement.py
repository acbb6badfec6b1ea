"""Where sources advise differently: said only when a reader would act differently.

One group: not to be used; another dose; as usual.  Who gives no instruction disagrees with nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final

from starling.assessment import Disagreement, Dose, Recommendation
from starling.definitions import LIMIT, SERIOUS, action_words, seriousness
from starling.guidance.advising import COPY_NUMBER_UNCONFIRMED, UNRESOLVED
from starling.notices import ONLY_IF_USED

#: action -> what a reader does; an action that is not listed stands for itself
_DONE: Final[Mapping[str, str]] = {
    "contraindicated": "not used",
    "avoid": "not used",
    "reduce_dose": "another dose",
    "adjust_dose": "another dose",
    "standard": "as usual",
    "monitor": "as usual",
}


def disagreement(given: Sequence[Recommendation]) -> Disagreement | None:
    """What sources advise differently, and who says what; None when a reader of either would do the same.

    A source counts with its most serious action; rows that the answer sets aside count for nothing.
    """
    counting = _by_source(given)
    said = [f"{source}: {action_words(_action(row))}" for source, row in counting.items()]
    beside = {source: _beside(row, given) for source, row in counting.items()}
    pairs = combinations(counting.items(), 2)
    acted = any(
        differ(mine, yours)
        and not _is_beside_usual(mine, yours)
        and _action(mine) not in beside[two]
        and _action(yours) not in beside[one]
        for (one, mine), (two, yours) in pairs
    )
    differs = ["the action"] if acted else []
    disputed = _disputed_alternatives(given)
    differs += [f"whether {name} is an alternative" for name in disputed]
    if not differs:
        return None
    for name, (named_by, denied_by) in disputed.items():
        said += [f"{named_by}: {name} is an alternative", f"{denied_by}: {name} is not an alternative"]
    return Disagreement(f"Sources differ on {' and on '.join(differs)}.", tuple(said))


def _by_source(given: Sequence[Recommendation]) -> dict[str, Recommendation]:
    """Each source with the row of its most serious action."""
    counting: dict[str, Recommendation] = {}
    for each in given:
        aside = any(note.code == ONLY_IF_USED for note in each.notes) or each.advice.id.startswith(UNRESOLVED)
        aside = aside or (is_by_medicine(each) and each.action not in SERIOUS)
        if aside or _action(each) == "no_recommendation" or is_association(each):
            continue
        known = counting.get(each.source)
        if known is None or seriousness(_action(each)) < seriousness(_action(known)):
            counting[each.source] = each
    return counting


def is_by_medicine(row: Recommendation) -> bool:
    """Whether a limit holds because of a medicine that is taken: it stands beside the genotype and disputes nothing."""
    return row.advice.id.startswith(LIMIT) and "taken: " in row.advice.summary


def is_association(row: Recommendation) -> bool:
    """Whether a row says that a result matters, and nothing of what to do.

    Source: FDA table of pharmacogenetic associations: its sections 2 and 3 hold no therapeutic recommendations.
    """
    return row.action == "monitor" and row.strength in {"Category 2", "Category 3"}


def _beside(row: Recommendation, given: Sequence[Recommendation]) -> set[str]:
    """What the same source advises other patients with this result: it says more, and not otherwise."""
    others = (each for each in given if (each.source, each.genes) == (row.source, row.genes) and each is not row)
    choice = row.advice.fallback is not None and _action(row) not in SERIOUS  # "another drug, or a tenth of the dose"
    own = [each.action for each in (*row.advice.conditions, *((row.advice.fallback,) if choice else ())) if each]
    return {*(_action(each) for each in others), *own} - {"no_recommendation"}


def _action(row: Recommendation) -> str:
    """What the source advises; a copy number still to be confirmed is our reservation, not the source's."""
    return "standard" if any(note.code == COPY_NUMBER_UNCONFIRMED for note in row.notes) else row.action


def differ(one: Recommendation, two: Recommendation) -> bool:
    """Whether a reader of the one does something else than a reader of the other."""
    actions = {_action(one), _action(two)}
    if "increase_dose" in actions and actions <= {"increase_dose", "adjust_dose"}:
        return not overlap(factors_of(one.advice.dose), factors_of(two.advice.dose))
    return len({_DONE.get(action, action) for action in actions}) > 1


def _is_beside_usual(one: Recommendation, two: Recommendation) -> bool:
    """Whether a limit that holds whatever the genotype stands beside usual use by genotype: both hold at once."""
    pairs = ((one, two), (two, one))
    return any(limit.advice.id.startswith(LIMIT) and _DONE.get(_action(row)) == "as usual" for limit, row in pairs)


def factors_of(doses: Iterable[Dose]) -> tuple[float, float] | None:
    """The least and the most factor of the usual dose that is stated; None without one."""
    stated = [each for dose in doses for each in (dose.factor, dose.factor_min, dose.factor_max) if each is not None]
    return (min(stated), max(stated)) if stated else None


def overlap(one: tuple[float, float] | None, two: tuple[float, float] | None) -> bool:
    """Whether two ranges have a factor in common; one that is not stated contradicts none."""
    return one is None or two is None or (one[0] <= two[1] and two[0] <= one[1])


def _disputed_alternatives(given: Sequence[Recommendation]) -> dict[str, tuple[str, str]]:
    """Medicine -> (who names it as an alternative, who says that it is none).

    A source that names it for one group of patients and not for another disputes nothing.
    """
    disputed: dict[str, tuple[str, str]] = {}
    if not any([each.advice.not_alternatives for each in given]):
        return disputed
    proposed: dict[str, set[str]] = {}
    for one in given:
        named = {*one.advice.alternatives, *(name for each in one.advice.conditions for name in each.alternatives)}
        proposed.setdefault(one.source, set()).update(named)
    for one in given:
        for other in given:
            if other.source != one.source:
                denied = proposed[one.source].intersection(other.advice.not_alternatives) - proposed[other.source]
                for name in sorted(denied):
                    disputed.setdefault(name, (one.source, other.source))
    return disputed
