"""What is at stake for a patient with a drug: the measure by which every face puts its answers in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from starling.assessment import DrugResult, Harm
from starling.definitions import HARMS, KnownHarm
from starling.guidance.standing import Standing
from starling.values import replace

#: What calls for nothing: a harm that no source acts on for this result is not held against the drug.
_NOTHING_TO_DO: Final = frozenset({None, "standard", "no_recommendation"})


#: A gene -> its results with which the drug threatens life.
Grave = Mapping[str, frozenset[str]]
NO_HARM: Final[Grave] = MappingProxyType({})


def grave_results(known: Iterable[KnownHarm]) -> Grave:
    """The results with which a drug threatens life: a usual dose does not stand while one of them is possible."""
    found: dict[str, set[str]] = {}
    for each in known:
        if each.harm == HARMS[0]:
            found.setdefault(each.gene, set()).update(each.when.split(" | "))
    return {gene: frozenset(results) for gene, results in found.items()}


def with_harm(answer: DrugResult, known: Sequence[KnownHarm], standings: Mapping[str, Standing]) -> DrugResult:
    """The answer with the worst of the harms that this patient's results carry, as far as a source acts on them.

    Where the data cannot decide between results, the worst of them counts.
    """
    if not known or answer.headline_action in _NOTHING_TO_DO:
        return answer
    found = ((each, result) for each in known for result in _carried(each, standings.get(each.gene)))
    worst = min(found, key=lambda pair: HARMS.index(pair[0].harm), default=None)
    if worst is None:
        return answer
    harm, result = worst
    return replace(answer, harm=Harm(harm.harm, harm.what, harm.gene, result, harm.source))


def _carried(harm: KnownHarm, standing: Standing | None) -> Iterable[str]:
    """The patient's results that carry the harm."""
    carrying = harm.when.split(" | ")
    return [each for each in _results(standing) if each in carrying] if standing is not None else ()


def _results(standing: Standing) -> Iterable[str]:
    """The terms and presences that a patient has, or of which the data cannot exclude one."""
    yield from (standing.term,) if standing.term else standing.candidates
    yield from (f"{allele} {state}" for allele, state in standing.presence)
