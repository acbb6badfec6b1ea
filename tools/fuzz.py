#!/usr/bin/env python3
"""Coverage-guided fuzzing of everything that reads what others wrote: an answer or an InputError, nothing else.

    python -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris
    PYTHONPATH=src /tmp/fuzz/bin/python tools/fuzz.py outside --seconds 120

By hand, for atheris (Python 3.11, Linux) is no dependency of the project.  What it finds becomes a case of
tests/formats/test_fuzz.py; the files are kept in --corpus, so that the next run goes on from there.
"""

from __future__ import annotations

import argparse
import gzip
import io
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import atheris

with atheris.instrument_imports(include=["starling"]):
    from starling import formats
    from starling.assessment import Options
    from starling.cohort.collect.people import read_outside, read_people
    from starling.errors import InputError
    from starling.formats.bed import read_bed
    from starling.formats.content import Opening
    from starling.formats.markers import MarkerTable
    from starling.formats.outside import is_result, read_outside_calls
    from starling.formats.regions import Region
    from starling.formats.registry import open_file, states_results
    from starling.genotyping.collect import collect
    from starling.knowledge.base import KnowledgeBase
    from starling.node.multipart import filled
    from starling.source.door import Wanted, open_source
    from starling.source.sites import SiteMaps

    for each in walk_packages(formats.__path__, "starling.formats."):
        import_module(each.name)  # most are imported by what they read: then it would be too late to watch them

_REGIONS = [Region("chr10", 1, 200_000_000), Region("chrM", 1, 16_569)]
#: Seconds for one input, and megabytes for all: more is a finding.
_SLOWEST, _LARGEST = 20, 2_048
_VCF = (
    b"##fileformat=VCFv4.2\n##contig=<ID=chr10,length=133797422>\n"
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n"
    b"chr10\t94781859\t.\tG\tA\t.\tPASS\tEND=94781900\tGT:AD:GQ:PL:PS\t0|1:9,8:99:90,0,90:7\n"
)
_ARRAY = b"# build 37\n# rsid\tchromosome\tposition\tgenotype\nrs4244285\t10\t96541616\tAG\n"
_FINAL = (
    b"[Header]\nGSGT Version,2.0\n[Data]\nSNP Name,Sample ID,Allele1 - Plus,Allele2 - Plus,Chr,Position\n"
    b"rs4244285,S1,A,G,10,96541616\n"
)
_ASSAY = b"analyte,result,device\nCYP2C19*2,heterozygous,x\nrs12248560,C/T,x\n"
_CALLERS = b"".join(
    b"##fileformat=VCFv4.2\n##reference=GRCh38\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n"
    if number == 0
    else b"\t".join((b"chr10", b"94781859", b".", b"G", b"A", b".", b"PASS", *columns.split(b" "))) + b"\n"
    for number, columns in enumerate(
        (
            b"",
            b"AC=15,14;DP=30 GT:GQ:PS:UG:UQ 0|1:80.1:7:0/1:60",
            b"SR=7,8,7,8;DP=30 GT:GQ 0/1:40",
            b"DP4=7,8,7,8 GT:PL 0/1:90,0,90",
            b". GT:GQ:DP:FDP:RO:FRO:AO:FAO 0/1:60:30:28:15:14:15:14",
            b". GT:DP:FQ 0/1:30:0.5",
            b". GT:DP:RD:AD:FREQ 0/1:30:15:15:50%",
            b". GT:NR:NV 0/1:30:15",
            b". GT:DS:HDS:GP 0|1:1:0,1:0,1,0",
            b". GT:AF:VAF:CN:LEN:FT:PGT:PID:RNC 0/1:0.5:0.5:2:4:PASS:0|1:9_A_C:..",
        )
    )
)
_RESULTS = (
    b"Sample\tGenotype\tFilter\nS1\t*1_*4_*68\tNot_assigned_to_haplotypes\n",
    b"#Sample\tGene\tSolutionID\tMajor\tMinor\nS1\tCYP2D6\t1\t*1/*4\t1;4\n",
    b"S1\tCYP2D6\t*1/*4\t*1A/*4\t\n",
    b"HLA-B\t2\tHLA-B*57:01,HLA-B*57:03\t1.5\t60\tHLA-B*08:01\t2\t0\n",
    b"A\tHLA-A*01:01\t-\nCouldn't read result file.\nB\tNot typed\tNot typed\n",
    b"\tA1\tA2\tB1\tB2\tReads\tObjective\n0\tA*01:01\tA*01:01\tB*57:01\tB*08:01\t9\t8\n",
    b'{"S1": {"A": ["A*01:01", "A*31:01"]}}',
    b'{"softwareVersion": "dragen 4", "sampleId": "S", "locusAnnotations": [{"gene": "G6PD", "genotype": "B/B"}]}',
    b'{"pbstarphase_version": "2", "gene_details": {"TPMT": {"diplotypes": [{"hap1": "*1", "hap2": "*2"}]}}}',
    b'{"geneReports": {"TPMT": {"sourceDiplotypes": [{"allele1": {"name": "*1"}, "phenotypes": ["x"]}]}}}',
    b"CYP2D6 Star Allele Calling with StellarPGx\nResult:\n*1/*4 or *2/*3\tDuplication present\nActivity score:\n1\n",
    b"\tGenotype\tPhenotype\tHaplotype1\tHaplotype2\tVariantData\nS\t*1/*2\tx\t*1;\t*2;\t*2:22-42524947-C-T:1;\n",
    b"Gene\tSource Diplotype\tPhenotype\tActivity Score\nTPMT\t*1/*2 OR *1/*3\tA / B\t\n",
    b'"Sample","Genotype CYP2C19"\n"S1","*1/*2"\n',
    b"gene\tdiplotype\tphenotype\tactivity score\nHLA-B\t\t*57:01 positive\t\nCYP2D6\t*1/*2xN\t\t>=3.0\n",
)


