"""Several outside results for one gene, as one: each adds what the others leave out, and no difference is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starling.calling.genes.hla import RISK_ALLELES
from starling.values import replace
from starling.vocabulary import Ambiguous, CallResult, Consistent, Diplotype, GeneCall, Presence, Undetermined, Why

#: Reasons that mean: alleles were stated, but could not be read as a pair.
_UNREAD: Final = frozenset({"UNKNOWN_ALLELE", "SINGLE_ALLELE", "TOO_MANY_ALLELES"})
#: Nobody looked.
_SILENT: Final = frozenset({Undetermined("NOT_COVERED"), Undetermined("NOT_TESTED")})


def most_telling(calls: Sequence[GeneCall]) -> GeneCall | None:
    """The last of those that tell most: with copies assessed, then with alleles, then with any statement."""
    return max(reversed(calls), key=_tells, default=None)


def _tells(call: GeneCall) -> tuple[bool, int, bool]:
    return call.evidence.copy_number == "assessed", telling(call.result), call.result not in _SILENT


def together(first: GeneCall, later: GeneCall) -> GeneCall:
    """Two outside results for one gene: what the later one leaves out is taken from the first.

    Where they state different things the later one is reported, with the conflict recorded and never certain.
    """
    before, after = first.evidence, later.evidence
    differences = _differences(first, later)
    evidence = replace(
        after,
        consistent=(*before.consistent, *after.consistent, *_other_alleles(first, later)),
        deciding=after.deciding if isinstance(later.result, Diplotype) else before.deciding,
        doubts=tuple(dict.fromkeys((*before.doubts, *([Why.STATED] if differences else [])))),
        presence=_joined(before.presence, after.presence),
        notices=tuple(dict.fromkeys((*before.notices, *after.notices))),
        stated_phenotype=after.stated_phenotype or before.stated_phenotype,
        stated_score=before.stated_score if after.stated_score is None else after.stated_score,
        other_phenotypes=(*before.other_phenotypes, *([before.stated_phenotype] if before.stated_phenotype else [])),
        other_scores=(*before.other_scores, *([before.stated_score] if before.stated_score else [])),
        conflict="; ".join(filter(None, (before.conflict, *differences))) or None,
    )
    return GeneCall(later.gene, _filled(first.result, later.result), evidence)


def _filled(first: CallResult, later: CallResult) -> CallResult:
    """The more telling result: alleles before another statement before none; of two alike the later one."""
    return first if telling(first) > telling(later) else later


def telling(result: CallResult) -> int:
    """How much a result tells: alleles, something else, nothing."""
    return {Diplotype: 2, Ambiguous: 1, Undetermined: 0}[type(result)]


def _other_alleles(first: GeneCall, later: GeneCall) -> tuple[Consistent, ...]:
    if not isinstance(first.result, Diplotype) or not isinstance(later.result, Diplotype):
        return ()
    alike = first.result == later.result or first.gene in RISK_ALLELES
    return () if alike else (Consistent(first.evidence.deciding or first.result, Why.STATED),)


def _differences(first: GeneCall, later: GeneCall) -> list[str]:
    """What the first result states otherwise than the later one."""
    before, after = first.evidence, later.evidence
    said: list[str] = []
    if _alleles_differ(first, later):
        said.append(f"states {first.result}")
    if before.stated_phenotype and after.stated_phenotype and before.stated_phenotype != after.stated_phenotype:
        said.append(f"states {before.stated_phenotype}")
    if before.stated_score and after.stated_score and before.stated_score != after.stated_score:
        said.append(f"states activity score {before.stated_score}")
    states = dict(after.presence)
    said += [
        f"states {allele} {state}"
        for allele, state in before.presence
        if {state, states.get(allele)} == {"positive", "negative"}
    ]
    unread = [call for call in (first, later) if _is_unread(call.result)]
    if len(unread) == 1:
        said.append("names alleles that cannot be read")
    return [f"another outside result {each}" for each in said]


def _alleles_differ(first: GeneCall, later: GeneCall) -> bool:
    """Whether both name alleles, and not the same; one HLA allele alone leaves room for the other."""
    if not isinstance(first.result, Diplotype) or not isinstance(later.result, Diplotype):
        return False
    alone = first.gene in RISK_ALLELES and 1 in {len(first.result.alleles), len(later.result.alleles)}
    return first.result != later.result and not alone


def _is_unread(result: CallResult) -> bool:
    return isinstance(result, Undetermined) and result.reason in _UNREAD


def _joined(
    first: Sequence[tuple[str, Presence]], second: Sequence[tuple[str, Presence]]
) -> tuple[tuple[str, Presence], ...]:
    """What either result knows of each allele; where they contradict each other nothing is known."""
    known = dict(first)
    for allele, state in second:
        before = known.get(allele, "nocall")
        known[allele] = state if before == "nocall" else before if state in {"nocall", before} else "nocall"
    return tuple(known.items())
