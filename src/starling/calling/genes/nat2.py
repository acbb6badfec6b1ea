"""NAT2: five required positions, and unphased data read by a table of priorities instead of by score.

Source: PharmVar's NAT2 nomenclature of 2024, and PharmCAT 3.1, whose priorities for unphased data are
knowledge-base/unphased_priorities.tsv.
"""

from __future__ import annotations

from starling.calling.general import call_from_match, undetermined
from starling.calling.phasing import observe
from starling.calling.table import MatchTable, bits
from starling.definitions import GeneDefinition
from starling.values import replace
from starling.vocabulary import Ambiguous, Consistent, GeneCall, Notice, SampleGenotypes, Why


def call(table: MatchTable, sample: SampleGenotypes) -> GeneCall:
    """The NAT2 call; undetermined when a required position is missing."""
    seen = observe(table, sample)
    if not seen.present and not seen.half:
        return undetermined(table, seen, "NOT_COVERED")
    missing = {table.loci[site].position for site in bits(seen.missing)}
    if missing & table.definition.required_positions:
        return undetermined(table, seen, "REQUIRED_POSITION_MISSING")
    unphased = len(seen.groups) > 1
    found = call_from_match(table, seen, keep_all=unphased and not seen.half)
    return _by_priority(table.definition, found) if unphased else found


def _by_priority(definition: GeneDefinition, found: GeneCall) -> GeneCall:
    """The pick of the longest priority row that is wholly among the diplotypes that fit."""
    if not isinstance(found.result, Ambiguous):
        return found
    by_name = {str(diplotype): diplotype for diplotype in found.result.diplotypes}
    rows = [row for row in definition.priorities if row[1] <= by_name.keys()]
    longest = max((len(among) for _, among in rows), default=0)
    picks = [pick for pick, among in rows if len(among) == longest]
    if len(picks) != 1:
        return found
    picked = by_name.pop(picks[0])
    others = tuple(Consistent(diplotype, Why.PHASE) for diplotype in by_name.values())
    notice = Notice("NAT2_PRIORITY", f"{picked} is the priority reading of unphased data; {', '.join(by_name)} fit too")
    evidence = found.evidence
    evidence = replace(evidence, consistent=others + evidence.consistent, notices=(*evidence.notices, notice))
    return GeneCall(definition.gene, picked, evidence)
