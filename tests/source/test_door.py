"""One door for everything: what is opened here says who, which build, which sites, and what to know of the reading."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.content import OrderName, ReaderName
from starling.formats.header import Header
from starling.formats.record import Record, parse_record
from starling.formats.regions import Region, by_chromosome
from starling.formats.vcf import VcfFile, open_vcf
from starling.genotyping.collect import collect
from starling.source.door import OpenSource, Wanted
from starling.source.sites import SiteMaps
from starling.vocabulary import Remark, SampleGenotypes
from tests.genotyping.reading import HEADERS, collected, knowledge, line, shown, site_maps, text_of
from tests.simulators.arrays import patient, probes, write_23andme, write_finalreport
from tests.simulators.equivalents import STYLES, render
from tests.simulators.people import person
from tests.simulators.vcf_files import body, header, snv, write

STAR2 = "chr10:94781859"


class Message:
    """Records that came in no file, such as those of a laboratory's message: all that a source must be."""

    def __init__(self, *records: str) -> None:
        self.name = "message"
        self.header = Header(samples=("S",), contigs={"chr10": 133_797_422})
        self.size: int | None = None
        self.reader: ReaderName = "scan"
        self.order: OrderName = "whole"
        self.file_sha256: str | None = None
        self.notes: tuple[str | Remark, ...] = ("sent by a laboratory",)
        self.record_count: int | None = len(records)
        self.is_gvcf = False
        self._records = records

    def fetch(self, regions: Sequence[Region]) -> Iterator[Record]:
        wanted = by_chromosome(regions)
        for number, text in enumerate(self._records, 1):
            record = parse_record(line(text).encode(), samples=1, source=self.name, number=number)
            intervals = wanted.get(record.chromosome.encode())
            if intervals is not None and intervals.overlaps(record.position, record.end):
                yield record

    def has_record_near(self, chromosome: str, start: int, end: int) -> bool:
        return False

    def phase_set_users(self, chromosome: str) -> frozenset[int]:
        return frozenset()

    def close(self) -> None:
        self.name = "closed"


def test_what_comes_in_no_file_comes_in_by_the_same_door() -> None:
    wanted = Wanted(site_maps(), knowledge())
    message = Message("chr10 94781859 G A 0/1", "chr10 5 G A 0/1")
    with OpenSource(message, wanted) as source:
        found = collect([source], wanted)
    assert shown(found.samples[0], STAR2) == "G/A"
    assert [notice.message for notice in found.samples[0].notices] == ["message: sent by a laboratory"]
    assert message.name == "closed"


@pytest.mark.parametrize("name", ["chr10", "10", "NC_000010.11", "CM000672.2"])
def test_phase_sets_count_whatever_the_chromosome_is_called(name: str) -> None:
    """`|` without PS is no phase in a sample that names phase sets elsewhere, also where no site is."""
    records = [f"{name} 1000 A G GT:PS 0|1:1000", f"{name} 94780653 G A 0|1", f"{name} 94781859 G A 0|1"]
    header = f"##contig=<ID={name},length=133797422>"
    sample = collected({"a.vcf": text_of(records, header=header)}).samples[0]
    assert shown(sample, STAR2) == "G/A PHASE_SET_MIXED"


@pytest.mark.parametrize("name", ["NC_000001.10", "CM000663.1", "nc_000001.10", "NC_000003.11"])
@pytest.mark.parametrize("place", [97_915_614, 5])
@pytest.mark.parametrize("container", ["plain", "bgzf"])
def test_records_of_the_other_build_are_never_passed_over(
    name: str, place: int, container: str, tmp_path: Path
) -> None:
    """The header says nothing of them, and no gene need lie there: their file is of two builds."""
    text = text_of(["chr10 94781859 G A 0/1", f"{name} {place} C T 0/1"])
    path = write(tmp_path, container, text)
    for genes in (("CYP2C19",), tuple(knowledge().definitions)):
        with pytest.raises(InputError, match=f"records on {name}, a sequence of the other build") as caught:
            asked(genes, path)
        assert caught.value.code == "BUILD_CONFLICT"


def test_a_name_of_the_file_s_own_build_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "plain", text_of(["chr10 94781859 G A 0/1", "NC_000001.11 97450058 C T 0/1"]))
    assert shown(asked(("DPYD",), path), "chr1:97450058") == "C/T"


