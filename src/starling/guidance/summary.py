"""One drug's recommendations in one result: the most serious action first, and where sources disagree."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from starling.assessment import Disagreement, DrugResult, Recommendation
from starling.definitions import Drug, action_words, seriousness
from starling.guidance.advising import COPY_NUMBER_UNCONFIRMED, UNRESOLVED
from starling.vocabulary import Notice

#: Stands at a recommendation that the genotype alone would give, while another medicine changes the phenotype.
SUPERSEDED: Final = Notice(
    "GENETIC_PHENOTYPE_ONLY", "By genotype alone; while the other medicine is taken the adjusted phenotype counts."
)


def summarise(
    drug: str, given: Sequence[Recommendation], missing: Collection[str], notes: Sequence[Notice] = ()
) -> DrugResult:
    """The drug's result: `advice` when any row applies, else `no_result` when a gene is missing, else `no_row`."""
    counting = [each for each in given if SUPERSEDED not in each.notes]
    return DrugResult(
        drug=drug,
        status="advice" if given else "no_result" if missing else "no_row",
        headline_action=min((each.action for each in counting), key=seriousness, default=None),
        genes_missing=tuple(sorted(missing)),
        disagreement=disagreement(counting) if len(counting) > 1 else None,
        recommendations=tuple(given),
        notes=tuple(notes),
    )


def unadvised(drug: Drug) -> DrugResult:
    """The answer for a drug of which no guideline says anything, and why: that is not a statement of safety."""
    reason = f"{drug.unadvised}; that is not a statement of safety."
    return DrugResult(drug.name, "no_guideline", None, notes=(Notice("NO_GUIDELINE", reason),))


def disagreement(given: Sequence[Recommendation]) -> Disagreement | None:
    """What sources advise differently, and who says what; None when those that give advice agree.

    A source counts with its most serious action; one that gives no advice disagrees with nobody.
    """
    actions: dict[str, str] = {}
    for each in given:
        action = "standard" if any(note.code == COPY_NUMBER_UNCONFIRMED for note in each.notes) else each.action
        if action == "no_recommendation" or each.advice.id.startswith(UNRESOLVED):
            continue
        actions[each.source] = min(actions.get(each.source, action), action, key=seriousness)
    said = [f"{source}: {action_words(action)}" for source, action in actions.items()]
    differs = ["the action"] if len(set(actions.values())) > 1 else []
    disputed = _disputed_alternatives(given)
    differs += [f"whether {name} is an alternative" for name in disputed]
    if not differs:
        return None
    for name, (named_by, denied_by) in disputed.items():
        said += [f"{named_by}: {name} is an alternative", f"{denied_by}: {name} is not an alternative"]
    return Disagreement(f"Sources differ on {' and on '.join(differs)}.", tuple(said))


def _disputed_alternatives(given: Sequence[Recommendation]) -> dict[str, tuple[str, str]]:
    """Medicine -> (who names it as an alternative, who says that it is none)."""
    disputed: dict[str, tuple[str, str]] = {}
    if not any([each.advice.not_alternatives for each in given]):
        return disputed
    for one in given:
        named = {*one.advice.alternatives, *(name for each in one.advice.conditions for name in each.alternatives)}
        for other in given:
            if other.source != one.source:
                for name in sorted(named.intersection(other.advice.not_alternatives)):
                    disputed.setdefault(name, (one.source, other.source))
    return disputed
