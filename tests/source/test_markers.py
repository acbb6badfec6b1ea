"""Arrays and single tests: the calls of a VCF of the same sites; strand and build are proved, never guessed."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from starling.assessment import Assessment, GeneResult, Options
from starling.errors import InputError
from starling.source.places import MOST_CONTRADICTIONS
from tests.bundled import bundled_engine, bundled_knowledge
from tests.simulators.arrays import Probe, patient, probes, write_23andme, write_ancestry, write_finalreport


def assess(path: str | Path, options: Options = Options()) -> Assessment:
    return bundled_engine().assess(path, options=options)


def assess_all(path: str | Path) -> Iterator[Assessment]:
    return bundled_engine().assess_all(path)


def looks_alike(probe: Probe) -> bool:
    """Whether the bases found could be those of the other strand, too."""
    turned = {base.translate(str.maketrans("ACGT", "TGCA")) for base in probe.alleles}
    return not probe.site.is_indel and bool(turned) and turned <= {probe.site.ref, *probe.site.alts}


def as_vcf(path: Path, found: Iterable[Probe], sample: str = "S") -> Assessment:
    """The same sites in a VCF of GRCh38, unphased."""
    lengths = bundled_knowledge().contig_lengths["GRCh38"]
    lines = ["##fileformat=VCFv4.3", *(f"##contig=<ID={name},length={length}>" for name, length in lengths.items())]
    lines.append(f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample}")
    rank = {name: place for place, name in enumerate(lengths)}
    for probe in sorted(found, key=lambda each: (rank[each.site.chromosome], each.site.position)):
        site = probe.site
        words = [site.ref, *site.alts]
        if site.is_indel:
            long, short = (max if len(site.ref) > len(site.alts[0]) else min)(words, key=len), None
            by_letter = {"I": max(words, key=len), "D": min(words, key=len)}
            assert long and short is None
            alleles = [by_letter[letter] for letter in probe.alleles]
        else:
            alleles = list(probe.alleles)
        gt = "/".join(str(number) for number in sorted(words.index(allele) for allele in alleles)) or "./."
        lines.append(f"{site.chromosome}\t{site.position}\t.\t{site.ref}\t{','.join(site.alts)}\t.\tPASS\t.\tGT\t{gt}")
    path.write_text("\n".join(lines) + "\n")
    return assess(str(path))


@pytest.mark.parametrize("seed", range(4))
def test_23andme_is_a_vcf_of_the_same_sites(seed: int, tmp_path: Path) -> None:
    found = list(probes(patient(seed, "male" if seed % 2 else "female")))
    own = assess(str(write_23andme(tmp_path / "me.txt", found)))
    assert own.genes == as_vcf(tmp_path / "same.vcf", found).genes
    assert own.sample == "me"
    assert own.provenance.input.build == "GRCh37"


@pytest.mark.parametrize("seed", range(3))
def test_ancestry_is_a_vcf_of_the_same_sites(seed: int, tmp_path: Path) -> None:
    found = list(probes(patient(seed)))
    own = assess(str(write_ancestry(tmp_path / "me.txt", found)))
    assert own.genes == as_vcf(tmp_path / "same.vcf", found).genes


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_finalreport_of_several_people(build: str, tmp_path: Path) -> None:
    """The build is found by where the markers stand."""
    people = {name: list(probes(patient(seed))) for seed, name in enumerate(["first", "second", "third"])}
    path = write_finalreport(tmp_path / "array.txt", people, build=build)
    results = list(assess_all(str(path)))
    assert [each.sample for each in results] == list(people)
    for own in results:
        assert own.provenance.input.build == build
        assert own.genes == as_vcf(tmp_path / f"{own.sample}.vcf", people[own.sample]).genes


def test_what_the_array_does_not_have_is_not_assayed(tmp_path: Path) -> None:
    found = [probe for probe in probes(patient(1)) if probe.site.gene == "CYP2C19"]
    genes = {each.gene: each for each in assess(str(write_23andme(tmp_path / "me.txt", found))).genes}
    assert genes["CYP2C19"].status != "undetermined"
    assert genes["TPMT"].reason == "NOT_COVERED"


def test_a_no_call_is_no_reference(tmp_path: Path) -> None:
    found = [Probe(probe.site, probe.name, ()) for probe in probes(patient(1))]
    own = assess(str(write_23andme(tmp_path / "me.txt", found)))
    assert {each.status for each in own.genes} == {"undetermined"}


@pytest.mark.parametrize("writer", ["23andme", "finalreport"])
def test_the_other_strand_is_refused_and_named(writer: str, tmp_path: Path) -> None:
    found = list(probes(patient(2)))
    turned = [
        Probe(each.site, each.name, tuple(a.translate(str.maketrans("ACGT", "TGCA")) for a in each.alleles))
        for each in found
    ]
    with pytest.raises(InputError) as raised:
        if writer == "23andme":
            assess(str(write_23andme(tmp_path / "me.txt", turned)))
        else:
            assess(str(write_finalreport(tmp_path / "a.txt", {"S": found}, turned=lambda _: True)))
    assert raised.value.code == "WRONG_STRAND"
    assert "other strand" in raised.value.message
    assert "where the genome has" in raised.value.message


def test_one_turned_site_is_left_out_with_all_symmetric_ones(tmp_path: Path) -> None:
    found = list(probes(patient(2)))
    one = next(probe for probe in found if not looks_alike(probe) and not probe.site.is_indel and probe.alleles)
    path = write_finalreport(tmp_path / "a.txt", {"S": found}, turned=lambda probe: probe is one)
    own = assess(str(path))
    kept = [probe for probe in found if probe is not one and not looks_alike(probe)]
    lost = [Probe(each.site, each.name, ()) for each in found if each is one or looks_alike(each)]
    assert own.genes == as_vcf(tmp_path / "same.vcf", [*kept, *lost]).genes
    assert MOST_CONTRADICTIONS >= 1
    said = " ".join(notice.message for notice in own.provenance.notices)
    assert f"{one.name} was not read" in said
    assert "look alike on both strands" in said


def test_symmetric_sites_of_forward_columns_are_never_guessed(tmp_path: Path) -> None:
    found = list(probes(patient(3)))
    assert any(map(looks_alike, found))
    own = assess(str(write_finalreport(tmp_path / "a.txt", {"S": found}, strand="Forward")))
    known = [each if not looks_alike(each) else Probe(each.site, each.name, ()) for each in found]
    assert own.genes == as_vcf(tmp_path / "same.vcf", known).genes


@pytest.mark.parametrize("strand", ["Top", "AB", "Design"])
def test_columns_without_a_strand_of_the_genome_are_refused(strand: str, tmp_path: Path) -> None:
    path = write_finalreport(tmp_path / "a.txt", {"S": list(probes(patient(1)))}, strand=strand)
    with pytest.raises(InputError, match=f"alleles as {strand.upper()}, not Plus or Forward") as raised:
        assess(str(path))
    assert raised.value.code == "WRONG_STRAND"
    assert "Export the Plus" in raised.value.advice


def test_another_build_is_refused(tmp_path: Path) -> None:
    """As an export of build 36 has them: no marker stands where it should."""
    with pytest.raises(InputError) as raised:
        assess(str(write_23andme(tmp_path / "me.txt", probes(patient(1)), shift=12_345)))
    assert raised.value.code == "BUILD_NOT_READ"
    assert "download the data again" in raised.value.advice


def test_a_stated_build_that_the_markers_contradict(tmp_path: Path) -> None:
    path = write_23andme(tmp_path / "me.txt", probes(patient(1)))
    with pytest.raises(InputError) as raised:
        assess(str(path), options=Options(build="GRCh38"))
    assert raised.value.code == "BUILD_CONFLICT"


def test_old_numbers_of_the_mitochondrion_are_not_read(tmp_path: Path) -> None:
    found = list(probes(patient(1)))
    path = write_23andme(tmp_path / "me.txt", found)
    path.write_text(path.read_text() + "i1\tMT\t16571\tA\n")
    own = assess(str(path))
    (gene,) = (each for each in own.genes if each.gene == "MT-RNR1")
    assert gene.status == "undetermined"
    assert any("NC_001807" in notice.message for notice in own.provenance.notices)


def test_silence_of_an_array_is_never_reference(tmp_path: Path) -> None:
    path = write_23andme(tmp_path / "me.txt", probes(patient(1)))
    with pytest.raises(InputError) as raised:
        assess(str(path), options=Options(absent_is_reference="force"))
    assert raised.value.code == "BAD_OPTION"


# --- names, places, probes --------------------------------------------------------------------------------------------


def raw(path: Path, rows: Iterable[tuple[str, str, int | str, str]], comment: str = "build 37") -> Path:
    """23andMe's form with rows as they are given: name, chromosome, position, genotype."""
    lines = [f"# {comment}", "# rsid\tchromosome\tposition\tgenotype"]
    path.write_text("\n".join([*lines, *("\t".join(map(str, row)) for row in rows)]) + "\n")
    return path


