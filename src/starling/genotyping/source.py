"""The one door: whatever a file is, it comes in as an open variant file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

from starling.assessment import Options
from starling.definitions import GeneDefinition
from starling.errors import InputError
from starling.formats.bgzf import is_bgzf
from starling.formats.stream import Progress, open_bytes
from starling.formats.vcf import open_vcf
from starling.genotyping.collect import VariantFile

#: Enough for the comment lines of an array's export.
_HEAD_BYTES: Final = 16_384
_BCF: Final = b"BCF\x02"


class Knowledge(Protocol):
    """What reading needs of the knowledge base."""

    @property
    def definitions(self) -> Mapping[str, GeneDefinition]:
        """Every gene's definition."""

    @property
    def contig_lengths(self) -> Mapping[str, Mapping[str, int]]:
        """Build -> chromosome -> length."""


def open_source(
    path: str | Path, knowledge: Knowledge, options: Options, progress: Progress | None = None
) -> AbstractContextManager[VariantFile]:
    """The file, open: VCF, gVCF or BCF; 23andMe, AncestryDNA or GenomeStudio results; results of single tests.

    Raises: InputError, what the format's own reader refuses; BAD_OPTION when the silence of an array shall count.
    """
    head = _head(path)
    if head.startswith(_BCF):
        from starling.formats.htslib import BcfFile

        return BcfFile(Path(path), hash_input=options.hash_input)
    if not head or head.startswith(b"##fileformat"):
        return open_vcf(path, hash_input=options.hash_input, progress=progress)
    from starling.formats.markers import kind_of, read_markers
    from starling.genotyping.markers import MarkerRecords

    kind = kind_of(head)
    if kind is None:
        return open_vcf(path, hash_input=options.hash_input, progress=progress)
    table = read_markers(Path(path), kind)
    if options.absent_is_reference != "no" or options.callable_bed is not None:
        message = "an array or test lists what it looked at; nothing else can be taken as reference"
        raise InputError("BAD_OPTION", message, source=table.name)
    return MarkerRecords(table, knowledge.definitions, knowledge.contig_lengths, options.build)


def _head(path: str | Path) -> bytes:
    """The beginning of the text of a file; empty for standard input and pipes, which can be read only once."""
    import zlib

    if str(path) == "-":
        return b""
    stream, size = open_bytes(Path(path))
    with stream:
        if size is None:
            return b""
        data = stream.read(_HEAD_BYTES)
    if not (is_bgzf(data) or data[:2] == b"\x1f\x8b"):
        return data
    try:
        return zlib.decompressobj(31).decompress(data, _HEAD_BYTES)
    except zlib.error:
        return b""  # the reader names what is wrong
