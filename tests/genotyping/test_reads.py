"""The reads of each allele, as every caller writes them, speak for or against a genotype alike.

Source: the FORMAT lines of the callers, named in `starling.genotyping.reads`; docs/explanation/reading.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.assessment import Options
from starling.genotyping.reads import Reads, reads_of
from starling.genotyping.stated import INSTEAD_OF_AD, NOT_STATED, SUPPORT
from starling.genotyping.support import limits_of, verdict
from starling.source.support import READS
from tests.genotyping.reading import at, collected, read, shown, text_of

STAR2 = "chr10:94781859"
LIMITS = limits_of(Options())


def by_strand(reads: int) -> tuple[int, int]:
    return reads // 2, reads - reads // 2


def share(ref: int, alt: int) -> float:
    return alt / (ref + alt)


#: Caller -> (FORMAT, a column with these reads of REF and ALT).
DIALECTS: Mapping[str, Callable[[str, int, int], tuple[str, str]]] = {
    "gatk": lambda gt, r, a: ("GT:AD:DP", f"{gt}:{r},{a}:{r + a}"),
    "platypus": lambda gt, r, a: ("GT:GOF:NR:NV", f"{gt}:3:{r + a}:{a}"),
    "freebayes": lambda gt, r, a: ("GT:DP:RO:QR:AO:QA", f"{gt}:{r + a}:{r}:{30 * r}:{a}:{30 * a}"),
    "varscan": lambda gt, r, a: (
        "GT:SDP:DP:RD:AD:FREQ:RDF:RDR:ADF:ADR",
        ":".join(map(str, (gt, r + a, r + a, r, a, f"{100 * share(r, a):.2f}%", *by_strand(r), *by_strand(a)))),
    ),
    "varscan, its shares alone": lambda gt, r, a: ("GT:DP:FREQ", f"{gt}:{r + a}:{100 * share(r, a):.2f}%"),
    "varscan, decimal commas": lambda gt, r, a: (
        "GT:DP:FREQ",
        f"{gt}:{r + a}:{100 * share(r, a):.2f}%".replace(".", ","),
    ),
    "bcftools, by strand": lambda gt, r, a: (
        "GT:DP:ADF:ADR",
        "{0}:{1}:{2},{4}:{3},{5}".format(gt, r + a, *by_strand(r), *by_strand(a)),
    ),
    "samtools DP4": lambda gt, r, a: ("GT:DP:DP4", "{}:{}:{},{},{},{}".format(gt, r + a, *by_strand(r), *by_strand(a))),
    "samtools DV": lambda gt, r, a: ("GT:DP:DV", f"{gt}:{r + a}:{a}"),
    "samtools DPR": lambda gt, r, a: ("GT:DPR", f"{gt}:{r},{a}"),
    "strelka": lambda gt, r, a: (
        "GT:DP:AD:ADF:ADR",
        "{0}:{1}:{2},{3}:{4},{6}:{5},{7}".format(gt, r + a, r, a, *by_strand(r), *by_strand(a)),
    ),
    "deepvariant": lambda gt, r, a: ("GT:DP:AD:VAF", f"{gt}:{r + a}:{r},{a}:{share(r, a):.6g}"),
    "deepvariant, its shares alone": lambda gt, r, a: ("GT:DP:VAF", f"{gt}:{r + a}:{share(r, a):.6g}"),
    "bcftools VAF1": lambda gt, r, a: ("GT:DP:VAF1", f"{gt}:{r + a}:{share(r, a):.6g}"),
    "clc": lambda gt, r, a: ("GT:CLCAD2:DP", f"{gt}:{r},{a}:{r + a}"),
    "complete genomics": lambda gt, r, a: (
        "GT:DP:AD:CGA_RDP",
        f"{gt}:{r + a}:{ {'0/0': f'{r},{r}', '0/1': f'{r},{a}', '1/0': f'{a},{r}', '1/1': f'{a},{a}'}[gt] }:{r}",
    ),
    "ion torrent": lambda gt, r, a: (
        "GT:GQ:DP:FDP:RO:FRO:AO:FAO:AF",
        f"{gt}:60:{r + a}:{r + a}:{r}:{r}:{a}:{a}:{share(r, a):.6g}",
    ),
    "nanocaller, its shares alone": lambda gt, r, a: ("GT:DP:FQ", f"{gt}:{r + a}:{share(r, a):.4f}"),
    "medaka": lambda gt, r, a: (
        "GT:GQ",
        "{0}:40 PASS AR=0,0;DP={1};DPS=9,9;DPSP={1};SC=9,9,9,9;SR={2},{3},{4},{5}".format(
            gt, r + a, *by_strand(r), *by_strand(a)
        ),
    ),
    "longshot": lambda gt, r, a: (
        "GT:GQ:PS:UG:UQ",
        f"{gt}:80.25:.:{gt}:78.11 PASS DP={r + a};AC={r},{a};AM=2;MC=0;MF=0.000",
    ),
    "pindel": lambda gt, r, a: ("GT:RD:AD", f"{gt}:{r}:{a}"),
    "clair3": lambda gt, r, a: (
        "GT:DP:AD:AF",
        f"{gt}:{r + a}:{r}:{share(a, r):.4f}" if gt == "0/0" else f"{gt}:{r + a}:{r},{a}:{share(r, a):.4f}",
    ),
}


def found(caller: str, genotype: str, ref: int, alt: int) -> str:
    keys, column = DIALECTS[caller](genotype, ref, alt)
    return shown(read(f"chr10 94781859 G A {keys} {column}"), STAR2)


@given(st.sampled_from(sorted(DIALECTS)), st.sampled_from(["0/0", "0/1", "1/1"]), st.integers(10, 400))
def test_what_a_caller_writes_of_a_germline_genotype_is_certain(caller: str, genotype: str, depth: int) -> None:
    alt = depth * genotype.count("1") // 2
    bases = {"0/0": "G/G", "0/1": "G/A", "1/1": "A/A"}[genotype]
    assert found(caller, genotype, depth - alt, alt) == bases


@pytest.mark.parametrize("caller", DIALECTS)
@pytest.mark.parametrize(
    ("genotype", "ref", "alt", "expected"),
    [
        ("0/0", 15, 15, "nocall ALLELE_BALANCE"),
        ("0/1", 0, 30, "G/A WEAK_EVIDENCE"),
        ("0/1", 28, 2, "G/A WEAK_EVIDENCE"),
        ("1/1", 12, 18, "A/A WEAK_EVIDENCE"),
    ],
)
def test_reads_that_contradict_are_heard_whoever_counted_them(
    caller: str, genotype: str, ref: int, alt: int, expected: str
) -> None:
    assert found(caller, genotype, ref, alt) == expected


@pytest.mark.parametrize("caller", [name for name in DIALECTS if "alone" not in name and "VAF1" not in name])
def test_the_reads_are_a_depth_too(caller: str) -> None:
    assert found(caller, "0/0", 9, 0) == "nocall LOW_DEPTH"


def stated(haplotypes: tuple[int, ...], alleles: int, **fields: str) -> Reads | None:
    return reads_of(NOT_STATED._replace(**fields), haplotypes, alleles)


@pytest.mark.parametrize(
    ("fields", "alleles", "expected"),
    [
        ({"nr": "30,31", "nv": "10,15"}, 3, Reads((6, 10, 15))),
        ({"nr": "30", "nv": "32"}, 2, Reads((0, 32))),
        ({"nr": "30", "nv": "10"}, 3, None),
        ({"rd": "18", "ad": "12"}, 3, Reads((18, 12), pooled=True)),
        ({"rd": "10,8", "ad": "18,12"}, 2, Reads((18, 12))),
        ({"adf": "6", "adr": "6"}, 2, None),
        ({"adf": "8,4,1", "adr": "8,5,0"}, 3, Reads((16, 9, 1))),
        ({"dp4": "8,8,5"}, 2, None),
        ({"dp4": "8,8,5,4"}, 3, Reads((16, 9), pooled=True)),
        ({"dpr": "30"}, 2, None),
        ({"dv": "12", "dp": "30"}, 2, Reads((18, 12), pooled=True)),
        ({"dv": "12"}, 2, None),
        ({"vaf": "0.4,0.5", "dp": "40"}, 3, Reads((4, 16, 20))),
        ({"vaf": "0.4"}, 2, Reads((0.6, 0.4), counted=False)),
        ({"vaf": "0.4"}, 3, None),
        ({"vaf": "1.4"}, 2, None),
        ({"vaf": "-0.1"}, 2, None),
        ({"freq": "0.4"}, 2, None),
        ({"freq": "x%"}, 2, None),
        ({"af": "0.4", "dp": "30"}, 2, Reads((18, 12))),
        ({"ad": ".,.", "dp4": "8,8,5,4"}, 2, Reads((16, 9), pooled=True)),
        ({"ad": "16,9", "dp4": "1,1,20,20"}, 2, Reads((16, 9))),
        ({"ad": "x,9", "dp4": "1,1,20,20"}, 2, Reads((None, 9))),
        ({}, 2, None),
    ],
)
def test_each_kind_of_field(fields: dict[str, str], alleles: int, expected: Reads | None) -> None:
    assert stated((0, 1), alleles, **fields) == expected


def test_the_share_of_the_reference_call_is_not_that_of_a_variant() -> None:
    """Clair3 writes the share of REF as AF of 0/0."""
    assert stated((0, 0), 2, af="0.99", dp="30") is None
    assert shown(read("chr10 94781859 G A GT:GQ:DP:AF 0/0:30:30:0.99"), STAR2) == "G/G"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("0/1:60:60:40:30:20:30:20", "G/A"),
        ("0/1:60:60:40:30:40:30:0", "G/A WEAK_EVIDENCE"),
        ("0/0:60:60:8:60:8:0:0", "nocall LOW_DEPTH"),
        ("1/1:60:60:0:0:0:60:0", "A/A WEAK_EVIDENCE"),
        ("0/1:60:60:.:30:.:30:.", "G/A"),
    ],
)
def test_the_reads_that_ion_torrent_calls_by_come_before_all_reads(column: str, expected: str) -> None:
    """FDP, FRO and FAO are of the reads that the flow evaluator used; DP, RO and AO of the raw pileup."""
    assert shown(read(f"chr10 94781859 G A GT:GQ:DP:FDP:RO:FRO:AO:FAO {column}"), STAR2) == expected


def test_variant_reads_of_varscan_are_no_reference_reads() -> None:
    """AD of one number is of REF with Clair3, of the variant with VarScan: RD beside it tells which."""
    keys = "GT:GQ:SDP:DP:RD:AD:FREQ"
    assert shown(read(f"chr10 94781859 G A {keys} 0/0:57:32:32:32:0:0%"), STAR2) == "G/G"
    assert shown(read(f"chr10 94781859 G A {keys} 0/0:57:32:32:20:12:37.5%"), STAR2) == "nocall ALLELE_BALANCE"


def test_an_allele_that_is_not_called_may_be_left_unstated() -> None:
    """Merged files have a dot for an ALT that the other file did not count."""
    assert shown(read("chr10 94781859 G A,T GT:AD 0/1:15,15,."), STAR2) == "G/A"
    assert shown(read("chr10 94781859 G A,T GT:AD 0/0:5,25,."), STAR2) == "nocall ALLELE_BALANCE"
    assert shown(read("chr10 94781859 G A,T GT:AD 0/2:5,25,."), STAR2) == "G/T UNDOCUMENTED_VARIANT"


def test_two_variants_counted_together() -> None:
    """DP4 and VarScan know REF and everything else: 1/2 has no REF, whatever they say of each."""
    assert shown(read("chr10 94781859 G A,T GT:DP4 1/2:0,1,20,19"), STAR2) == "A/T UNDOCUMENTED_VARIANT"
    assert shown(read("chr10 94781859 G A,T GT:DP4 1/2:10,10,10,10"), STAR2) == "A/T WEAK_EVIDENCE UNDOCUMENTED_VARIANT"


def test_shares_without_a_number_of_reads_are_said_in_per_cent() -> None:
    genotype = at(read("chr10 94781859 G A GT:VAF 1/1:0.6"), STAR2)
    (notice,) = genotype.notices
    assert "40 % of its reads show another allele" in notice.message
    assert shown(read("chr10 94781859 G A GT:VAF 0/1:0.05"), STAR2) == "G/A WEAK_EVIDENCE"
    assert shown(read("chr10 94781859 G A GT:VAF 0/1:0.4"), STAR2) == "G/A"


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ("DP=30;DP4=15,15,0,0", "G/G"),
        ("DP=30;DP4=8,8,7,7", "nocall ALLELE_BALANCE"),
        ("DP=30;DP4=8,8,7", "G/G"),
        ("DP=30;DP4=8,8,7,x", "G/G"),
    ],
)
def test_strand_counts_of_info_are_those_of_the_one_sample(info: str, expected: str) -> None:
    assert shown(read(f"chr10 94781859 G A GT:PL 0/0:0,60,600 PASS {info}"), STAR2) == expected


def test_strand_counts_of_info_are_nobodys_in_a_file_of_several() -> None:
    row = "chr10 94781859 G A GT:GQ 0/0:60;0/1:60 PASS DP=60;DP4=23,22,7,8"
    samples = collected({"test.vcf": text_of([row], samples=("A", "B"))}).samples
    assert [shown(sample, STAR2) for sample in samples] == ["G/G", "G/A"]


@pytest.mark.parametrize(
    ("alt", "row", "expected"),
    [
        ("A", "GT:GQ 0/1:40 PASS DP=41;SR=10,10,10,10", "G/A"),
        ("A", "GT:GQ 0/1:40 PASS DP=41;SR=20,20,0,0", "G/A WEAK_EVIDENCE"),
        ("A,T", "GT:GQ 1/2:40 PASS DP=41;SR=0,0,10,10,10,10", "A/T UNDOCUMENTED_VARIANT"),
        ("A,T", "GT:GQ 1/2:40 PASS DP=41;SR=10,10,10,10,0,0", "A/T WEAK_EVIDENCE UNDOCUMENTED_VARIANT"),
        ("A", "GT:GQ 0/1:40 PASS DP=41;SR=20", "G/A"),  # split reads over all samples (Lumpy, Delly)
        ("A", "GT:GQ 0/1:40 PASS DP=41;SR=20,20,x,0", "G/A"),
        ("A", "GT:GQ:SR 0/1:40:3 PASS DP=41;SR=20,20,0,0", "G/A WEAK_EVIDENCE"),
        ("A", "GT:GQ:AD 0/1:40:20,20 PASS DP=41;SR=20,20,0,0", "G/A"),
        ("A", "GT:GQ:PS:UG:UQ 0/1:80:.:0/1:80 PASS DP=41;AC=40,0", "G/A WEAK_EVIDENCE"),
        ("A", "GT:GQ 0/1:80 PASS DP=41;AC=40,0", "G/A"),  # alleles in genotypes: the reserved meaning of AC
        ("A", "GT:GQ:PS:UG:UQ 0/1:80:.:0/1:80 PASS DP=41;AC=1", "G/A"),
        ("A", "GT:GQ:PS:UG:UQ 0/1:80:.:0/1:80 PASS DP=41;AC=" + "9" * 5000 + ",0", "G/A"),
    ],
)
def test_reads_of_each_allele_that_stand_in_info(alt: str, row: str, expected: str) -> None:
    """medaka (SR, by strand) and longshot (AC, which FORMAT/UG and UQ tell from the usual AC)."""
    assert shown(read(f"chr10 94781859 G {alt} {row}"), STAR2) == expected


def test_strand_counts_of_info_do_not_gainsay_the_column() -> None:
    assert shown(read("chr10 94781859 G A GT:AD 0/1:15,15 PASS DP4=30,30,0,0"), STAR2) == "G/A"


@pytest.mark.parametrize(
    ("keys", "column", "expected"),
    [
        ("GT:DP4", "0/1:450,450,50,50", (("G", 0.1),)),
        ("GT:NR:NV", "0/1:1000:100", (("G", 0.1),)),
        ("GT:FREQ", "0/1:10%", (("G", 0.1),)),
    ],
)
def test_heteroplasmy_is_read_from_any_of_them(keys: str, column: str, expected: tuple[tuple[str, float], ...]) -> None:
    found = at(read(f"chrM 1555 A G {keys} {column}"), "chrM:1555").fractions
    assert [(base, round(share, 6)) for base, share in found] == list(expected)


def test_columns_without_reads_lack_them_where_others_have_them() -> None:
    """`bcftools merge -0` writes 0/0 for who has no record; Platypus states reads, and no depth."""
    row = "chr10 94781859 G A GT:NR:NV 0/1:30:15;0/0:.:.;0/0:30:0"
    samples = collected({"test.vcf": text_of([row], samples=("A", "B", "C"))}).samples
    assert [shown(sample, STAR2).split()[0] for sample in samples] == ["G/A", "nocall", "G/G"]


@given(
    st.sampled_from([(0, 0), (0, 1), (1, 1), (1, 2), (0,)]),
    st.dictionaries(
        st.sampled_from(sorted(READS | {"DP"})),
        st.sampled_from(["30", "0", "15,15", "8,8,7,7", "10,10,10", ".", ".,.", "0.5", "50%", "-1", "x", "1e999", ""]),
    ),
    st.integers(1, 3),
)
def test_no_text_of_reads_is_too_odd(haplotypes: tuple[int, ...], fields: dict[str, str], alleles: int) -> None:
    """Reads are never negative, and never refuse a column."""
    support = NOT_STATED._replace(**{key.lower(): text for key, text in fields.items()})
    reads = reads_of(support, haplotypes, alleles)
    assert reads is None or all(count is None or count >= 0 for count in reads.counts)
    assert verdict(haplotypes, support, LIMITS, alleles=alleles) is not None


def test_every_field_of_reads_is_read() -> None:
    assert set(SUPPORT) >= READS > INSTEAD_OF_AD