def plain(*genes: str) -> list[tuple[str, str, int, str]]:
    """Everything as the genome has it, on build 37."""
    rows = []
    for gene in genes:
        for site in bundled_knowledge().definitions[gene].sites:
            if site.rsid and len(site.ref) == 1 and not site.is_indel:
                ref = site.ref_grch37 or site.ref
                rows.append((site.rsid, site.chromosome.removeprefix("chr"), site.position_grch37, ref * 2))
    return rows


def changed(rows: Iterable[tuple[str, str, int, str]], **genotypes: str) -> list[tuple[str, str, int, str]]:
    return [(name, chromosome, at, genotypes.get(name, text)) for name, chromosome, at, text in rows]


def gene_of(own: Assessment, gene: str) -> GeneResult:
    return next(each for each in own.genes if each.gene == gene)


def said(own: Assessment) -> str:
    return " ".join(notice.message for notice in own.provenance.notices)


def test_two_names_that_changed_places_are_not_read_and_named(tmp_path: Path) -> None:
    """rs1800460 is C>T at 18139228, rs1142345 T>C at 18130918 (GRCh37): swapped they would be two copies of *3A."""
    rows = [each for each in plain("TPMT", "CYP2C19") if each[0] not in {"rs1800460", "rs1142345"}]
    rows += [("rs1800460", "6", 18130918, "CC"), ("rs1142345", "6", 18139228, "TT")]
    own = assess(str(raw(tmp_path / "me.txt", rows)))
    assert not gene_of(own, "TPMT").phenotype_certain
    assert "*3A/*3A" not in gene_of(own, "TPMT").label
    assert "rs1800460 at chr6:18130918" in said(own)
    assert "rs1142345 at chr6:18139228" in said(own)


