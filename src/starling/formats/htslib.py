"""BCF through htslib: each record as the line of VCF that it is, and from there on as any VCF.

Source: The Variant Call Format specification v4.5, section 6 (BCF); pysam documentation (VariantFile).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

from starling.errors import InputError
from starling.extras import need
from starling.formats.content import Format, Opening
from starling.formats.header import Header, parse_header
from starling.formats.record import Record, parse_record
from starling.formats.regions import Region, by_chromosome
from starling.formats.scan import Scan

#: Text handed on at a time, in lines.
_LINES: Final = 1_000


class BcfFile:
    """An open BCF, with the promises of `starling.formats.vcf.VcfFile`.

    Raises: InputError EXTRA_MISSING, FILE_DAMAGED, and what a VCF header is refused for.
    """

    is_gvcf = False

    def __init__(self, path: Path, *, hash_input: bool = False, silence_counts: bool = False) -> None:
        self.name = path.name
        self.size: int | None = path.stat().st_size
        self.notes: tuple[str, ...] = ()
        self._path = path
        self._hash_input = hash_input
        self._scan: Scan | None = None
        pysam = need("pysam", "htslib")
        self._quiet = pysam.set_verbosity(0)  # htslib's own lines on stderr; ours name the file and what to do
        try:
            self._file: Any = pysam.VariantFile(str(path), "rb")
        except (OSError, ValueError) as error:
            raise InputError("FILE_DAMAGED", "not a readable BCF", source=self.name) from error
        # htslib does not compare an index with the file; where silence counts it is not enough that one lies there
        self._has_index = self._file.index is not None and not silence_counts
        lines = str(self._file.header).splitlines()
        self.header: Header = parse_header((line.encode() for line in lines), self.name)
        self._contigs: dict[str, list[str]] = {}
        for name in self._file.header.contigs:
            self._contigs.setdefault(name.casefold(), []).append(name)

    @property
    def reader(self) -> Literal["index", "scan"]:
        """By its index where there is one beside it."""
        return "index" if self._has_index else "scan"

    @property
    def order(self) -> Literal["index", "whole"]:
        """An index, which is not made of an unsorted file, or (always where silence counts) a reading of everything."""
        return "index" if self._has_index else "whole"

    @property
    def record_count(self) -> int | None:
        """How many records were read."""
        return self._scan.records if self._scan is not None else None

    @property
    def file_sha256(self) -> str | None:
        """SHA-256 of the file when it was asked for."""
        if not self._hash_input:
            return None
        with self._path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def fetch(self, regions: Sequence[Region]) -> Iterator[Record]:
        """As `VcfFile.fetch`; where there is an index, by it."""
        self._scan = Scan(by_chromosome(regions), self.name, self.header.lines)
        samples = len(self.header.samples)
        for number, line in self._scan.lines(self._chunks(regions)):
            shown = number if self.reader == "scan" else None
            record = parse_record(line, samples=samples, source=self.name, number=shown)
            self.is_gvcf = self.is_gvcf or record.is_reference_block or self._scan.has_blocks
            yield record

    def _chunks(self, regions: Sequence[Region]) -> Iterator[bytes]:
        lines: list[str] = []
        for line in self._all() if self.reader == "scan" else self._indexed(regions):
            lines.append(line)
            if len(lines) == _LINES:
                yield "".join(lines).encode()
                lines = []
        yield "".join(lines).encode()

    def _all(self) -> Iterator[str]:
        try:
            for record in self._file:
                yield str(record)
        except (OSError, ValueError) as error:
            raise InputError("FILE_DAMAGED", "a record cannot be read", source=self.name) from error

    def _indexed(self, regions: Sequence[Region]) -> Iterator[str]:
        """Records that touch several regions come once: those that begin before a later region's start came before."""
        done: dict[str, int] = {}
        asked = ((name, each) for each in regions for name in self._named(each.chromosome))
        for name, region in sorted(asked, key=lambda each: (each[0], each[1].start)):
            try:
                for record in self._file.fetch(name, region.start - 1, region.end):
                    if record.pos > done.get(name, 0):
                        yield str(record)
            except (OSError, ValueError) as error:
                raise InputError("FILE_DAMAGED", "a record cannot be read", source=self.name) from error
            done[name] = max(done.get(name, 0), region.end)

    def _named(self, chromosome: str) -> Sequence[str]:
        """The contigs of the file with this name, in whatever case."""
        return self._contigs.get(chromosome.casefold(), ())

    def has_record_near(self, chromosome: str, start: int, end: int) -> bool:
        """Whether a record begins in `start..end`."""
        if self.reader == "index":
            names = self._named(chromosome)
            return any(start <= each.pos for name in names for each in self._file.fetch(name, start - 1, end))
        return self._scan is not None and self._scan.has_record_near(chromosome.encode(), start, end)

    def phase_set_users(self, chromosome: str) -> frozenset[int]:
        """As `VcfFile.phase_set_users`; by an index only those in the records that were fetched."""
        return self._scan.phase_set_users(chromosome.encode()) if self._scan is not None else frozenset()

    def close(self) -> None:
        """The file is closed."""
        self._file.close()

    def __enter__(self) -> BcfFile:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closed."""
        self.close()


def _matches(head: bytes) -> bool:
    return head.startswith(b"BCF\x02")


def _open(path: str | Path, opening: Opening) -> BcfFile:
    return BcfFile(Path(path), hash_input=opening.hash_input, silence_counts=opening.silence_counts)


FORMATS: Final = (Format("bcf", "BCF", _matches, _open),)
