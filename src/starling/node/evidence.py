"""What of a patient's file is kept: of a VCF all records in and around the genes, of anything else all of it.

A site of a later knowledge base that lies elsewhere was not kept: it is not assayed, never reference.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from starling.assessment import Options
from starling.engine import Engine
from starling.errors import InputError
from starling.formats.content import Opening, VariantFile
from starling.formats.markers import MarkerTable
from starling.formats.outside import read_outside_calls
from starling.formats.record import Record
from starling.formats.regions import Region, merge
from starling.formats.registry import is_result, open_file, sniff, states_results
from starling.node.values import Origin, Specimen
from starling.source.door import Wanted, open_source
from starling.source.sites import SiteMap
from starling.vocabulary import SampleGenotypes, State

#: Kept on both sides of a gene, in bases.  Source: the rule of cohorts (docs/how-to/biobank.md).
_MARGIN: Final = 1_000
#: bytes that tell what a file is (ours)
_HEAD: Final = 1 << 16
#: Two tests of one patient are compared at positions where either found a variant: so many must differ, and this share
#: of them, before the files are taken for those of two people (ours: one wrong genotype is an error, not a person).
_DIFFERING, _SHARE = 4, 0.2
_PIECE: Final = 1 << 20


def options_of(specimen: Specimen) -> Options:
    """How a file is read, as the laboratory said."""
    return Options(build=specimen.build or None)


def samples_of(specimen: Specimen) -> tuple[str, ...] | None:
    """Whose column is read."""
    return (specimen.sample,) if specimen.sample else None


def kept(path: Path, engine: Engine, specimen: Specimen) -> bytes:
    """What is kept of a file, compressed: also what speaks against it later.  Raises: InputError, the sender's."""
    if states_results(path):
        read_outside_calls(path)
        return zlib.compress(path.read_bytes())
    options = options_of(specimen)
    with open_source(path, Wanted(engine.maps, engine.knowledge, options, samples_of(specimen))) as source:
        names, build, foreign = source.names, source.build.name, source.foreign
    content = open_file(path, Opening())
    if isinstance(content, MarkerTable):
        return zlib.compress(path.read_bytes())
    spans = _spans(engine.maps.of(build))
    regions = [Region(name, *span) for name, ours in names.items() for span in spans.get(ours, ())]
    return zlib.compress("".join(_lines(content, [*regions, *foreign])).encode())


def _spans(sites: SiteMap) -> dict[str, list[tuple[int, int]]]:
    """Chromosome -> the intervals of which all records are kept: every gene and every site, with a margin."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for gene in sites.genes:
        spans.setdefault(gene.chromosome, []).append((gene.start, gene.end))
    for slot in sites.slots:
        spans.setdefault(slot.locus.chromosome, []).append((slot.start, slot.last))
    return {name: merge((max(1, start - _MARGIN), end + _MARGIN) for start, end in own) for name, own in spans.items()}


def origin_of(path: Path, engine: Engine, specimen: Specimen) -> Origin:
    """What the provenance says of a file.  Raises: InputError, the sender's."""
    if states_results(path):
        data = path.read_bytes()
        return Origin(bytes=len(data), file_sha256=hashlib.sha256(data).hexdigest(), reader="scan", order=None)
    stamp = engine.read(path, options_of(specimen), samples=samples_of(specimen)).stamp
    return Origin(bytes=stamp.size, file_sha256=stamp.file_sha256, reader=stamp.reader, order=stamp.order)


def _lines(file: VariantFile, regions: list[Region]) -> Iterator[str]:
    header = file.header
    for key, values in header.meta.items():
        yield from (f"##{key}={value}\n" for value in values)
    for name, length in header.contigs.items():
        assembly = f",assembly={header.assemblies[name]}" if name in header.assemblies else ""
        yield f"##contig=<ID={name}{f',length={length}' if length else ''}{assembly}>\n"
    if header.reference and "reference" not in header.meta:
        yield f"##reference={header.reference}\n"
    yield "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(header.samples) + "\n"
    yield from map(_line, file.fetch(regions))


def _line(record: Record) -> str:
    columns = (
        record.chromosome, str(record.position), ".", record.ref, ",".join(record.alts) or ".", ".", record.filter,
        record.info or ".", ":".join(record.format), *record.columns,
    )  # fmt: skip
    return "\t".join(columns) + "\n"


def unpacking(content: bytes) -> Iterator[bytes]:
    """As `unpacked`, piece by piece."""
    unpacker, rest = zlib.decompressobj(), content
    while piece := unpacker.decompress(rest, _PIECE):
        yield piece
        rest = unpacker.unconsumed_tail


def unpacked(content: bytes) -> bytes:
    """The file that was kept."""
    return zlib.decompress(content)


def is_stated(content: bytes) -> bool:
    """Whether what was kept are results of another laboratory, and no genotypes."""
    head = unpacked(content)[:_HEAD]
    return sniff(head) is None and is_result(head)


def sex_contradicts(found: SampleGenotypes, stated: str) -> bool:
    """Whether the X chromosome speaks against the sex that was stated; silence never does."""
    return found.hemizygous_x is not None and stated in {"male", "female"} and found.hemizygous_x != (stated == "male")


def compared(found: SampleGenotypes, before: SampleGenotypes) -> tuple[int, int]:
    """At how many positions that both tests called one of them has a variant, and at how many of these they differ."""
    told = differing = 0
    for locus, genotype in found.genotypes.items():
        earlier = before.genotypes.get(locus)
        if earlier is None or genotype.state is not State.CALLED or earlier.state is not State.CALLED:
            continue
        one, other = sorted(genotype.alleles), sorted(earlier.alleles)
        if len({*one, *other}) > 1:
            told += 1
            differing += one != other
    return told, differing


def is_somebody_else(told: int, differing: int) -> bool:
    """Whether two tests of one patient, `compared`, differ so much that they are of two people."""
    return differing >= _DIFFERING and differing > _SHARE * told


def one_person(engine: Engine, path: Path, specimen: Specimen) -> SampleGenotypes:
    """The genotypes of the one person in a file; none where it states results alone.

    Raises: InputError SEVERAL_PATIENTS, the sender's.
    """
    if states_results(path):
        return SampleGenotypes(specimen.sample, {})
    return only(engine.read(path, options_of(specimen), samples=samples_of(specimen)).samples, path.name)


def only(people: Sequence[SampleGenotypes], name: str) -> SampleGenotypes:
    """The one person of a file.  Raises: InputError SEVERAL_PATIENTS, the sender's."""
    if len(people) != 1:
        raise InputError("SEVERAL_PATIENTS", f"{len(people)} people in the file; name the sample", source=name)
    return people[0]
