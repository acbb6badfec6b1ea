"""A simulated patient -> a VCF: GRCh38 or GRCh37, phased or not, with gaps, plain, BGZF or gVCF."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

from starling.definitions import Site
from starling.errors import InputError
from starling.formats.bgzf import BgzfWriter
from starling.formats.write import replacing
from starling.vocabulary import BuildName, Locus
from starling_workshop.simulation.patient import SimulatedPatient, truth

_DEPTH: Final = 30


@dataclass(frozen=True, slots=True)
class Layout:
    """How a patient is written down.

    `missing`: GRCh38 loci for which the file has no answer, left out or written `./.`.  `gvcf`: reference sites
    become blocks in the dialect of GATK (`<NON_REF>`, END, MIN_DP).
    """

    build: BuildName = "GRCh38"
    phased: bool = True
    missing: frozenset[Locus] = frozenset()
    missing_as: Literal["absent", "nocall"] = "absent"
    gvcf: bool = False


@dataclass(frozen=True, slots=True)
class _Observation:
    """One site in the words of the file's build."""

    site: Site
    position: int
    ref: str
    alts: tuple[str, ...]
    bases: tuple[str, ...]
    called: bool

    @property
    def end(self) -> int:
        return self.position + len(self.ref) - 1

    @property
    def last(self) -> int:
        return max(self.end, self.position + self.site.last - self.site.position)

    def joins_block(self, build: BuildName) -> bool:
        """Whether a reference block may speak for this site: never where the build's own base is not known."""
        known = build == "GRCh38" or self.site.ref_grch37 is not None
        return known and self.called and set(self.bases) == {self.ref}


def write_vcf(
    patient: SimulatedPatient, path: Path, layout: Layout, contig_lengths: Mapping[str, Mapping[str, int]]
) -> None:
    """`path` holds `patient` as a complete VCF; BGZF when the name ends in `.gz` or `.bgz`.

    Written under a temporary name and renamed, so that no half a file is ever seen.
    Raises: InputError when the folder cannot be written.
    """
    text = "".join(_lines(patient, layout, contig_lengths[layout.build])).encode()
    _write(path, _bgzf(text) if path.suffix in {".gz", ".bgz"} else text)


def write_truth(patient: SimulatedPatient, path: Path) -> None:
    """`path` holds what the patient was made from: TSV (gene, diplotype, strands) or, for `.json`, JSON.

    Raises: InputError when the folder cannot be written.
    """
    if path.suffix == ".json":
        text = json.dumps(truth(patient), indent=1, sort_keys=True) + "\n"
    else:
        rows = [(gene.gene, "/".join(gene.reported), " | ".join(gene.alleles)) for gene in patient.genes]
        text = "".join("\t".join(row) + "\n" for row in [("gene", "diplotype", "strands"), *rows])
    _write(path, text.encode())


def _write(path: Path, data: bytes) -> None:
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise InputError("OUTPUT_UNWRITABLE", error.strerror or str(error), source=path.name) from error


def _bgzf(data: bytes) -> bytes:
    stream = io.BytesIO()
    with BgzfWriter(stream) as writer:
        writer.write(data)
    return stream.getvalue()


def _lines(patient: SimulatedPatient, layout: Layout, lengths: Mapping[str, int]) -> Iterator[str]:
    yield "##fileformat=VCFv4.3\n##source=starling simulate\n"
    yield f"##reference={layout.build}\n"
    for name, length in lengths.items():
        yield f"##contig=<ID={name},length={length}>\n"
    yield '##FILTER=<ID=PASS,Description="All filters passed">\n'
    yield '##INFO=<ID=END,Number=1,Type=Integer,Description="Last position of a reference block">\n'
    yield '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    yield '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of each allele">\n'
    yield '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Reads">\n'
    yield '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">\n'
    yield '##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description="Fewest reads in the block">\n'
    yield f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{patient.sample}\n"
    rank = {name: index for index, name in enumerate(lengths)}
    observations = sorted(
        _observations(patient, layout), key=lambda item: (rank[item.site.chromosome], item.position, item.ref)
    )
    for _, group in groupby(observations, key=lambda item: item.site.chromosome):
        chromosome = tuple(group)
        if layout.gvcf:
            yield from _gvcf_records(chromosome, layout)
        else:
            yield from (_record(item, layout) for item in chromosome)


def _observations(patient: SimulatedPatient, layout: Layout) -> Iterator[_Observation]:
    for gene in patient.genes:
        for site, bases in gene.observed():
            called = site.locus not in layout.missing
            if called or layout.missing_as == "nocall":
                yield _observation(site, bases, called=called, build=layout.build)


def _observation(site: Site, bases: tuple[str, ...], *, called: bool, build: BuildName) -> _Observation:
    if build == "GRCh38":
        return _Observation(site, site.position, site.ref, site.alts, bases, called)
    ref = site.ref_grch37 or site.ref
    alts = tuple(base for base in (site.ref, *site.alts) if base != ref)
    return _Observation(site, site.position_grch37, ref, alts, bases, called)


def _record(item: _Observation, layout: Layout, extra_alt: tuple[str, ...] = ()) -> str:
    words = (item.ref, *item.alts)
    joint = "|" if layout.phased else "/"
    if item.called:
        indices = [words.index(base) for base in item.bases]
        share = _DEPTH // len(indices)
        depths = [share * indices.count(index) for index in range(len(words) + len(extra_alt))]
        gt = joint.join(str(index) for index in (indices if layout.phased else sorted(indices)))
        sample = f"{gt}:{','.join(map(str, depths))}:{_DEPTH}:99"
    else:
        sample = "/".join("." for _ in item.bases)
    return _line(item.site, item.position, item.ref, (*item.alts, *extra_alt), ".", "GT:AD:DP:GQ", sample)


def _line(site: Site, position: int, ref: str, alts: tuple[str, ...], info: str, keys: str, sample: str) -> str:
    fields = (
        site.chromosome,
        str(position),
        site.rsid or ".",
        ref,
        ",".join(alts) or ".",
        ".",
        "PASS",
        info,
        keys,
        sample,
    )
    return "\t".join(fields) + "\n"


def _gvcf_records(items: tuple[_Observation, ...], layout: Layout) -> Iterator[str]:
    """Variants as records, runs of reference sites as blocks that also cover what indels may shift through."""
    block: list[_Observation] = []
    covered = 0
    for item in items:
        if item.joins_block(layout.build):
            if item.position > covered:
                block.append(item)
            continue
        yield from _flush(block, item.position - 1)
        block.clear()
        yield _record(item, layout, ("<NON_REF>",))
        covered = max(covered, item.end)
    yield from _flush(block, None)


def _flush(block: Iterable[_Observation], limit: int | None) -> Iterator[str]:
    """One block per gene, from its first site to the end of its last, never beyond `limit`."""
    for _, group in groupby(block, key=lambda item: item.site.gene):
        sites = tuple(group)
        end = max(item.last for item in sites)
        end = end if limit is None else min(end, limit)
        first = sites[0]
        gt = "/".join("0" for _ in first.bases)
        sample = f"{gt}:{_DEPTH}:99:{_DEPTH}"
        yield _line(first.site, first.position, first.ref[0], ("<NON_REF>",), f"END={end}", "GT:DP:GQ:MIN_DP", sample)
