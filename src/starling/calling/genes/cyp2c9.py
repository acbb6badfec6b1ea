"""CYP2C9 carries rs12777823 along: not part of any allele, but part of the warfarin guideline.

Source: CPIC warfarin guideline 2017 (PMID 28198005), data from African Americans.
"""

from __future__ import annotations

from starling.calling.general import call as call_by_matching
from starling.calling.table import MatchTable
from starling.definitions import Site
from starling.values import replace
from starling.vocabulary import GeneCall, SampleGenotypes, State, VariantCopies


def call(table: MatchTable, sample: SampleGenotypes) -> GeneCall:
    """The CYP2C9 call, with the copies of each extra variant that was called (0 included; absent: not called)."""
    found = call_by_matching(table, sample)
    extra = tuple(copies for site in table.definition.extra_sites if (copies := _copies(site, sample)) is not None)
    return replace(found, evidence=replace(found.evidence, variants=extra))


def _copies(site: Site, sample: SampleGenotypes) -> VariantCopies | None:
    genotype = sample.genotypes.get(site.locus)
    if genotype is None or genotype.state is not State.CALLED:
        return None
    return VariantCopies(site.rsid or str(site.position), sum(base in site.alts for base in genotype.alleles))
