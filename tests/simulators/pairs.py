"""Every allele pair of every gene through the caller, without a file: what is exact, what is not, and why.

    for verdict in verdicts(definition, rules, pairs_of(definition), seed=1): ...

The haplotypes come from `starling_workshop.simulation` (rows of the definition tables), the truth from the names drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement

from starling.assessment import GeneResult, Options
from starling.calling.dispatch import call_gene
from starling.calling.table import MatchTable, match_table
from starling.definitions import GeneDefinition, NamedAllele, PhenotypeRules
from starling.guidance.meaning import term_of
from starling.guidance.phenotype import interpret
from starling.vocabulary import Locus, SampleGenotypes, Sex
from starling_workshop.simulation import SimulatedGene, SimulatedPatient, callable_alleles, genotypes, haplotype_of

Pair = tuple[NamedAllele, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the caller made of one pair.

    `phased`: the diplotype is reported and nothing else.  `unphased`: it is among the reported ones.  `covered`: it
    is, or its term is reported or among the alternatives.  `wrong`: what was certain and false, in words.
    """

    gene: str
    pair: tuple[str, ...]
    phased: bool
    unphased: bool
    covered: bool
    among_phased: bool
    wrong: tuple[str, ...] = ()


def pairs_of(definition: GeneDefinition) -> list[Pair]:
    """All unordered pairs; for chrX also the single alleles of males; for chrM single alleles only."""
    rows = callable_alleles(definition)
    single: list[Pair] = [(row,) for row in rows]
    if definition.chromosome == "chrM":
        return single
    pairs: list[Pair] = list(combinations_with_replacement(rows, 2))
    return pairs + (single if definition.chromosome == "chrX" else [])


def verdicts(
    definition: GeneDefinition,
    rules: PhenotypeRules | None,
    pairs: Iterable[Pair],
    *,
    seed: int,
    gaps: int = 1,
) -> Iterator[Verdict]:
    """The verdict on each pair; `gaps`: how many times to judge it again with random sites missing."""
    for pair in pairs:
        rng = random.Random(f"{seed} {definition.gene} {'/'.join(row.name for row in pair)}")
        yield _verdict(definition, rules, pair, rng, gaps)


def truth_of(pair: Pair, rules: PhenotypeRules | None) -> tuple[tuple[str, ...], str | None]:
    """Names as reported (sorted) and the term that follows from the functions or values of the alleles."""
    names = tuple(sorted(row.reported_as or row.name for row in pair))
    return names, None if rules is None else term_of(rules, pair)[0]


def person_of(definition: GeneDefinition, pair: Pair, rng: random.Random) -> SimulatedPatient:
    """Someone who carries `pair` in this gene; which haplotype carries which is drawn."""
    rows = list(pair)
    rng.shuffle(rows)
    haplotypes = tuple(haplotype_of(definition, row, rng) for row in rows)
    sex: Sex = "male" if definition.chromosome == "chrX" and len(pair) == 1 else "female"
    gene = SimulatedGene(definition, tuple(row.name for row in rows), haplotypes)
    return SimulatedPatient("PAIR", 0, sex, (gene,))


def _verdict(
    definition: GeneDefinition, rules: PhenotypeRules | None, pair: Pair, rng: random.Random, gaps: int
) -> Verdict:
    names, term = truth_of(pair, rules)
    who = person_of(definition, pair, rng)
    phased = _result(definition, rules, genotypes(who, phased=True))
    unphased = _result(definition, rules, genotypes(who, phased=False))
    wrong = [f"{way}: {text}" for way, result in (("phased", phased), ("unphased", unphased))
             for text in _falsehood(result, term)]  # fmt: skip
    loci = [site.locus for site in (*definition.sites, *definition.extra_sites)]
    for _ in range(gaps):
        missing = _missing(loci, who, rng)
        in_phase = rng.random() < 0.5
        result = _result(definition, rules, genotypes(who, phased=in_phase, missing=missing))
        where = " ".join(str(locus.position) for locus in sorted(missing)[:12])
        way = f"{'phased' if in_phase else 'unphased'}, {len(missing)} missing ({where})"
        wrong += [f"{way}: {text}" for text in _falsehood(result, term)]
    found = _names(unphased)
    return Verdict(
        definition.gene,
        tuple(row.name for row in pair),
        phased=_names(phased) == [names],
        unphased=names in found,
        covered=names in found or _covers(unphased, term),
        among_phased=names in _names(phased),
        wrong=tuple(wrong),
    )


def _missing(loci: Sequence[Locus], who: SimulatedPatient, rng: random.Random) -> frozenset[Locus]:
    """Random sites, and now and then exactly those that carry a variant: the ones that matter."""
    variant = [site.locus for site, bases in who.genes[0].observed() if set(bases) != {site.ref}]
    kind = rng.random()
    if variant and kind < 0.5:
        return frozenset(rng.sample(variant, rng.randint(1, len(variant))))
    if kind < 0.8:
        return frozenset(rng.sample(loci, min(len(loci), rng.randint(1, 3))))
    share = rng.random()
    return frozenset(locus for locus in loci if rng.random() < share)


@cache
def _table(definition: GeneDefinition) -> MatchTable:
    return match_table(definition)


def _result(definition: GeneDefinition, rules: PhenotypeRules | None, sample: SampleGenotypes) -> GeneResult:
    return interpret(call_gene(_table(definition), sample, Options()), definition, rules)


def _names(result: GeneResult) -> list[tuple[str, ...]]:
    return [tuple(sorted(each)) for each in result.diplotypes]


def _covers(result: GeneResult, term: str | None) -> bool:
    return term in {result.phenotype, *(each.phenotype for each in result.phenotype_alternatives)}


def _falsehood(result: GeneResult, term: str | None) -> list[str]:
    if result.phenotype_certain and result.phenotype != term:
        return [f"certain {result.phenotype!r} ({result.label}), but it is {term!r}"]
    return []
