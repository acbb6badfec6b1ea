"""One case for every reading rule about single records and what they say together.

Sites used: CYP2C19 94781859 G>A (*2, rs4244285), 94781858 C>T beside it, 94780653 G>A (*3); CYP3A5 99672916 T>C (*3);
TPMT 18130687 T>C,G; UGT1A1 233760233 (TA repeat); CYP2D6 42128324 CAGG>C with 42128325 A>G inside; RYR1 38572266 TC>CT.
"""

from __future__ import annotations

import pytest

from starling.assessment import Options
from starling.errors import InputError
from tests.genotyping.reading import at, read, shown

STAR2 = "chr10:94781859"
G38 = "##reference=GRCh38"
G37 = "##reference=GRCh37"


@pytest.mark.parametrize(
    ("gt", "expected"),
    [
        ("0/0", "G/G"),
        ("0|0", "G/G"),
        ("0/1", "G/A"),
        ("1/0", "G/A"),
        ("0|1", "G|A"),
        ("1|0", "A|G"),
        ("1/1", "A/A"),
        ("/0|1", "G|A"),
        ("./.", "nocall"),
        (".", "nocall"),
        (".|.", "nocall"),
        ("0/.", "nocall HALF_CALL"),
        ("./0", "nocall HALF_CALL"),
        ("1/.", "nocall HALF_CALL seen A"),
        (".|1", "nocall HALF_CALL seen A"),
        ("0/1/1", "nocall MORE_THAN_TWO_ALLELES seen A"),
        ("0/0/0/1", "nocall MORE_THAN_TWO_ALLELES seen A"),
        ("0/0/0", "nocall MORE_THAN_TWO_ALLELES"),
        ("0", "nocall HAPLOID_AUTOSOME"),
        ("1", "nocall HAPLOID_AUTOSOME seen A"),
    ],
)
def test_gt(gt: str, expected: str) -> None:
    """VCF v4.5, section 1.6.2; a half-call and a haploid autosome are no calls."""
    assert shown(read(f"chr10 94781859 G A {gt}"), STAR2) == expected


@pytest.mark.parametrize(
    ("gt", "code"), [("0/2", "BAD_ALLELE_INDEX"), ("9999999999/0", "BAD_ALLELE_INDEX"), ("0/x", "BAD_RECORD")]
)
def test_gt_out_of_range_is_an_error_with_its_line(gt: str, code: str) -> None:
    with pytest.raises(InputError, match=r"test\.vcf:6: chr10:94781859: GT") as caught:
        read(f"chr10 94781859 G A {gt}")
    assert caught.value.code == code


def test_what_no_record_mentions_is_not_assayed() -> None:
    assert shown(read("chr10 94780653 G A 0/0"), STAR2) == "notassayed"


# --- multi-allelics, MNPs, records that add up ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (["chr6 18130687 T C,G 1/2"], "C/G"),
        (["chr6 18130687 T C,G 1|2"], "C|G"),
        (["chr6 18130687 T C 0/1", "chr6 18130687 T G 0/1"], "C/G"),
        (["chr6 18130687 T C 1|0", "chr6 18130687 T G 0|1"], "C|G"),
        (["chr6 18130687 T C 0|1", "chr6 18130687 T G 1/0"], "G|C"),
        (["chr6 18130687 T C 0/1", "chr6 18130687 T G 0/0"], "T/C"),
        (["chr6 18130687 T C 1/.", "chr6 18130687 T G ./1"], "C/G"),
        (["chr6 18130687 T C 1/1", "chr6 18130687 T G 0/1"], "nocall CONTRADICTORY_RECORDS seen C G"),
        (["chr6 18130687 T C 0|1", "chr6 18130687 T G 0|1"], "nocall CONTRADICTORY_RECORDS seen C G"),
        (["chr6 18130687 T C 0/1", "chr6 18130687 T C 0/1"], "T/C"),
        (["chr6 18130687 T C 0/1", "chr6 18130687 T C 1/1"], "nocall CONTRADICTORY_RECORDS seen C"),
        (["chr6 18130687 T C 0/1", "chr6 18130687 T C ./."], "T/C"),
        (["chr6 18130687 T C 0/0", "chr6 18130687 T C ./."], "T/T"),
    ],
)
def test_several_records_at_one_site(records: list[str], expected: str) -> None:
    """Each gives its copies, the rest is reference; more than two, or two on one haplotype, contradict each other."""
    for order in (records, records[::-1]):
        assert shown(read(*order, header=G38), "chr6:18130687") == expected


