"""What a doubtful genotype leaves possible: the gene is called again with everything that the position could hold.

A genotype of which the record failed its filters, or that has weak evidence, is used and never certain.  What it could
be instead is known all the same: the bases of the definition.  So a doubt about a variant that changes nothing
(DPYD c.85T>C) is told from one that hides a danger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod

from starling.calling.table import MatchTable
from starling.values import replace
from starling.vocabulary import (
    Ambiguous,
    Consistent,
    Diplotype,
    GeneCall,
    Genotype,
    SampleGenotypes,
    State,
    Undetermined,
)

Rule = Callable[[MatchTable, SampleGenotypes], GeneCall]

#: So many ways to read the doubtful positions of a gene are tried; beyond that nobody says what they could mean (ours).
MAX_WAYS = 64


def with_what_doubts_leave(rule: Rule, table: MatchTable, sample: SampleGenotypes, call: GeneCall) -> GeneCall:
    """The call, and among what is consistent all that its doubtful genotypes could be, with the doubt as the reason.

    Unchanged where that cannot be said: no call, a position without a genotype, too many of them, or no allele fits.
    """
    reasons = [doubt for doubt in call.evidence.doubts if doubt.is_about_a_genotype]
    if not reasons or isinstance(call.result, Undetermined) or table.definition.inheritance == "mitochondrial":
        return call
    doubtful = [(site, each) for site, each in _found(table, sample) if each.filtered or _is_doubted(each)]
    choices = [list(product(table.accept[site], repeat=len(each.alleles))) for site, each in doubtful]
    if any(each.state is not State.CALLED for _, each in doubtful) or not 0 < prod(map(len, choices)) <= MAX_WAYS:
        return call
    possible: dict[Diplotype, None] = {}
    for way in product(*choices):
        read = {each.locus: _plain(each, alleles) for (_, each), alleles in zip(doubtful, way, strict=True)}
        fits = tuple(_named(rule(table, replace(sample, genotypes={**sample.genotypes, **read}))))
        if not fits:
            return call
        possible.update(dict.fromkeys(fits))
    more = [Consistent(diplotype, why) for why in reasons for diplotype in possible]
    return replace(call, evidence=replace(call.evidence, consistent=(*call.evidence.consistent, *more)))


def _found(table: MatchTable, sample: SampleGenotypes) -> Iterator[tuple[int, Genotype]]:
    for site, locus in enumerate(table.loci):
        genotype = sample.genotypes.get(locus)
        if genotype is not None:
            yield site, genotype


def _is_doubted(genotype: Genotype) -> bool:
    return any(doubt.is_about_a_genotype for doubt in genotype.doubts)


def _plain(genotype: Genotype, alleles: tuple[str, ...]) -> Genotype:
    """The position as it would be if it held `alleles` and nothing were to be said of them."""
    return Genotype(genotype.locus, alleles, genotype.phase_set, State.CALLED)


def _named(call: GeneCall) -> Iterator[Diplotype]:
    """Everything that a call leaves possible; nothing where no allele fits."""
    match call.result:
        case Undetermined():
            return
        case Diplotype() as one:
            yield call.evidence.deciding or one
        case Ambiguous(several):
            yield from (call.evidence.deciding,) if call.evidence.deciding else several
    yield from (each.diplotype for each in call.evidence.consistent)