def _open(path: Path) -> None:
    """Whatever the file is, it is opened and read to its end."""
    content = open_file(path, Opening())
    if isinstance(content, MarkerTable):
        return
    try:
        for record in content.fetch(_REGIONS):
            for column in range(len(content.header.samples)):
                record.sample(column)
    finally:
        content.close()


_KNOWLEDGE = KnowledgeBase.open()
_WANTED = Wanted(SiteMaps(_KNOWLEDGE.definitions), _KNOWLEDGE, Options())


def _called(path: Path) -> None:
    """Whatever the file states, everybody's genotypes follow from it."""
    with open_source(path, _WANTED) as source:
        for person in collect([source], _WANTED).samples:
            assert person.genotypes is not None


def _outside(path: Path) -> None:
    is_result(path.read_bytes()[:16_384])
    states_results(path)
    read_outside_calls(path)


def _people(path: Path) -> None:
    knowledge = KnowledgeBase.open()
    for read in (read_people, read_outside):
        try:
            read(path, knowledge)
        except InputError:
            continue


def _upload(path: Path) -> None:
    """A form as a browser sends it, in pieces of whatever size the first byte says."""
    data = path.read_bytes()
    size = data[0] + 1 if data else 1
    form = filled("multipart/form-data; boundary=x7", (data[at : at + size] for at in range(1, len(data), size)))
    assert sum(map(len, form.pieces)) <= len(data)


def _zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


#: Name -> what reads the file, and small files to begin with.
PARSERS: dict[str, tuple[Callable[[Path], None], Sequence[bytes]]] = {
    "vcf": (_open, (_VCF, gzip.compress(_VCF))),
    "array": (_open, (_ARRAY, _FINAL, _ARRAY.decode().encode("utf-16"))),
    "assay": (_open, (_ASSAY,)),
    "genotypes": (
        _called,
        (
            _CALLERS,
            _VCF,
            _ARRAY,
            _FINAL,
            _ASSAY,
            _ASSAY.decode().encode("utf-16"),
            b"analyte,result\nVKORC1 -1639G>A,A/A\n",
        ),
    ),
    "plink": (_open, (b"\x6c\x1b\x01\xdc", b"F P 0 0 1 -9 A G\n", b"10 rs4244285 0 96541616 A G\n")),
    "archive": (
        _open,
        (_zipped({"a.txt": _ARRAY}), _zipped({"x/data.tsv": _RESULTS[11], "x/metadata.txt": b"Gene=F5\n"})),
    ),
    "outside": (
        _outside,
        (*_RESULTS, gzip.compress(_RESULTS[0]), _zipped({"x/data.tsv": b"a", "x/metadata.txt": b"b"})),
    ),
    "bed": (read_bed, (b"chr10\t1\t200\nchr10\t150\t300\tname\n", b"track name=x\n# c\n1 5 9\n")),
    "upload": (
        _upload,
        (
            b'\xff--x7\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nt\r\n--x7\r\n'
            b'Content-Disposition: form-data; name="file"; filename="a.vcf"\r\n\r\n' + _VCF + b"\r\n--x7--\r\n",
        ),
    ),
    "people": (
        _people,
        (b"sample\tsex\tmedication\nP1\tF\tPaxil 20 mg; xyzol\n", b"sample\tgene\tdiplotype\nP\tTPMT\t*1/*2\n"),
    ),
}


def main() -> None:
    """One parser is fed what makes it go where it has not been."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parser", choices=sorted(PARSERS))
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", default=None, metavar="DIR", help="kept between runs; default: a new folder")
    asked = parser.parse_args()
    read, seeds = PARSERS[asked.parser]
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{asked.parser}-"))
    corpus = Path(asked.corpus) if asked.corpus else folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    path = folder / "input"

    def one(data: bytes) -> None:
        path.write_bytes(data)
        try:
            read(path)
        except InputError:
            return

    limits = (f"-max_total_time={asked.seconds}", f"-timeout={_SLOWEST}", f"-rss_limit_mb={_LARGEST}", "-max_len=4096")
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={folder}/", *limits], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
