"""RYR1: malignant hyperthermia first; variants are judged one by one.

Source: CPIC volatile anaesthetics guideline 2019, update 2023 (PMID 30499100).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from starling.calling.genes.carried import (
    basic_evidence,
    gene_of,
    hidden_alleles,
    not_covered,
    single_site_variants,
)
from starling.calling.genes.lowest_function import call_carried
from starling.calling.phasing import observe
from starling.calling.table import MatchTable
from starling.definitions import NamedAllele
from starling.vocabulary import GeneCall, SampleGenotypes

_UNCERTAIN: Final = Fraction(1)
_ORDER: Final = {
    "Malignant Hyperthermia associated": Fraction(0),
    "Uncertain function": _UNCERTAIN,
    "Normal function": Fraction(2),
}


def call(table: MatchTable, sample: SampleGenotypes) -> GeneCall:
    """The RYR1 call."""
    seen = observe(table, sample)
    uncovered = not_covered(table, seen)
    if uncovered is not None:
        return uncovered
    gene = gene_of(table, severity)
    carried = single_site_variants(table, seen)
    hidden = hidden_alleles(table, seen.missing)
    return call_carried(gene, carried, hidden, basic_evidence(table, seen))


def severity(allele: NamedAllele) -> Fraction:
    """How low the function of an allele is: smaller is worse."""
    return _ORDER.get(allele.function, _UNCERTAIN)