@pytest.mark.parametrize("name", ["rs12248560", "GSA-rs12248560", "rs12248560_dup"])
def test_a_name_at_the_place_of_another_site_is_not_read(name: str, tmp_path: Path) -> None:
    rows = [each for each in plain("CYP2C19") if each[0] not in {"rs12248560", "rs28399504"}]
    own = assess(str(raw(tmp_path / "me.txt", [*rows, (name, "10", 96522463, "AG")])))
    assert "*4" not in gene_of(own, "CYP2C19").label
    assert f"{name} at chr10:96522463" in said(own)


def test_a_name_far_from_any_site_is_named(tmp_path: Path) -> None:
    rows = [each for each in plain("CYP2C19") if each[0] != "rs4244285"]
    own = assess(str(raw(tmp_path / "me.txt", [*rows, ("rs4244285", "11", 500, "AA")])))
    assert "rs4244285 at chr11:500" in said(own)


def test_more_than_two_strangers_refuse_the_file(tmp_path: Path) -> None:
    rows = plain("CYP2C19")
    moved = [
        (name, chromosome, at + 50 * (number < 3), text) for number, (name, chromosome, at, text) in enumerate(rows)
    ]
    with pytest.raises(InputError, match=r"3 of [0-9]+ markers known by name stand elsewhere") as raised:
        assess(str(raw(tmp_path / "me.txt", moved)))
    assert raised.value.code == "BAD_MARKERS"