# --- a question about some genes --------------------------------------------------------------------------------------


def asked(
    genes: Sequence[str], path: Path, options: Options = Options(), file: VcfFile | None = None
) -> SampleGenotypes:
    """`file`: the path, open already."""
    from starling.source.door import open_source

    wanted = Wanted(site_maps().about(genes), knowledge(), options)
    with OpenSource(file, wanted) if file is not None else open_source(path, wanted) as source:
        return collect([source], wanted).samples[0]


def at_genes(sample: SampleGenotypes, genes: Sequence[str]) -> SampleGenotypes:
    return sample.about(site_maps().about(genes).loci)


@pytest.mark.parametrize("genes", [("CYP2C19",), ("CYP2C9", "VKORC1", "CYP4F2"), ("G6PD", "MT-RNR1"), ("RYR1",), ()])
@pytest.mark.parametrize("style", ["plain", "plain_37", "gvcf_gatk", "bgzf_indexed", "reference_line"])
def test_some_genes_read_alone_are_as_in_the_whole(style: str, genes: tuple[str, ...], tmp_path: Path) -> None:
    (path,) = render(person(3), STYLES[style], tmp_path)
    whole, own = asked(list(knowledge().definitions), path), asked(genes, path)
    expected = at_genes(whole, genes)
    assert own.genotypes == expected.genotypes
    assert own.notices == expected.notices
    assert set(own.genotypes) <= site_maps().about(genes).loci


def test_a_file_of_another_chromosome_is_entered_and_not_read_whole(tmp_path: Path) -> None:
    """What it shows of the genome counts for all files of the person; for that a few of its blocks are enough."""
    draw = random.Random(3)
    lines = [snv("chr10", 90_000_000 + 1_000 * at, info=f"X={draw.randbytes(150).hex()}") for at in range(8_000)]
    head = header(("chr10",), extra=("##reference=GRCh38",)).replace(",length=300000000", "")
    path = write(tmp_path, "bgzf", head + body(lines))
    with open_vcf(path) as file:
        assert asked(("DPYD",), path, file=file).genotypes == {}
        assert file.reader == "bisect"
        assert file.blocks_inflated is not None
        assert file.blocks_inflated < path.stat().st_size // 65_536 // 2


@pytest.mark.parametrize("genes", [("CYP2C19",), ("CYP2D6", "VKORC1"), ("MT-RNR1",)])
def test_build_and_strand_of_an_array_are_proved_by_all_its_markers(genes: tuple[str, ...], tmp_path: Path) -> None:
    path = write_23andme(tmp_path / "me.txt", probes(patient(1)))
    own, expected = asked(genes, path), at_genes(asked(list(knowledge().definitions), path), genes)
    assert (own.genotypes, own.notices) == (expected.genotypes, expected.notices)
    assert own.genotypes


def test_silence_counts_by_the_whole_file(tmp_path: Path) -> None:
    """A gVCF whose blocks lie on another chromosome is a gVCF: nothing is filled."""
    block = "chr2 233760200 A <NON_REF> GT:DP:GQ 0/0:30:99 PASS END=233760300"
    header = HEADERS["GRCh38"] + "\n##contig=<ID=chr2,length=242193529>"
    (tmp_path / "a.vcf").write_text(text_of([block, "chr10 94781859 G A 0/1"], header=header))
    sample = asked(["CYP2C9"], tmp_path / "a.vcf", Options(absent_is_reference="force"))
    assert not any(genotype.filled for genotype in sample.genotypes.values())


def test_a_file_of_other_chromosomes_is_refused_and_one_of_other_genes_is_not(tmp_path: Path) -> None:
    (tmp_path / "ours.vcf").write_text(text_of(["chrX 154532082 G A 0/1"]))
    assert asked(["TPMT"], tmp_path / "ours.vcf").genotypes == {}
    header = "##reference=GRCh38\n##contig=<ID=chr5,length=181538259>"
    (tmp_path / "other.vcf").write_text(text_of(["chr5 100 A G 0/1"], header=header))
    with pytest.raises(InputError) as raised:
        asked(["TPMT"], tmp_path / "other.vcf")
    assert raised.value.code == "NO_CHROMOSOMES"


