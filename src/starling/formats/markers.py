"""Results of arrays and single tests as rows: what was tested, and which bases were found.

What the formats of such tables share: their lines, the names of chromosomes, the spelling of alleles.  Nothing is
interpreted here; `starling.source.markers` compares the rows with the sites of the definitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from starling.errors import InputError
from starling.formats.stream import TextStream, open_bytes
from starling.values import dataclass
from starling.vocabulary import BuildName

Strand = Literal["plus", "forward", "none"]
#: No array has more markers, no table of single tests more rows; a longer file is something else.
_LARGEST_TEXT: Final = 512 * 2**20
_CHROMOSOMES: Final[Mapping[str, str]] = {
    **{str(number): f"chr{number}" for number in range(1, 23)},
    "X": "chrX", "Y": "chrY", "MT": "chrM", "M": "chrM", "XY": "chrX", "23": "chrX", "24": "chrY", "25": "chrX",
    "26": "chrM",
}  # fmt: skip
_NO_CALL: Final = frozenset({"-", "0", "", "."})


@dataclass(frozen=True, slots=True)
class Marker:
    """One result of one sample.  `alleles`: bases, `I` or `D` as in the file; empty: no call.

    `position` is None where the file does not say.  `result`, `note`: of a single test, in words.
    """

    sample: str
    name: str
    chromosome: str | None
    position: int | None
    alleles: tuple[str, ...]
    line: int
    result: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class MarkerTable:
    """The results of a file.  `strand`: plus, or forward (of dbSNP, not always of the genome).

    `tests`: every row is a single test that says in words what it found.  `usual_build`: where no marker proves it.
    `old_mitochondrion`: the file says that it uses build 36, whose chrM is another sequence.
    """

    name: str
    size: int | None
    file_sha256: str | None
    samples: tuple[str, ...]
    markers: tuple[Marker, ...]
    strand: Strand = "plus"
    tests: bool = False
    usual_build: BuildName = "GRCh38"
    old_mitochondrion: bool = False


def head_text(head: bytes) -> str:
    """The beginning of a file as text."""
    return head.decode("utf-8-sig", errors="replace")


def head_lines(head: bytes) -> list[str]:
    """The lines of the beginning of a file that are not empty."""
    return [line for line in head_text(head).splitlines() if line.strip()]


def read_lines(path: Path) -> Lines:
    """The text of the file (plain or gzip).  Raises: InputError FILE_*, NOT_TEXT, BAD_MARKERS when it is too long."""
    opened, size = open_bytes(path)
    stream = TextStream(opened, path.name, size)
    try:
        data = bytearray()
        for chunk in stream.chunks():
            data += chunk
            if len(data) > _LARGEST_TEXT:
                raise InputError("BAD_MARKERS", "larger than any array's results", source=path.name)
        if b"\0" in data:
            raise InputError("NOT_TEXT", "a NUL byte", source=path.name)
        return Lines(path.name, data.decode("utf-8-sig"), size, stream.digest)
    except UnicodeDecodeError as error:
        raise InputError("NOT_TEXT", "not UTF-8", source=path.name) from error
    finally:
        stream.close()


@dataclass(frozen=True, slots=True)
class Lines:
    """A text and where it came from."""

    name: str
    text: str
    size: int | None
    digest: str | None

    def numbered(self) -> Iterator[tuple[int, str]]:
        """(line number, line) of everything that is not empty."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.strip():
                yield number, line

    def wrong(self, message: str, line: int | None = None) -> InputError:
        """The error to raise."""
        return InputError("BAD_MARKERS", message, source=self.name, line=line)

    @property
    def stem(self) -> str:
        """The file's name without suffixes: the sample's name where the file has none."""
        return re.sub(r"(\.(txt|csv|tsv|gz|zip))+$", "", self.name, flags=re.IGNORECASE)

    def place(self, chromosome: str, position: str, line: int) -> tuple[str | None, int]:
        """Our name of a chromosome (None: one without genes of ours), and the position."""
        if not (position.isascii() and position.isdigit() and len(position) <= 10):
            raise self.wrong(f"position is {position[:40]!r}", line)
        return _CHROMOSOMES.get(chromosome.strip().upper().removeprefix("CHR")), int(position)

    def alleles(self, texts: Sequence[str], line: int) -> tuple[str, ...]:
        """The alleles; none when one of them was not called."""
        if not texts or len(texts) > 2 or not set(texts) <= {*"ACGTID", *_NO_CALL}:
            raise self.wrong(f"genotype is {''.join(texts)[:20]!r}", line)
        return () if _NO_CALL.intersection(texts) else tuple(texts)


def table(
    lines: Lines,
    samples: tuple[str, ...],
    markers: Sequence[Marker],
    *,
    strand: Strand = "plus",
    tests: bool = False,
    usual_build: BuildName = "GRCh38",
    old_mitochondrion: bool = False,
) -> MarkerTable:
    """The rows as a table.  Raises: InputError BAD_MARKERS when there are none."""
    if not markers:
        raise lines.wrong("has no results")
    return MarkerTable(
        name=lines.name,
        size=lines.size,
        file_sha256=lines.digest,
        samples=samples,
        markers=tuple(markers),
        strand=strand,
        tests=tests,
        usual_build=usual_build,
        old_mitochondrion=old_mitochondrion,
    )
