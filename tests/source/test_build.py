"""The build is stated or refused, never guessed.  Lengths: NCBI assembly reports of GRCh37.p13 and GRCh38.p14."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from starling.errors import InputError
from starling.formats.header import Header
from starling.source.build import Build, detect_build
from starling.vocabulary import BuildName
from tests.genotyping.reading import knowledge

CHR10 = {"GRCh38": 133_797_422, "GRCh37": 135_534_747}


def detect(
    contigs: Mapping[str, int | None],
    reference: str | None = None,
    stated: BuildName | None = None,
    *,
    assembly: str | None = None,
    source: str = "",
) -> Build:
    assemblies = dict.fromkeys(contigs, assembly) if assembly else {}
    header = Header(("S",), contigs, reference, {"source": (source,)}, assemblies=assemblies)
    return detect_build(header, knowledge().contig_lengths, knowledge().contigs, stated, source="in.vcf")


@pytest.mark.parametrize("build", ["GRCh38", "GRCh37"])
@pytest.mark.parametrize("name", ["chr10", "10"])
def test_lengths_state_the_build(name: str, build: str) -> None:
    found = detect({name: CHR10[build]})
    assert (found.name, found.stated_by) == (build, "contig")


@pytest.mark.parametrize(
    ("name", "build"),
    [("NC_000010.11", "GRCh38"), ("NC_000010.10", "GRCh37"), ("CM000672.2", "GRCh38"), ("CM000672.1", "GRCh37")],
)
def test_accessions_state_the_build(name: str, build: str) -> None:
    assert detect({name: None}).name == build


@pytest.mark.parametrize(
    ("reference", "build"),
    [
        ("file:///refs/GRCh38_full_analysis_set_plus_decoy_hla.fa", "GRCh38"),
        ("hg38", "GRCh38"),
        ("file:///gatk/Homo_sapiens_assembly38.fasta", "GRCh38"),
        ("GCA_000001405.15", "GRCh38"),
        ("human_g1k_v37.fasta", "GRCh37"),
        ("hs37d5.fa", "GRCh37"),
        ("ucsc.hg19.fasta", "GRCh37"),
        ("GCF_000001405.25", "GRCh37"),
    ],
)
def test_the_reference_states_the_build(reference: str, build: str) -> None:
    found = detect({}, reference)
    assert (found.name, found.stated_by) == (build, "reference")


def test_the_option_states_the_build() -> None:
    found = detect({"chr10": None}, None, "GRCh37")
    assert (found.name, found.stated_by) == ("GRCh37", "option")


@pytest.mark.parametrize("reference", [None, "my_reference.fa", "lifted_hg19_to_hg38.fa"])
def test_nothing_stated_is_refused(reference: str | None) -> None:
    with pytest.raises(InputError) as caught:
        detect({"chr10": None, "chrUn_1": 5, "chrM": 16_569}, reference)
    assert caught.value.code == "BUILD_UNKNOWN"
    assert str(caught.value).startswith("in.vcf: ")


@pytest.mark.parametrize(
    ("contigs", "reference", "stated"),
    [
        ({"chr10": 133_797_422}, "hg19.fa", None),
        ({"chr10": 133_797_422, "chr1": 249_250_621}, None, None),
        ({"NC_000010.11": 135_534_747}, None, None),
        ({"chr10": 135_534_747}, None, "GRCh38"),
        ({}, "GRCh37", "GRCh38"),
    ],
)
def test_two_builds_are_refused(
    contigs: Mapping[str, int | None], reference: str | None, stated: BuildName | None
) -> None:
    with pytest.raises(InputError) as caught:
        detect(contigs, reference, stated)
    assert caught.value.code == "BUILD_CONFLICT"


@pytest.mark.parametrize(
    ("contigs", "known", "refused"),
    [
        ({"chr10": 133_797_422}, True, False),
        ({"10": 135_534_747}, False, False),
        ({"10": 135_534_747, "MT": 16_569}, True, False),
        ({"10": 135_534_747, "MT": None}, False, False),
        ({"NC_000010.10": None, "NC_012920.1": None}, True, False),
        ({"chr10": 135_534_747, "chrM": 16_571}, False, True),
    ],
)
def test_the_mitochondrial_reference(contigs: Mapping[str, int | None], known: bool, refused: bool) -> None:
    """hg19's chrM is NC_001807, 16,571 bases; a GRCh37 file that is silent on it may use either."""
    found = detect(contigs)
    assert (found.mitochondrial_reference_known, found.mitochondrial_refused) == (known, refused)


