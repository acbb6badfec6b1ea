"""CYP2D6 from a VCF: alleles of SNVs and small indels only; copy number and hybrids were not looked at.

Deletions, duplications and hybrids with CYP2D7 are common, and such a call cannot see them.
Source: CPIC/DPWG consensus on CYP2D6 genotype to phenotype (PMID 31647186).
"""

from __future__ import annotations

from starling.calling.general import call_by_matching
from starling.definitions import GeneDefinition
from starling.values import replace
from starling.vocabulary import GeneCall, Notice, SampleGenotypes, Undetermined


def call(definition: GeneDefinition, sample: SampleGenotypes) -> GeneCall:
    """The CYP2D6 call, marked `not_assessed` for copy number."""
    found = call_by_matching(definition, sample)
    notices = found.evidence.notices
    if not isinstance(found.result, Undetermined):
        unseen = f"duplications, deletions (*5) and hybrids of {definition.gene} cannot be seen in this file"
        notices = (*notices, Notice("COPY_NUMBER_NOT_ASSESSED", f"{unseen}; confirm the copy number"))
    return replace(found, evidence=replace(found.evidence, copy_number="not_assessed", notices=notices))
