"""The general rule as a gene call: observe, match, and say what was missing."""

from __future__ import annotations

from starling.calling.matching import Match, match, untested
from starling.calling.phasing import Observation, TooAmbiguousError, observe
from starling.calling.table import MatchTable, bits
from starling.vocabulary import Ambiguous, CallResult, Evidence, GeneCall, SampleGenotypes, Undetermined, Why


def call(table: MatchTable, sample: SampleGenotypes) -> GeneCall:
    """The call of a gene that follows the general rule."""
    seen = observe(table, sample)
    if not seen.present and not seen.half:
        return undetermined(table, seen, "NOT_COVERED")
    return call_from_match(table, seen, keep_all=False)


def call_from_match(table: MatchTable, seen: Observation, *, keep_all: bool) -> GeneCall:
    """The call that the matcher's answer amounts to; `keep_all` as in `match`."""
    try:
        found = match(table, seen, keep_all=keep_all)
    except TooAmbiguousError:
        return undetermined(table, seen, "TOO_AMBIGUOUS")
    if not found.best:
        reason = "UNDOCUMENTED_VARIANT" if Why.UNDOCUMENTED_VARIANT in seen.doubts else "NO_MATCH"
        return undetermined(table, seen, reason)
    result: CallResult = found.best[0] if len(found.best) == 1 else Ambiguous(found.best)
    return GeneCall(table.definition.gene, result, evidence_of(table, seen, found))


def evidence_of(table: MatchTable, seen: Observation, found: Match) -> Evidence:
    """What a matched call rests on."""
    return Evidence(
        consistent=found.consistent,
        doubts=seen.doubts,
        missing=tuple(table.loci[site] for site in bits(seen.missing)),
        cannot_exclude=found.cannot_exclude,
        filled=seen.filled,
        notices=tuple(seen.notices),
    )


def undetermined(table: MatchTable, seen: Observation, reason: str) -> GeneCall:
    """No call for the stated reason, with what was missing and what cannot be excluded."""
    missing = tuple(table.loci[site] for site in bits(seen.missing))
    hidden = (table.alleles[bit].reported_as for bit in bits(untested(table, seen.missing)))
    evidence = Evidence(
        doubts=seen.doubts,
        missing=missing,
        cannot_exclude=tuple(dict.fromkeys(hidden)),
        filled=seen.filled,
        notices=tuple(seen.notices),
    )
    return GeneCall(table.definition.gene, Undetermined(reason), evidence)
