"""One sample's column of one record -> the alleles it states, how far to trust them, and their phase.

Source: VCF v4.5, section 1.6.2 (GT, DP, GQ, AD, PS, FT, LEN); GATK (PGT, PID, RGQ, MIN_DP); GLnexus (RNC); Strelka
(GQX).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.record import Record
from starling.vocabulary import Notice

_QUALITIES: Final = ("GQ", "RGQ", "GQX")
PASSING: Final = frozenset({"PASS", ".", ""})
_GENOTYPE_ONLY: Final = ("GT",)
#: DeepVariant's filter for a candidate that it calls reference: a statement, not a doubt.
_REFERENCE_CALL: Final = "RefCall"
_MISSING: Final = frozenset({".", ""})
_INFINITE: Final = float("inf")
#: GT of reference as nearly every caller writes it.
_REFERENCES: Final[Mapping[str, tuple[int, ...]]] = {"0/0": (0, 0), "0|0": (0, 0), "0": (0,)}
_ALL_REFERENCE: Final = frozenset(_REFERENCES.values())
#: Distinct texts of support of which the verdict is kept (about 10 MB): a cohort at 30x has some thousands.
_VERDICTS: Final = 1 << 14
#: Longer columns (no caller writes such a reference call) are not kept, so that no file can fill the memory.
_LONGEST_QUICK: Final = 256


class Call(NamedTuple):
    """What one column states.

    `haplotypes`: an index into REF and ALTs for each, None where GT has a dot.  `phase`: name of the phase set
    (the chromosome's name: `|` without PS).  `explicit`: it names a phase set (PS, PID).  `weak`: why a reference
    statement cannot be trusted.  `bare`: a reference statement with no field that could support it.  `filtered`: the
    filters that the record did not pass.  `unread`: indices that no read shows.  `length`: FORMAT/LEN.
    """

    haplotypes: tuple[int | None, ...]
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
    def is_clear_reference(self) -> bool:
        """Whether it states reference on two haplotypes, can be trusted, and has nothing to be noted."""
        return self.haplotypes == (0, 0) and self.weak is None and not (self.filtered or self.more or self.fractions)


#: `0/0` in a file whose FORMAT is GT alone: by far the most frequent call, and one shared value.
PLAIN_REFERENCE: Final = Call((0, 0), bare=True)


class Support(NamedTuple):
    """All that decides whether a reference statement counts, as the column has it; `.`: not stated.

    In the order of FORMAT keys in `SUPPORT`.
    """

    min_dp: str
    dp: str
    gq: str
    rgq: str
    gqx: str
    rnc: str
    ad: str


#: The FORMAT key of each field of `Support`.
SUPPORT: Final = tuple(name.upper() for name in Support._fields)


class QuickFields(NamedTuple):
    """Where a plain reference call is read in a column of one record, to which a `.` was appended for what it lacks.

    `width`: how many values a column must have.  `support`: the texts of `Support`.  `filters`, `phase_set`: the
    places of FT and PS.
    """

    width: int
    support: Callable[[Sequence[str]], tuple[str, ...]]
    filters: int
    phase_set: int


@lru_cache(maxsize=64)  # a file has few kinds of records
def _layout(keys: tuple[str, ...], chromosome: str) -> tuple[Mapping[str, int], QuickFields | None]:
    """The place of every FORMAT key, and those of a plain reference call.

    None where such a call depends on more (shares of reads on chrM, FORMAT/LEN).
    """
    at = {key: place for place, key in enumerate(keys)}
    if chromosome == "chrM" or "LEN" in at or at.get("GT") != 0:
        return at, None
    places = [at.get(key, -1) for key in (*SUPPORT, "FT", "PS")]
    return at, QuickFields(max(places) + 1, itemgetter(*places[:-2]), *places[-2:])


class RecordView(NamedTuple):
    """What is common to all columns of one record."""

    record: Record
    chromosome: str
    keys: Mapping[str, int]
    filtered: str
    quick: QuickFields | None = None

    @property
    def where(self) -> str:
        """The place, for messages."""
        return f"{self.record.chromosome}:{self.record.position}"


def view(record: Record, chromosome: str) -> RecordView:
    """`record` prepared for `read_call`."""
    keys, quick = _layout(record.format, chromosome)
    return RecordView(record, chromosome, keys, failed_filters(record.filter), quick)


def has_genotypes_alone(fields: Sequence[str], filters: str) -> bool:
    """Whether a record of these FORMAT fields and FILTER says nothing of its calls but GT, and passed its filters."""
    return fields == _GENOTYPE_ONLY and filters in PASSING


def failed_filters(text: str) -> str:
    """The filters of a FILTER or FT field that were not passed, comma-separated; empty when all were."""
    if text in PASSING:
        return ""
    return ", ".join(name for name in text.replace(",", ";").split(";") if name not in PASSING)


def read_call(record: RecordView, column: str, options: Options) -> Call:
    """The call that `column` states.

    Raises: InputError BAD_ALLELE_INDEX or BAD_RECORD when GT cannot be read.
    """
    values = column.split(":")
    quick = _plain_reference(record, values, options) if len(column) <= _LONGEST_QUICK else None
    return quick or _call_at_length(record, values, options)


def check_genotypes(record: RecordView, texts: Iterable[str]) -> None:
    """Every GT of `texts` can be read in `record`: nothing else in a column is ever refused.

    Raises: InputError BAD_ALLELE_INDEX or BAD_RECORD, as `read_call` for the first column with such a GT.
    """
    for text in dict.fromkeys(texts):
        _genotype(record, text or ".")


def _plain_reference(record: RecordView, values: list[str], options: Options) -> Call | None:
    """The call of a reference statement without anything unusual, by far the most frequent; None: take the long way.

    The same as `_call_at_length`, which tests hold it to.
    """
    haplotypes, quick = _REFERENCES.get(values[0]), record.quick
    if haplotypes is None or quick is None or len(values) < quick.width:
        return None
    values = [*values, "."]
    if values[quick.filters] not in PASSING:
        return None
    phase = None
    if values[0] == "0|0" and options.phase != "ignore":
        if values[quick.phase_set] not in _MISSING:
            return None
        phase = record.chromosome if options.phase == "trust" else None
    call = _judged(haplotypes, phase, quick.support(values), options.min_dp, options.min_gq)
    if record.filtered and record.filtered != _REFERENCE_CALL:
        call = call._replace(filtered=record.filtered)
    return call


@lru_cache(maxsize=_VERDICTS)
def _judged(haplotypes: tuple[int, ...], phase: str | None, texts: tuple[str, ...], min_dp: int, min_gq: int) -> Call:
    """The reference call that a column with these texts of support makes."""
    support = Support(*texts)
    weak, bare = _verdict(support, min_dp, min_gq)
    return Call(haplotypes, phase, weak=weak, bare=bare, quality=_first_number([support.gq, support.rgq, support.gqx]))


def _call_at_length(record: RecordView, values: Sequence[str], options: Options) -> Call:
    fields = {key: values[at] for key, at in record.keys.items() if at < len(values) and values[at] not in _MISSING}
    haplotypes, bar, more = _genotype(record, fields.get("GT", "."))
    haplotypes, phase, explicit = _phase(record.chromosome, haplotypes, bar, fields, options)
    filtered = ", ".join(filter(None, (record.filtered, failed_filters(fields.get("FT", "")))))
    mitochondrial = record.chromosome == "chrM"
    weak, bare, unread = None, False, frozenset[int]()
    if haplotypes in _ALL_REFERENCE:
        support = Support(*(fields.get(key, ".") for key in SUPPORT))
        weak, bare = _verdict(support, options.min_dp, options.min_gq)
        filtered = "" if filtered == _REFERENCE_CALL else filtered
    elif not mitochondrial:
        unread = _unread(fields, haplotypes)
    return Call(
        haplotypes=haplotypes,
        phase=phase,
        explicit=explicit,
        weak=weak,
        bare=bare,
        filtered=filtered,
        quality=_first_number(fields.get(key) for key in _QUALITIES),
        unread=unread,
        fractions=_fractions(fields) if mitochondrial else (),
        more=more,
        length=_first_number([fields.get("LEN")]),
    )


def _genotype(record: RecordView, text: str) -> tuple[tuple[int | None, ...], str, bool]:
    """(first two alleles, what stands between them, whether GT names more than two)."""
    stated = text.lstrip("/|")
    parts = stated.replace("|", "/").split("/")
    haplotypes: list[int | None] = []
    for part in parts:
        if part == ".":
            haplotypes.append(None)
        elif part.isascii() and part.isdigit():
            haplotypes.append(_index(record, part))
        else:
            raise _error(record, "BAD_RECORD", f"GT is {text[:40]!r}, not allele indices")
    between = stated[len(parts[0]) : len(parts[0]) + 1]
    return tuple(haplotypes[:2]), between, len(parts) > 2


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
    chromosome: str, haplotypes: tuple[int | None, ...], bar: str, fields: Mapping[str, str], options: Options
) -> tuple[tuple[int | None, ...], str | None, bool]:
    """(haplotypes in phase order, phase set, whether it is named): sets never reach over chromosomes."""
    if options.phase == "ignore" or len(haplotypes) < 2:
        return haplotypes, None, False
    if bar == "|":
        named = fields.get("PS")
        if named is not None:
            return haplotypes, f"{chromosome}:{named}", True
        return haplotypes, chromosome if options.phase == "trust" else None, False
    order, group = fields.get("PGT"), fields.get("PID")
    if group is not None and order in {"0|1", "1|0"} and 0 in haplotypes and any(haplotypes):
        other = next(haplotype for haplotype in haplotypes if haplotype)
        return ((0, other) if order == "0|1" else (other, 0)), f"{chromosome}:{group}", True
    return haplotypes, None, False


def _verdict(support: Support, min_dp: int, min_gq: int) -> tuple[Notice | None, bool]:
    """(why a reference statement is not supported, whether it carries no field that could support it).

    A joint caller writes 0/0 where it has no data; thresholds hold for every statement that carries the fields.
    """
    depths = _stated_numbers(support.min_dp, support.dp)
    qualities = _stated_numbers(support.gq, support.rgq, support.gqx)
    if not depths and support.ad not in _MISSING:
        depths = [sum(_numbers(support.ad))]
    if any(value <= 0 for value in depths):
        return Notice("NO_SUPPORT", "reference was stated without a single read"), False
    if any(value <= 0 for value in qualities):
        return Notice("NO_SUPPORT", "reference was stated with a genotype quality of 0"), False
    if support.rnc.strip("."):
        return Notice("NO_SUPPORT", f"reference was stated for lack of a call (RNC {support.rnc})"), False
    if depths and depths[0] < min_dp:
        message = f"reference was stated with {depths[0]:g} reads, fewer than {min_dp}"
        return Notice("LOW_DEPTH", message), False
    if qualities and qualities[0] < min_gq:
        message = f"reference was stated with a genotype quality of {qualities[0]:g}, below {min_gq}"
        return Notice("LOW_QUALITY", message), False
    return None, not depths and not qualities


def _unread(fields: Mapping[str, str], haplotypes: tuple[int | None, ...]) -> frozenset[int]:
    """The stated alleles that AD gives no read, where two different ones are stated."""
    stated = {haplotype for haplotype in haplotypes if haplotype is not None}
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


def _first_number(texts: Iterable[str | None]) -> int | None:
    return next((int(value) for text in texts if (value := _number(text)) is not None), None)


def _stated_numbers(*texts: str) -> list[float]:
    return [value for text in texts if (value := _number(text)) is not None]


def _number(text: str | None) -> float | None:
    """None for what is missing or no finite number."""
    if text is None or text == ".":
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < _INFINITE else None


def _numbers(text: str) -> list[float]:
    return [_number(part) or 0.0 for part in text.split(",")]
