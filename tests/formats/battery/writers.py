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


def _astm(path: Path, people: Written) -> Path:
    words = {0: "not detected", 1: "heterozygous", 2: "homozygous"}
    records = ["H|\\^&|||Analyser^1|||||||P|LIS2-A2", "P|1"]
    for number, (sample, found) in enumerate(people.items(), 1):
        records.append(f"O|{number}|{sample}||^^^panel")
        for at, probe in enumerate(found, 1):
            copies = sum(base != probe.site.ref for base in probe.alleles)
            result = words[copies] if probe.alleles else "invalid"
            records.append(f"R|{at}|^^^{probe.name}|{result}||||N|F")
    path.write_bytes(framed([*records, "L|1|N"]))
    return path


def framed(records: Sequence[str]) -> bytes:
    """The records as an instrument sends them: a frame each, between ENQ and EOT."""
    sent = b"\x05"
    for number, record in enumerate(records, 1):
        frame = f"{number % 8}{record}\r\x03".encode()
        sent += b"\x02" + frame + f"{sum(frame) % 256:02X}\r\n".encode()
    return sent + b"\x04"


def _finalreport(path: Path, people: Written) -> Path:
    return write_finalreport(path, {sample: list(found) for sample, found in people.items()})


def _only(people: Written) -> Sequence[Probe]:
    (found,) = people.values()
    return found


def _consumer(row: Callable[[Probe, str], str], *head: str) -> Callable[[Path, Written], Path]:
    """One row a marker on build 37; `row` gets the probe and its chromosome's plain name."""

    def write(path: Path, people: Written) -> Path:
        rows = [row(probe, probe.site.chromosome.removeprefix("chr")) for probe in _only(people)]
        path.write_text("\n".join([*head, *rows]) + "\n")
        return path

    return write


def _quoted(probe: Probe, chromosome: str) -> str:
    genotype = "".join(probe.alleles) or "--"
    return f'"{probe.name}","{chromosome}","{probe.site.position_grch37}","{genotype}"'


def _semicolons(probe: Probe, chromosome: str) -> str:
    first, second = probe.alleles or ("-", "-")
    return f"{probe.name};{chromosome};{probe.site.position_grch37};{first};{second}"


def _slashed(probe: Probe, chromosome: str) -> str:
    return f"{probe.name}\tchr{chromosome}\t{probe.site.position_grch37}\t{'/'.join(probe.alleles) or '--'}"


def _forms(row: Sequence[Probe]) -> tuple[str, str]:
    """The two alleles of a variant as PLINK names them: the rarer first, `0` where it was not seen."""
    site, seen = row[0].site, {base for probe in row for base in probe.alleles}
    alt = next(iter(seen - {site.ref}), site.alts[0])
    return (alt if alt in seen else "0", site.ref)


def _bed(path: Path, people: Written) -> Path:
    path = path.with_suffix(".bed")
    rows = list(zip(*people.values(), strict=True))
    variants, blocks = [], bytearray(b"\x6c\x1b\x01")
    for row in rows:
        site, (first, second) = row[0].site, _forms(row)
        chromosome = site.chromosome.removeprefix("chr")
        variants.append(f"{chromosome}\t{row[0].name}\t0\t{site.position}\t{first}\t{second}")
        block = bytearray((len(row) + 3) // 4)
        for number, probe in enumerate(row):
            copies = sum(base == first for base in probe.alleles)
            block[number // 4] |= (0b11, 0b10, 0b00)[copies] << 2 * (number % 4) if probe.alleles else 1 << 2 * number
        blocks += block
    path.with_suffix(".bim").write_text("\n".join(variants) + "\n")
    path.with_suffix(".fam").write_text("".join(f"F {sample} 0 0 2 -9\n" for sample in people))
    path.write_bytes(blocks)
    return path


def _ped(path: Path, people: Written) -> Path:
    path = path.with_suffix(".ped")
    rows = next(iter(people.values()))
    places = [f"{probe.site.chromosome.removeprefix('chr')} {probe.name} 0 {probe.site.position}" for probe in rows]
    path.with_suffix(".map").write_text("\n".join(places) + "\n")
    lines = []
    for sample, found in people.items():
        lines.append(" ".join(["F", sample, "0", "0", "2", "-9", *(b for each in found for b in each.alleles or "00")]))
    path.write_text("\n".join(lines) + "\n")
    return path


WRITERS: dict[str, Writer] = {
    "vcf": Writer(_vcf, many=True),
    "bcf": Writer(_bcf, many=True),
    "finalreport": Writer(_finalreport, many=True),
    "ancestry": Writer(lambda path, people: write_ancestry(path, _only(people)), build="GRCh37"),
    "23andme": Writer(lambda path, people: write_23andme(path, _only(people)), build="GRCh37"),
    "myheritage": Writer(
        _consumer(_quoted, "# MyHeritage DNA raw data.", "RSID,CHROMOSOME,POSITION,RESULT"), build="GRCh37"
    ),
    "familytree": Writer(_consumer(_quoted, "RSID,CHROMOSOME,POSITION,RESULT"), build="GRCh37"),
    "circledna": Writer(_consumer(_slashed), build="GRCh37"),
    "generic": Writer(_consumer(_semicolons, "SNP;Chr;Pos;Allele1;Allele2"), build="GRCh37"),
    "plink-bed": Writer(_bed, many=True),
    "plink-ped": Writer(_ped, many=True),
    "astm": Writer(_astm, build="", many=True),
    "assay": Writer(_assay, build="", many=True),
}
