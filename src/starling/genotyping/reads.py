"""What the fields of a caller say of the reads of each allele: the first kind that a column states counts.

    AD                         each allele; of REF alone where it is one number on 0/0 (Clair3)
    AD beside RD               of the variant, also on 0/0; RD: of REF (VarScan, Pindel; each one number)
    AD beside CGA_RDP, DP      follows GT, not REF and ALT; CGA_RDP: of REF; DP: all (Complete Genomics)
    FRO, FAO                   REF; each ALT, of the reads that the flow evaluator used (Ion Torrent)
    RO, AO                     REF; each ALT (freebayes, Ion Torrent)
    NR, NV                     over the place; with each ALT (Platypus)
    ADF, ADR                   each allele by strand (bcftools, Strelka)
    DPR; CLCAD2                each allele (old samtools and freebayes; CLC Genomics Workbench)
    DP4                        REF and not REF, by strand (samtools)
    DV, DP                     not REF; all (samtools)
    VAF; VAF1                  share of each ALT (DeepVariant, bcftools); of all ALTs (bcftools)
    FREQ                       share of the variant in per cent (VarScan)
    FQ                         share of the one ALT (NanoCaller, also one number where it calls 1/2)
    AF                         share of each ALT; on 0/0 of REF (Clair3), so it is not read there

Source: VCF v4.5, section 1.6.2 (AD, ADF, ADR); the FORMAT lines of VarScan 2.4, Pindel 0.2.5, cgatools 1.8 mkvcf,
freebayes 1.3, Platypus 0.8, Strelka 2.9, samtools 1.2 and bcftools 1.20 (mpileup, +fill-tags), CLC Genomics Workbench,
DeepVariant 1.6, Clair3 1.0, DRAGEN 4; the header of an example of Torrent Variant Caller 4.4-3, and the source of 5
(its VCF header is the same); NanoCaller, nanocaller_src/snpCaller.py (no version of it was run).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Final

from starling.genotyping.stated import Haplotypes, Support, number, numbers
from starling.source.support import NO_READS
from starling.values import dataclass

Counts = tuple[float | None, ...]
#: By how much shares that were rounded may add up to more than 1.
_ROUNDING: Final = 0.01
#: Digits of a product that mean something: 0.1 x 30 is 3, and no more.
_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Reads:
    """The reads of REF and of each ALT; None where a list has a dot.

    `pooled`: of REF, and of all ALTs together.  `counted`: numbers of reads, not shares of a number that nobody states.
    """

    counts: Counts
    pooled: bool = False
    counted: bool = True

    @property
    def total(self) -> float:
        """All reads."""
        return sum(count or 0.0 for count in self.counts)

    def of(self, allele: int) -> float | None:
        """The reads of an allele, those of all ALTs where they are pooled; None: not stated."""
        place = self.place(allele)
        return self.counts[place] if place < len(self.counts) else None

    def place(self, allele: int) -> int:
        """Where an allele is counted."""
        return min(allele, 1) if self.pooled else allele


def reads_of(support: Support, haplotypes: Haplotypes, alleles: int) -> Reads | None:
    """The reads behind a genotype of a record of so many alleles; None: they are not stated, or not legibly."""
    for fields, read in _KINDS:
        if NO_READS.isdisjoint(map(getattr, repeat(support), fields)):
            return read(support, alleles, not any(haplotypes))
    return None


# --- numbers of reads -------------------------------------------------------------------------------------------------


def _by_ad(support: Support, _: int, is_reference: bool) -> Reads | None:  # noqa: FBT001  # as all of _KINDS
    counts, of_ref, depth = _counts(support.ad), number(support.rd), number(support.dp)
    if (stated := number(support.cga_rdp)) is not None and depth is not None:
        return _pooled(stated, depth - stated)
    if len(counts) == 1 and of_ref is not None:
        return _pooled(of_ref, counts[0])
    if len(counts) == 1 and depth is not None and is_reference:
        counts = (counts[0], max(depth - (counts[0] or 0), 0))
    return Reads(counts)


def _by_nr(support: Support, alleles: int, *_: bool) -> Reads | None:
    over, having = _whole(_counts(support.nr)), _whole(_counts(support.nv))
    if over is None or having is None or len(having) != max(alleles - 1, 1):
        return None
    return Reads((max(max(over) - sum(having), 0), *having))


def _by_strand(support: Support, alleles: int, *_: bool) -> Reads | None:
    forward, reverse = _whole(_counts(support.adf)), _whole(_counts(support.adr))
    if forward is None or reverse is None or not len(forward) == len(reverse) == alleles:
        return None
    return Reads(tuple(one + other for one, other in zip(forward, reverse, strict=True)))


def _by_allele(text: str, alleles: int) -> Reads | None:
    counts = _counts(text)
    return Reads(counts) if len(counts) == alleles > 1 else None


def _by_dp4(support: Support, *_: int) -> Reads | None:
    counts = _whole(_counts(support.dp4))
    return _pooled(sum(counts[:2]), sum(counts[2:])) if counts is not None and len(counts) == 4 else None


def _by_dv(support: Support, *_: int) -> Reads | None:
    depth, others = number(support.dp), number(support.dv)
    return None if depth is None or others is None else _pooled(depth - others, others)


def _pooled(of_ref: float, of_others: float | None) -> Reads:
    return Reads((max(of_ref, 0), None if of_others is None else max(of_others, 0)), pooled=True)


# --- shares -----------------------------------------------------------------------------------------------------------


def _by_freq(support: Support, *_: int) -> Reads | None:
    """In some countries Java writes 12,5%."""
    if not support.freq.endswith("%"):
        return None
    shares = (None if share is None else share / 100 for share in _counts(support.freq[:-1].replace(",", ".")))
    return _by_shares(tuple(shares), support.dp)


def _by_shares(shares: Counts, depth: str, alleles: int | None = None) -> Reads | None:
    """`alleles`: None for one share of all ALTs."""
    whole = _whole(shares)
    if whole is None or len(whole) != (1 if alleles is None else alleles - 1) or sum(whole) > 1 + _ROUNDING:
        return None
    reads = number(depth)
    counts = tuple(round(share * (reads or 1), _DIGITS) for share in (max(1 - sum(whole), 0), *whole))
    return Reads(counts, pooled=alleles is None, counted=bool(reads))


def _counts(text: str) -> Counts:
    """The numbers of a list; None for each that is missing, or negative."""
    return tuple(None if count is None or count < 0 else count for count in numbers(text))


def _whole(counts: Counts) -> Sequence[float] | None:
    """The numbers, if all are there."""
    found = [count for count in counts if count is not None]
    return found if len(found) == len(counts) else None


#: The fields of a kind; what it makes of a column, of the number of alleles, and of whether GT is reference.
_KINDS: Final[tuple[tuple[tuple[str, ...], Callable[[Support, int, bool], Reads | None]], ...]] = (
    (("ad",), _by_ad),
    (("fro", "fao"), lambda support, *_: Reads((*_counts(support.fro), *_counts(support.fao)))),
    (("ro", "ao"), lambda support, *_: Reads((*_counts(support.ro), *_counts(support.ao)))),
    (("nr", "nv"), _by_nr),
    (("adf", "adr"), _by_strand),
    (("dpr",), lambda support, alleles, _: _by_allele(support.dpr, alleles)),
    (("clcad2",), lambda support, alleles, _: _by_allele(support.clcad2, alleles)),
    (("dp4",), _by_dp4),
    (("dv", "dp"), _by_dv),
    (("vaf",), lambda support, alleles, _: _by_shares(_counts(support.vaf), support.dp, alleles)),
    (("vaf1",), lambda support, *_: _by_shares(_counts(support.vaf1), support.dp)),
    (("freq",), _by_freq),
    (("fq",), lambda support, alleles, _: _by_shares(_counts(support.fq), support.dp, alleles)),
    (("af",), lambda support, alleles, ref: None if ref else _by_shares(_counts(support.af), support.dp, alleles)),
)
