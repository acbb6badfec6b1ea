"""A way to write people down in each registered format, for the tests that every reader must pass.

A new format needs one function here and one line in `WRITERS`; what it writes is made from `Probe`s, each a site with
the two bases of a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bundled import bundled_knowledge
from tests.simulators.arrays import Probe, write_23andme, write_ancestry, write_finalreport

#: sample -> what was found in it
Written = Mapping[str, Sequence[Probe]]


@dataclass(frozen=True, slots=True)
class Writer:
    """How one format is written: `write(path, people)`.

    `build`: in which its positions are; empty when it states no position.  `many`: several people in one file.  `name`:
    of the file, for a format that names its only sample after it.
    """

    write: Callable[[Path, Written], Path]
    build: str = "GRCh38"
    many: bool = False
    name: str = "S0.txt"


def _vcf(path: Path, people: Written) -> Path:
    lengths = bundled_knowledge().contig_lengths["GRCh38"]
    lines = ["##fileformat=VCFv4.3", *(f"##contig=<ID={name},length={length}>" for name, length in lengths.items())]
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    lines.append("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *people]))
    rank = {name: place for place, name in enumerate(lengths)}
    rows = {probes[0].site: probes for probes in zip(*people.values(), strict=True)}
    for site, row in sorted(rows.items(), key=lambda each: (rank[each[0].chromosome], each[0].position)):
        words = [site.ref, *site.alts]
        columns = ["/".join(str(words.index(base)) for base in probe.alleles) or "./." for probe in row]
        fixed = [site.chromosome, str(site.position), ".", site.ref, ",".join(site.alts), ".", "PASS", ".", "GT"]
        lines.append("\t".join([*fixed, *columns]))
    path.write_text("\n".join(lines) + "\n")
    return path


def _bcf(path: Path, people: Written) -> Path:
    import pysam

    text = _vcf(path.with_suffix(".as_text"), people)
    with pysam.VariantFile(str(text)) as source, pysam.VariantFile(str(path), "wb", header=source.header) as target:
        for record in source:
            target.write(record)
    text.unlink()
    return path


def _assay(path: Path, people: Written) -> Path:
    words = {0: "not detected", 1: "heterozygous", 2: "homozygous"}
    lines = ["analyte,result,device,sample"]
    for sample, found in people.items():
        for probe in found:
            copies = sum(base != probe.site.ref for base in probe.alleles)
            lines.append(f"{probe.name},{words[copies] if probe.alleles else 'invalid'},Analyser,{sample}")
    path.write_text("\n".join(lines) + "\n")
    return path


def _finalreport(path: Path, people: Written) -> Path:
    return write_finalreport(path, {sample: list(found) for sample, found in people.items()})


def _only(people: Written) -> Sequence[Probe]:
    (found,) = people.values()
    return found


WRITERS: dict[str, Writer] = {
    "vcf": Writer(_vcf, many=True),
    "bcf": Writer(_bcf, many=True),
    "finalreport": Writer(_finalreport, many=True),
    "ancestry": Writer(lambda path, people: write_ancestry(path, _only(people)), build="GRCh37"),
    "23andme": Writer(lambda path, people: write_23andme(path, _only(people)), build="GRCh37"),
    "assay": Writer(_assay, build="", many=True),
}
