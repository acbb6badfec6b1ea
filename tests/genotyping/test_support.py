"""How much support a genotype needs, and what speaks against it.  Source: docs/explanation/reading.md."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.assessment import Options
from starling.genotyping.stated import NOT_STATED
from starling.genotyping.support import limits_of, verdict

LIMITS = limits_of(Options())
GENOTYPES = [(0, 0), (0, 1), (1, 1), (1, 2), (0,), (1,)]


def judged(haplotypes: tuple[int, ...], **fields: str) -> str:
    """The codes of what is too little, and of what contradicts."""
    found = verdict(haplotypes, NOT_STATED._replace(**fields), LIMITS, alleles=3 if 2 in haplotypes else 2)
    return " ".join(notice.code for notice in (found.weak, found.against) if notice is not None)


@pytest.mark.parametrize("haplotypes", GENOTYPES)
def test_what_a_file_does_not_have_says_nothing_against_it(haplotypes: tuple[int, ...]) -> None:
    assert judged(haplotypes) == ""
    assert verdict(haplotypes, NOT_STATED, LIMITS, alleles=3).bare


@pytest.mark.parametrize(
    ("haplotypes", "fields", "expected"),
    [
        ((0, 0), {"pl": "0,30,300"}, ""),
        ((0, 0), {"pl": "0,3,30"}, "LOW_QUALITY"),
        ((0, 0), {"pl": "0,0,30"}, "NO_SUPPORT"),
        ((0, 0), {"pl": "30,0,300"}, "LIKELIHOOD_DIFFERS"),
        ((0, 1), {"pl": "30,0,300"}, ""),
        ((1, 2), {"pl": "300,250,200,150,0,100"}, ""),
        ((1, 2), {"pl": "300,250,200,0,150,100"}, "WEAK_EVIDENCE"),
        ((1,), {"pl": "300,0"}, ""),
        ((1, 1), {"pl": "300,0"}, ""),
        ((1, 1), {"pl": "300,.,0"}, ""),
        ((0, 0), {"gl": "-5,-0.1,-9"}, "LIKELIHOOD_DIFFERS"),
        ((0, 0), {"gl": "0,-3.2,-30"}, ""),
        ((0, 0), {"gl": "-0.48,-0.48,-0.48"}, "NO_SUPPORT"),
        ((0, 0), {"gl": "-0.48,-0.48,-0.48", "ds": "0.01"}, ""),
        ((1, 1), {"gl": "-9,0,-2"}, "WEAK_EVIDENCE"),
        ((0, 0), {"gl": "-5,-0.1,-9", "pl": "0,30,300"}, ""),
        ((0, 0), {"ro": "5", "ao": "25"}, "ALLELE_BALANCE"),
        ((0, 0), {"ro": "30", "ao": "0"}, ""),
        ((1, 1), {"ro": "30", "ao": "0"}, "WEAK_EVIDENCE"),
        ((1, 2), {"ro": "0", "ao": "15,15"}, ""),
        ((0, 0), {"gp": "49,0.0001,53"}, "LIKELIHOOD_DIFFERS"),
        ((0, 0), {"gp": "41,50,9"}, "LIKELIHOOD_DIFFERS"),
        ((0, 0), {"ad": "8,2", "dp": "10"}, ""),
        ((0, 0), {"ad": "7,3", "dp": "10"}, "ALLELE_BALANCE"),
        ((0, 0), {"ad": "20", "dp": "30"}, "ALLELE_BALANCE"),
        ((0, 0), {"ad": "30", "dp": "30"}, ""),
        ((0, 1), {"ad": "91,9", "dp": "100"}, "WEAK_EVIDENCE"),
        ((0, 1), {"ad": "90,10", "dp": "100"}, ""),
        ((1, 2), {"ad": "10,15,15", "dp": "40"}, "WEAK_EVIDENCE"),
        ((1, 1), {"ad": "3,9", "dp": "12"}, "WEAK_EVIDENCE"),
        ((0, 0), {"gp": "0.9,0.1,0"}, ""),
        ((0, 0), {"gp": "0.89,0.11,0"}, "LOW_PROBABILITY"),
        ((0, 1), {"gp": "49,0.0001,53"}, ""),
        ((0, 0), {"ds": "0.1"}, ""),
        ((0, 1), {"ds": "0.85"}, "WEAK_EVIDENCE"),
        ((1, 2), {"ds": "1,0.95"}, ""),
        ((0, 1), {"hds": "0.02,0.95"}, ""),
        ((0, 1), {"hds": "0.2,0.8"}, "WEAK_EVIDENCE"),
        ((0, 1), {"rnc": "II"}, "WEAK_EVIDENCE"),
    ],
)
def test_each_kind_of_support(haplotypes: tuple[int, ...], fields: dict[str, str], expected: str) -> None:
    assert judged(haplotypes, **fields) == expected


def test_shares_of_reads_mean_heteroplasmy_on_chrm() -> None:
    support = NOT_STATED._replace(ad="90,10", dp="100")
    assert verdict((1,), support, LIMITS, alleles=2, balance=False).against is None


@given(st.sampled_from([(0, 0), (0, 1), (1, 1)]), st.integers(12, 2000), st.integers(20, 99))
def test_a_supported_genotype_stays_as_it_is(haplotypes: tuple[int, int], reads: int, quality: int) -> None:
    copies = sum(haplotypes)
    others = reads * copies // 2
    pairs = list(combinations_with_replacement(range(2), 2))
    likelihoods = ",".join(
        "0" if pair == haplotypes else str(quality + 100 * (place + 1)) for place, pair in enumerate(pairs)
    )
    fields = {"dp": str(reads), "gq": str(quality), "ad": f"{reads - others},{others}", "pl": likelihoods}
    assert judged(haplotypes, **fields) == ""


@given(
    st.sampled_from([(0, 0), (0, 1), (1, 1)]),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 40),
    st.integers(0, 99),
    st.integers(0, 99),
)
def test_less_support_is_never_enough_where_more_was_not(
    haplotypes: tuple[int, int], ref: int, alt: int, fewer: int, quality: int, lower: int
) -> None:
    """Fewer reads of one kind, or a lower quality, never mend a verdict; nor do reads of an allele not called."""
    depth = {"dp": str(ref + alt), "gq": str(quality)}
    less = {"dp": str(max(ref + alt - fewer, 0)), "gq": str(min(quality, lower))}
    assert not judged(haplotypes, **depth) or judged(haplotypes, **less)
    if haplotypes[0] == haplotypes[1]:
        own, other = (ref, alt) if haplotypes == (0, 0) else (alt, ref)
        reads, more = (own, other), (own, other + fewer)
        before, after = (",".join(map(str, each if haplotypes == (0, 0) else each[::-1])) for each in (reads, more))
        assert (
            not verdict(haplotypes, NOT_STATED._replace(ad=before), LIMITS, alleles=2).against
            or sum(reads) < 10
            or (verdict(haplotypes, NOT_STATED._replace(ad=after), LIMITS, alleles=2).against)
        )
