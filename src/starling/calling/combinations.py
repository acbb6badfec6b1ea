"""When nothing matches: haplotypes described as combinations of named alleles and leftover variants, for research.

`[*6 + *14]`, `[*17 + g.94781859G>A]`, `g.94781859G>A`.  Never when a plain call exists; never with a recommendation.
Source: PharmCAT "research mode: combinations and partial alleles".
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from starling.calling.phasing import observe
from starling.calling.table import MatchTable, bits
from starling.star_order import diplotype_of, in_star_order
from starling.values import replace
from starling.vocabulary import Ambiguous, CallResult, Diplotype, GeneCall, SampleGenotypes

#: Heterozygous groups that may branch, the first of which is fixed: 2**9 pairs of haplotypes.
MAX_GROUPS = 10

#: (site, base) of every base that is not the reference, in no particular order.
Haplotype = tuple[tuple[int, str], ...]


def combinations(table: MatchTable, sample: SampleGenotypes, refused: GeneCall) -> GeneCall:
    """The refused call with every pair of haplotypes described; unchanged when there are too many pairs."""
    pairs = _haplotypes(table, sample)
    if not pairs:
        return refused
    diplotypes = in_star_order(
        diplotype_of(describe(table, one), describe(table, other))
        if other is not None
        else Diplotype((describe(table, one),))
        for one, other in pairs
    )
    result: CallResult = diplotypes[0] if len(diplotypes) == 1 else Ambiguous(diplotypes)
    return replace(refused, result=result, evidence=replace(refused.evidence, research_only=True))


def _haplotypes(table: MatchTable, sample: SampleGenotypes) -> list[tuple[Haplotype, Haplotype | None]]:
    """Every pair of haplotypes, each as its bases other than the reference; empty when too many groups branch."""
    seen = observe(table, sample)
    both: Haplotype = ()
    groups: dict[str, tuple[Haplotype, Haplotype]] = {}
    for site in bits(seen.present & ~seen.homozygous_reference):
        genotype = sample.genotypes[table.loci[site]]
        first, last = (((site, base),) if base != table.references[site] else () for base in _ends(genotype.alleles))
        if first == last:
            both += first
            continue
        name = genotype.phase_set if genotype.phase_set is not None else f"unphased {site}"
        one, other = groups.get(name, ((), ()))
        groups[name] = one + first, other + last
    if seen.haploid:
        return [(both, None)]
    if len(groups) > MAX_GROUPS:
        return []
    pairs = [(both, both)]
    for number, (one, other) in enumerate(groups.values()):
        swapped = [(left + other, right + one) for left, right in pairs] if number else []
        pairs = [(left + one, right + other) for left, right in pairs] + swapped
    return [(left, right) for left, right in pairs]


def _ends(alleles: tuple[str, ...]) -> tuple[str, str]:
    return alleles[0], alleles[-1]


def describe(table: MatchTable, haplotype: Haplotype) -> str:
    """A haplotype in words: the named alleles it holds, most core positions first, then what is left over."""
    bases = dict(haplotype)
    left = sum(1 << site for site in bases)
    held = reduce(or_, map(table.carriers.__getitem__, bases), 0)
    named: list[int] = []
    for bit in sorted(bits(held), key=lambda bit: (-table.core[bit].bit_count(), bit)):
        core = table.core[bit]
        if not core & ~left and all(table.accept[site].get(bases[site], 0) >> bit & 1 for site in bits(core)):
            named.append(bit)
            left &= ~core
    names = [table.alleles[bit].reported_as for bit in sorted(named)]
    names += [_partial(table, site, bases[site]) for site in bits(left)]
    if not names:
        return table.definition.reference
    return names[0] if len(names) == 1 else f"[{' + '.join(names)}]"


def _partial(table: MatchTable, site: int, base: str) -> str:
    prefix = "m." if table.definition.chromosome == "chrM" else "g."
    return f"{prefix}{table.loci[site].position}{table.references[site]}>{base}"
