"""One sample's column of one record -> the alleles it states, how far to trust them, and their phase.

Source: VCF v4.5, section 1.6.2 (GT, DP, GQ, AD, PS, FT, LEN); GATK (PGT, PID, RGQ, MIN_DP); GLnexus (RNC); Strelka
(GQX).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.record import Record
from starling.values import dataclass
from starling.vocabulary import Notice

_DEPTHS: Final = ("MIN_DP", "DP")
_QUALITIES: Final = ("GQ", "RGQ", "GQX")
PASSING: Final = frozenset({"PASS", ".", ""})
#: DeepVariant's filter for a candidate that it calls reference: a statement, not a doubt.
_REFERENCE_CALL: Final = "RefCall"
_SEPARATOR: Final = re.compile(r"[/|]")


class Call(NamedTuple):
    """What one column states.

    `strands`: an index into REF and ALTs for each strand, None where GT has a dot.  `phase`: name of the phase set
    (the chromosome's name: `|` without PS).  `explicit`: it names a phase set (PS, PID).  `weak`: why a reference
    statement cannot be trusted.  `bare`: a reference statement with no field that could support it.  `filtered`: the
    filters that the record did not pass.  `unread`: indices that no read shows.  `length`: FORMAT/LEN.
    """

    strands: tuple[int | None, ...]
    phase: str | None = None
    explicit: bool = False
    weak: Notice | None = None
    bare: bool = False
    filtered: str = ""
    quality: int | None = None
    unread: frozenset[int] = frozenset()
    fractions: tuple[tuple[int, float], ...] = ()
    more: bool = False
    length: int | None = None

    @property
    def is_reference(self) -> bool:
        """Whether every strand is stated and is REF."""
        return not any(self.strands) and None not in self.strands


#: `0/0` in a file whose FORMAT is GT alone: by far the most frequent call, and one shared value.
PLAIN_REFERENCE: Final = Call((0, 0), bare=True)


@dataclass(frozen=True, slots=True)
class RecordView:
    """What is common to all columns of one record."""

    record: Record
    chromosome: str
    keys: Mapping[str, int]
    filtered: str

    @property
    def where(self) -> str:
        """The place, for messages."""
        return f"{self.record.chromosome}:{self.record.position}"


def view(record: Record, chromosome: str) -> RecordView:
    """`record` prepared for `read_call`."""
    keys = {key: index for index, key in enumerate(record.format)}
    return RecordView(record, chromosome, keys, failed_filters(record.filter))


def failed_filters(text: str) -> str:
    """The filters of a FILTER or FT field that were not passed, comma-separated; empty when all were."""
    if text in PASSING:
        return ""
    return ", ".join(name for name in re.split("[;,]", text) if name not in PASSING)


def read_call(record: RecordView, column: str, options: Options) -> Call:
    """The call that `column` states.

    Raises: InputError BAD_ALLELE_INDEX or BAD_RECORD when GT cannot be read.
    """
    values = column.split(":")
    fields = {key: values[at] for key, at in record.keys.items() if at < len(values) and values[at] not in {".", ""}}
    strands, bar, more = _genotype(record, fields.get("GT", "."))
    strands, phase, explicit = _phase(record.chromosome, strands, bar, fields, options)
    filters = ", ".join(filter(None, (record.filtered, failed_filters(fields.get("FT", "")))))
    call = Call(
        strands=strands,
        phase=phase,
        explicit=explicit,
        filtered=filters,
        quality=_first_number(fields, _QUALITIES),
        more=more,
        length=_first_number(fields, ["LEN"]),
    )
    if record.chromosome == "chrM":
        call = call._replace(fractions=_fractions(fields))
    if call.is_reference:
        weak, bare = _support(fields, options)
        return call._replace(weak=weak, bare=bare, filtered="" if filters == _REFERENCE_CALL else filters)
    if record.chromosome == "chrM":
        return call
    return call._replace(unread=_unread(fields, strands))


def _genotype(record: RecordView, text: str) -> tuple[tuple[int | None, ...], str, bool]:
    """(first two alleles, what stands between them, whether GT names more than two)."""
    parts = _SEPARATOR.split(text.lstrip("/|"))
    strands: list[int | None] = []
    for part in parts:
        if part == ".":
            strands.append(None)
        elif part.isascii() and part.isdigit():
            strands.append(_index(record, part))
        else:
            raise _error(record, "BAD_RECORD", f"GT is {text[:40]!r}, not allele indices")
    first = _SEPARATOR.search(text.lstrip("/|"))
    return tuple(strands[:2]), first[0] if first is not None else "", len(parts) > 2


def _index(record: RecordView, text: str) -> int:
    index = int(text) if len(text) < 8 else len(record.record.alts) + 1
    if index > len(record.record.alts):
        raise _error(
            record, "BAD_ALLELE_INDEX", f"GT names allele {text[:20]}, but ALT lists {len(record.record.alts)}"
        )
    return index


def _error(record: RecordView, code: str, message: str) -> InputError:
    return InputError(code, f"{record.where}: {message}", source=record.record.source, line=record.record.line)


def _phase(
    chromosome: str, strands: tuple[int | None, ...], bar: str, fields: Mapping[str, str], options: Options
) -> tuple[tuple[int | None, ...], str | None, bool]:
    """(strands in phase order, phase set, whether it is named): sets never reach over chromosomes."""
    if options.phase == "ignore" or len(strands) < 2:
        return strands, None, False
    if bar == "|":
        named = fields.get("PS")
        if named is not None:
            return strands, f"{chromosome}:{named}", True
        return strands, chromosome if options.phase == "trust" else None, False
    order, group = fields.get("PGT"), fields.get("PID")
    if group is not None and order in {"0|1", "1|0"} and 0 in strands and any(strands):
        other = next(strand for strand in strands if strand)
        return ((0, other) if order == "0|1" else (other, 0)), f"{chromosome}:{group}", True
    return strands, None, False


def _support(fields: Mapping[str, str], options: Options) -> tuple[Notice | None, bool]:
    """(why a reference statement is not supported, whether it carries no field that could support it).

    A joint caller writes 0/0 where it has no data; thresholds hold for every statement that carries the fields.
    """
    depths = [value for key in _DEPTHS if (value := _number(fields.get(key))) is not None]
    qualities = [value for key in _QUALITIES if (value := _number(fields.get(key))) is not None]
    if not depths and "AD" in fields:
        depths = [sum(_numbers(fields["AD"]))]
    if any(value <= 0 for value in depths):
        return Notice("NO_SUPPORT", "reference was stated without a single read"), False
    if any(value <= 0 for value in qualities):
        return Notice("NO_SUPPORT", "reference was stated with a genotype quality of 0"), False
    if fields.get("RNC", ".").strip("."):
        return Notice("NO_SUPPORT", f"reference was stated for lack of a call (RNC {fields['RNC']})"), False
    if depths and depths[0] < options.min_dp:
        message = f"reference was stated with {depths[0]:g} reads, fewer than {options.min_dp}"
        return Notice("LOW_DEPTH", message), False
    if qualities and qualities[0] < options.min_gq:
        message = f"reference was stated with a genotype quality of {qualities[0]:g}, below {options.min_gq}"
        return Notice("LOW_QUALITY", message), False
    return None, not depths and not qualities


def _unread(fields: Mapping[str, str], strands: tuple[int | None, ...]) -> frozenset[int]:
    """The stated alleles that AD gives no read, where two different ones are stated."""
    stated = {strand for strand in strands if strand is not None}
    if len(stated) < 2 or "AD" not in fields:
        return frozenset()
    depths = [_number(text) for text in fields["AD"].split(",")]
    return frozenset(index for index in stated if index < len(depths) and depths[index] == 0)


def _fractions(fields: Mapping[str, str]) -> tuple[tuple[int, float], ...]:
    """The share of the reads of every ALT, stated or not: FORMAT/AF, else from AD (INFO/AF is a population's)."""
    shares: list[float | None] = []
    if "AF" in fields:
        shares = [_number(text) for text in fields["AF"].split(",")]
    elif "AD" in fields and (total := sum(depths := _numbers(fields["AD"]))) > 0:
        shares = [depth / total for depth in depths[1:]]
    return tuple((index, share) for index, share in enumerate(shares, 1) if share is not None)


def _first_number(fields: Mapping[str, str], keys: Sequence[str]) -> int | None:
    for key in keys:
        value = _number(fields.get(key))
        if value is not None:
            return int(value)
    return None


def _number(text: str | None) -> float | None:
    """None for what is missing or no finite number."""
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < float("inf") else None


def _numbers(text: str) -> list[float]:
    return [_number(part) or 0.0 for part in text.split(",")]