def test_mnp_is_decomposed_into_phased_bases() -> None:
    """CYP2C19 94781858 C>T and 94781859 G>A in one record lie on one haplotype, although GT is unphased."""
    sample = read("chr10 94781858 CG TA 0/1")
    first, second = at(sample, "chr10:94781858"), at(sample, STAR2)
    assert (first.alleles, second.alleles) == (("T", "C"), ("A", "G"))
    assert first.phase_set == second.phase_set is not None


def test_mnp_with_context_is_the_substitution_in_it() -> None:
    sample = read("chr10 94781857 CCGG CCAG 0/1")
    assert shown(sample, STAR2) == "G/A"
    assert shown(sample, "chr10:94781858") == "notassayed"


def test_base_between_two_changed_ones_is_stated() -> None:
    """Within the hull of the substitutions of one record every base is written out, also with two ALTs."""
    for record in ("chr10 94781857 ACG TCA 0/1", "chr10 94781857 ACG TCG,ACA 1|2"):
        assert shown(read(record), "chr10:94781858") == "C/C"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (["chr19 38572266 TC CT 0/1"], "CT|TC"),
        (["chr19 38572266 TC CT 1/1"], "CT/CT"),
        (["chr19 38572266 TC CT 0/0"], "TC/TC"),
        (["chr19 38572266 TC . 0/0"], "TC/TC"),
        (["chr19 38572266 T C 1/1", "chr19 38572267 C T 1/1"], "CT/CT"),
        (["chr19 38572266 T C 0|1", "chr19 38572267 C T 0|1"], "TC|CT"),
        (["chr19 38572266 T C 1/1", "chr19 38572267 C T 0/1"], "CT/CC UNDOCUMENTED_VARIANT"),
        (["chr19 38572266 T C 0|1", "chr19 38572267 C T 1|0"], "TT|CC UNDOCUMENTED_VARIANT"),
        (["chr19 38572266 T C 0/1", "chr19 38572267 C T 0/1"], "nocall UNPHASED_SUBSTITUTION seen CT"),
        (["chr19 38572266 T C 0/1", "chr19 38572267 C T ./."], "nocall"),
        (["chr19 38572266 T C 1/.", "chr19 38572267 C T 1/."], "nocall HALF_CALL seen CT"),
        (["chr19 38572266 T G 1/.", "chr19 38572267 C T 1/1"], "nocall HALF_CALL seen GC"),
        (["chr19 38572266 T G 1/1"], "nocall seen GC"),
        (["chr19 38572266 T G 0/1", "chr19 38572267 C T 0/1"], "nocall UNPHASED_SUBSTITUTION seen GC"),
        (["chr19 38572260 T <NON_REF> GT 0/0 PASS END=38572300"], "TC/TC"),
    ],
)
def test_a_site_of_two_bases_however_it_is_written(records: list[str], expected: str) -> None:
    """RYR1 38572266 TC>CT (rs193922862, malignant hyperthermia) also from two single-base records."""
    assert shown(read(*records, header=G38), "chr19:38572266") == expected


# --- indels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("chr2 233760233 CAT CATAT 0/1", "CAT/CATAT"),
        ("chr2 233760233 C CAT 0/1", "CAT/CATAT"),
        ("chr2 233760248 A ATA 0/1", "CAT/CATAT"),
        ("chr2 233760235 T TAT 0/1", "CAT/CATAT"),
        ("chr2 233760246 ATA A 1/1", "C/C"),
        ("chr2 233760233 CAT C,CATAT 1/2", "C/CATAT"),
        ("chr2 233760233 C CATAT 0/1", "CAT/CATATAT"),
        ("chr2 233760233 CAT C,CATAT,CATATAT 0/0", "CAT/CAT"),
        ("chr2 233760233 CAT . 0/0", "CAT/CAT"),
        ("chr2 233760233 CATAT C 0/1", "CAT/delATAT UNDOCUMENTED_VARIANT"),
        ("chr2 233760233 C CGG 0/1", "CAT/insGG UNDOCUMENTED_VARIANT"),
        ("chr2 233760235 T C 0/1", "notassayed"),
        ("chr2 233760233 C CGG 0/0", "notassayed"),
        ("chr2 233760233 C CATATATAT 0/0", "notassayed"),
        ("chr2 233760238 T TGG 0/0", "notassayed"),
        ("chr2 233760233 C CGG ./.", "nocall"),
        ("chr2 233760233 C CGG GT:DP 0/0:3", "nocall LOW_DEPTH"),
        ("chr2 233760233 C CGG,CAT 0/0", "CAT/CAT"),
        ("chr2 233760233 C CGG,<NON_REF> 0/0", "CAT/CAT"),
        ("chr2 233760238 T TGG,<NON_REF> 0/0", "notassayed"),
    ],
)
def test_an_indel_is_the_same_wherever_it_is_anchored(record: str, expected: str) -> None:
    """UGT1A1 (TA)n, rs3064744: any anchor in 233760233-233760248; another length is not documented."""
    assert shown(read(record.replace("233760248 A ATA", "233760248 A ATA"), header=G38), "chr2:233760233") == expected


