"""SLCO1B1: when no diplotype fits, rs4149056 (521T>C) alone gives the function.

Source: CPIC statin guideline 2022 (PMID 35152405): the clinically relevant function hangs on rs4149056; T is read
like *1 and C like *5.
"""

from __future__ import annotations

from typing import Final

from starling.calling.general import call as call_by_matching
from starling.calling.table import MatchTable
from starling.star_order import diplotype_of
from starling.values import replace
from starling.vocabulary import (
    Ambiguous,
    GeneCall,
    Locus,
    Notice,
    SampleGenotypes,
    State,
    Undetermined,
    VariantCopies,
    Why,
)

RS4149056: Final = Locus("chr12", 21178615)
_LIKE: Final = {"T": "*1", "C": "*5"}


def call(table: MatchTable, sample: SampleGenotypes) -> GeneCall:
    """The SLCO1B1 call; without a diplotype, `deciding` holds what rs4149056 alone says, and nothing is certain."""
    found = call_by_matching(table, sample)
    genotype = sample.genotypes.get(RS4149056)
    if not isinstance(found.result, Undetermined) or genotype is None or genotype.state is not State.CALLED:
        return found
    if len(genotype.alleles) != 2 or not set(genotype.alleles) <= _LIKE.keys():
        return found
    first, second = (_LIKE[base] for base in genotype.alleles)
    notice = Notice(
        "RS4149056_ALONE", "no diplotype fits; the function rests on rs4149056 alone (T like *1, C like *5)"
    )
    evidence = replace(
        found.evidence,
        deciding=diplotype_of(first, second),
        doubts=found.evidence.doubts or (Why.UNDOCUMENTED_VARIANT,),
        variants=(VariantCopies("rs4149056 C", genotype.alleles.count("C")),),
        notices=(*found.evidence.notices, notice),
    )
    return GeneCall(found.gene, Ambiguous(()), evidence)
