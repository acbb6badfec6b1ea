"""Records of a VCF, plain, gzip or BGZF, from a file or standard input: `open_vcf(path)`, then `fetch(regions)`.

A BGZF file that is sorted is entered where its records are (`reader` bisect, or index); everything else is read once
from beginning to end (scan).  Either way the same records come, in file order.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Literal

from starling.errors import InputError, InternalError
from starling.formats.bgzf import BlockFile, is_bgzf
from starling.formats.header import Header, parse_header
from starling.formats.lines import DisorderError, pieces
from starling.formats.record import Columns, Record, parse_record
from starling.formats.regions import Region, by_chromosome, whatever_case
from starling.formats.scan import Scan
from starling.formats.stream import HeaderCollector, Progress, TextStream, open_bytes

if TYPE_CHECKING:
    from starling.formats.find import Finder

__all__ = ["Columns", "Header", "Record", "Region", "VcfFile", "open_vcf"]

_STDIN = "-"
#: The columns ID and INFO, in which free text may stand.
_DESCRIBING = (2, 7)
#: Enough for a gzip header with some extra fields.
_HEAD_BYTES = 4096


def open_vcf(
    path: str | Path,
    *,
    hash_input: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
    silence_counts: bool = False,
    stream: BinaryIO | None = None,
) -> VcfFile:
    """The file is open and its header read; `-` is standard input.

    `hash_input`: `file_sha256` is wanted even when the file is not read whole.  `progress`: called with (bytes read,
    size or None) while a file is read whole.  `silence_counts`: what the file does not hold will be taken for
    reference, so its order must be proved for every record.  `stream`: the content, where the path cannot be opened
    again.
    Raises: InputError FILE_*, NOT_VCF, NOT_TEXT, BAD_HEADER, NO_GENOTYPES, DUPLICATE_SAMPLE, LINE_TOO_LONG.
    """
    return VcfFile(path, hash_input=hash_input, progress=progress, silence_counts=silence_counts, stream=stream)


class VcfFile:
    """An open VCF; a context manager.  Made by `open_vcf`.

    `reader`, `notes`, `record_count`, `file_sha256` and `is_gvcf` are final when an iteration of `fetch` has ended.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        hash_input: bool = False,
        progress: Progress | None = None,
        silence_counts: bool = False,
        stream: BinaryIO | None = None,
    ) -> None:
        """As `open_vcf`."""
        self._silence_counts = silence_counts
        self.name = "stdin" if str(path) == _STDIN else Path(path).name
        self.size: int | None = None
        self._path = None if str(path) == _STDIN or stream is not None else Path(path)
        self._hash_input = hash_input
        self._progress = progress
        self._notes: list[str] = []
        self._digest: str | None = None
        self._has_blocks = False
        self._stream: TextStream | None = None
        self._read: TextStream | None = None  # by a scan, which an error may leave unfinished
        self._blocks: BlockFile | None = None
        self._finder: Finder | None = None
        self._damage: InputError | None = None
        self._scan: Scan | None = None
        try:
            self.header = self._open(stream)
        except BaseException:
            self.close()
            raise

    def fetch(self, regions: Sequence[Region]) -> Iterator[Record]:
        """Every record that speaks for a position of a region, each once, in file order.

        A file that is scanned is read whole, even when the caller knows enough; standard input only once.
        `starling.formats.seek` says which records with very long spans bisecting may miss.
        Raises: InputError BAD_RECORD, NOT_TEXT, FILE_DAMAGED, LINE_TOO_LONG.
        """
        samples, name = len(self.header.samples), self.name
        for number, line in self._lines(regions):
            text = line if line.isascii() else with_readable_info(line)
            record = parse_record(text, samples=samples, source=name, number=number)
            if not self._has_blocks and (b"<" in line or not record.alts) and record.is_reference_block:
                self._has_blocks = True
            yield record

    def has_record_near(self, chromosome: str, start: int, end: int) -> bool:
        """Whether a record begins in `start..end`; ask after `fetch`.

        A scan remembers one record in about 10,000 bases: it may miss those of a shorter stretch.
        """
        name = chromosome.encode()
        if self._scan is None and self._finder is not None:
            try:
                return self._finder.has_record_near(name, start, end)
            except DisorderError:
                return False
        return self._scan is not None and self._scan.has_record_near(name, start, end)

    def phase_set_users(self, chromosome: str) -> frozenset[int]:
        """The sample columns that name a phase set somewhere on the chromosome; ask after `fetch`.

        Known only of a file that was read whole: of any other the records fetched are all there is to go by.
        """
        return self._scan.phase_set_users(chromosome.encode()) if self._scan is not None else frozenset()

    @property
    def reader(self) -> Literal["bisect", "index", "scan"]:
        """How the records are found."""
        return "scan" if self._finder is None else self._finder.reader

    @property
    def order(self) -> Literal["index", "blocks", "whole"]:
        """What proves that no record was missed: an index that fits, the heads of all blocks, a reading of all."""
        return "whole" if self._finder is None else self._finder.order

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the reading, in sentences."""
        return (*self._notes, *(self._finder.notes if self._finder else ()))

    @property
    def file_sha256(self) -> str | None:
        """SHA-256 of the bytes of the file; None unless it was read whole, or `hash_input` asked for it."""
        if self._digest is None and self._hash_input and self._finder is not None and self._path is not None:
            with self._path.open("rb") as stream:
                self._digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return self._digest

    @property
    def record_count(self) -> int | None:
        """How many records the file has: exact after a scan, else as the index says or estimated; None: not known."""
        if self._finder is not None:
            return self._finder.count()
        return self._scan.records if self._scan is not None and self._digest is not None else None

    @property
    def is_gvcf(self) -> bool:
        """Whether records that were read are reference blocks, or list "any other allele".

        The header alone does not decide: genotyped files keep the `##ALT=<ID=NON_REF>` of the gVCF they came from.
        """
        probed = self._finder is not None and self._finder.seeker.blocks_seen
        return self._has_blocks or probed or (self._scan is not None and self._scan.has_blocks)

    @property
    def blocks_inflated(self) -> int | None:
        """How many BGZF blocks were inflated so far; None when the file is not read by blocks."""
        return self._blocks.inflated if self._finder is not None and self._blocks is not None else None

    def close(self) -> None:
        """The file is closed."""
        for stream in (self._stream, self._read):
            if stream is not None:
                stream.close()
        if self._blocks is not None:
            self._blocks.close()

    def __enter__(self) -> VcfFile:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closed."""
        self.close()

    def _open(self, given: BinaryIO | None) -> Header:
        if self._path is None:
            self._stream = TextStream(given or sys.stdin.buffer, self.name, None, self._progress)
            return self._stream.header()
        stream, self.size = open_bytes(self._path)
        if self.size is not None:
            head = stream.read(_HEAD_BYTES)
            stream.seek(0)
            if is_bgzf(head):
                with stream:
                    self._blocks = BlockFile(stream, self.name)
                return self._open_blocks(self._blocks)
        self._stream = TextStream(stream, self.name, self.size, self._progress)
        return self._stream.header()

    def _open_blocks(self, blocks: BlockFile) -> Header:
        """The header of a BGZF file, and how its records will be found."""
        from starling.formats.find import Finder
        from starling.formats.tabix import find_index

        if not blocks.is_complete():
            self._notes.append("the end-of-file marker is missing; the file may be incomplete")
        header, first = _read_header(blocks)
        try:
            beside = find_index(self._path) if self._path is not None else None
            self._finder = Finder(blocks, header, first, beside, prove_order=self._silence_counts)
        except DisorderError as error:
            self._give_up_seeking(f"the file was read whole: {error}")
        except InputError as error:
            self._damage = error  # said when records are asked for: until then it is known whose they would be
        if self._finder is not None and self._silence_counts and self._finder.order == "blocks":
            self._give_up_seeking("the file was read whole, because its silence counts: no index proves its order")
        return header

    def _give_up_seeking(self, note: str) -> None:
        if self._finder is not None:
            self._notes.extend(self._finder.notes)
        self._finder = None
        self._notes.append(note)

    def _lines(self, regions: Sequence[Region]) -> Iterator[tuple[int | None, bytes]]:
        """(line number when known, line) of the records in the regions."""
        if self._damage is not None:
            raise self._damage
        hashes: list[int] = []
        if self._finder is not None:
            try:
                for line in self._finder.lines(whatever_case(by_chromosome(regions))):
                    hashes.append(hash(line))
                    yield None, line
                return
            except DisorderError as error:
                self._give_up_seeking(f"the file was read whole: {error}")
        if not hashes:
            yield from self._scanned(regions)
            return
        given = Counter(hashes)
        for number, line in self._scanned(regions):
            if given[hash(line)] > 0:
                given[hash(line)] -= 1
            else:
                yield number, line

    def _scanned(self, regions: Sequence[Region]) -> Iterator[tuple[int, bytes]]:
        stream, self._stream = self._stream or self._reopened(), None
        self._read = stream
        self._digest = None
        self._scan = Scan(by_chromosome(regions), self.name, stream.line_number, self.header.samples)
        try:
            yield from self._scan.lines(stream.chunks())
            self._digest = stream.digest
        finally:
            stream.close()

    def _reopened(self) -> TextStream:
        """The input from its beginning, header read.  Raises: InternalError for standard input."""
        if self._path is None:
            raise InternalError("INTERNAL", "standard input was read twice")
        opened, size = open_bytes(self._path)
        stream = TextStream(opened, self.name, size, self._progress)
        stream.header()
        return stream


def with_readable_info(line: bytes) -> bytes:
    """The line with ID and INFO in UTF-8: nobody uses the names of places or people that stand there."""
    columns = line.split(b"\t", 8)
    for at in _DESCRIBING:
        if at < len(columns) and not columns[at].isascii():
            columns[at] = columns[at].decode(errors="replace").encode()
    return b"\t".join(columns)


def _read_header(blocks: BlockFile) -> tuple[Header, tuple[int, int]]:
    """The header, and (block, index in its text) of the first record.  Raises: InputError."""
    collector = HeaderCollector(blocks.name)
    for piece in pieces(blocks, 0, 0):
        at = collector.add(piece.text)
        if at is not None:
            return parse_header(collector.lines, blocks.name), piece.where(at)
    raise collector.unfinished()
