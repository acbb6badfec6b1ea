"""What was observed at a gene's sites, as haplotypes: which bases must lie together, which may be swapped.

Homozygous positions give one base to each haplotype.  Heterozygous positions of one phase set form a group that moves
as a whole; an unphased one is a group of its own.  The first group is fixed (a diplotype is unordered), the others
branch.
"""

from __future__ import annotations

from starling.calling.table import MatchTable, bits
from starling.values import dataclass, field
from starling.vocabulary import Genotype, Notice, SampleGenotypes, State, Why

#: Bounded work per gene: more pairs of haplotypes than this are not enumerated (docs/explanation/certainty.md).
MAX_HAPLOTYPE_PAIRS = 1 << 16

HaplotypePair = tuple[int, int | None]


class TooAmbiguousError(Exception):
    """More haplotype pairs fit than may be enumerated; the caller answers `Undetermined(TOO_AMBIGUOUS)`."""


@dataclass(slots=True)
class Observation:
    """One gene of one person as masks (see `MatchTable`); filled by `observe`, then only read.

    `fits`: alleles that accept every homozygous base.  `groups`: per phase group, the alleles that accept its first
    and its second haplotype.  `present`, `homozygous_reference`, `missing`: sites.  `half`: (site, base seen).
    `varied`: (site, genotype) of everything in the sample that is not plainly reference.  `notices`: an ordered set.
    """

    fits: int
    groups: dict[str, tuple[int, int]]
    present: int = 0
    homozygous_reference: int = 0
    missing: int = 0
    haploid: bool = False
    half: tuple[tuple[int, str], ...] = ()
    doubts: tuple[Why, ...] = ()
    notices: dict[Notice, None] = field(default_factory=dict)
    filled: int = 0
    varied: tuple[tuple[int, Genotype], ...] = ()


def observe(table: MatchTable, sample: SampleGenotypes) -> Observation:
    """The genotypes of `sample` at the sites of `table`, as masks."""
    seen = Observation(fits=0, groups={}, haploid=_is_haploid(table, sample))
    seen.varied, seen.missing, seen.filled = _not_plain_reference(table, sample, haploid=seen.haploid)
    elsewhere = (1 << len(table.loci)) - 1 & ~seen.missing
    for site, _ in seen.varied:
        elsewhere &= ~(1 << site)
    seen.present = seen.homozygous_reference = elsewhere
    placed: list[tuple[int, str]] = []
    for site, genotype in seen.varied:
        base = _place(table, seen, site, genotype)
        if base is not None:
            placed.append((site, base))
    seen.fits = _fitting(table, seen)
    for site, base in placed:
        seen.fits &= table.accept[site].get(base, 0)
    return seen


def _not_plain_reference(
    table: MatchTable, sample: SampleGenotypes, *, haploid: bool
) -> tuple[tuple[tuple[int, Genotype], ...], int, int]:
    """Every site but those called reference throughout with nothing to add (on most people a handful is left), the
    sites of which nothing is known, and how many of the others were filled as reference."""
    varied: list[tuple[int, Genotype]] = []
    missing = filled = 0
    plain = table.hemizygous if haploid else table.homozygous
    observed = zip(map(sample.genotypes.get, table.loci), plain, strict=True)
    for site, (genotype, reference) in enumerate(observed):
        if genotype is None:
            missing |= 1 << site
        elif genotype.alleles != reference or genotype.notices or genotype.filtered or genotype.doubts:
            varied.append((site, genotype))
        elif genotype.filled:
            filled += 1
    return tuple(varied), missing, filled


def _fitting(table: MatchTable, seen: Observation) -> int:
    """The alleles whose core cells all lie outside the sites that are homozygous reference."""
    candidates, fits = 0, table.plain
    for site in (*bits(seen.missing), *(site for site, _ in seen.varied)):
        candidates |= table.carriers[site]
    for bit in bits(candidates):
        if not table.core[bit] & seen.homozygous_reference:
            fits |= 1 << bit
    return fits


