"""What only shows over a whole file, or several: blocks, one X or two, silence, samples, parts of one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.header import Header
from starling.source.build import detect_build
from starling.source.fill import fillable_genes, filled_slots
from starling.source.sites import SiteMap, site_map
from starling.vocabulary import Sex, State
from tests.genotyping.reading import HEADERS, at, collected, knowledge, line, read, shown, text_of

STAR2 = "chr10:94781859"
G38 = "##reference=GRCh38"
TA_REPEAT = "chr2:233760233"


# --- gVCF -------------------------------------------------------------------------------------------------------------

DIALECTS = {
    "gatk": "{chrom} {start} {ref} <NON_REF> GT:DP:GQ:MIN_DP 0/0:31:99:28 PASS END={end}",
    "dragen": "{chrom} {start} {ref} <NON_REF> GT:AD:DP:GQ:MIN_DP 0/0:31,0:31:87:28 PASS END={end}",
    "deepvariant": "{chrom} {start} {ref} <*> GT:GQ:MIN_DP 0/0:50:28 PASS END={end}",
    "vcf45": "{chrom} {start} {ref} <*> GT:DP:GQ:LEN 0/0:31:99:{length}",
    "dots": "{chrom} {start} {ref} . GT:GQX:DP 0/0:60:31 PASS END={end}",
}


def block(dialect: str, chrom: str, start: int, end: int, ref: str = "A") -> str:
    return DIALECTS[dialect].format(chrom=chrom, start=start, end=end, ref=ref, length=end - start + 1)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_blocks_in_every_dialect(dialect: str) -> None:
    sample = read(block(dialect, "chr10", 94781000, 94781900))
    assert shown(sample, STAR2) == "G/G"
    assert shown(sample, "chr10:94780653") == "notassayed"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_indel_needs_blocks_over_its_whole_stretch(dialect: str) -> None:
    """UGT1A1 (TA)n: blocks over 233760233-233760248 without a gap, and nothing unknown in between."""
    whole = [block(dialect, "chr2", 233760200, 233760240), block(dialect, "chr2", 233760241, 233760260)]
    gap = [block(dialect, "chr2", 233760200, 233760240), block(dialect, "chr2", 233760242, 233760260)]
    short = [block(dialect, "chr2", 233760200, 233760247)]
    assert shown(read(*whole, header=G38), TA_REPEAT) == "CAT/CAT"
    assert shown(read(*gap, header=G38), TA_REPEAT) == "notassayed"
    assert shown(read(*short, header=G38), TA_REPEAT) == "notassayed"


def test_variant_beats_block_and_unknown_variant_in_an_indel_stretch_is_no_call() -> None:
    around = block("gatk", "chr2", 233760200, 233760240), block("gatk", "chr2", 233760241, 233760260)
    crossed = read(*around, "chr2 233760240 A G,<NON_REF> 0/1", header=G38)
    assert shown(crossed, TA_REPEAT) == "nocall INDEL_NOT_EXCLUDED"
    called = read(*around, "chr2 233760233 C CAT,<NON_REF> 0/1", header=G38)
    assert shown(called, TA_REPEAT) == "CAT/CATAT"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("start", "end", "certain"), [(94781000, 94781858, True), (94781000, 94781900, False)])
def test_variant_under_a_block_is_used_and_not_certain(dialect: str, start: int, end: int, *, certain: bool) -> None:
    """No caller says both: the variant, moved by a base, or the block is of another place or another file."""
    records = [block(dialect, "chr10", start, end), "chr10 94781859 G A,<NON_REF> 0/1"]
    wrong_elsewhere = "chr10 94780653 T A 0/0"  # for which no block of the file is believed
    for more in ([], [wrong_elsewhere]):
        genotype = at(read(*more, *records), STAR2)
        assert genotype.alleles == ("G", "A")
        assert (genotype.doubts == ()) is certain
    unread = read(block(dialect, "chr10", start, end).replace("0/0", "./."), records[1])
    assert at(unread, STAR2).doubts == ()


def test_documented_base_in_an_indel_stretch_does_not_hide_the_indel() -> None:
    """CYP2D6 42127856 T>G (*7) lies in the stretch of the deletion of *38: both haplotypes have a base there."""
    blocks = block("gatk", "chr22", 42127800, 42127855), block("gatk", "chr22", 42127857, 42127900, "G")
    sample = read(*blocks, "chr22 42127856 T G,<NON_REF> 0/1", header=G38)
    assert shown(sample, "chr22:42127845") == "GCACATCCGGATGTAGGATC/GCACATCCGGATGTAGGATC"
    assert shown(sample, "chr22:42127856") == "T/G"


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("./.:31:99:28", "nocall"),
        ("0/0:31:99:0", "nocall NO_SUPPORT"),
        ("0/0:31:99:9", "nocall LOW_DEPTH"),
        ("0/0:31:19:28", "nocall LOW_QUALITY"),
        ("0/1:31:99:28", "nocall SYMBOLIC_ALLELE"),
    ],
)
def test_blocks_must_be_supported(sample: str, expected: str) -> None:
    record = f"chr10 94781000 A <NON_REF> GT:DP:GQ:MIN_DP {sample} PASS END=94781900"
    assert shown(read(record), STAR2) == expected


def test_each_sample_has_its_own_block_length() -> None:
    """VCF v4.5: LEN is a FORMAT field, so blocks of several samples may end at different places."""
    text = text_of(["chr10 94781850 A <*> GT:LEN 0/0:20;0/0:5"], samples=("A", "B"))
    first, second = collected({"a.vcf": text}).samples
    assert shown(first, STAR2) == "G/G"
    assert shown(second, STAR2) == "notassayed"


# --- chrX -------------------------------------------------------------------------------------------------------------

X1, X2 = "chrX:154532082", "chrX:154532083"


def on_x(first: str, second: str, sex: Sex) -> tuple[str, str, bool | None]:
    records = (f"chrX 154532082 G A {first}", f"chrX 154532083 G A {second}")
    sample = read(*records, options=Options(sex=sex))
    return shown(sample, X1), shown(sample, X2), sample.hemizygous_x


@pytest.mark.parametrize(
    ("first", "second", "sex", "expected"),
    [
        ("1", "0", "male", ("A", "G", True)),
        ("1/1", "0/0", "male", ("A", "G", True)),
        ("0/1", "0/0", "male", ("nocall HET_IN_MALE seen A", "G", True)),
        ("1/1", "0/1", "female", ("A/A", "G/A", False)),
        ("1", "0/0", "female", ("nocall HAPLOID_IN_FEMALE seen A", "G/G", False)),
        ("1", "0", "unknown", ("A", "G", True)),
        ("1/1", "0/0", "unknown", ("A/A", "G/G", None)),
        ("0/1", "0/0", "unknown", ("G/A", "G/G", False)),
        ("0/1", "0", "unknown", ("G/A", "nocall HAPLOID_IN_FEMALE", False)),
        ("1", "0/0", "unknown", ("A", "G", None)),
        ("./.", ".", "unknown", ("nocall", "nocall", None)),
    ],
)
def test_one_x_or_two(first: str, second: str, sex: Sex, expected: tuple[str, str, bool | None]) -> None:
    """G6PD: a male has one allele, however GT writes it."""
    assert on_x(first, second, sex) == expected


# --- chrM -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "column", "expected", "fractions"),
    [
        ("GT:AF", "0/1:0.07", "A/G", (("G", 0.07),)),
        ("GT:AD:AF", "0/1:0,900:0.999", "A/G", (("G", 0.999),)),
        ("GT:AD", "0/1:930,70", "A/G", (("G", 0.07),)),
        ("GT:AD", "1:0,900", "G", (("G", 1.0),)),
        ("GT", "1/1", "G", ()),
        ("GT:AD", "0/0:990,10", "A", (("G", 0.01),)),
        ("GT:AF", "1/.:0.2", "nocall HALF_CALL seen G", ()),
    ],
)
def test_mitochondrial_share_of_the_reads(
    keys: str, column: str, expected: str, fractions: tuple[tuple[str, float], ...]
) -> None:
    """Mutect2 calls homoplasmic variants 0/1 without a reference read: no imbalance, the share counts."""
    sample = read(f"chrM 1555 A G {keys} {column}")
    assert shown(sample, "chrM:1555") == expected
    assert at(sample, "chrM:1555").fractions == fractions


def test_old_mitochondrial_sequence_is_not_read() -> None:
    header = "##contig=<ID=chr10,length=135534747>\n##contig=<ID=chrM,length=16571>"
    sample = read("chrM 1555 A G 1/1", "chr10 96541616 G A 0/1", header=header)
    assert shown(sample, "chrM:1555") == "notassayed"
    assert not sample.mitochondrial_reference_known
    assert [notice.code for notice in sample.notices] == ["MITOCHONDRIAL_REFUSED"]


def test_grch37_without_the_length_of_its_mitochondrial_sequence() -> None:
    sample = read("MT 1555 A G 1/1", header="##contig=<ID=10,length=135534747>\n##contig=<ID=MT>")
    assert not sample.mitochondrial_reference_known
    assert read("chrM 1555 A G 1/1").mitochondrial_reference_known


# --- silence ----------------------------------------------------------------------------------------------------------


class Genome:
    """What `fillable_genes` asks of a file: a genome of a million records, one every 3,000 bases."""

    def __init__(self, records: int | None = 1_000_000, *, is_gvcf: bool = False, dark: Sequence[str] = ()) -> None:
        self.record_count = records
        self.is_gvcf = is_gvcf
        self.dark = dark

    def phase_set_users(self, chromosome: str) -> frozenset[int]:
        return frozenset()

    def has_record_near(self, chromosome: str, start: int, end: int) -> bool:
        return chromosome not in self.dark and end - start > 3_000


@cache
def sites() -> SiteMap:
    return site_map(tuple(knowledge().definitions.values()), "GRCh38")


def filled(file: Genome, mode: str, dark: Sequence[str] = ()) -> set[str]:
    """The chromosomes on which silence is read as reference."""
    names = {name: name for name in sites().chromosomes if name not in dark}
    options = Options(absent_is_reference=mode)  # type: ignore[arg-type]
    found = filled_slots(sites(), fillable_genes(file, sites(), names, options), {})
    return {sites().slots[index].locus.chromosome for index in found}


def test_silence_means_reference_only_when_asked_and_only_in_a_genome() -> None:
    everything = set(sites().chromosomes)
    assert filled(Genome(), "no") == set()
    assert filled(Genome(), "yes") == everything
    assert filled(Genome(999_999), "yes") == set()
    assert filled(Genome(None), "yes") == set()
    assert filled(Genome(5), "force") == everything


def test_a_gene_without_records_beside_it_is_not_filled() -> None:
    everything = set(sites().chromosomes)
    assert filled(Genome(dark=["chr10"]), "yes") == everything - {"chr10"}
    assert filled(Genome(dark=["chr10"]), "force") == everything


def test_extra_sites_are_filled_with_their_gene() -> None:
    """CYP2C9 carries rs12777823 along, 300,000 bases away (calling rules for warfarin)."""
    sample = read("chr10 94781859 G A 0/1", options=Options(absent_is_reference="force"))
    assert shown(sample, "chr10:94645745") == "G/G"


def test_never_in_a_gvcf_and_never_mt_rnr1_without_records_on_chrm() -> None:
    assert filled(Genome(is_gvcf=True), "yes") == set()
    assert filled(Genome(is_gvcf=True), "force") == set()
    assert "chrM" not in filled(Genome(dark=["chrM"]), "force")
    assert "chrM" not in filled(Genome(), "force", dark=["chrM"])


def test_assumed_reference_is_marked_counted_and_gives_way_to_a_deletion() -> None:
    options = Options(absent_is_reference="force")
    texts = {"a.vcf": text_of(["chr10 94781857 ACGTT A 0/1"])}
    found = collected(texts, options)
    sample = found.samples[0]
    assert shown(sample, STAR2) == "nocall DELETED UNDOCUMENTED_VARIANT"
    assert shown(sample, "chr10:94780653") == "G/G"
    assert at(sample, "chr10:94780653").filled
    assert shown(sample, "chr19:38572266") == "TC/TC"
    assert shown(sample, "chrM:1555") == "notassayed"
    counts = found.positions(sample)
    assert counts["called"] + counts["filled_as_reference"] == sum(
        genotype.state is State.CALLED for genotype in sample.genotypes.values()
    )
    sites = sum(len(each.sites) + len(each.extra_sites) for each in knowledge().definitions.values())
    assert sum(counts.values()) == sites
    assert [notice.code for notice in sample.notices] == ["ASSUMED_REFERENCE"]


def test_assumed_reference_is_that_of_the_files_build() -> None:
    sample = read("chr10 96541616 G A 0/1", build="GRCh37", options=Options(absent_is_reference="force"))
    assert shown(sample, "chr7:99672916") == "C/C"
    assert shown(sample, "chr10:94780544") == "notassayed"


def test_callable_regions(tmp_path: Path) -> None:
    bed = tmp_path / "callable.bed"
    bed.write_text("10\t94781858\t94781859\nchr2\t233760232\t233760248\nchr13\t48037782\t48037801\n")
    sample = read("chr10 94780653 G A 0/0", options=Options(callable_bed=str(bed)))
    assert shown(sample, STAR2) == "G/G"
    assert shown(sample, TA_REPEAT) == "CAT/CAT"
    assert shown(sample, "chr13:48037782") == "notassayed"
    assert shown(sample, "chr10:94781858") == "notassayed"
    assert at(sample, STAR2).filled
    assert not at(sample, "chr10:94780653").filled


# --- names and samples ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chr10", "10", "NC_000010.11", "CM000672.2"])
def test_names_of_chromosomes(name: str) -> None:
    assert shown(read(f"{name} 94781859 G A 0/1", header=f"##contig=<ID={name},length=133797422>"), STAR2) == "G/A"


def test_other_contigs_are_ignored() -> None:
    header = HEADERS["GRCh38"] + "\n##contig=<ID=chr10_KI270824v1_alt,length=181496>\n##contig=<ID=HLA-A*01:01>"
    sample = read("chr10 94781859 G A 0/1", "chr10_KI270824v1_alt 94781859 G A 1/1", header=header)
    assert shown(sample, STAR2) == "G/A"


@pytest.mark.parametrize(
    ("header", "record"),
    [
        ("##reference=GRCh38\n##contig=<ID=chr5,length=181538259>", "chr5 100 A G 0/1"),
        ("##reference=GRCh38", "chr5 100 A G 0/1"),
    ],
)
def test_none_of_the_chromosomes_is_an_error(header: str, record: str) -> None:
    with pytest.raises(InputError) as caught:
        read(record, header=header)
    assert caught.value.code == "NO_CHROMOSOMES"


def test_no_gt_is_an_error() -> None:
    with pytest.raises(InputError) as caught:
        read("chr10 94781859 G A DP 30")
    assert caught.value.code == "NO_GENOTYPES"


def test_samples_are_chosen_by_name() -> None:
    text = text_of(["chr10 94781859 G A 0/0;0/1;1/1"], samples=("A", "B", "C"))
    found = collected({"a.vcf": text}, samples=("C", "B"))
    assert {one.sample: shown(one, STAR2) for one in found.samples} == {"B": "G/A", "C": "A/A"}
    assert [one.sample for one in collected({"a.vcf": text}).samples[1:]] == ["B", "C"]
    with pytest.raises(InputError, match="there are: A, B, C") as caught:
        collected({"a.vcf": text}, samples=("D",))
    assert caught.value.code == "SAMPLE_NOT_FOUND"


TUMOUR_PAIR = HEADERS["GRCh38"] + "\n##tumor_sample=T1\n##normal_sample=N1"


@pytest.mark.parametrize(
    ("header", "columns", "asked", "refused"),
    [
        (TUMOUR_PAIR, ("N1", "T1"), None, True),
        (TUMOUR_PAIR, ("N1", "T1"), ("T1",), True),
        (TUMOUR_PAIR, ("N1", "T1"), ("N1",), False),
        (HEADERS["GRCh38"], ("NORMAL", "TUMOR"), None, True),
        (HEADERS["GRCh38"], ("NORMAL", "TUMOR"), ("TUMOR",), True),
        (HEADERS["GRCh38"], ("NORMAL", "TUMOR"), ("NORMAL",), False),
        (HEADERS["GRCh38"] + "\n##tumor_sample=T1", ("T1",), None, True),
        (
            HEADERS["GRCh38"] + '\n##tumor_sample=S\n##GATKCommandLine=<ID=Mutect2,CommandLine="Mutect2 '
            '--mitochondria-mode true --output x.vcf">',
            ("S",),
            None,
            False,
        ),
    ],
)
def test_tumours_are_refused(
    header: str, columns: tuple[str, ...], asked: tuple[str, ...] | None, refused: bool
) -> None:
    record = "chr10 94781859 G A " + ";".join(["0/1"] * len(columns))
    texts = {"a.vcf": text_of([record], samples=columns, header=header)}
    if not refused:
        assert [one.sample for one in collected(texts, samples=asked).samples] == [asked[0] if asked else "S"]
        return
    with pytest.raises(InputError) as caught:
        collected(texts, samples=asked)
    assert caught.value.code == "TUMOUR_FILE"


# --- several files ----------------------------------------------------------------------------------------------------


def test_parts_of_one_person_and_different_people() -> None:
    texts = {
        "chr10.vcf": text_of(["chr10 94781859 G A 0/1"]),
        "chr6.vcf": text_of(["chr6 18138997 C T 1/1"], header=G38),
        "other.vcf": text_of(["chr10 96541616 G A 1/1"], samples=("Z",), build="GRCh37"),
    }
    found = collected(texts)
    one, other = found.samples
    assert (shown(one, STAR2), shown(one, "chr6:18138997"), shown(other, STAR2)) == ("G/A", "T/T", "A/A")
    assert found.stamps["S"].name == "chr10.vcf, chr6.vcf"
    assert found.stamps["Z"].build is not None
    assert found.stamp.build is None
    assert found.stamp.reader == "scan"
    assert found.stamp.size == sum(len(text) for text in texts.values())


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("0/1", "0/1", "G/A"),
        ("0/1", "./.", "G/A"),
        ("./.", "0/1", "G/A"),
        ("0|1", "0/1", "G/A"),
        ("1/1", "1|1", "A/A"),
        ("1/.", "1/1", "nocall HALF_CALL seen A"),
    ],
)
def test_a_site_in_two_parts(first: str, second: str, expected: str) -> None:
    texts = {name: text_of([f"chr10 94781859 G A {gt}"]) for name, gt in (("a.vcf", first), ("b.vcf", second))}
    assert shown(collected(texts).samples[0], STAR2) == expected


def test_a_site_stated_twice_differently_is_an_error() -> None:
    texts = {"a.vcf": text_of(["chr10 94781859 G A 0/1"]), "b.vcf": text_of(["chr10 94781859 G A 1/1"])}
    with pytest.raises(InputError, match=r"a\.vcf, b\.vcf: .*chr10:94781859.*G/A and A/A") as caught:
        collected(texts)
    assert caught.value.code == "CONFLICTING_PARTS"


def test_phase_of_one_file_is_not_that_of_another() -> None:
    texts = {"a.vcf": text_of(["chr10 94781859 G A 0|1"]), "b.vcf": text_of(["chr10 94780653 G A 0|1"])}
    sample = collected(texts).samples[0]
    assert at(sample, STAR2).phase_set != at(sample, "chr10:94780653").phase_set


# --- the digest -------------------------------------------------------------------------------------------------------


def test_digest_is_of_the_genotypes() -> None:
    records = ["chr10 94780653 G A GT:PS 0|1:5", "chr10 94781859 G A GT:PS 0|1:5"]
    turned = [record.replace("0|1:5", "1|0:77") for record in records]
    first, second = (collected({"a.vcf": text_of(one)}) for one in (records, turned))
    assert first.evidence_sha256(first.samples[0]) == second.evidence_sha256(second.samples[0])
    trans = read(records[0], records[1].replace("0|1", "1|0"))
    assert first.evidence_sha256(trans) != first.evidence_sha256(first.samples[0])
    named = replace(first.samples[0], sample="someone else")
    assert first.evidence_sha256(named) == first.evidence_sha256(first.samples[0])


def test_helper_writes_lines() -> None:
    assert line("chr10 5 A G GT:DP 0/1:3 LowQual END=9").split("\t")[6:] == ["LowQual", "END=9", "GT:DP", "0/1:3"]
    assert Header(("S",)).contigs == {}


# --- what a person's whole file says of one place ---------------------------------------------------------------------


def test_a_bar_without_a_set_is_no_phase_where_the_sample_names_sets_elsewhere() -> None:
    """A record far from every site counts too: the file was read whole."""
    lines = ["chr6 18130687 T C GT 0|1", "chr6 18138997 C T GT 0|1", "chr6 90000000 A G GT:PS 0|1:90000000"]
    assert shown(read(*lines), "chr6:18130687").startswith("T/C PHASE_SET_MIXED")
    assert "PHASE_SET_MIXED" not in shown(read(*lines[:2]), "chr6:18130687")


@pytest.mark.parametrize("reference", ["file:///mnt/db38/ref.fa", "/lab37/genome.fa", "ref_v1b381.fa"])
def test_a_folder_that_resembles_a_build_states_none(reference: str) -> None:
    header = Header(samples=("S",), contigs={}, reference=reference, meta={}, lines=3)
    with pytest.raises(InputError, match="genome build"):
        detect_build(header, {"GRCh38": {}, "GRCh37": {}}, {}, None, source="x.vcf")


def test_two_references_that_disagree_are_refused() -> None:
    meta = {"reference": ("hg19.fa", "GRCh38.fa")}
    header = Header(samples=("S",), contigs={}, reference="hg19.fa", meta=meta, lines=4)
    with pytest.raises(InputError) as caught:
        detect_build(header, {"GRCh38": {}, "GRCh37": {}}, {}, None, source="x.vcf")
    assert caught.value.code == "BUILD_CONFLICT"


def test_an_indel_of_unknown_grch37_reference_needs_a_record_that_states_it() -> None:
    """CYP2C9 94949161 AT>A lies at 96708918 of GRCh37, where the tables do not know the reference."""
    place = "chr10:94949161"
    assert shown(read(block("gatk", "chr10", 96708000, 96709500), build="GRCh37"), place) == "notassayed"
    forced = Options(absent_is_reference="force")
    assert shown(read("chr10 96708000 A G 0/1", build="GRCh37", options=forced), place) == "notassayed"
    assert shown(read("chr10 96708918 AT A 0/0", build="GRCh37"), place) == "AT/AT"


def test_attack_blocks_without_number_over_one_site_are_refused() -> None:
    """A hundred thousand blocks with one END took minutes and gigabytes."""
    head = "chr10 {} A <NON_REF> GT:DP:GQ:MIN_DP 0/0:30:99:30 PASS END=94790000"
    rows = [head.format(94_700_000 + number) for number in range(1_100)]
    with pytest.raises(InputError, match="more than 1000 records speak for chr10:") as raised:
        read(*rows)
    assert raised.value.code == "BAD_RECORD"
