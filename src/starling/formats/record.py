"""One line of a VCF: its key, the stretch of reference it speaks for, its columns.

Source: The Variant Call Format specification v4.5, sections 1.6 (columns), 1.6.1.8 (END, SVLEN), 5.5 (`<*>`, LEN).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, overload

from starling.errors import InputError
from starling.formats.regions import Intervals

#: No human chromosome is longer (chr1: 248,956,422); VCF positions are signed 32-bit numbers.
LARGEST_POSITION: Final = 2**31 - 1
#: A line of half a million samples with GT:DP:GQ:PL is about 25 MB; nothing real is longer.
LONGEST_LINE: Final = 64 * 2**20

_SPANNING: Final = ("<DEL", "<DUP", "<INV", "<CNV")
#: What a list of lengths is written in.
_LENGTHS: Final = frozenset("0123456789-,.")
#: Fields of INFO that records of copies and repeats have, and reference blocks have not.
_SEGMENT_KEYS: Final = ("SVTYPE=", "SVCLAIM=", "CN=", "RU=")
_BASES: Final = frozenset("ACGT")
_BLOCK_ALTS: Final = frozenset({"<NON_REF>", "<*>", "<X>"})


class Columns(Sequence[str]):
    """The sample columns of a record, split when the first one is asked for.  Equal to the tuple of the same texts."""

    __slots__ = ("_parts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[str] | None = None

    @property
    def text(self) -> str:
        """All columns as they stand in the line, tab-separated."""
        return self._text

    def _split(self) -> list[str]:
        if self._parts is None:
            self._parts = self._text.split("\t")
        return self._parts

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """The column, or columns, at `index`."""
        return self._split()[index]

    def __len__(self) -> int:
        """How many samples there are."""
        return self._text.count("\t") + 1

    def __iter__(self) -> Iterator[str]:
        """Column after column."""
        return iter(self._split())

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same texts."""
        if isinstance(other, Columns):
            return self._text == other._text
        return isinstance(other, tuple | list) and list(other) == self._split()

    def __hash__(self) -> int:
        """As the tuple of the same texts."""
        return hash(tuple(self._split()))

    def __repr__(self) -> str:
        """As the tuple of the same texts."""
        return repr(tuple(self._split()))


class Record(NamedTuple):
    """One record as it stands in the file; bases are upper case, an ALT of `.` is no ALT.

    `columns`: the sample columns, unsplit, in header order.  `end`: the last reference position (1-based, inclusive)
    of which the record speaks.  `line`: None when it was found without counting lines.
    """

    chromosome: str
    position: int
    ref: str
    alts: tuple[str, ...]
    filter: str
    info: str
    format: tuple[str, ...]
    columns: Sequence[str]
    end: int
    source: str = ""
    line: int | None = None

    def sample(self, index: int) -> dict[str, str]:
        """FORMAT key -> value of one sample; fields that a sample leaves off at its end are absent."""
        return dict(zip(self.format, self.columns[index].split(":"), strict=False))

    @property
    def is_reference_block(self) -> bool:
        """Whether an ALT stands for "any other allele", or the record is a stretch without ALT: gVCF."""
        if not _BLOCK_ALTS.isdisjoint(self.alts):
            return True
        return not self.alts and self.end >= self.position + len(self.ref) and not self.is_segment

    @property
    def is_segment(self) -> bool:
        """Whether it counts copies, or repeats, over a stretch and says nothing of its bases.

        Source: VCF v4.5, section 1.6.1 (REF N), sections 3 and 5 (SVTYPE, SVCLAIM, CN, RU); GATK
        PostprocessGermlineCNVCalls and DRAGEN (segments with GT 0/0 and CN); ExpansionHunter (RU).
        """
        if not _BLOCK_ALTS.issuperset(self.alts) or self.end < self.position + len(self.ref):
            return False
        if "CN" in self.format or not _BASES.issuperset(self.ref):
            return True
        return "=" in self.info and any(field.startswith(_SEGMENT_KEYS) for field in self.info.split(";"))


