"""Clinical cases: genotypes that a file states and does not bear out, in a person who is reference everywhere else.

What callers, joint callers, imputation, lift-over and copy-number tools write; no result of it may be certain, and no
variant may be lost.  Source: docs/explanation/reading.md; VCF v4.5, sections 1.6.2 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from starling.assessment import Assessment, GeneResult, Options
from starling.errors import InputError
from tests.bundled import bundled_engine
from tests.genotyping.reading import line

TPMT2, DPYD2A, CYP2C9_3 = "chr6 18143724 C G", "chr1 97450058 C T", "chr10 94981296 A C"
GENES = {"chr6": "TPMT", "chr1": "DPYD", "chr10": "CYP2C9", "chr7": "CYP3A5"}


def reference_lines(gene: str, columns: str, info: str) -> dict[tuple[int, str], str]:
    """Every site of a gene, called reference."""
    definition = bundled_engine().knowledge.definitions[gene]
    return {
        (
            site.position,
            site.ref,
        ): f"{site.chromosome} {site.position} {site.ref} {','.join(site.alts)} {columns} PASS {info}"
        for site in (*definition.sites, *definition.extra_sites)
    }


def assess(
    folder: Path,
    *records: str,
    columns: str = "GT:DP:GQ 0/0:30:99",
    info: str = ".",
    header: Sequence[str] = (),
    options: Options = Options(),
) -> Assessment:
    """The assessment of a person with these records, and reference at every other site of the gene they lie in."""
    gene = GENES[records[0].split()[0]]
    lines = reference_lines(gene, columns, info)
    for record in records:
        _, position, ref, *_ = record.split()
        lines.pop((int(position), ref), None)
    body = sorted([*lines.values(), *records], key=lambda text: int(text.split()[1]))
    head = ["##fileformat=VCFv4.4", "##reference=GRCh38", *header]
    head.append("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "P"]))
    path = folder / "person.vcf"
    path.write_text("\n".join([*head, *map(line, body)]) + "\n", encoding="utf-8")
    return bundled_engine().assess(path, options=options)


def result(folder: Path, *records: str, **how: object) -> GeneResult:
    """The result of the gene in which the records lie."""
    return assess(folder, *records, **how).gene(GENES[records[0].split()[0]])  # type: ignore[arg-type]  # passed on


def reasons(gene: GeneResult) -> set[str]:
    return {each.why.value for each in gene.phenotype_alternatives}


@pytest.mark.parametrize(
    ("column", "label", "phenotype"),
    [
        ("GT:AD:DP:GQ 0/0:30,0:30:99", "*1/*1", "Normal Metabolizer"),
        ("GT:AD:DP:GQ 0/1:15,15:30:99", "*1/*2", "Intermediate Metabolizer"),
        ("GT:AD:DP:GQ 1/1:0,30:30:99", "*2/*2", "Poor Metabolizer"),
        ("GT:AD:DP:GQ 1/1:5,25:30:99", "*2/*2", "Poor Metabolizer"),
        ("GT:AD:DP:GQ:PL 1/1:0,30:30:99:900,90,0", "*2/*2", "Poor Metabolizer"),
        ("GT:GP 1|1:0,0.02,0.98", "*2/*2", "Poor Metabolizer"),
        ("GT:DS 1|1:1.95", "*2/*2", "Poor Metabolizer"),
        ("GT:HDS 1|1:0.97,0.98", "*2/*2", "Poor Metabolizer"),
        ("GT:AD:DP:GQ:GP 1/1:0,30:30:99:999,99,0.01", "*2/*2", "Poor Metabolizer"),
        ("GT 1/1", "*2/*2", "Poor Metabolizer"),
    ],
)
def test_a_supported_genotype_is_certain(tmp_path: Path, column: str, label: str, phenotype: str) -> None:
    found = result(tmp_path, f"{TPMT2} {column}")
    assert (found.label, found.phenotype) == (label, phenotype)
    assert "weak_evidence" not in reasons(found)
    assert found.phenotype_certain


@pytest.mark.parametrize(
    "column",
    [
        "GT:AD:DP:GQ 1/1:0,1:1:3",
        "GT:AD:DP 1/1:0,0:0",
        "GT:AD:DP:GQ 1/1:15,15:30:99",
        "GT:AD:DP:GQ 1/1:30,0:30:99",
        "GT:DP:GQ 1/1:30:0",
        "GT:DP:GQ:PL 1/1:30:99:20,0,300",
        "GT:PL 1/1:60,3,0",
        "GT:GP 1|1:0.01,0.5,0.49",
        "GT:DS 1|1:1.6",
        "GT:HDS 1|1:0.8,0.9",
        "GT:DP:GQ 1/1:.:.",
    ],
)
def test_a_weak_variant_is_used_and_never_certain(tmp_path: Path, column: str) -> None:
    found = result(tmp_path, f"{TPMT2} {column}")
    assert (found.label, found.phenotype, found.phenotype_certain) == ("*2/*2", "Poor Metabolizer", False)
    assert "weak_evidence" in reasons(found)
    assert "WEAK_EVIDENCE" in {notice.code for notice in found.warnings}


@pytest.mark.parametrize("column", ["GT:AD:DP:GQ 0/1:970,30:1000:99", "GT:AD:DP:GQ 0/1:30,0:30:99", "GT:GQ 0/1:0"])
def test_a_dangerous_variant_with_weak_evidence_is_not_dropped(tmp_path: Path, column: str) -> None:
    person = assess(tmp_path, f"{DPYD2A} {column}")
    found = person.gene("DPYD")
    assert (found.phenotype, found.phenotype_certain) == ("Intermediate Metabolizer", False)
    assert "weak_evidence" in reasons(found)
    assert person.drug("fluorouracil").headline_action != "standard"


@pytest.mark.parametrize(
    "column",
    [
        "GT:AD:DP:GQ 0/0:0,30:30:99",
        "GT:AD:DP:GQ 0/0:15,15:30:99",
        "GT:AD:DP:GQ 0/0:20:30:99",
        "GT:DP:GQ:PL 0/0:30:99:30,0,300",
        "GT:DP:GQ 0/0:.:.",
        "GT:DP:GQ 0/0",
        "GT:PL 0/0:0,3,30",
        "GT:GP 0|0:0.64,0.32,0.04",
        "GT:DS 0|0:0.4",
        "GT 0/0 PASS DP=1",
    ],
)
def test_reference_without_support_is_not_assayed(tmp_path: Path, column: str) -> None:
    found = result(tmp_path, f"{TPMT2} {column}")
    assert not found.phenotype_certain
    assert "chr6:18143724" in found.missing_positions


@pytest.mark.parametrize(
    ("columns", "info"),
    [("GT 0/0", "."), ("GT 0/0", "DP=30"), ("GT:DP:GQ 0/0:.:.", "."), ("GT:PL 0/0:0,90,900", "DP=30")],
)
def test_fields_that_the_whole_file_lacks_are_accepted(tmp_path: Path, columns: str, info: str) -> None:
    person = assess(tmp_path, f"{TPMT2} {columns} PASS {info}", columns=columns, info=info)
    assert person.gene("TPMT").phenotype_certain
    said = [notice.code for notice in person.provenance.notices]
    assert said == ([] if info == "DP=30" else ["SUPPORT_NOT_STATED"])


def test_the_limits_are_options(tmp_path: Path) -> None:
    record = f"{TPMT2} GT:AD:DP:GQ 1/1:9,21:30:99"
    assert not result(tmp_path, record).phenotype_certain
    assert result(tmp_path, record, options=Options(max_other_reads=0.5)).phenotype_certain
    record = f"{TPMT2} GT:GP 1|1:0,0.15,0.85"
    assert not result(tmp_path, record).phenotype_certain
    assert result(tmp_path, record, options=Options(min_gp=0.8)).phenotype_certain


@pytest.mark.parametrize("gt", ["0/0/1", "0/0/0/1", "0/0/1/1", "0|1|1", "1/1/1"])
def test_more_than_two_alleles_are_no_call_and_no_variant_is_lost(tmp_path: Path, gt: str) -> None:
    person = assess(tmp_path, f"{DPYD2A} {gt}")
    found = person.gene("DPYD")
    assert found.phenotype != "Normal Metabolizer"
    assert not found.phenotype_certain
    assert person.drug("fluorouracil").headline_action != "standard"


@pytest.mark.parametrize(
    "segment",
    [
        "chr6 18000001 N . GT:CN:NP 0/0:2:900 PASS END=18300000",
        "chr6 18000001 A . GT:CN 0/0:2 PASS END=18300000",
        "chr6 18000001 A . GT 0/0 PASS SVTYPE=CNV;END=18300000",
        "chr6 18000001 N . GT 0/0 PASS END=18300000",
        "chr6 18000001 A . GT:DP 0/0:30 PASS END=18300000;REF=12;RU=CAG",
    ],
)
def test_a_segment_of_copies_or_repeats_says_no_bases(tmp_path: Path, segment: str) -> None:
    path = tmp_path / "segments.vcf"
    columns = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "P"])
    head = f"##fileformat=VCFv4.2\n##reference=GRCh38\n{columns}\n"
    path.write_text(head + line(segment) + "\n", encoding="utf-8")
    assert bundled_engine().assess(path).gene("TPMT").status == "undetermined"
    path.write_text(head + line(segment) + "\n" + line(f"{TPMT2} GT:DP:GQ 0/1:30:99") + "\n", encoding="utf-8")
    assert not bundled_engine().assess(path).gene("TPMT").phenotype_certain


@pytest.mark.parametrize(
    "indel", ["chr10 94981296 A AACGT", "chr10 94981296 AT A", "chr10 94981295 TA T", "chr10 94981295 TA TCCC"]
)
def test_an_undocumented_length_change_at_a_tested_site(tmp_path: Path, indel: str) -> None:
    found = result(tmp_path, f"{CYP2C9_3} GT:DP:GQ 0/0:30:99", f"{indel} GT:DP:GQ 0/1:30:99")
    assert not found.phenotype_certain
    assert "undocumented_variant" in reasons(found)
    silent = result(tmp_path, f"{CYP2C9_3} GT:DP:GQ 0/0:30:99", f"{indel} GT:DP:GQ 0/0:30:99")
    assert silent.phenotype_certain


@pytest.mark.parametrize(
    "records",
    [
        (f"{TPMT2} GT:DP:GQ 0/0:30:99", f"{TPMT2} GT:DP:GQ 1/1:30:99"),
        (f"{DPYD2A} GT:DP:GQ 0/0:30:99", f"{DPYD2A} GT:DP:GQ 1/1:30:99"),
        (f"{CYP2C9_3} GT:DP:GQ 0/0:30:99", f"{CYP2C9_3} GT:DP:GQ 0/1:30:99"),
        ("chr10 94942231 G A GT:DP:GQ 1/1:30:99", "chr10 94942230 CG TA GT:DP:GQ 0/1:30:99"),
    ],
)
def test_contradictory_records_leave_nothing_certain_and_lose_no_variant(
    tmp_path: Path, records: tuple[str, ...]
) -> None:
    found = result(tmp_path, *records)
    assert not found.phenotype_certain
    assert "weak_evidence" in reasons(found)
    assert found.phenotype != "Normal Metabolizer"


def test_a_probe_that_saw_nothing_contradicts_nothing(tmp_path: Path) -> None:
    found = result(tmp_path, f"{DPYD2A} 0/1", f"{DPYD2A} ./.")
    assert (found.phenotype, found.phenotype_certain) == ("Intermediate Metabolizer", True)


def test_copies_over_a_gene(tmp_path: Path) -> None:
    """Two copies by uniparental disomy remove nothing; one copy without a genotype is a reservation."""
    loh = result(tmp_path, f"{TPMT2} GT:DP:GQ 1/1:30:99", "chr6 18000000 N <LOH> GT:CN 1/1:2 PASS END=18400000")
    assert (loh.phenotype, loh.phenotype_certain) == ("Poor Metabolizer", True)
    both = result(tmp_path, f"{TPMT2} GT:DP:GQ 1/1:30:99", "chr6 18000000 N <DEL>,<DUP> GT:CN 1/2:2 PASS END=18400000")
    assert (both.phenotype, both.phenotype_certain) == ("Poor Metabolizer", True)
    for alt in ("<DEL>", "<CNV>"):
        one = result(tmp_path, f"{TPMT2} GT:DP:GQ 1/1:30:99", f"chr6 18000000 N {alt} GT:CN ./.:1 PASS END=18400000")
        assert "copy_number" in reasons(one)
        assert not one.phenotype_certain
    two = result(tmp_path, f"{TPMT2} GT:DP:GQ 1/1:30:99", "chr6 18000000 N <CNV> GT:CN ./.:2 PASS END=18400000")
    assert two.phenotype_certain


@pytest.mark.parametrize(
    ("one", "other", "together"), [("a,a", "a,a", True), ("a,a", "b,b", False), ("a,b", "c,d", False)]
)
def test_phase_sets_of_alleles_are_never_joined(tmp_path: Path, one: str, other: str, together: bool) -> None:
    """TPMT *3B and *3C on opposite strands of one set are *3B/*3C for sure; in two sets they may be *1/*3A."""
    records = (f"chr6 18130687 T C GT:PSL 0|1:{one}", f"chr6 18138997 C T GT:PSL 1|0:{other}")
    found = result(tmp_path, *records, columns="GT 0/0")
    assert (found.label == "*3B/*3C") is together
    if not together:
        assert (found.label, found.phenotype_certain) == ("*1/*3A", False)


LIFTED: Mapping[str, str] = {
    "CrossMap": "##liftOverChainFile=hg19ToHg38.over.chain.gz",
    "GATK": '##INFO=<ID=OriginalContig,Number=1,Type=String,Description="before">',
    "swapped": '##INFO=<ID=SwappedAlleles,Number=0,Type=Flag,Description="before">',
    "bcftools": '##INFO=<ID=SRC_POS,Number=1,Type=Integer,Description="before">',
}


@pytest.mark.parametrize("mark", LIFTED.values(), ids=LIFTED)
def test_a_lifted_file_is_not_filled_where_the_builds_differ(tmp_path: Path, mark: str) -> None:
    """A person with CYP3A5 *3/*3 has no record at rs776746 on GRCh37, where *3 is the reference."""
    neighbours = ("chr7 99600000 A G 0/1", "chr7 99700000 A G 0/1")
    path = tmp_path / "lifted.vcf"
    columns = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "P"])
    for header, certain in ((mark, False), ("##source=a caller", True)):
        head = f"##fileformat=VCFv4.2\n##contig=<ID=chr7,length=159345973>\n{header}\n{columns}\n"
        path.write_text(head + "\n".join(map(line, neighbours)) + "\n", encoding="utf-8")
        found = bundled_engine().assess(path, options=Options(absent_is_reference="force")).gene("CYP3A5")
        assert found.phenotype_certain is certain


@pytest.mark.parametrize(
    "mark",
    [
        '##DRAGENCommandLine=<ID=dragen,CommandLineOptions="--tumor-bam-input t.bam">',
        '##FORMAT=<ID=SQ,Number=A,Type=Float,Description="Somatic quality">',
        '##GATKCommandLine=<ID=Mutect2,CommandLine="Mutect2 --output o.vcf">',
    ],
)
def test_a_tumour_alone_is_refused(tmp_path: Path, mark: str) -> None:
    with pytest.raises(InputError, match="is a tumour") as caught:
        assess(tmp_path, f"{TPMT2} 0/1", header=[mark])
    assert caught.value.code == "TUMOUR_FILE"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ('##FORMAT=<ID=DS,Number=A,Type=Float,Description="dosage">', True),
        ('##FORMAT=<ID=GP,Number=G,Type=Float,Description="probabilities">', True),
        ('##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="imputed">', True),
        ('##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="quality">', False),
    ],
)
def test_imputed_genotypes_are_named_at_the_top(tmp_path: Path, header: str, said: bool) -> None:
    person = assess(tmp_path, f"{TPMT2} 0/1", header=[header])
    assert ("IMPUTED" in {notice.code for notice in person.provenance.notices}) is said
