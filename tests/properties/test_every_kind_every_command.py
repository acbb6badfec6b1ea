"""Every kind of input says the same to the library, `report`, `check`, `dose` and `cohort call`."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import pytest

import starling
from starling.assessment import Assessment
from starling.definitions import Site
from starling.dosing import Patient, dose
from starling.formats.bgzf import BgzfWriter
from tests.bundled import bundled_knowledge
from tests.commands import run

#: One person on GRCh37, plus strand: rsid -> bases.
PERSON: Final = {
    "rs12248560": "CC",
    "rs4986893": "GG",
    "rs4244285": "AG",
    "rs1799853": "CC",
    "rs1057910": "AC",
    "rs4149056": "TT",
    "rs9923231": "CT",
}
GENES: Final = ("CYP2C9", "CYP2C19", "SLCO1B1", "VKORC1")
FACTS: Final = ("--age", "60", "--weight", "70", "--height", "170")
LENGTHS: Final = {"10": 135534747, "12": 133851895, "16": 90354753}


@cache
def sites() -> tuple[tuple[str, str, Site, str], ...]:
    """(rsid, chromosome as arrays name it, site, bases) in the order of the genome."""
    known = {site.rsid: site for gene in GENES for site in bundled_knowledge().definitions[gene].sites}
    found = [(rsid, known[rsid].chromosome.removeprefix("chr"), known[rsid], bases) for rsid, bases in PERSON.items()]
    return tuple(sorted(found, key=lambda one: (int(one[1]), one[2].position_grch37 or 0)))


def rows(form: str) -> str:
    """A line for each marker; `a`, `b`: its bases."""
    return "".join(
        form.format(rsid=rsid, chromosome=chromosome, position=site.position_grch37, a=bases[0], b=bases[1]) + "\n"
        for rsid, chromosome, site, bases in sites()
    )


def vcf(name: str) -> str:
    contigs = "".join(f"##contig=<ID={each},length={length}>\n" for each, length in LENGTHS.items())
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
    records = (
        f"{chromosome}\t{site.position_grch37}\t.\t{site.ref}\t{_alt(site, bases)}\t.\tPASS\t.\tGT\t"
        f"{'0/1' if len({*bases}) > 1 else '0/0'}\n"
        for _, chromosome, site, bases in sites()
    )
    return f"##fileformat=VCFv4.2\n{contigs}{columns}\t{name}\n" + "".join(records)


def _alt(site: Site, bases: str) -> str:
    return next((base for base in bases if base != site.ref), site.alts[0])


def gvcf(name: str) -> str:
    """The same person as GATK writes it: reference in blocks, variants beside `<NON_REF>`."""
    head, columns, records = vcf(name).partition("#CHROM")
    lines = [(columns + records).split("\n", 1)[0], *map(_with_blocks, records.splitlines()[1:])]
    declared = '##ALT=<ID=NON_REF,Description="any">\n##INFO=<ID=END,Number=1,Type=Integer,Description="end">\n'
    return head + declared + "\n".join(lines) + "\n"


def _with_blocks(line: str) -> str:
    fields = line.split("\t")
    if fields[9] == "0/0":
        fields[4], fields[7] = "<NON_REF>", f"END={fields[1]}"
    else:
        fields[4] += ",<NON_REF>"
    return "\t".join((*fields[:8], "GT:DP:GQ", f"{fields[9]}:30:90"))


def bgzf(text: str) -> bytes:
    data = io.BytesIO()
    with BgzfWriter(data) as writer:
        writer.write(text.encode())
    return data.getvalue()


def zipped(text: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("raw.txt", text)
    return data.getvalue()


def raw_data() -> str:
    return "# build 37\n# rsid\tchromosome\tposition\tgenotype\n" + rows("{rsid}\t{chromosome}\t{position}\t{a}{b}")


def plink_bed() -> bytes:
    """One person, by variant: two bits each, 3 for two copies of the second allele of the .bim, 2 for one."""
    return b"\x6c\x1b\x01" + bytes(2 if len({*bases}) > 1 else 3 for *_, bases in sites())


def plink_bim() -> str:
    return "".join(
        f"{chromosome} {rsid} 0 {site.position_grch37} {_alt(site, bases)} {site.ref}\n"
        for rsid, chromosome, site, bases in sites()
    )


QUOTED: Final = '"{rsid}","{chromosome}","{position}","{a}{b}"'
#: Kind -> its file (the first, which is named to the program) and those beside it, for a person called `name`.
KINDS: Final[dict[str, Callable[[str], dict[str, str | bytes]]]] = {
    "vcf": lambda name: {".vcf": vcf(name)},
    "gzip": lambda name: {".vcf.gz": gzip.compress(vcf(name).encode())},
    "bgzf": lambda name: {".vcf.gz": bgzf(vcf(name))},
    "gvcf": lambda name: {".g.vcf.gz": bgzf(gvcf(name))},
    "23andme": lambda name: {".txt": raw_data()},
    "headerless": lambda name: {".txt": rows("{rsid}\t{chromosome}\t{position}\t{a}{b}")},
    "zip": lambda name: {".zip": zipped(raw_data())},
    "utf16": lambda name: {".txt": raw_data().encode("utf-16")},
    "ancestry": lambda name: {
        ".txt": "#AncestryDNA raw data\n#build 37\nrsid\tchromosome\tposition\tallele1\tallele2\n"
        + rows("{rsid}\t{chromosome}\t{position}\t{a}\t{b}")
    },
    "myheritage": lambda name: {
        ".csv": "# MyHeritage DNA raw data.\n# build 37\nRSID,CHROMOSOME,POSITION,RESULT\n" + rows(QUOTED)
    },
    "familytree": lambda name: {".csv": "RSID,CHROMOSOME,POSITION,RESULT\n" + rows(QUOTED)},
    "myheritage_new": lambda name: {
        ".csv": "##fileformat=MyHeritage\n##reference=build37\nRSID,CHROMOSOME,POSITION,RESULT\n" + rows(QUOTED)
    },
    "circledna": lambda name: {".txt": rows("{rsid}\tchr{chromosome}\t{position}\t{a}/{b}")},
    "semicolon": lambda name: {
        ".csv": "rsid;chromosome;position;genotype\n" + rows("{rsid};{chromosome};{position};{a}{b}")
    },
    "array_gzip": lambda name: {".txt.gz": gzip.compress(raw_data().encode(), mtime=0)},
    "generic": lambda name: {".csv": "rsid,chromosome,position,genotype\n" + rows(QUOTED.replace('"', ""))},
    "finalreport": lambda name: {
        ".csv": "[Header]\nGSGT Version,2.0.4\n[Data]\nSNP Name,Sample ID,Allele1 - Plus,Allele2 - Plus,Chr,Position\n"
        + rows(f"{{rsid}},{name},{{a}},{{b}},{{chromosome}},{{position}}")
    },
    "assay": lambda name: {".csv": "analyte,result,sample\n" + rows(f"{{rsid}},{{a}}/{{b}},{name}")},
    "assay_utf16": lambda name: {
        ".csv": ("analyte;result;sample\n" + rows(f"{{rsid}};{{a}}/{{b}};{name}")).encode("utf-16")
    },
    "bed": lambda name: {".bed": plink_bed(), ".bim": plink_bim(), ".fam": f"F {name} 0 0 2 -9\n"},
    "ped": lambda name: {
        ".ped": f"F {name} 0 0 2 -9 " + " ".join(f"{bases[0]} {bases[1]}" for *_, bases in sites()) + "\n",
        ".map": rows("{chromosome} {rsid} 0 {position}"),
    },
}
#: What others concluded: for commands about one patient an input like any other, for a cohort a table of its own.
RESULTS: Final = {
    "laboratory": "gene\tdiplotype\nCYP2C19\t*1/*2\nCYP2C9\t*1/*3\nVKORC1\t-1639G/-1639A\n",
    "cyrius": "Sample\tGenotype\tFilter\nresults\t*1/*4\tPASS\n",
    "t1k": "HLA-B\t2\tHLA-B*57:01:01\t51.3\t60\tHLA-B*08:01:01\t48.1\t60\n",
    "aldy": "#Sample\tGene\tSolutionID\tMajor\tMinor\nresults\tCYP2C9\t1\t*1/*3\t1;3\n",
    "json": json.dumps({"geneReports": {"CYP2C19": {"sourceDiplotypes": [{"allele1": {"name": "*2"}}]}}}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("kinds")
    for kind, files in KINDS.items():
        for suffix, text in files(kind).items():
            (made / f"{kind}{suffix}").write_bytes(text.encode() if isinstance(text, str) else text)
    return made


def path_of(folder: Path, kind: str) -> Path:
    return folder / f"{kind}{next(iter(KINDS[kind](kind)))}"


def genes(assessment: Assessment) -> list[tuple[str, str, str | None, bool]]:
    return [(one.gene, one.label, one.phenotype, one.phenotype_certain) for one in assessment.genes]


def agree(path: Path) -> Assessment:
    """Commands about one patient say what the library does."""
    found = starling.assess(path)
    reported = json.loads(run("report", path, "--format", "json").out)["assessments"][0]
    fields = ("gene", "label", "phenotype", "phenotype_certain")
    assert [tuple(gene[field] for field in fields) for gene in reported["genes"]] == genes(found)
    checked = run("check", "clopidogrel", path)
    label = next(one.label for one in found.genes if one.gene == "CYP2C19")
    assert checked.code in {0, 5}
    assert label in checked.out or checked.code == 5
    stated = json.loads(run("dose", "warfarin", path, *FACTS, "--json").out)
    own = dose("warfarin", found, Patient(age_years=60, weight_kg=70, height_cm=170), knowledge=bundled_knowledge())
    assert stated["value"] == pytest.approx(own.value)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_commands_about_one_patient(kind: str, folder: Path) -> None:
    found = agree(path_of(folder, kind))
    assert genes(found) == genes(starling.assess(path_of(folder, "vcf")))


def everyone(folder: Path, output: Path) -> Iterator[tuple[str, list[tuple[str, str, str | None, bool]]]]:
    done = run("cohort", "call", folder, "--workers", "1", "-o", output)
    assert (done.code, done.err) == (0, "")
    people: dict[str, list[tuple[str, str, str | None, bool]]] = {}
    for row in pq.read_table(output).to_pylist():
        one = row["gene"], row["label"], row["phenotype"], row["phenotype_certain"]
        people.setdefault(row["sample"], []).append(one)
    yield from people.items()


def test_many_people(folder: Path, tmp_path: Path) -> None:
    found = dict(everyone(folder, tmp_path / "calls.parquet"))
    assert len(found) == len(KINDS)
    expected = sorted(genes(starling.assess(path_of(folder, "vcf"))))
    assert [name for name, own in found.items() if sorted(own) != expected] == []


@pytest.mark.parametrize("kind", RESULTS)
def test_results_of_others(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"results.{kind}"
    path.write_text(RESULTS[kind], encoding="utf-8")
    found = agree(path)
    alone = run("report", "--outside", path, "--format", "json")
    assert (
        json.loads(alone.out)["assessments"][0]["genes"]
        == json.loads(run("report", path, "--format", "json").out)["assessments"][0]["genes"]
    )
    assert any(one.source == "outside" for one in found.genes)
    by_option = run("dose", "warfarin", "--outside", path, *FACTS, "--json")
    assert (
        json.loads(by_option.out)["value"] == json.loads(run("dose", "warfarin", path, *FACTS, "--json").out)["value"]
    )


def test_results_among_the_files_of_a_cohort_are_named(tmp_path: Path) -> None:
    (tmp_path / "person.vcf").write_text(vcf("person"), encoding="utf-8")
    (tmp_path / "results.tsv").write_text(RESULTS["cyrius"], encoding="utf-8")
    done = run("cohort", "call", tmp_path, "--workers", "1", "-o", tmp_path / "calls.parquet")
    assert done.code == 2
    assert "results.tsv: states results by gene, not genotypes" in done.err
    assert "--outside" in done.err