@pytest.mark.parametrize("documented", ["0/0", "0/1", "1/1"])
def test_the_absence_of_what_no_definition_names_adds_nothing(documented: str) -> None:
    """Split records: that of the tested ALT decides; the other one alone says nothing of UGT1A1*28."""
    tested, other = f"chr2 233760233 C CAT {documented}", "chr2 233760233 C CGG 0/0"
    for order in ([tested, other], [other, tested]):
        assert shown(read(*order, header=G38), "chr2:233760233") == shown(read(tested, header=G38), "chr2:233760233")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("T C 0/0", "notassayed"),
        ("T TC 0/0", "notassayed"),
        ("T TC,<*> 0/0", "T/T"),
        ("T . 0/0", "T/T"),
        ("T TGGA 0/0", "T/T"),
    ],
)
def test_no_other_change_speaks_for_an_insertion_that_has_one_place(record: str, expected: str) -> None:
    """RYR1 38448680 T>TGGA can be written at one base only, and every record there covers it."""
    assert shown(read(f"chr19 38448680 {record}", header=G38), "chr19:38448680") == expected


def test_nudt15_repeat_at_its_right_end() -> None:
    """NUDT15 48037782-48037801, GAGTCG three times on the reference; *9 deletes one, *6/*2 insert one."""
    sample = read("chr13 48037795 GGAGTCG G 0/1", header=G38)
    assert shown(sample, "chr13:48037782") == "AGGAGTC/A"
    sample = read("chr13 48037801 G GGAGTCG 0/1", header=G38)
    assert shown(sample, "chr13:48037782") == "AGGAGTC/AGGAGTCGGAGTC"


@pytest.mark.parametrize("anchor", ["chr22 42128324 CAGG C", "chr22 42128328 AGGA A", "chr22 42128326 GGAG G"])
@pytest.mark.parametrize(("other", "seen"), [("A G 0/1", " seen G"), ("A G 0/0", ""), ("A . 0/0", "")])
def test_a_called_deletion_leaves_no_base(anchor: str, other: str, seen: str) -> None:
    """CYP2D6 42128325 A>G lies in the deletion CAGG>C beside it: no base on that haplotype, wherever it is anchored."""
    records = [f"{anchor} 0/1", f"chr22 42128325 {other}"]
    for order in (records, records[::-1]):
        sample = read(*order, header=G38)
        assert shown(sample, "chr22:42128325") == f"nocall DELETED{seen}"
        assert shown(sample, "chr22:42128324") == "CAGG/C"


def test_a_deletion_that_nobody_carries_states_nothing_about_the_bases_in_it() -> None:
    assert shown(read("chr22 42128324 CAGG C 0/0", header=G38), "chr22:42128325") == "notassayed"


