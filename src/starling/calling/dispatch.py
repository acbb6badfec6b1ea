"""One gene of one person -> GeneCall: the gene's own rule where it has one, else the general matcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Final

from starling.assessment import Options
from starling.calling.doubtful import with_what_doubts_leave
from starling.calling.table import MatchTable
from starling.definitions import GeneDefinition
from starling.values import replace
from starling.vocabulary import GeneCall, Notice, SampleGenotypes, Undetermined

Rule = Callable[[MatchTable, SampleGenotypes], GeneCall]

#: The rules that genes.tsv may name (`CALLING_RULES`), each the function `call` of a module, imported when a gene
#: asks for it; the pages under docs/explanation/ say why a gene needs one.
RULES: Final[Mapping[str, str]] = {
    "": "starling.calling.general",
    "extra_variants": "starling.calling.genes.cyp2c9",
    "hapb3": "starling.calling.genes.dpyd",
    "mitochondrial_risk": "starling.calling.genes.mt_rnr1",
    "priorities": "starling.calling.genes.nat2",
    "rs4149056": "starling.calling.genes.slco1b1",
    "unseen_copy_number": "starling.calling.genes.cyp2d6",
    "variant_by_variant": "starling.calling.genes.ryr1",
}


@cache  # asked for by every gene of every person
def rule_named(name: str) -> Rule:
    """The rule of that name.  Raises: KeyError when this program has none."""
    rule: Rule = import_module(RULES[name]).call
    return rule


def call_gene(table: MatchTable, sample: SampleGenotypes, options: Options) -> GeneCall:
    """What is concluded for one gene, and from what; a no-call is an answer.

    With `options.combinations` haplotypes that match no allele are described as combinations, for research only.
    """
    definition = table.definition
    rule = rule_named(definition.rule)
    call = rule(table, sample)
    call = with_what_doubts_leave(rule, table, sample, call)
    if options.combinations and isinstance(call.result, Undetermined) and call.result.reason == "NO_MATCH":
        from starling.calling.combinations import combinations

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