@pytest.mark.parametrize("name", ["rs9332131", "i5012345"])
@pytest.mark.parametrize("place", [96709038, 96709039, 96709040])
def test_an_indel_is_read_wherever_it_stands_in_its_repeat(name: str, place: int, tmp_path: Path) -> None:
    """CYP2C9 *6 is g.94949283del: 96709040 on GRCh37, with its anchor at 96709038.  Source: variants.tsv."""
    own = assess(str(raw(tmp_path / "me.txt", [*plain("CYP2C9"), (name, "10", place, "DI")])))
    assert gene_of(own, "CYP2C9").label == "*1/*6"


def test_an_indel_outside_its_repeat_is_named(tmp_path: Path) -> None:
    own = assess(str(raw(tmp_path / "me.txt", [*plain("CYP2C9"), ("rs9332131", "10", 96709050, "DI")])))
    assert "rs9332131 at chr10:96709050" in said(own)


def test_letters_that_do_not_say_which_of_several_forms(tmp_path: Path) -> None:
    """UGT1A1 rs3064744 has four lengths; I and D do not say which."""
    own = assess(str(raw(tmp_path / "me.txt", [*plain("UGT1A1"), ("rs3064744", "2", 234668879, "DI")])))
    assert "its letters do not say which of the known alleles was found: rs3064744" in said(own)


def test_a_no_call_of_a_second_probe_contradicts_nothing(tmp_path: Path) -> None:
    rows = changed(plain("CYP2C19"), rs12248560="CT")
    more = [("i1", "10", 96521657, "--"), ("i2", "10", 96521657, "TC")]
    own = assess(str(raw(tmp_path / "me.txt", [*rows, *more])))
    alone = assess(str(raw(tmp_path / "b.txt", rows)))
    assert gene_of(own, "CYP2C19").label == gene_of(alone, "CYP2C19").label
    assert "*17" in gene_of(own, "CYP2C19").label
    differing = assess(str(raw(tmp_path / "c.txt", [*rows, ("i1", "10", 96521657, "CC")])))
    assert "two probes of the site differ: rs12248560" in said(differing)
    assert not gene_of(differing, "CYP2C19").phenotype_certain


def test_limits_count_sites_and_not_rows(tmp_path: Path) -> None:
    """A plate of four people with one turned probe is one site."""
    people = {f"P{seed}": list(probes(patient(seed))) for seed in range(4)}
    odd = next(
        p for p in people["P0"] if not p.site.is_indel and {p.site.ref, *p.site.alts} == {"C", "T"} and p.alleles
    )
    path = write_finalreport(tmp_path / "plate.txt", people, turned=lambda probe: probe.site == odd.site)
    results = list(assess_all(str(path)))
    assert len(results) == 4
    assert all(f"{odd.name} was not read" in said(own) for own in results)


def test_rows_without_a_place_are_read_by_their_rsid(tmp_path: Path) -> None:
    rows = [(name, chromosome, str(at), text) for name, chromosome, at, text in plain("CYP2C19")]
    nowhere = [("rs12248560", "0", "0", "CT") if row[0] == "rs12248560" else row for row in rows]
    own = assess(str(raw(tmp_path / "me.txt", nowhere)))
    assert "*17" in gene_of(own, "CYP2C19").label


def test_what_says_that_it_is_of_build_36_is_refused_with_what_to_do(tmp_path: Path) -> None:
    rows = [(name, chromosome, at - 3000, text) for name, chromosome, at, text in plain("CYP2C19")]
    for options in (Options(), Options(build="GRCh37")):
        with pytest.raises(InputError, match="build 36") as raised:
            assess(str(raw(tmp_path / "me.txt", rows, "reference human assembly build 36")), options=options)
        assert raised.value.code == "BUILD_NOT_READ"
        assert "download the data again from the vendor" in raised.value.advice