def test_an_unknown_deletion_over_a_site() -> None:
    records = ["chr10 94781857 ACGTT A 0/1", "chr10 94781859 G A 0/0"]
    for order in (records, records[::-1]):
        assert shown(read(*order), STAR2) == "nocall DELETED UNDOCUMENTED_VARIANT"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("chr10 94781859 G A,* 0/2", "nocall DELETED"),
        ("chr10 94781859 G A,* 1/2", "nocall DELETED seen A"),
        ("chr10 94781859 G T,* 1/2", "nocall DELETED seen T"),
        ("chr10 94781859 G A,* 0/1", "G/A"),
        ("chr10 94781859 G A,<NON_REF> 0/1", "G/A"),
        ("chr10 94781859 G A,<NON_REF> 0/2", "nocall SYMBOLIC_ALLELE"),
        ("chr10 94781859 G A,<*> 2/2", "nocall SYMBOLIC_ALLELE"),
        ("chr10 94781859 G A,<*> 1/2", "nocall SYMBOLIC_ALLELE seen A"),
        ("chr10 94781859 G A,N 0/2", "nocall SYMBOLIC_ALLELE"),
        ("chr10 94781859 G A,N 0/1", "G/A"),
        ("chr10 94781859 G T 0/1", "G/T UNDOCUMENTED_VARIANT"),
        ("chr10 94781859 G GT 0/1", "nocall UNDOCUMENTED_VARIANT"),
    ],
)
def test_what_alt_may_hold(record: str, expected: str) -> None:
    """Symbols matter only when GT selects them; a base that the definition does not know is kept as it was read."""
    assert shown(read(record), STAR2) == expected


@pytest.mark.parametrize(("gt", "expected"), [("0/1", "nocall DELETED"), ("0/0", "G/G"), ("./1", "nocall DELETED")])
def test_a_structural_deletion(gt: str, expected: str) -> None:
    sample = read(f"chr10 94700000 N <DEL> GT {gt} PASS END=94800000", "chr10 94781859 G A 0/0")
    assert shown(sample, STAR2) == expected


def test_complex_change_is_no_base() -> None:
    assert shown(read("chr10 94781858 CG TAA 0/1"), STAR2) == "nocall SYMBOLIC_ALLELE UNDOCUMENTED_VARIANT"


@pytest.mark.parametrize(
    ("record", "place", "expected"),
    [
        ("chrX 154532439 A G 1/1", "chrX:154532439", "notassayed"),
        ("chrX 154532990 C T,CT 0/1", "chrX:154532990", "C/T"),
        ("chrX 154532990 CGGT C 0/1", "chrX:154532990", "notassayed"),
        ("chr19 38580126 CA C 0/1", "chr19:38580126", "notassayed"),
    ],
)
def test_ignored_variants_are_no_news(record: str, place: str, expected: str) -> None:
    """gene_exceptions.tsv: the listed ALT reads as reference without a word; others at the position count."""
    assert shown(read(record, header=G38), place) == expected


def test_ref_that_is_not_the_reference_discards_the_record() -> None:
    assert shown(read("chr10 94781859 A G 0/1"), STAR2) == "nocall REF_MISMATCH"
    assert shown(read("chr10 94781859 A G 0/1", "chr10 94781859 G A 0/1"), STAR2) == "G/A REF_MISMATCH"


# --- support, filters, reads ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "column", "expected"),
    [
        ("GT:DP", "0/0:0", "nocall NO_SUPPORT"),
        ("GT:MIN_DP:DP", "0/0:0:31", "nocall NO_SUPPORT"),
        ("GT:GQ", "0/0:0", "nocall NO_SUPPORT"),
        ("GT:RGQ", "0/0:0", "nocall NO_SUPPORT"),
        ("GT:RNC", "0/0:M.", "nocall NO_SUPPORT"),
        ("GT:RNC", "0/0:..", "G/G"),
        ("GT:AD", "0/0:0,0", "nocall NO_SUPPORT"),
        ("GT:DP", "0/0:9", "nocall LOW_DEPTH"),
        ("GT:DP", "0/0:10", "G/G"),
        ("GT:MIN_DP:DP", "0/0:9:31", "nocall LOW_DEPTH"),
        ("GT:MIN_DP:DP", "0/0:12:3", "G/G"),
        ("GT:GQ", "0/0:19", "nocall LOW_QUALITY"),
        ("GT:GQ:RGQ", "0/0:40:3", "G/G"),
        ("GT:RGQ", "0/0:19", "nocall LOW_QUALITY"),
        ("GT:GQX", "0/0:19", "nocall LOW_QUALITY"),
        ("GT:DP:GQ", "0/0:.:.", "G/G"),
        ("GT:DP:GQ", "0/0", "G/G"),
        ("GT:DP:GQ", "0/1:3:5", "G/A WEAK_EVIDENCE"),
        ("GT:DP", "0|0:0", "nocall NO_SUPPORT"),
    ],
)
def test_reference_must_be_supported(keys: str, column: str, expected: str) -> None:
    """Joint callers write 0/0 where they have no data (GATK GenotypeGVCFs, GLnexus RNC)."""
    assert shown(read(f"chr10 94781859 G A {keys} {column}"), STAR2) == expected


