"""What a format is, and what an open file of any format promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, TypeAlias

from starling.formats.header import Header
from starling.formats.record import Record
from starling.formats.regions import Region
from starling.formats.stream import Progress
from starling.values import dataclass
from starling.vocabulary import Remark

if TYPE_CHECKING:
    from starling.formats.markers import MarkerTable

ReaderName = Literal["bisect", "index", "scan"]
#: What proves that the records of a file are sorted, or that it does not matter.
OrderName = Literal["index", "blocks", "whole"]


class Described(Protocol):
    """What must be known of a file to judge its silence."""

    @property
    def record_count(self) -> int | None:
        """How many records it has, or at least has."""

    @property
    def is_gvcf(self) -> bool:
        """Whether it states reference itself, in blocks."""

    def has_record_near(self, chromosome: str, start: int, end: int) -> bool:
        """Whether some record begins in `start..end`."""


class VariantFile(Described, Protocol):
    """An open file of records (see `starling.formats.vcf.VcfFile`)."""

    @property
    def header(self) -> Header:
        """What the header states."""

    @property
    def name(self) -> str:
        """The file's name without its folder."""

    @property
    def size(self) -> int | None:
        """Its size in bytes, where known."""

    @property
    def reader(self) -> ReaderName:
        """How records are found."""

    @property
    def order(self) -> OrderName:
        """What it rests on that no record was missed: an index that fits, the heads of all blocks, every line."""

    @property
    def file_sha256(self) -> str | None:
        """The digest of the whole file, when it was read anyway or asked for."""

    @property
    def notes(self) -> tuple[str | Remark, ...]:
        """What the user should know about the reading: of the file as a whole, or of some places in it."""

    def fetch(self, regions: Sequence[Region]) -> Iterator[Record]:
        """Every record that overlaps a region, once."""

    def phase_set_users(self, chromosome: str) -> frozenset[int]:
        """The sample columns that name a phase set on a chromosome, as far as that is known."""

    def close(self) -> None:
        """The file is closed."""


#: What opening a file gives: records, or a table of markers that the door compares with the known sites.
Content: TypeAlias = "VariantFile | MarkerTable"


@dataclass(frozen=True, slots=True)
class Opening:
    """How a file is to be opened.

    `hash_input`: its digest is wanted even when it is not read whole.  `progress`: called with (bytes read, size or
    None) while it is.  `silence_counts`: what the file does not hold will be taken for reference.  `stream`: the
    content, where the path cannot be opened again (standard input, a pipe, what lies in an archive).  `needed`: whether
    a marker of this name, chromosome and position can be of use; None: every one.
    """

    hash_input: bool = False
    progress: Progress | None = None
    silence_counts: bool = False
    stream: BinaryIO | None = None
    needed: Callable[[str, str | None, int | None], bool] | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One way of writing genotypes down.

    `matches`: whether content that begins with these bytes (inflated, as UTF-8) is of this format.  `open`: raises
    InputError for whatever cannot be read.  `pipes`: `Opening.stream` can be read, too.
    """

    name: str
    title: str
    matches: Callable[[bytes], bool]
    open: Callable[[str | Path, Opening], Content]
    pipes: bool = False