def _is_haploid(table: MatchTable, sample: SampleGenotypes) -> bool:
    if table.definition.inheritance == "autosomal":
        return False
    if sample.hemizygous_x is not None and table.definition.inheritance == "X-linked":
        return sample.hemizygous_x
    found = (sample.genotypes[locus] for locus in table.loci if locus in sample.genotypes)
    copies = (len(genotype.alleles) for genotype in found if genotype.state is State.CALLED)
    return next(copies, 2) == 1 and all(number == 1 for number in copies)


def _note(seen: Observation, genotype: Genotype) -> None:
    seen.notices.update(dict.fromkeys(genotype.notices))
    seen.filled += genotype.filled
    used = bool(genotype.alleles or genotype.seen)
    doubts = (*genotype.doubts, *([Why.FILTERED] if genotype.filtered and used else []))
    seen.doubts += tuple(doubt for doubt in doubts if doubt not in seen.doubts)


def _place(table: MatchTable, seen: Observation, site: int, genotype: Genotype) -> str | None:
    """The base of a homozygous site; a heterozygous one joins its phase group, any other the missing ones."""
    bit = 1 << site
    _note(seen, genotype)
    if not _is_usable(seen, genotype):
        seen.missing |= bit
        if genotype.seen:
            seen.half += ((site, documented(table, seen, site, genotype.seen)[0]),)
        return None
    accept = table.accept[site]
    alleles = documented(table, seen, site, genotype.alleles)
    seen.present |= bit
    first, last = alleles[0], alleles[-1]
    if first == last:
        if first == table.references[site]:
            seen.homozygous_reference |= bit
        return first
    group = genotype.phase_set if genotype.phase_set is not None else f"unphased {site}"
    haplotypes = seen.groups.get(group, (table.everything, table.everything))
    seen.groups[group] = (haplotypes[0] & accept.get(first, 0), haplotypes[1] & accept.get(last, 0))
    return None


def _is_usable(seen: Observation, genotype: Genotype) -> bool:
    """Whether a genotype says what lies on every haplotype; on one X `1/1` says the same as `1`."""
    if genotype.state is not State.CALLED:
        return False
    if seen.haploid:
        return len(set(genotype.alleles)) == 1
    return len(genotype.alleles) == 2


def documented(table: MatchTable, seen: Observation, site: int, alleles: tuple[str, ...]) -> tuple[str, ...]:
    """Bases outside the definition become the reference in the genes where that is the rule; never silently."""
    accept, locus = table.accept[site], table.loci[site]
    unknown = sorted({base for base in alleles if base not in accept})
    if not unknown:
        return alleles
    as_reference = table.definition.undocumented_as_reference
    then = "read as reference, so the phenotype is not certain" if as_reference else "no allele of the gene carries it"
    message = f"{locus.chromosome}:{locus.position} {'/'.join(unknown)} is not in the definition: {then}"
    seen.notices[Notice("UNDOCUMENTED_VARIANT", message)] = None
    if Why.UNDOCUMENTED_VARIANT not in seen.doubts:
        seen.doubts += (Why.UNDOCUMENTED_VARIANT,)
    if not as_reference:
        return alleles
    return tuple(table.references[site] if base in unknown else base for base in alleles)


def haplotype_pairs(seen: Observation) -> list[HaplotypePair]:
    """Every pair of haplotypes that together explain the sample, as masks of the alleles that fit each.

    Raises: TooAmbiguousError beyond `MAX_HAPLOTYPE_PAIRS`.
    """
    if seen.haploid:
        return [(seen.fits, None)] if seen.fits else []
    if not seen.fits:
        return []
    groups = list(seen.groups.values())
    if not groups:
        return [(seen.fits, seen.fits)]
    first, second = (seen.fits & mask for mask in groups[0])
    pairs = [(first, second)] if first and second else []
    for one, other in groups[1:]:
        longer: dict[tuple[int, int], None] = {}
        for left, right in pairs:
            if left & one and right & other:
                longer[left & one, right & other] = None
            if left & other and right & one:
                longer[left & other, right & one] = None
        if len(longer) > MAX_HAPLOTYPE_PAIRS:
            raise TooAmbiguousError
        pairs = list(longer)
    return list(pairs)