def test_thresholds_are_options_but_no_reads_are_no_call_whatever_they_say() -> None:
    free = Options(min_dp=0, min_gq=0)
    assert shown(read("chr10 94781859 G A GT:DP:GQ 0/0:1:1", options=free), STAR2) == "G/G"
    assert shown(read("chr10 94781859 G A GT:DP:GQ 0/0:0:1", options=free), STAR2) == "nocall NO_SUPPORT"


def test_unsupported_reference_beside_another_change_is_the_rest_of_a_split_record() -> None:
    sample = read("chr6 18130687 T C GT:GQ 0/1:15", "chr6 18130687 T G GT:GQ 0/0:15", header=G38)
    assert shown(sample, "chr6:18130687") == "T/C WEAK_EVIDENCE"


@pytest.mark.parametrize("other", ["GT:AD:DP:GQ 0/0:1,0:1:3", "GT:GP 0|0:0.55,0.40,0.05", "GT:AD 0/0:8,8"])
@pytest.mark.parametrize(("gt", "certain"), [("0/1", False), ("1/1", True)])
def test_an_alt_that_is_not_excluded_may_lie_on_the_haplotype_that_is_left(
    gt: str, other: str, *, certain: bool
) -> None:
    """UGT1A1 *36 beside a record of its own for *28, which was hardly read: the other haplotype may be *28 as well."""
    records = [f"chr2 233760233 CAT C {gt}", f"chr2 233760233 C CAT {other}", "chr2 233760233 C CATAT 0/0"]
    for order in (records, records[::-1]):
        genotype = at(read(*order, header=G38), "chr2:233760233")
        assert genotype.alleles == (("C", "C") if gt == "1/1" else ("CAT", "C"))
        assert (genotype.doubts == ()) is certain
        assert (genotype.notices == ()) is certain


def test_what_one_record_excludes_with_support_another_need_not() -> None:
    records = ["chr2 233760233 CAT C,CATAT 0/1", "chr2 233760233 CAT CATAT GT:GQ 0/0:3"]
    assert shown(read(*records, header=G38), "chr2:233760233") == "CAT/C"


def test_that_support_was_not_stated_is_said_once() -> None:
    codes = [notice.code for notice in read("chr10 94781859 G A 0/0", "chr10 94780653 G A 0/0").notices]
    assert codes == ["SUPPORT_NOT_STATED"]
    assert read("chr10 94781859 G A GT:DP 0/0:30").notices == ()


@pytest.mark.parametrize(
    ("filters", "keys", "column", "flag"),
    [
        ("LowQual", "GT", "0/1", True),
        ("PASS", "GT:FT", "0/1:LowGQ", True),
        ("PASS", "GT:FT", "0/1:PASS", False),
        (".", "GT", "0/1", False),
        ("LowQual", "GT", "0/0", True),
        ("RefCall", "GT", "0/0", False),
    ],
)
def test_filters(filters: str, keys: str, column: str, flag: bool) -> None:
    """A filtered record is used, with a warning and a mark; DeepVariant's RefCall is a reference statement."""
    record = f"chr10 94781859 G A {keys} {column} {filters}"
    genotype = at(read(record), STAR2)
    assert (genotype.filtered, len(genotype.alleles)) == (flag, 2)
    assert [notice.code for notice in genotype.notices] == (["FILTERED_RECORD"] if flag else [])
    strict = shown(read(record, options=Options(pass_only=True)), STAR2)
    assert strict.startswith("nocall FILTERED_RECORD") is flag


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("0/1:20,0", "G/A WEAK_EVIDENCE"),
        ("0/1:0,20", "G/A WEAK_EVIDENCE"),
        ("0/1:10,10", "G/A"),
        ("0/1:.,.", "G/A"),
        ("1/1:0,20", "A/A"),
    ],
)
def test_het_whose_reads_show_one_allele(column: str, expected: str) -> None:
    assert shown(read(f"chr10 94781859 G A GT:AD {column}"), STAR2) == expected


