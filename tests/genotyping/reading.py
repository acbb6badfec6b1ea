"""Small real VCF files for the tests of this room, written to a temporary folder and read like any other."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from starling.assessment import Options
from starling.genotyping.collect import Collected, collect
from starling.knowledge.base import KnowledgeBase
from starling.source.door import Wanted, open_source
from starling.source.sites import SiteMaps
from starling.vocabulary import Genotype, Locus, SampleGenotypes

HEADERS = {
    build: "\n".join(f"##contig=<ID={name},length={length}>" for name, length in lengths.items())
    for build, lengths in {
        "GRCh38": {"chr10": 133_797_422, "chrX": 156_040_895, "chrM": 16_569},
        "GRCh37": {"chr10": 135_534_747, "chrX": 155_270_560, "chrM": 16_569},
    }.items()
}


@cache
def knowledge() -> KnowledgeBase:
    return KnowledgeBase.open()


def line(text: str) -> str:
    """`chr10 94781859 G A 0/1` or `chr10 94781859 G A GT:DP 0/1:30 [FILTER] [INFO]` -> a line of a VCF.

    Several samples are separated by `;`.
    """
    chromosome, position, ref, alt, *rest = text.split()
    if len(rest) == 1:
        rest = ["GT", *rest]
    keys, columns, filters, info = (*rest, *("PASS", ".")[len(rest) - 2 :])
    return "\t".join([chromosome, position, ".", ref, alt, ".", filters, info, keys, *columns.split(";")])


def text_of(records: Sequence[str], *, build: str = "GRCh38", samples: Sequence[str] = ("S",), header: str = "") -> str:
    head = header or HEADERS[build]
    columns = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples])
    return "\n".join(["##fileformat=VCFv4.3", head, columns, *map(line, records)]) + "\n"


@cache
def site_maps() -> SiteMaps:
    return SiteMaps(knowledge().definitions)


def collected(
    texts: dict[str, str],
    options: Options = Options(),
    samples: tuple[str, ...] | None = None,
    maps: SiteMaps | None = None,
) -> Collected:
    """What `collect` makes of files with these names and texts."""
    wanted = Wanted(maps or site_maps(), knowledge(), options, samples)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        files = []
        for name, text in texts.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
            files.append(stack.enter_context(open_source(Path(folder) / name, wanted)))
        return collect(files, wanted)


def read(*records: str, options: Options = Options(), build: str = "GRCh38", header: str = "") -> SampleGenotypes:
    """The genotypes of the one sample of a file with these records."""
    return collected({"test.vcf": text_of(records, build=build, header=header)}, options).samples[0]


def at(sample: SampleGenotypes, place: str) -> Genotype:
    """The genotype at `chr10:94781859`; one that is not assayed where there is none."""
    chromosome, position = place.split(":")
    locus = Locus(chromosome, int(position))
    return sample.genotypes.get(locus, Genotype(locus))


def shown(sample: SampleGenotypes, place: str) -> str:
    """`G/A`, `G|A` (phased), `nocall HALF_CALL seen A`, `notassayed`, each followed by the codes of notices."""
    genotype = at(sample, place)
    words = ["|".join(genotype.alleles) if genotype.phase_set else "/".join(genotype.alleles)]
    if not genotype.alleles:
        words = [genotype.state.value]
    words += [notice.code for notice in genotype.notices]
    if genotype.seen:
        words += ["seen", *genotype.seen]
    return " ".join(words)
