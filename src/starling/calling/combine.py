"""When nothing matches: strands described as combinations of named alleles and leftover variants, for research.

`[*6 + *14]`, `[*17 + g.94781859G>A]`, `g.94781859G>A`.  Never when a plain call exists; never with a recommendation.
Source: PharmCAT "research mode: combinations and partial alleles".
"""

from __future__ import annotations

from dataclasses import replace

from starling.calling.phasing import observe
from starling.calling.ranking import diplotype_of, in_star_order
from starling.calling.table import MatchTable, match_table
from starling.definitions import GeneDefinition
from starling.vocabulary import Ambiguous, CallResult, Diplotype, GeneCall, SampleGenotypes, State, Undetermined

#: Heterozygous groups that may branch: 2**12 pairs of strands.
MAX_GROUPS = 12

Strand = tuple[tuple[int, str], ...]


def combinations(definition: GeneDefinition, sample: SampleGenotypes, refused: GeneCall) -> GeneCall:
    """The refused call with every pair of strands described; unchanged when there are too many pairs."""
    table = match_table(definition)
    pairs = _strands(table, sample)
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


def _strands(table: MatchTable, sample: SampleGenotypes) -> list[tuple[Strand, Strand | None]]:
    haploid = observe(table, sample).haploid
    both: list[tuple[int, str]] = []
    groups: dict[str, tuple[list[tuple[int, str]], list[tuple[int, str]]]] = {}
    for site, locus in enumerate(table.loci):
        genotype = sample.genotypes.get(locus)
        if genotype is None or genotype.state is not State.CALLED:
            continue
        first, last = genotype.alleles[0], genotype.alleles[-1]
        if first == last:
            both.append((site, first))
            continue
        name = genotype.phase_set if genotype.phase_set is not None else f"unphased {site}"
        one, other = groups.setdefault(name, ([], []))
        one.append((site, first))
        other.append((site, last))
    if haploid:
        return [(tuple(both), None)]
    if len(groups) > MAX_GROUPS:
        return []
    pairs = [(tuple(both), tuple(both))]
    for number, (one, other) in enumerate(groups.values()):
        swapped = [(left + tuple(other), right + tuple(one)) for left, right in pairs] if number else []
        pairs = [(left + tuple(one), right + tuple(other)) for left, right in pairs] + swapped
    return [(left, right) for left, right in pairs]


def describe(table: MatchTable, strand: Strand) -> str:
    """A strand in words: the named alleles it holds, most core positions first, then what is left over."""
    bases = dict(strand)
    varied = {site for site, base in strand if base != table.references[site]}
    named: list[int] = []
    left = set(varied)
    candidates = sorted(range(len(table.alleles)), key=lambda bit: (-table.core[bit].bit_count(), bit))
    for bit in candidates:
        cells = {site for site, accepted in table.alleles[bit].cells if table.core[bit] >> site & 1}
        if cells and cells <= left and all(bases[site] in dict(table.alleles[bit].cells)[site] for site in cells):
            named.append(bit)
            left -= cells
    names = [table.alleles[bit].reported_as for bit in sorted(named)]
    names += [_partial(table, site, bases[site]) for site in sorted(left)]
    if not names:
        return table.definition.reference
    return names[0] if len(names) == 1 else f"[{' + '.join(names)}]"


def _partial(table: MatchTable, site: int, base: str) -> str:
    prefix = "m." if table.definition.chromosome == "chrM" else "g."
    return f"{prefix}{table.loci[site].position}{table.references[site]}>{base}"


def is_combination(result: Undetermined | Diplotype | Ambiguous) -> bool:
    """Whether a result holds a combination or a partial allele."""
    diplotypes = result.diplotypes if isinstance(result, Ambiguous) else ()
    names = [name for diplotype in diplotypes for name in diplotype.alleles]
    names += result.alleles if isinstance(result, Diplotype) else []
    return any(name.startswith(("[", "g.", "m.")) for name in names)
