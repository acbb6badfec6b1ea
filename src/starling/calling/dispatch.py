"""One gene of one person -> GeneCall: the gene's own rule where it has one, else the general matcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from starling.assessment import Options
from starling.calling.combinations import combinations
from starling.calling.general import call_by_matching
from starling.calling.genes import cyp2c9, cyp2d6, dpyd, mt_rnr1, nat2, ryr1, slco1b1
from starling.calling.table import MatchTable
from starling.definitions import GeneDefinition
from starling.values import replace
from starling.vocabulary import GeneCall, Notice, SampleGenotypes, Undetermined

Rule = Callable[[MatchTable, SampleGenotypes], GeneCall]

#: The rules that genes.tsv may name (`CALLING_RULES`); the pages under docs/explanation/ say why a gene needs one.
RULES: Final[Mapping[str, Rule]] = {
    "": call_by_matching,
    "extra_variants": cyp2c9.call,
    "hapb3": dpyd.call,
    "mitochondrial_risk": mt_rnr1.call,
    "priorities": nat2.call,
    "rs4149056": slco1b1.call,
    "unseen_copy_number": cyp2d6.call,
    "variant_by_variant": ryr1.call,
}


def call_gene(table: MatchTable, sample: SampleGenotypes, options: Options) -> GeneCall:
    """What is concluded for one gene, and from what; a no-call is an answer.

    With `options.combinations` haplotypes that match no allele are described as combinations, for research only.
    """
    definition = table.definition
    call = RULES[definition.rule](table, sample)
    if options.combinations and isinstance(call.result, Undetermined) and call.result.reason == "NO_MATCH":
        call = combinations(table, sample, call)
    said = (*_tier1_notice(definition, call), *_assumed_notice(call))
    return replace(call, evidence=replace(call.evidence, notices=(*call.evidence.notices, *said))) if said else call


def _tier1_notice(definition: GeneDefinition, call: GeneCall) -> Iterator[Notice]:
    """Whether the positions every test should cover were covered.

    Source: tier 1 of the AMP/CAP recommendations (PMID 29474986 and the later ones per gene), gene_exceptions.tsv.
    """
    if isinstance(call.result, Undetermined) and call.result.reason == "NOT_COVERED":
        return
    missing = sorted({locus.position for locus in call.evidence.missing} & definition.tier1_positions)
    if missing:
        where = ", ".join(f"{definition.chromosome}:{position}" for position in missing)
        yield Notice("TIER1_NOT_CALLED", f"positions that every test should cover were not called: {where}")
    elif call.evidence.cannot_exclude:
        tested = "all tier-1 positions were called; rarer" if definition.tier1_positions else "some"
        yield Notice("RARE_ALLELES_NOT_EXCLUDED", f"{tested} alleles are not excluded: positions were not called")


def _assumed_notice(call: GeneCall) -> Iterator[Notice]:
    """How many positions were assumed to be reference because an option said so."""
    if call.evidence.filled:
        message = f"{call.evidence.filled} positions of this gene are not in the file and were assumed to be reference"
        yield Notice("ASSUMED_REFERENCE", message)