OTHERS = [
    ({"chr1": 248_387_328, "chrM": 16_569}, "T2T-CHM13"),
    ({"CHR20": 62_435_964}, "hg18"),
    ({"11": 122_082_543}, "mouse"),
    ({"chr10": 133_797_422, "chr1": 248_387_328}, "T2T-CHM13"),
    ({"chr5": 123_456_789}, "neither"),
    ({"NC_060934.1": None}, "T2T-CHM13"),
    ({"NC_000010.9": None}, "older"),
]


@pytest.mark.parametrize("stated", [None, "GRCh38", "GRCh37"])
@pytest.mark.parametrize("reference", [None, "GRCh38.fa"])
@pytest.mark.parametrize(("contigs", "named"), OTHERS)
def test_another_genome_is_refused_whatever_else_is_said(
    contigs: Mapping[str, int | None], named: str, reference: str | None, stated: BuildName | None
) -> None:
    with pytest.raises(InputError, match=named) as caught:
        detect(contigs, reference, stated)
    assert caught.value.code == "BUILD_CONFLICT"
    assert "--build" not in f"{caught.value} {caught.value.advice}"


@pytest.mark.parametrize("text", ["T2T-CHM13v2.0", "chm13v2.0_maskedY.fa", "hg18", "B36", "mm10", "GCA_009914755.4"])
def test_another_genome_is_refused_by_its_name(text: str) -> None:
    for stated in (None, "GRCh38"):
        with pytest.raises(InputError) as caught:
            detect({"chr10": None}, text, stated)
        assert caught.value.code == "BUILD_CONFLICT"
        with pytest.raises(InputError) as caught:
            detect({"chr10": None}, None, stated, assembly=text)
        assert caught.value.code == "BUILD_CONFLICT"


def test_a_path_that_names_a_build_that_is_read_too_says_nothing_of_the_other() -> None:
    assert detect({"chr10": None}, "lifted_hg18_to_hg38.fa").name == "GRCh38"


def test_a_length_that_stands_for_none_is_none() -> None:
    assert detect({"chr10": 0, "chr1": 2**31 - 1}, "hg38.fa").stated_by == "reference"


def test_lengths_of_plink_say_nothing_as_long_as_they_fit() -> None:
    plink = {"10": 133_700_001, "6": 170_700_001}
    with pytest.raises(InputError) as caught:
        detect(plink, source="PLINKv1.90")
    assert caught.value.code == "BUILD_UNKNOWN"
    assert detect(plink, None, "GRCh38", source="PLINKv1.90").stated_by == "option"
    with pytest.raises(InputError, match="neither"):
        detect(plink, None, "GRCh38", source="GATK")
    with pytest.raises(InputError, match="GRCh37") as caught:
        detect({"10": 135_000_000}, None, "GRCh38", source="PLINKv1.90")
    assert caught.value.code == "BUILD_CONFLICT"
    with pytest.raises(InputError, match="neither"):
        detect({"10": 140_000_000}, None, "GRCh38", source="PLINKv1.90")


@pytest.mark.parametrize(
    ("assembly", "build"),
    [("GRCh38.p14", "GRCh38"), ("hg19", "GRCh37"), ("b37", "GRCh37"), ("GCF_000001405.40", "GRCh38")],
)
def test_the_assembly_states_the_build(assembly: str, build: str) -> None:
    found = detect({"chr10": None, "chr1": None}, assembly=assembly)
    assert (found.name, found.stated_by) == (build, "assembly")


def test_lengths_come_before_the_assembly_and_the_assembly_before_the_reference() -> None:
    assert detect({"chr10": CHR10["GRCh38"]}, "hg38.fa", assembly="GRCh38").stated_by == "contig"
    assert detect({"chr10": None}, "hg38.fa", assembly="GRCh38").stated_by == "assembly"
    for contigs, reference, stated in [({"chr10": CHR10["GRCh37"]}, None, None), ({"chr10": None}, "hg19.fa", None)]:
        with pytest.raises(InputError) as caught:
            detect(contigs, reference, stated, assembly="GRCh38")  # type: ignore[arg-type]
        assert caught.value.code == "BUILD_CONFLICT"
    with pytest.raises(InputError) as caught:
        detect({"chr10": None}, None, "GRCh37", assembly="GRCh38")
    assert caught.value.code == "BUILD_CONFLICT"


@pytest.mark.parametrize("name", ["CHR10", "Chr10", "chr10", "nc_000010.11"])
def test_names_of_contigs_have_no_case(name: str) -> None:
    assert detect({name: CHR10["GRCh38"]}).name == "GRCh38"