def test_an_unproved_build_is_refused_or_said(tmp_path: Path) -> None:
    """Names of the array's own prove no build; an option may state it, and is contradicted by an rsid in a name."""
    rows = [(f"GSA-{name}", chromosome, at, text) for name, chromosome, at, text in plain("CYP2C19")]
    path = raw(tmp_path / "me.txt", rows, "an array")
    with pytest.raises(InputError, match="nothing proves the build") as raised:
        assess(str(path))
    assert raised.value.code == "BUILD_UNKNOWN"
    own = assess(str(path), options=Options(build="GRCh37"))
    assert gene_of(own, "CYP2C19").status != "undetermined"
    with pytest.raises(InputError) as raised:
        assess(str(path), options=Options(build="GRCh38"))
    assert raised.value.code in {"BUILD_CONFLICT", "BUILD_NOT_READ"}


def test_an_array_is_called_one_at_the_top(tmp_path: Path) -> None:
    own = assess(str(raw(tmp_path / "me.txt", plain("CYP2C19"))))
    first = own.provenance.notices[0]
    assert first.code == "ARRAY_INPUT"
    assert "confirm by a clinical test" in first.message


# --- single tests -----------------------------------------------------------------------------------------------------


def told(path: Path, *rows: str) -> dict[str, object]:
    path.write_text("\n".join(["analyte,result,device,lot,time", *rows]) + "\n")
    own = assess(str(path))
    return {"own": own, **{each.gene: each for each in own.genes}}


def test_the_bedside_test_for_aminoglycosides(tmp_path: Path) -> None:
    """m.1555A>G decides on gentamicin within minutes of birth.  Source: PALOH study (PMID 35311942)."""
    found = told(tmp_path / "baby.csv", "m.1555A>G,detected,Genedrive 1,L7,2026-11-20T08:00Z")
    result = found["MT-RNR1"]
    assert result.label == "m.1555A>G"  # type: ignore[attr-defined]
    own = found["own"]
    (gentamicin,) = (each for each in own.drugs if each.drug == "gentamicin")  # type: ignore[attr-defined]
    assert gentamicin.headline_action == "avoid"
    said = [notice.message for notice in own.provenance.notices]  # type: ignore[attr-defined]
    assert any("Genedrive 1, lot L7, time 2026-11-20T08:00Z" in text for text in said)


@pytest.mark.parametrize("packing", ["zip", "gz", "utf-16-le", "utf-16-be"])
def test_a_bedside_test_as_it_is_sent(packing: str, tmp_path: Path) -> None:
    """Packed by a mail program, or saved by a spreadsheet without a mark of its code."""
    text = "analyte,result\nm.1555A>G,detected\n"
    path = tmp_path / f"baby.csv.{packing}"
    if packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("baby.csv", text)
    else:
        path.write_bytes(gzip.compress(text.encode()) if packing == "gz" else text.encode(packing))
    assert assess(path).gene("MT-RNR1").label == "m.1555A>G"


@pytest.mark.parametrize("result", ["invalid", "not detected"])
def test_neither_invalid_nor_one_negative_is_normal(result: str, tmp_path: Path) -> None:
    """Invalid is no call; one position without its variant does not clear a whole gene."""
    found = told(tmp_path / "baby.csv", f"m.1555A>G,{result},Genedrive 1,L7,")
    assert not found["MT-RNR1"].phenotype_certain  # type: ignore[attr-defined]