def test_split_het_of_two_alts_has_no_reference_reads() -> None:
    """bcftools norm -m- writes 1/2 with AD 0,12,11 as two het records without a reference read."""
    records = ["chr6 18130687 T C GT:AD 0/1:0,12", "chr6 18130687 T G GT:AD 0/1:0,11"]
    assert shown(read(*records, header=G38), "chr6:18130687") == "C/G"


# --- phase ------------------------------------------------------------------------------------------------------------

TWO = ("chr10 94780653 G A", "chr10 94781859 G A")


def sets(first: str, second: str, mode: str = "trust") -> tuple[str, str, bool]:
    """Both genotypes, and whether they are in one phase set."""
    options = Options(phase=mode)  # type: ignore[arg-type]
    sample = read(f"{TWO[0]} {first}", f"{TWO[1]} {second}", options=options)
    one, other = at(sample, "chr10:94780653"), at(sample, STAR2)
    together = one.phase_set is not None and one.phase_set == other.phase_set
    return shown(sample, "chr10:94780653"), shown(sample, STAR2), together


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("GT 0|1", "GT 1|0", ("G|A", "A|G", True)),
        ("GT:PS 0|1:5", "GT:PS 0|1:5", ("G|A", "G|A", True)),
        ("GT:PS 0|1:5", "GT:PS 0|1:9", ("G|A", "G|A", False)),
        ("GT:PS 0/1:5", "GT:PS 0/1:5", ("G/A", "G/A", False)),
        ("GT:PS 0|1:5", "GT:PS 0|1:.", ("G|A", "G/A PHASE_SET_MIXED", False)),
        ("GT:PS 0|1:5", "GT:PS 1|0", ("G|A", "G/A PHASE_SET_MIXED", False)),
        ("GT:PS 0/1:5", "GT:PS 0|1:.", ("G/A", "G|A", False)),
        ("GT:PGT:PID 0/1:0|1:7_G_A", "GT:PGT:PID 0/1:1|0:7_G_A", ("G|A", "A|G", True)),
        ("GT:PGT:PID 0/1:0|1:7_G_A", "GT:PGT:PID 0/1:.:.", ("G|A", "G/A", False)),
    ],
)
def test_phase(first: str, second: str, expected: tuple[str, str, bool]) -> None:
    """VCF v4.5 (PS), GATK HaplotypeCaller (PGT, PID): sets are never joined."""
    assert sets(first, second) == expected


@pytest.mark.parametrize(
    ("mode", "bars", "named"),
    [("trust", True, True), ("sets", False, True), ("ignore", False, False)],
)
def test_phase_modes(mode: str, bars: bool, named: bool) -> None:
    assert sets("GT 0|1", "GT 0|1", mode)[2] is bars
    assert sets("GT:PS 0|1:5", "GT:PS 0|1:5", mode)[2] is named
    assert sets("GT:PGT:PID 0/1:0|1:x", "GT:PGT:PID 0/1:0|1:x", mode)[2] is named


def test_homozygous_needs_no_phase() -> None:
    assert at(read("chr10 94781859 G A GT:PS 1|1:5"), STAR2).phase_set is None


# --- GRCh37 -----------------------------------------------------------------------------------------------------------

SIX = [
    ("chr7", 99270539, "C", "T", "chr7:99672916"),
    ("chr22", 42522613, "G", "C", "chr22:42126611"),
    ("chr22", 42523943, "A", "G", "chr22:42127941"),
    ("chr22", 42525132, "G", "C", "chr22:42129130"),
    ("chr10", 96602623, "G", "A", "chr10:94842866"),
    ("chr1", 98348885, "G", "A", "chr1:97883329"),
]


