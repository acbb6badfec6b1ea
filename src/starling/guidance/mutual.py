"""What the labels of the medicines that are taken say of the drug asked about: a pair is forbidden from either side.

The question is about one drug, and the label that warns may be the other's: paroxetine for somebody who takes
tamoxifen, voriconazole beside simvastatin.  The limits of the medicine are decided as if it were asked about and the
drug were taken.  What rules the pair out is a limit of the drug; what is milder is said of the medicine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.assessment import DrugResult, Recommendation
from starling.condition_keys import TAKING, genes_in, kind_of, parse_class, parse_condition
from starling.definitions import LIMIT, SERIOUS, Inhibitor, Medicine, StatedLimit, seriousness
from starling.guidance.conditions import Decider, is_outdone, limit_row, slug_of
from starling.guidance.facts import facts_of
from starling.guidance.standing import Standings
from starling.notices import SUPERSEDED
from starling.values import dataclass, field, replace

_ALSO: Final = "{medicine} is also taken; for it: {says}"


@dataclass(frozen=True, slots=True)
class Mutual:
    """What counts of the other side.  `rows`: what rules the pair out.  `told`: a medicine -> what is said of it."""

    rows: tuple[Recommendation, ...] = ()
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def mutual(
    drug: str,
    medicines: Sequence[Medicine],
    statements: Sequence[Inhibitor],
    limits: Mapping[str, Sequence[StatedLimit]],
    standings: Standings,
    readable: Collection[str],
    known: Collection[str],
) -> Mutual:
    """What the limits of the medicines say of the drug that is asked about.

    `statements`: what the medicines and the drug do to enzymes.  `limits`: by drug.  `readable`: genes whose results
    are known whatever drug is asked about; a limit that asks for another gene is left to a question about that drug.
    `known`: medicines of which the drug's own sources say something already.
    """
    others = dict.fromkeys(name for each in medicines for name in each.substances if name in limits)
    taken = (*medicines, Medicine(drug, (drug, *parts_of(drug))))
    facts = facts_of({}, taken, statements)
    rows: list[Recommendation] = []
    told: dict[str, tuple[str, ...]] = {}
    for medicine in others:
        if medicine.casefold() == drug.casefold() or medicine in known:
            continue
        decider = Decider(medicine, facts, standings)
        true = [each for each in limits[medicine] if _is_true(each, decider, drug, readable)]
        said = [each for each in true if not is_outdone(each, true)]
        grave = [each for each in said if each.action in SERIOUS]
        rows += [_row(drug, each, decider, statements) for each in grave]
        if said:
            told[medicine] = tuple(f"for it: {each.says}" for each in (grave or said))
    return Mutual(tuple(rows), told)


def parts_of(drug: str) -> tuple[str, ...]:
    """The words of a combination, whose parts act as they do alone."""
    return tuple(drug.replace("/", " ").split()) if "/" in drug else ()


def _is_true(limit: StatedLimit, decider: Decider, drug: str, readable: Collection[str]) -> bool:
    """Whether the limit holds, and holds because of the drug."""
    if any(asked.gene not in readable for asked in genes_in(limit.key)) or not decider.decide(limit.key):
        return False
    return not {drug, *parts_of(drug)}.isdisjoint(decider.taken(limit.key))


def _row(drug: str, limit: StatedLimit, decider: Decider, statements: Iterable[Inhibitor]) -> Recommendation:
    """The limit as a recommendation for the drug, with what makes the drug one of those that it names."""
    acts = "; ".join(dict.fromkeys(_acts(drug, limit.key, statements)))
    others = [name for name in decider.taken(limit.key) if name not in {drug, *parts_of(drug)}]
    said = _ALSO.format(medicine=f"{limit.drug[:1].upper()}{limit.drug[1:]}", says=limit.says)
    because = "; ".join(filter(None, (acts, f"taken: {', '.join((limit.drug, *others))}", limit.source)))
    return replace(limit_row(limit, {}, f"{said} ({because}).", limit.action), drug=drug)


def instead_of(answer: DrugResult, replaced: str) -> DrugResult | None:
    """The answer for an alternative without what bars it beside the drug that it replaces; None where nothing is left.

    Who takes clopidogrel and is to have ticlopidine instead will not take both.
    """
    own = f"{LIMIT}{slug_of(replaced)}"
    barred = [row for row in answer.recommendations if row.advice.id == own and row.drug != replaced]
    if not barred:
        return answer
    rest = tuple(row for row in answer.recommendations if row not in barred)
    counting = [row.action for row in rest if SUPERSEDED not in {note.code for note in row.notes}]
    if not counting:
        return None
    return replace(answer, headline_action=min(counting, key=seriousness), recommendations=rest)


def _acts(drug: str, key: str, statements: Iterable[Inhibitor]) -> Iterator[str]:
    """`paroxetine: strong CYP2D6 inhibitor`, for each class by which the key asks for the drug."""
    asked = {value for clause in parse_condition(key) if clause.name == TAKING for value in clause.values}
    classes = {known for value in asked if (known := parse_class(value)) is not None}
    parts = {drug, *parts_of(drug)}
    for each in statements:
        kind = kind_of(each.strength)
        if each.ingredient in parts and (each.enzyme, kind) in classes:
            strength, _, what = kind.partition(" ")
            yield f"{each.ingredient}: {strength} {each.enzyme} {what}"