def parse_record(line: bytes, *, samples: int, source: str, number: int | None = None) -> Record:
    """The record in `line` (without its line end) of a file with `samples` sample columns.

    Raises: InputError BAD_RECORD or NOT_TEXT.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise InputError("NOT_TEXT", _not_text(line), source=source, line=number) from error
    if "\0" in text:
        raise InputError("NOT_TEXT", _not_text(line), source=source, line=number)
    if (found := text.count("\t") + 1) != 9 + samples:
        raise InputError("BAD_RECORD", f"{found} columns, not {9 + samples}", source=source, line=number)
    chromosome, digits, _, ref, alt, _, filters, info, keys, columns = text.split("\t", 9)
    if not (ref.isascii() and ref.isalpha()) and ref != ".":
        raise InputError("BAD_RECORD", f"REF is {ref[:40]!r}, not bases", source=source, line=number)
    short = len(digits) < 10 and digits.isascii() and digits.isdigit()
    position = int(digits) if short else parse_position(digits.encode(), source, number)
    end = position + len(ref) - 1
    if "=" in info or "LEN" in keys or end > LARGEST_POSITION:
        end = _end(position, ref, alt, info, keys, columns)
    alts = (alt.upper(),) if alt.isalpha() else _alts(alt, source, number)
    several = (columns,) if samples == 1 else Columns(columns)
    # As a tuple, which takes half as long: a record is made of every line that is wanted.
    return tuple.__new__(
        Record,
        (chromosome, position, ref.upper(), alts, filters, info, _keys(keys), several, end, source, number),
    )


def _alts(text: str, source: str, number: int | None) -> tuple[str, ...]:
    alts = () if text == "." else tuple([one if "<" in one else one.upper() for one in text.split(",")])
    if "" in alts:
        raise InputError("BAD_RECORD", "an ALT allele is empty", source=source, line=number)
    return alts


@lru_cache(maxsize=64)  # a file has a few texts of FORMAT
def _keys(text: str) -> tuple[str, ...]:
    return tuple(text.split(":"))


def _not_text(line: bytes) -> str:
    return "a NUL byte in a record" if b"\0" in line else "a record is not UTF-8"


def parse_position(digits: bytes, source: str, number: int | None) -> int:
    """The POS that `digits` states; 0 is the telomere.  Raises: InputError BAD_RECORD."""
    if digits.isdigit() and len(digits) <= 10 and (position := int(digits)) <= LARGEST_POSITION:
        return position
    shown = digits[:40].decode(errors="replace")
    raise InputError("BAD_RECORD", f"POS is {shown!r}, not a position", source=source, line=number)


def may_span(line: bytes) -> bool:
    """Whether something other than the length of REF may make this record (or one of these lines) long."""
    return b"END=" in line or b"LEN" in line


def span_end(position: int, line: bytes) -> int:
    """The last position that the undecoded `line`, at `position`, speaks for; never fails."""
    if may_span(line):
        fields = line.rstrip(b"\r").decode(errors="replace").split("\t", 9)
        if len(fields) < 10:
            return position
        return _end(position, fields[3], fields[4], fields[7], fields[8], fields[9])
    fields_to_ref = line.split(b"\t", 4)
    return position + max(len(fields_to_ref[3]), 1) - 1 if len(fields_to_ref) > 4 else position


def touches(intervals: Intervals, position: int, line: bytes) -> bool:
    """Whether the undecoded `line`, at `position`, speaks for a position of an interval."""
    index = bisect_left(intervals.ends, position)
    if index == len(intervals.ends):
        return False
    start = intervals.starts[index]
    if start <= position:
        return True
    if start - position >= len(line) and not may_span(line):
        return False
    return span_end(position, line) >= start


def _end(position: int, ref: str, alt: str, info: str, keys: str, columns: str) -> int:
    """The largest of: end of REF, INFO/END, INFO/SVLEN of an ALT that spans, FORMAT/LEN of any sample."""
    end = position + (len(ref) or 1) - 1
    if "END=" in info:
        end = max(end, _stated_end(info))
    if "SVLEN=" in info and any(name in alt for name in _SPANNING):
        end = max(end, position + _largest_length(alt, info))
    if "LEN" in keys:
        end = max(end, _length_of_block(position, keys, columns))
    return min(end, LARGEST_POSITION)


def _stated_end(info: str) -> int:
    """The first END of INFO that is a number; 0 without one."""
    values = (field[4:] for field in info.split(";") if field.startswith("END="))
    return next((int(text) for text in values if len(text) <= 10 and text.isascii() and text.isdigit()), 0)


def _largest_length(alt: str, info: str) -> int:
    """The longest stretch that the first SVLEN of INFO gives to an ALT that spans."""
    values = (field[6:] for field in info.split(";") if field.startswith("SVLEN="))
    lengths = next((text for text in values if text and _LENGTHS.issuperset(text)), "")
    pairs = zip(alt.split(","), lengths.split(","), strict=False)
    spans = (length.lstrip("-") for name, length in pairs if name.startswith(_SPANNING))
    return max((int(span) for span in spans if span.isdigit() and len(span) <= 10), default=0)


def _length_of_block(position: int, keys: str, columns: str) -> int:
    """Where the longest FORMAT/LEN ends; `position` when FORMAT has no LEN."""
    names = keys.split(":")
    if "LEN" not in names:
        return position
    at = names.index("LEN")
    longest = 1
    for column in columns.split("\t"):
        values = column.split(":", at + 1)
        if len(values) > at and values[at].isascii() and values[at].isdigit() and len(values[at]) <= 10:
            longest = max(longest, int(values[at]))
    return position + longest - 1