@pytest.mark.parametrize(("chromosome", "position", "ref", "alt", "place"), SIX)
def test_reference_on_grch37_is_a_variant_at_six_sites(
    chromosome: str, position: int, ref: str, alt: str, place: str
) -> None:
    """CYP3A5 rs776746 0/0 on GRCh37 is *3/*3: two copies of the base of the file's own build."""
    record = f"{chromosome} {position} {ref} {alt}"
    block = f"{chromosome} {position - 1} A <NON_REF> GT 0/0 PASS END={position + 3}"
    for stated in (f"{record} 0/0", f"{chromosome} {position} {ref} . 0/0", block):
        assert shown(read(stated, header=G37), place) == f"{ref}/{ref}"
    assert shown(read(f"{record} 0/1", header=G37), place) == f"{alt}/{ref}"
    assert shown(read(f"{record} 1/1", header=G37), place) == f"{alt}/{alt}"
    assert shown(read(f"{record} 0/.", header=G37), place) == f"nocall HALF_CALL seen {ref}"
    assert shown(read(f"{chromosome} {position} {alt} {ref} 0/1", header=G37), place) == "nocall REF_MISMATCH"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("chr10 96540301 A G 0/0", "A/A"),
        ("chr10 96540301 A G 0/1", "A/G"),
        ("chr10 96540301 G A 0/1", "A/G REFERENCE_IN_DOUBT"),
        ("chr10 96540301 G A 0/0", "G/G REFERENCE_IN_DOUBT"),
        ("chr10 96540301 A . 0/0", "A/A"),
        ("chr10 96540301 T A 0/1", "nocall REF_MISMATCH"),
        ("chr10 96540300 A <NON_REF> GT 0/0 PASS END=96540400", "notassayed"),
    ],
)
def test_a_site_whose_grch37_base_is_unknown_needs_a_record_that_states_it(record: str, expected: str) -> None:
    """CYP2C19 94780544: never from a block, never from silence."""
    everything = Options(absent_is_reference="force")
    assert shown(read(record, header=G37, options=everything), "chr10:94780544") == expected


def test_grch37_indel_in_its_own_coordinates() -> None:
    assert shown(read("chr2 234668894 A ATA 0/1", header=G37), "chr2:233760233") == "CAT/CATAT"


def test_order_of_the_records_never_matters_for_a_deletion_and_a_block() -> None:
    records = ["chr22 42128324 CAGG C 0/1", "chr22 42128328 G <NON_REF> GT 0/0 PASS END=42128340"]
    for order in (records, records[::-1]):
        sample = read(*order, header=G38)
        assert shown(sample, "chr22:42128325") == "nocall DELETED"
        assert shown(sample, "chr22:42128329") == "G/G"


@pytest.mark.parametrize(
    ("record", "reserved"),
    [
        ("chr10 94700000 N <CNV> CN 1 PASS END=94900000", True),  # cn.MOPS, Canvas: no GT
        ("chr10 94700000 N <DUP> RC:BC:CN 1:2:3 PASS END=94900000", True),
        ("chr10 94700000 N . GT:CN 0/0:1 PASS END=94900000", True),  # a segment without ALT
        ("chr10 94700000 N <CNV> CN 2 PASS END=94900000", False),
        ("chr10 94700000 N <CNV> RC:CN 7 PASS END=94900000", False),  # no count in the column
        ("chr10 94700000 N <CNV> CN 1 PASS END=94750000", False),  # elsewhere
    ],
)
def test_a_count_of_copies_without_a_genotype_is_a_reservation(record: str, *, reserved: bool) -> None:
    genotype = at(read("chr10 94781859 G A 0/0", record), STAR2)
    assert ("COPY_NUMBER_STATED" in {notice.code for notice in genotype.notices}) == reserved
    assert genotype.alleles == ("G", "G")


def test_one_copy_of_x_is_no_reservation() -> None:
    record = "chrX 154500000 N <CNV> CN 1 PASS END=154600000"
    genotype = at(read("chrX 154535277 T C 0", record), "chrX:154535277")
    assert "COPY_NUMBER_STATED" not in {notice.code for notice in genotype.notices}


@pytest.mark.parametrize(
    ("record", "certain"),
    [
        ("99672916 T TACGT", False),  # the insertion of TACG before the T of *3, anchored at it
        ("99672915 A ATACG", False),  # the same, as it is normalised
        ("99672915 A AGACG", True),  # before the T, and nowhere else
        ("99672914 CT C", False),  # one T of two, of which *3 is the last
        ("99672914 CA C", True),
        ("99672916 T TG", False),
    ],
)
def test_what_no_definition_names_is_the_same_wherever_it_is_written(record: str, certain: bool) -> None:
    """CYP3A5*3 (99672916 T>C): README: not certain with a variant that nobody has described."""
    sample = read("chr7 99672916 T C 0/0", f"chr7 {record} 0/1", header=G38)
    assert (at(sample, "chr7:99672916").doubts == ()) is certain
    absent = read("chr7 99672916 T C 0/0", f"chr7 {record} 0/0", header=G38)
    assert at(absent, "chr7:99672916").doubts == ()