# --- what is said of the reading --------------------------------------------------------------------------------------


def codes(sample: SampleGenotypes) -> list[str]:
    return [notice.code for notice in sample.notices]


def test_a_note_belongs_to_the_genes_whose_records_caused_it() -> None:
    """CYP2C19 was stated without depth, RYR1 with it: only the first has a sentence about it."""
    records = ["chr10 94781859 G A 0/0", "chr19 38440796 C A GT:DP 0/0:30"]
    header = HEADERS["GRCh38"] + "\n##contig=<ID=chr19,length=58617616>"
    whole = collected({"a.vcf": text_of(records, header=header)}).samples[0]
    assert codes(whole) == ["SUPPORT_NOT_STATED"]
    assert codes(at_genes(whole, ["CYP2C19"])) == ["SUPPORT_NOT_STATED"]
    assert codes(at_genes(whole, ["RYR1"])) == []


def test_assumed_positions_are_counted_for_the_genes_asked() -> None:
    options = Options(absent_is_reference="force")
    whole = collected({"a.vcf": text_of(["chr10 94781859 G A 0/1"])}, options).samples[0]
    own = at_genes(whole, ["CYP2C19"])
    filled = sum(genotype.filled for genotype in own.genotypes.values())
    assert 0 < filled < sum(genotype.filled for genotype in whole.genotypes.values())
    assert own.notices[0].message.startswith(f"{filled} positions")


def test_the_old_mitochondrion_is_said_of_its_gene_alone() -> None:
    header = "##contig=<ID=chr10,length=135534747>\n##contig=<ID=chrM,length=16571>"
    whole = collected({"a.vcf": text_of(["chr10 96541616 G A 0/1"], header=header)}).samples[0]
    assert codes(whole) == codes(at_genes(whole, ["MT-RNR1"])) == ["MITOCHONDRIAL_REFUSED"]
    assert codes(at_genes(whole, ["CYP2C19"])) == []


def test_what_an_array_could_not_show_is_said_of_its_genes_alone(tmp_path: Path) -> None:
    """Forward is no strand of the genome for certain: A/T and C/G sites are not read, and each gene names its own."""
    path = write_finalreport(tmp_path / "array.txt", {"S": list(probes(patient(1)))}, strand="Forward")
    whole = asked(list(knowledge().definitions), path)
    (said,) = [notice.message for notice in whole.notices if "look alike" in notice.message]
    named = {
        gene: notice.message.rpartition(": ")[2].split(", ")
        for gene in knowledge().definitions
        for notice in at_genes(whole, [gene]).notices
        if "look alike" in notice.message
    }
    assert len(named) > 1
    assert sorted({name for names in named.values() for name in names}) == said.rpartition(": ")[2].split(", ")
    assert sum(map(len, named.values())) == len({name for names in named.values() for name in names})


def test_a_single_test_is_said_of_its_gene_alone(tmp_path: Path) -> None:
    path = tmp_path / "baby.csv"
    path.write_text("analyte,result,device\nm.1555A>G,detected,Analyser\nrs4244285,heterozygous,Analyser\n")
    said = [notice.message for notice in asked(["MT-RNR1"], path).notices]
    looked_at = "nothing but m.1555A>G, rs4244285 was looked at; confirm it before lasting decisions"
    assert said == [f"baby.csv: a single test: {looked_at}", "baby.csv: m.1555A>G: detected (device Analyser)"]


# --- maps -------------------------------------------------------------------------------------------------------------


def test_threads_share_the_maps_and_each_is_made_once() -> None:
    maps = SiteMaps(knowledge().definitions)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: maps.of("GRCh38" if number % 2 else "GRCh37"), range(40)))
    assert len({id(each) for each in made}) == 2


def test_two_sets_of_definitions_have_their_own_maps() -> None:
    """Nothing is kept outside: two editions side by side do not see each other."""
    definitions = knowledge().definitions
    fewer = SiteMaps({gene: definitions[gene] for gene in ("CYP2C19", "TPMT")})
    assert {each.gene for each in fewer.of("GRCh38").genes} == {"CYP2C19", "TPMT"}
    assert len(SiteMaps(definitions).of("GRCh38").genes) == len(definitions)
    assert SiteMaps(definitions).count == sum(len(one.sites) + len(one.extra_sites) for one in definitions.values())