def test_zygosity_that_was_not_stated_is_not_assumed(tmp_path: Path) -> None:
    detected = told(tmp_path / "a.csv", "rs4244285,detected,,,")["CYP2C19"]
    het = told(tmp_path / "b.csv", "rs4244285,heterozygous,,,")["CYP2C19"]
    hom = told(tmp_path / "c.csv", "CYP2D6*4,homozygous,,,")["CYP2D6"]
    assert detected.status != "called"  # type: ignore[attr-defined]
    assert het.label != detected.label  # type: ignore[attr-defined]
    assert "*4" in hom.label  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("rs1,detected,,,", "t.csv:2: 'rs1' is no rsid"),
        ("CYP2C19*99,detected,,,", "t.csv:2: 'CYP2C19.99' is no rsid"),
        ("m.1555A>G,maybe,,,", "t.csv:2: result is 'maybe'"),
        ("m.1555A>G,detected,,", "t.csv:2: 4 columns, not 5"),
    ],
)
def test_a_row_that_cannot_be_understood_is_named(row: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        told(tmp_path / "t.csv", row)


# --- single tests of the wards ----------------------------------------------------------------------------------------


def test_a_panel_that_names_its_alleles_is_a_statement_about_alleles(tmp_path: Path) -> None:
    """*2 is read at rs4244285, which no other allele shares; what was not tested keeps the phenotype uncertain."""
    found = told(
        tmp_path / "t.csv", "CYP2C19*2,heterozygous,,,", "CYP2C19 *3,not detected,,,", "cyp2c19_17,not detected,,,"
    )
    result, own = found["CYP2C19"], found["own"]
    assert "*1/*2" in result.label  # type: ignore[attr-defined]
    assert result.phenotype == "Intermediate Metabolizer"  # type: ignore[attr-defined]
    notice = own.provenance.notices[0]  # type: ignore[attr-defined]
    assert notice.code == "SINGLE_TEST"
    assert "CYP2C19*2" in notice.message


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_any_separator_is_read(separator: str, tmp_path: Path) -> None:
    path = tmp_path / "baby.csv"
    path.write_text(f"analyte{separator}result\nm.1555A>G{separator}not detected\n")
    (result,) = (each for each in assess(path).genes if each.gene == "MT-RNR1")
    assert (result.label, result.phenotype_certain) == ("m.1555A>G not detected", False)
    assert "m.1095T>C and m.1494C>T not tested" in " ".join(notice.message for notice in result.warnings)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Study Name,x\n\nAssay Name,NCBI SNP Reference,Sample ID,Call\nAny,rs4244285,P1,A/A\n", "*2/*2"),
        ("* Block = 96\n\nWell\tSample Name\tSNP Assay Name\tCall\nA1\tP1\tCYP2C19_2\tHomozygous Mutant\n", "*2/*2"),
        ("SAMPLE_ID,CALL,ASSAY_ID,WELL\nP1,A,rs4244285,A01\n", "*2/*2"),
        ("SAMPLE_ID;CALL;ASSAY_ID;WELL\nP1;UND;rs4244285;A01\n", "not determined"),
    ],
)
def test_exports_of_instruments(text: str, label: str, tmp_path: Path) -> None:
    path = tmp_path / "plate.csv"
    path.write_text(text)
    found = assess(path)
    (result,) = (each for each in found.genes if each.gene == "CYP2C19")
    assert (found.sample, result.label) == ("P1", label)


def test_a_compound_that_is_absent_says_nothing_of_its_parts(tmp_path: Path) -> None:
    """TPMT *3A is *3B and *3C: without it either may still be there."""
    assert told(tmp_path / "a.csv", "TPMT*3A,heterozygous,,,")["TPMT"].phenotype  # type: ignore[attr-defined]
    with pytest.raises(InputError):
        told(tmp_path / "b.csv", "TPMT*3A,not detected,,,")


def test_what_no_position_tells_is_named_beside_what_is_read(tmp_path: Path) -> None:
    own = told(tmp_path / "t.csv", "CYP2D6*4,heterozygous,,,", "CYP2D6*5,not detected,,,")["own"]
    said = [notice.message for notice in own.provenance.notices]  # type: ignore[attr-defined]
    assert any("CYP2D6*5: not detected; not read" in text for text in said)


@pytest.mark.parametrize(("said", "presence"), [("negative", "negative"), ("Detected", "positive")])
def test_a_test_of_one_hla_allele_is_a_statement(said: str, presence: str, tmp_path: Path) -> None:
    found = told(tmp_path / "t.csv", f"HLA-B*57:01,{said},,,")
    assert found["HLA-B"].presence["*57:01"] == presence  # type: ignore[attr-defined]
