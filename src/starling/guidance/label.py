"""How a call is written: its status, and the words that stand for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from starling.values import dataclass
from starling.vocabulary import Ambiguous, Diplotype, Evidence, GeneCall, Undetermined

#: So many diplotypes are named in a label; `diplotypes` holds all of them.
_LABELLED: Final = 12


@dataclass(frozen=True, slots=True)
class Label:
    """`reason`: why there is no call.  `text`: the diplotypes, else the variants, else what was stated."""

    status: Literal["called", "ambiguous", "undetermined"]
    reason: str | None
    text: str


def label_of(call: GeneCall, reported: Sequence[Diplotype]) -> Label:
    """The label of a call whose diplotypes are `reported`."""
    match call.result:
        case Undetermined(reason):
            return Label("undetermined", reason, "not determined")
        case Diplotype():
            return Label("called", None, _text(call.evidence, reported))
        case Ambiguous():
            one = len(reported) == 1 or (not reported and _is_stated(call.evidence))
            return Label("called" if one else "ambiguous", None, _text(call.evidence, reported))


def _is_stated(evidence: Evidence) -> bool:
    """Whether a laboratory stated something other than alleles: a term, a score, or the presence of an allele."""
    present = evidence.source == "outside" and any(state != "nocall" for _, state in evidence.presence)
    return evidence.stated_phenotype is not None or evidence.stated_score is not None or present


def _text(evidence: Evidence, reported: Sequence[Diplotype]) -> str:
    if reported:
        more = len(reported) - _LABELLED
        return " or ".join(map(str, reported[:_LABELLED])) + (f" or {more} more" if more > 0 else "")
    if evidence.stated_score is not None:
        return f"activity score {evidence.stated_score}"
    if evidence.stated_phenotype is not None:
        return evidence.stated_phenotype
    carried = [_copies_text(each.name, each.copies) for each in evidence.variants if each.copies != 0]
    presence = [f"{allele} {state}" for allele, state in evidence.presence if state != "nocall"]
    absent = [f"{each.name} not detected" for each in evidence.variants if each.copies == 0]
    return ", ".join(carried or presence or absent) or "not determined"


def _copies_text(name: str, copies: int | None) -> str:
    return name if copies is None else f"{name} ({copies} {'copy' if copies == 1 else 'copies'})"
