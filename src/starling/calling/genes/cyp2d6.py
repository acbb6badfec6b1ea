"""CYP2D6 from a VCF: alleles of SNVs and small indels only; copy number and hybrids were not looked at.

Deletions, duplications and hybrids with CYP2D7 are common, and such a call cannot see them.
Source: CPIC/DPWG consensus on CYP2D6 genotype to phenotype (PMID 31647186).
"""

from __future__ import annotations

from starling.calling.general import call as call_by_matching
from starling.calling.table import MatchTable
from starling.values import replace
from starling.vocabulary import GeneCall, Notice, SampleGenotypes, Undetermined

#: Said of every call from small variants; taken back where copies are counted.
NOT_ASSESSED = Notice(
    "COPY_NUMBER_NOT_ASSESSED",
    "duplications, deletions (*5) and hybrids of CYP2D6 cannot be seen in this file; confirm the copy number",
)


def call(table: MatchTable, sample: SampleGenotypes) -> GeneCall:
    """The CYP2D6 call, marked `not_assessed` for copy number."""
    found = call_by_matching(table, sample)
    notices = (
        found.evidence.notices if isinstance(found.result, Undetermined) else (*found.evidence.notices, NOT_ASSESSED)
    )
    return replace(found, evidence=replace(found.evidence, copy_number="not_assessed", notices=notices))
