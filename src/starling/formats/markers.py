"""Results of arrays and single tests as rows: what was tested, and which bases were found.

What the formats of such tables share: their lines, the names of chromosomes, the spelling of alleles.  Nothing is
interpreted here; `starling.source.markers` compares the rows with the sites of the definitions.

Rows are read one after another and those that can be of no use are not kept, so that a table needs as much memory as
it says of the known sites, whatever its size.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from starling.errors import InputError
from starling.formats.content import Opening
from starling.formats.stream import ALWAYS_UNPACKED, MOST_UNPACKED, Progress, TextStream, encoding_of, open_bytes
from starling.values import dataclass, field

Strand = Literal["plus", "forward", "none"]
#: What a file may say of its own build; `old`: one before GRCh37, whose places are not known here.
StatedBuild = Literal["GRCh38", "GRCh37", "old"]
#: Characters: a row of a table of markers has some dozens.  Source: ours.
LONGEST_ROW: Final = 2**20
_CHROMOSOMES: Final[Mapping[str, str]] = {
    **{str(number): f"chr{number}" for number in range(1, 23)},
    "X": "chrX", "Y": "chrY", "MT": "chrM", "M": "chrM", "XY": "chrX", "PAR": "chrX", "23": "chrX", "24": "chrY",
    "25": "chrX", "26": "chrM",
}  # fmt: skip
_NO_CALL: Final = frozenset({"-", "0", "", ".", "N", "?"})
#: Genotypes that are no call and are written as words.
_NO_CALL_WORDS: Final = frozenset({"NA", "NC", "NOCALL", "NO CALL", "NULL"})
#: A row that says nowhere: the marker is known by its name alone.
_NOWHERE: Final = frozenset({"", "0", "-", "--", ".", "NA", "N/A", "UN", "NULL"})
#: A file has some thirty genotypes; what invents others is not remembered.
_REMEMBERED_GENOTYPES: Final = 1_000
_BUILD: Final = re.compile(
    r"(?:build|grch|hg|ncbi|assembly|reference)[\s_:#-]*(?:build|grch|hg|ncbi)?[\s_:#-]*(3[5678]|1[789])\b"
)
_BUILDS: Final[Mapping[str, StatedBuild]] = {"37": "GRCh37", "19": "GRCh37", "38": "GRCh38"}


@dataclass(frozen=True, slots=True)
class Marker:
    """One result of one sample.  `alleles`: bases, `I` or `D` as in the file; empty: no call.

    `position` is None where the file does not say; `chromosome` is empty for one without genes of ours.
    `forms`: what the marker can be, where the file says.  `result`, `note`: of a single test, in words.
    """

    sample: str
    name: str
    chromosome: str | None
    position: int | None
    alleles: tuple[str, ...]
    line: int
    result: str = ""
    note: str = ""
    forms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MarkerTable:
    """The results of a file.  `strand`: plus, or forward (of dbSNP, not always of the genome).

    `tests`: every row is a single test that says in words what it found.  `rows`: how many results the file has, of
    which `markers` are those that can be of use.  `stated_build`: what the file says of itself.  `kind`: what it is, in
    words.
    """

    name: str
    size: int | None
    file_sha256: str | None
    samples: tuple[str, ...]
    markers: tuple[Marker, ...]
    strand: Strand = "plus"
    tests: bool = False
    rows: int = 0
    stated_build: StatedBuild | None = None
    kind: str = "a table of markers"


def head_text(head: bytes) -> str:
    """The beginning of a file as text."""
    return head.decode("utf-8-sig", errors="replace")


def head_lines(head: bytes) -> list[str]:
    """The lines of the beginning of a file that are not empty."""
    return [line for line in head_text(head).splitlines() if line.strip()]


def first_row(head: bytes) -> str:
    """The first line of the beginning of a file that is neither empty nor a comment; empty when there is none."""
    return next((line for line in head_lines(head) if not line.startswith("#")), "")


def read_lines(path: str | Path, opening: Opening | None = None) -> Lines:
    """The lines of a text (plain, gzip, UTF-16), to be read once; the file is opened with the first of them."""
    opening = opening or Opening()
    return Lines("stdin" if str(path) == "-" else Path(path).name, Path(path), opening)


class Lines:
    """A text and where it came from.  `digest`, `size`: final when the lines have ended."""

    def __init__(self, name: str, path: Path, opening: Opening) -> None:
        self.name = name
        self.size: int | None = None
        self.digest: str | None = None
        self.needed = opening.needed
        self._path = path
        self._given = opening.stream
        self._progress: Progress | None = opening.progress
        self._genotypes: dict[str, tuple[str, ...]] = {}

    def numbered(self, longest: int = LONGEST_ROW) -> Iterator[tuple[int, str]]:
        """(line number, line) of everything that is not empty.

        Raises: InputError FILE_*, NOT_TEXT, LINE_TOO_LONG; BAD_MARKERS for what was made to fill the memory.
        """
        opened = self._given
        if opened is None:
            opened, self.size = open_bytes(self._path)
        stream = TextStream(opened, self.name, self.size, self._progress)
        try:
            for number, line in enumerate(self._split(stream), 1):
                if len(line) > longest:
                    message = f"a row is longer than {longest:,} characters"
                    raise InputError("LINE_TOO_LONG", message, source=self.name, line=number)
                if line.strip():
                    yield number, line
            self.digest = stream.digest
        finally:
            stream.close()

    def _split(self, stream: TextStream) -> Iterator[str]:
        """The lines of the text."""
        decoder: codecs.IncrementalDecoder | None = None
        rest, unpacked = "", 0
        for chunk in stream.chunks():
            unpacked += len(chunk)
            if unpacked > MOST_UNPACKED * stream.bytes_read + ALWAYS_UNPACKED:
                raise self.wrong(f"unpacks to more than {MOST_UNPACKED} times its size, as no results of an array do")
            if decoder is None:
                encoding = encoding_of(chunk)
                # what nobody reads (comments, descriptions) may be in any code
                decoder = codecs.getincrementaldecoder(encoding)("replace" if "8" in encoding else "strict")
            text = rest + self._decoded(decoder, chunk)
            lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            rest = lines.pop()
            yield from lines
        if rest.strip("\0"):
            yield rest

    def _decoded(self, decoder: codecs.IncrementalDecoder, chunk: bytes) -> str:
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise InputError("NOT_TEXT", "neither UTF-8 nor UTF-16", source=self.name) from error
        if "\0" in text:
            raise InputError("NOT_TEXT", "a NUL byte", source=self.name)
        return text

    def wrong(self, message: str, line: int | None = None) -> InputError:
        """The error to raise."""
        return InputError("BAD_MARKERS", message, source=self.name, line=line)

    @property
    def stem(self) -> str:
        """The file's name without suffixes: the sample's name where the file has none."""
        return re.sub(r"(\.(txt|csv|tsv|gz|zip))+$", "", self.name, flags=re.IGNORECASE)

    def place(self, chromosome: str, position: str, line: int) -> tuple[str | None, int | None]:
        """Our name of a chromosome (empty: one without genes of ours), and the position; None for what says nowhere."""
        if chromosome in _CHROMOSOMES and position.isascii() and position.isdigit() and position[0] != "0":
            if len(position) > 10:
                raise self.wrong(f"position is {position[:40]!r}", line)
            return _CHROMOSOMES[chromosome], int(position)
        return self._unusual_place(chromosome.strip().upper(), position.strip(), line)

    def _unusual_place(self, chromosome: str, position: str, line: int) -> tuple[str | None, int | None]:
        if position.upper() in _NOWHERE:
            return None, None
        if not (position.isascii() and position.isdigit() and len(position) <= 10):
            raise self.wrong(f"position is {position[:40]!r}", line)
        if chromosome in _NOWHERE or int(position) == 0:
            return None, None
        return _CHROMOSOMES.get(chromosome.removeprefix("CHR"), ""), int(position)

    def alleles(self, texts: Sequence[str], line: int) -> tuple[str, ...]:
        """The alleles: a base, `I`, `D`, or the bases of an insertion; none when one of them was not called."""
        if not texts or len(texts) > 2 or not all(text in _LETTERS or _is_word(text) for text in texts):
            raise self.wrong(f"genotype is {''.join(texts)[:20]!r}", line)
        return () if _NO_CALL.intersection(texts) else tuple(texts)

    def genotype(self, text: str, line: int) -> tuple[str, ...]:
        """The alleles of a genotype in one column: `AG`, `A/G`, `DI`, `--`."""
        known = self._genotypes.get(text)
        if known is None:
            known = self._new_genotype(text.strip().upper(), line)
            if len(self._genotypes) < _REMEMBERED_GENOTYPES:
                self._genotypes[text] = known
        return known

    def _new_genotype(self, text: str, line: int) -> tuple[str, ...]:
        if text in _NO_CALL_WORDS or text in _NO_CALL:
            return ()
        parts = _BETWEEN_ALLELES.split(text)
        if len(parts) > 1:
            return self.alleles(parts, line)
        return self.alleles(tuple(text), line)


_LETTERS: Final = frozenset({*"ACGTID", *_NO_CALL})
_BETWEEN_ALLELES: Final = re.compile(r"[/|: ]")


def _is_word(text: str) -> bool:
    return 1 < len(text) <= 50 and set(text) <= set("ACGT")


def is_chromosome(text: str) -> bool:
    """Whether it is a name that exports give to a chromosome, or says nowhere."""
    return text.strip().upper().removeprefix("CHR") in _CHROMOSOMES or text.strip().upper() in _NOWHERE


def build_in(comments: Collection[str]) -> StatedBuild | None:
    """The build that comments of a file name; None when they name none, or several.

    >>> build_in(["# We are using reference human assembly build 36."])
    'old'
    """
    found: set[StatedBuild] = set()
    for line in comments:
        found.update(_BUILDS.get(text, "old") for text in _BUILD.findall(line.casefold()))
    return found.pop() if len(found) == 1 else None


@dataclass(slots=True)
class Rows:
    """Results as they are read: those that can be of use are kept, each once.  `count`: all of them."""

    needed: Callable[[str, str | None, int | None], bool] | None = None
    count: int = 0
    samples: dict[str, None] = field(default_factory=dict)
    _kept: dict[tuple[object, ...], Marker] = field(default_factory=dict)

    def has(self, name: str, place: tuple[str | None, int | None], people: int = 1) -> bool:
        """Results of so many people at a marker are counted.  Whether they can be of use, and are to be kept."""
        self.count += people
        return self.needed is None or self.needed(name, *place)

    def keep(self, marker: Marker) -> None:
        """One result that can be of use."""
        key = (marker.sample, marker.name, marker.chromosome, marker.position, marker.alleles)
        self._kept.setdefault(key, marker)

    @property
    def markers(self) -> tuple[Marker, ...]:
        """What was kept, in the order of the file."""
        return tuple(self._kept.values())


def table(
    lines: Lines,
    samples: tuple[str, ...],
    markers: Sequence[Marker],
    *,
    strand: Strand = "plus",
    tests: bool = False,
    rows: int | None = None,
    stated_build: StatedBuild | None = None,
    kind: str = "a table of markers",
) -> MarkerTable:
    """The rows as a table.  `rows`: how many there were, where not all are kept.

    Raises: InputError BAD_MARKERS when there are none.
    """
    count = len(markers) if rows is None else rows
    if not count:
        raise lines.wrong("has no results")
    if odd := next((name for name in samples if "\ufffd" in name), None):
        raise InputError("NOT_TEXT", f"the name of a sample ({odd}) is neither UTF-8 nor UTF-16", source=lines.name)
    return MarkerTable(
        name=lines.name,
        size=lines.size,
        file_sha256=lines.digest,
        samples=samples,
        markers=tuple(markers),
        strand=strand,
        tests=tests,
        rows=count,
        stated_build=stated_build,
        kind=kind,
    )
