"""Partial calls -> one call per gene: the rule of precedence, on one page.

A caller gives a partial call: what one kind of evidence says of one gene.

    SampleCall   alleles read from the sample's own data by the matcher or the gene's own rule
    CopyCount    copies of the whole gene, counted
    StatedCall   what another laboratory, device or tool concluded

1. What is stated takes the place of what the sample shows.  Several statements add up; where two say different things
   the later one is reported, with the conflict recorded, and nothing is certain.  One that cannot be read is never
   read as anything and hides nothing: what the sample shows stands beside its text, and is not certain.  Words for
   no result (`NO_MATCH`, `./.`) state nothing, and leave the sample's own call as it is; that single variants were
   looked for and not found stands beside what the sample shows, and makes it uncertain where it shows one.  Which
   part of a statement decides (score, then phenotype, then diplotype) is guidance's rule, and so is a conflict with
   the sample's own data: both need phenotypes.
2. A count completes alleles read without one (see `copies`); counts that differ, or that the alleles contradict, are
   not used, the conflict is recorded, and nothing is certain.
3. Of several calls from the sample the one that assessed copies is taken, then the one that names alleles; of two alike
   the later one.

A sample that does not cover the gene changes nothing.  Only "the later one" depends on the order of partial calls.
Source: docs/explanation/matching.md "Outside calls"; for CYP2D6, PMID 31647186.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final

from starling.calling.partial import CopyCount, PartialCall, SampleCall, StatedCall
from starling.values import replace
from starling.vocabulary import GeneCall, Undetermined, Why

#: Variants that travel with a gene for one guideline: warfarin reads rs12777823 beside CYP2C9.
_CARRIED_ALONG: Final = frozenset({"rs12777823"})


def combine(partials: Iterable[PartialCall]) -> dict[str, GeneCall]:
    """The call of every gene that some partial call is about, in the order in which genes first appear."""
    by_gene: dict[str, list[PartialCall]] = {}
    for partial in partials:
        by_gene.setdefault(partial.gene, []).append(partial)
    return {gene: _combined(gene, found) for gene, found in by_gene.items()}


def _combined(gene: str, partials: Sequence[PartialCall]) -> GeneCall:
    match partials:
        case (SampleCall(only),):  # as nearly always: what joins several is not even imported
            return only
        case _:
            return _joined(gene, partials)


def _joined(gene: str, partials: Sequence[PartialCall]) -> GeneCall:
    from starling.calling.copies import with_count
    from starling.calling.statements import most_telling, together

    own = most_telling([each.call for each in partials if isinstance(each, SampleCall)])
    counts = [each for each in partials if isinstance(each, CopyCount)]
    if counts and not (own is not None and own.evidence.copy_number == "assessed"):
        own = with_count(own or GeneCall(gene, Undetermined("NOT_COVERED")), counts)
    stated = [each.call for each in partials if isinstance(each, StatedCall)]
    if not stated:
        assert own is not None, "a partial call is a call, a count or a statement"
        return own
    return _beside(own, reduce(together, stated))


def _beside(own: GeneCall | None, stated: GeneCall) -> GeneCall:
    """What is stated in the place of the sample's own; what a gene carries along, which no statement names, stays."""
    if own is None:
        return stated
    if not isinstance(own.result, Undetermined):
        if isinstance(stated.result, Undetermined):
            return _shown_beside(own, stated, stated.result.reason)
        absent = frozenset(each.name for each in stated.evidence.variants if each.copies == 0)
        if absent:
            return _absent_beside(own, stated, absent)
    carried = tuple(each for each in own.evidence.variants if each.name in _CARRIED_ALONG)
    return replace(stated, evidence=replace(stated.evidence, variants=(*stated.evidence.variants, *carried)))


def _absent_beside(own: GeneCall, stated: GeneCall, absent: frozenset[str]) -> GeneCall:
    """The sample's own call, which says more than that some variants were not found; one that it shows contradicts."""
    shown = [each.name for each in own.evidence.variants if each.copies != 0 and each.name in absent]
    if not shown:
        return own
    said = f"another laboratory did not find {' and '.join(shown)}"
    conflict = "; ".join(filter(None, (own.evidence.conflict, said)))
    doubts = tuple(dict.fromkeys((*own.evidence.doubts, Why.STATED)))
    return replace(own, evidence=replace(own.evidence, doubts=doubts, conflict=conflict))


def _shown_beside(own: GeneCall, stated: GeneCall, reason: str) -> GeneCall:
    """The sample's own call, with what was stated and could not be read; a statement that says nothing is no doubt."""
    evidence = own.evidence
    notices = tuple(dict.fromkeys((*evidence.notices, *stated.evidence.notices)))
    if reason == "NOTHING_STATED":
        return replace(own, evidence=replace(evidence, notices=notices))
    unread = "another laboratory's result could not be read; see the notes"
    conflict = "; ".join(filter(None, (evidence.conflict, unread)))
    doubts = tuple(dict.fromkeys((*evidence.doubts, Why.STATED)))
    return replace(own, evidence=replace(evidence, doubts=doubts, notices=notices, conflict=conflict))
