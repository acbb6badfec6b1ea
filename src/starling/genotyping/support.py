"""What speaks for a genotype beside GT, and whether it is enough: reads, likelihoods, imputed probabilities.

Fields that a file does not have at all say nothing against it.  A reference genotype without support counts as not
read; one that lists a variant is used and never certain, because dropping a dangerous variant would be worse.
Source: VCF v4.5, section 1.6.2 (DP, GL, GQ, GP, PL; the order of genotypes in PL); VCF v4.2, section 1.4.2 (GP on the
Phred scale); GATK (RGQ, MIN_DP); Ion Torrent (FDP); GLnexus (RNC); Strelka (GQX); Minimac4 (DS, HDS), Beagle (DS, AP1,
AP2); reads by allele: `starling.genotyping.reads`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Final, NamedTuple

from starling.assessment import Options
from starling.genotyping.reads import Reads, reads_of
from starling.genotyping.stated import Haplotypes, Support, numbers, stated_numbers
from starling.source.support import MISSING
from starling.values import dataclass
from starling.vocabulary import Notice

#: Probabilities of all genotypes add up to 1 so nearly; a GP that does not is on the Phred scale (DRAGEN, VCF 4.2).
_ROUNDING: Final = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """How much support is enough; what each limit means: `starling.assessment.Options`."""

    min_dp: int
    min_gq: int
    min_gp: float
    max_other_reads: float
    min_het_reads: float
    min_balance_reads: int = 10


class Verdict(NamedTuple):
    """`weak`: why there is too little support; `against`: what contradicts; `bare`: no field could support it."""

    weak: Notice | None
    against: Notice | None
    bare: bool


def limits_of(options: Options) -> Limits:
    """The limits that the options set."""
    return Limits(options.min_dp, options.min_gq, options.min_gp, options.max_other_reads, options.min_het_reads)


def verdict(haplotypes: Haplotypes, support: Support, limits: Limits, *, alleles: int, balance: bool = True) -> Verdict:
    """How far the support of a genotype goes.

    `alleles`: how many REF and ALTs are (for references it does not matter).  `balance`: whether the shares of reads
    follow from GT, as they do not on chrM.
    """
    is_reference = not any(haplotypes)
    depths = stated_numbers(support.min_dp, support.fdp, support.dp)
    qualities = stated_numbers(support.gq, support.rgq, support.gqx)
    reads = reads_of(support, haplotypes, alleles)
    imputed = _probability(haplotypes, support, alleles)
    likelihoods = _likelihoods(haplotypes, support, alleles, is_imputed=imputed is not None)
    if not depths and reads is not None and reads.counted and (is_reference or reads.counts[0] is not None):
        depths = [reads.total]
    if not qualities and likelihoods is not None:
        lowest, *others = sorted(likelihoods)
        qualities = [others[0] - lowest] if others else []
    too_little = _too_little(depths, qualities, support.rnc, limits) or _improbable(imputed, limits)
    contradiction = _unbalanced(haplotypes, reads, limits) if balance else None
    contradiction = contradiction or _unlikely(haplotypes, likelihoods)
    if imputed is None:
        contradiction = contradiction or _unlikely(haplotypes, _by_genotype(support.gp, haplotypes, alleles))
    return Verdict(
        _notice(haplotypes, too_little),
        _notice(haplotypes, contradiction),
        not depths and not qualities and imputed is None,
    )


def _notice(haplotypes: Haplotypes, found: tuple[str, str] | None) -> Notice | None:
    if found is None:
        return None
    code, how = found
    if not any(haplotypes):
        return Notice(code, f"reference was stated {how}")
    return Notice("WEAK_EVIDENCE", f"a genotype was stated {how}; it was used, and is not certain")


def _too_little(
    depths: Sequence[float], qualities: Sequence[float], rnc: str, limits: Limits
) -> tuple[str, str] | None:
    """A joint caller writes 0/0 where it has no data; limits hold for every statement that carries the fields."""
    if any(value <= 0 for value in depths):
        return "NO_SUPPORT", "without a single read"
    if any(value <= 0 for value in qualities):
        return "NO_SUPPORT", "with a genotype quality of 0"
    if rnc.strip("."):
        return "NO_SUPPORT", f"for lack of a call (RNC {rnc})"
    if depths and depths[0] < limits.min_dp:
        return "LOW_DEPTH", f"with {depths[0]:g} reads, fewer than {limits.min_dp}"
    if qualities and qualities[0] < limits.min_gq:
        return "LOW_QUALITY", f"with a genotype quality of {qualities[0]:g}, below {limits.min_gq}"
    return None


# --- reads ------------------------------------------------------------------------------------------------------------


def _unbalanced(haplotypes: Haplotypes, reads: Reads | None, limits: Limits) -> tuple[str, str] | None:
    """What the reads of each allele say against the genotype; one that GT does not call may be left unstated."""
    if reads is None or None in haplotypes or (everything := reads.total) <= 0:
        return None
    called = {reads.place(haplotype): reads.of(haplotype) for haplotype in haplotypes if haplotype is not None}
    own = [count for count in called.values() if count is not None]
    if len(own) < len(called):
        return None
    others, rarest = everything - sum(own), min(own)
    if rarest <= 0:
        return "ALLELE_BALANCE", f"although an allele of it has not one of {_of(everything, reads)}"
    enough = not reads.counted or everything >= limits.min_balance_reads
    if enough and others >= limits.max_other_reads * everything:
        return "ALLELE_BALANCE", f"although {_some(others, reads)} of {_of(everything, reads)} show another allele"
    if len(own) > 1 and rarest < limits.min_het_reads * everything:
        return "ALLELE_BALANCE", f"with one of its alleles in {_some(rarest, reads)} of {_of(everything, reads)}"
    return None


def _some(count: float, reads: Reads) -> str:
    return f"{count:.3g}" if reads.counted else f"{100 * count:.3g} %"


def _of(everything: float, reads: Reads) -> str:
    return f"{everything:g} reads" if reads.counted else "its reads"


# --- likelihoods and probabilities ------------------------------------------------------------------------------------


def _by_genotype(text: str, haplotypes: Haplotypes, alleles: int) -> list[float] | None:
    """The numbers, one for every genotype of this ploidy; None when there are none, or not as many."""
    if text in MISSING:
        return None
    values = numbers(text)
    if None in values:
        return None
    genotypes = alleles if len(haplotypes) == 1 else alleles * (alleles + 1) // 2
    return [value for value in values if value is not None] if len(values) == genotypes else None


def _place(haplotypes: Haplotypes) -> int | None:
    """Where a genotype stands among all."""
    stated = sorted(haplotype for haplotype in haplotypes if haplotype is not None)
    if len(stated) < len(haplotypes):
        return None
    return stated[0] if len(stated) == 1 else stated[1] * (stated[1] + 1) // 2 + stated[0]


def _likelihoods(haplotypes: Haplotypes, support: Support, alleles: int, *, is_imputed: bool) -> Sequence[float] | None:
    """PL, else GL on the same scale; the GL of an imputed genotype is of the few reads before imputation."""
    likelihoods = _by_genotype(support.pl, haplotypes, alleles)
    if likelihoods is not None or is_imputed:
        return likelihoods
    logarithms = _by_genotype(support.gl, haplotypes, alleles)
    return None if logarithms is None else [-10 * value for value in logarithms]


def _unlikely(haplotypes: Haplotypes, likelihoods: Sequence[float] | None) -> tuple[str, str] | None:
    place = _place(haplotypes)
    if likelihoods is None or place is None or likelihoods[place] <= min(likelihoods):
        return None
    return "LIKELIHOOD_DIFFERS", "although another genotype is likelier"


def _probability(haplotypes: Haplotypes, support: Support, alleles: int) -> float | None:
    """The probability of the genotype in an imputed file: GP, else from the dosages; None: not stated.

    A dosage of both haplotypes together may be whole where neither is: 1.0 of 0.6 and 0.4.  The lowest counts.
    """
    place = _place(haplotypes)
    if place is None:
        return None
    probabilities = _by_genotype(support.gp, haplotypes, alleles)
    if probabilities is not None and abs(sum(probabilities) - 1) <= _ROUNDING and min(probabilities) >= 0:
        return probabilities[place]
    found: list[float] = []
    dosages = numbers(support.ds)
    if len(dosages) == alleles - 1 and None not in dosages:
        counts = [haplotypes.count(allele) for allele in range(1, alleles)]
        found.append(1 - max(abs((dosage or 0.0) - count) for dosage, count in zip(dosages, counts, strict=True)))
    for text in (support.hds, f"{support.ap1},{support.ap2}"):
        shares = numbers(text)
        if len(shares) == len(haplotypes) * (alleles - 1) and None not in shares:
            stated = [haplotype == allele for haplotype, allele in product(haplotypes, range(1, alleles))]
            found.append(prod(1 - abs((share or 0.0) - is_it) for share, is_it in zip(shares, stated, strict=True)))
    return min(found, default=None)


def _improbable(probability: float | None, limits: Limits) -> tuple[str, str] | None:
    if probability is None or probability >= limits.min_gp - 1e-9:
        return None
    return "LOW_PROBABILITY", f"with an imputed probability of {max(probability, 0):.2g}, below {limits.min_gp:g}"
