"""One sample's column of one record -> the alleles it states, how far to trust them, and their phase.

Source: VCF v4.5, section 1.6.2 (GT, AF, PS, PSL, FT, LEN); GATK (PGT, PID); what supports a genotype stands in
`starling.genotyping.support`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.record import Record
from starling.genotyping.reads import reads_of
from starling.genotyping.stated import INSTEAD_OF_AD, NOT_STATED, SUPPORT, Haplotypes, Support, number, numbers
from starling.genotyping.support import Limits, limits_of, verdict
from starling.source.support import CARRIED, MISSING, NO_READS
from starling.values import dataclass
from starling.vocabulary import Notice

_QUALITIES: Final = ("GQ", "RGQ", "GQX")
_MORE: Final = Notice(
    "MORE_THAN_TWO_ALLELES", "GT names more than two alleles: no call, and its variants count as seen"
)
PASSING: Final = frozenset({"PASS", ".", ""})
_GENOTYPE_ONLY: Final = ("GT",)
#: The filter of a candidate that was called reference (DeepVariant, Clair3; Platypus): a statement, not a doubt.
_REFERENCE_CALLS: Final = frozenset({"RefCall", "REFCALL"})
#: GT of reference as nearly every caller writes it.
REFERENCES: Final[Mapping[str, tuple[int, ...]]] = {"0/0": (0, 0), "0|0": (0, 0), "0": (0,)}
_ALL_REFERENCE: Final = frozenset(REFERENCES.values())
#: Distinct texts of support of which the verdict is kept (about 10 MB): a cohort at 30x has some thousands.
_VERDICTS: Final = 1 << 14
#: Longer columns (no caller writes such a reference call) are not kept, so that no file can fill the memory.
_LONGEST_QUICK: Final = 256


class Call(NamedTuple):
    """What one column states.

    `haplotypes`: an index into REF and ALTs for each, None where GT has a dot.  `phase`: name of the phase set
    (the chromosome's name: `|` without PS).  `explicit`: it names a phase set (PS, PSL, PID).  `weak`: why there is too
    little support for it; `against`: what contradicts it.  `bare`: a reference statement with no field that could
    support it; `hollow`: FORMAT lists such fields, and the column has none of them.  `filtered`: the filters that the
    record did not pass.  `unread`: indices that no read shows.  `more`: the further alleles of a GT of more than two.
    `copies`: FORMAT/CN.  `length`: FORMAT/LEN.  `set_aside`: a heterozygous call is phased in the file, and the options
    say not to believe it.
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
    more: tuple[int, ...] | None = None
    length: int | None = None
    against: Notice | None = None
    hollow: bool = False
    copies: int | None = None
    set_aside: bool = False

    @property
    def is_clear_reference(self) -> bool:
        """Whether it states reference on two haplotypes, can be trusted, and has nothing to be noted."""
        return (
            self.haplotypes == (0, 0)
            and self.weak is None
            and self.against is None
            and not (self.filtered or self.hollow or self.fractions or self.copies is not None)
        )

    @property
    def doubt(self) -> Notice | None:
        """Why it cannot be trusted."""
        return self.weak or self.against


#: `0/0` in a file whose FORMAT is GT alone: by far the most frequent call, and one shared value.
PLAIN_REFERENCE: Final = Call((0, 0), bare=True)


@dataclass(frozen=True, slots=True)
class QuickFields:
    """Where a plain reference call is read in a column of one record, to which a `.` was appended for what it lacks.

    `width`: how many values a column must have.  `names`, `support`: the fields of `Support` but PL that count,
    and their texts.  `likelihoods`, `quality`, `filters`, `phase_set`, `phase_sets`: the places of PL, GQ, FT, PS, PSL.
    `reads`: that of AD, if FORMAT has fields that would count instead, else that of GT.  `carried`: whether FORMAT
    lists what a caller of reads fills.
    """

    width: int
    names: tuple[str, ...]
    support: Callable[[Sequence[str]], tuple[str, ...]]
    likelihoods: int
    quality: int
    filters: int
    phase_set: int
    phase_sets: int
    reads: int
    carried: bool


#: A field that says nothing of a reference call.
_OF_VARIANTS: Final = frozenset({"AF"})
#: Fields of support to stand for those that FORMAT lacks: two are looked up at least.
_UNLISTED: Final = ("DP", "GQ")


@lru_cache(maxsize=64)  # a file has few kinds of records
def _layout(keys: tuple[str, ...], chromosome: str) -> tuple[Mapping[str, int], QuickFields | None]:
    """The place of every FORMAT key, and those of a plain reference call.

    None where such a call depends on more (shares of reads on chrM, FORMAT/LEN).
    """
    at = {key: place for place, key in enumerate(keys)}
    if chromosome == "chrM" or "LEN" in at or "CN" in at or at.get("GT") != 0:
        return at, None
    instead = INSTEAD_OF_AD.intersection(at) - _OF_VARIANTS
    unused = {"PL", *_OF_VARIANTS, *(instead if "AD" in at else ())}
    own = [key for key in SUPPORT if key in at and key not in unused]
    if len(own) < len(_UNLISTED):
        own += [key for key in _UNLISTED if key not in at]
    return at, QuickFields(
        width=max(at.get(key, -1) for key in (*own, "PL", "FT", "PS", "PSL")) + 1,
        names=tuple(key.lower() for key in own),
        support=itemgetter(*(at.get(key, -1) for key in own)),
        likelihoods=at.get("PL", -1),
        quality=at.get("GQ", -1),
        filters=at.get("FT", -1),
        phase_set=at.get("PS", -1),
        phase_sets=at.get("PSL", -1),
        reads=at.get("AD", 0) if instead else 0,
        carried=not CARRIED.isdisjoint(at),
    )


@dataclass(frozen=True, slots=True)
class RecordView:
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
    haplotypes, quick = REFERENCES.get(values[0]), record.quick
    if haplotypes is None or quick is None or len(values) < quick.width:
        return None
    values.append(".")  # which says nothing, whatever FORMAT has in its place
    if values[quick.filters] not in PASSING or values[quick.reads] in NO_READS:
        return None
    phase = None
    if values[0] == "0|0" and options.phase != "ignore":
        if values[quick.phase_set] not in MISSING or values[quick.phase_sets] not in MISSING:
            return None
        phase = record.chromosome if options.phase == "trust" else None
    likelihoods = values[quick.likelihoods]
    if likelihoods[:2] == "0," and values[quick.quality] not in MISSING:
        likelihoods = "."  # nothing to add, and other ones in every column
    call = _judged(
        haplotypes,
        phase,
        quick.names,
        quick.support(values),
        likelihoods,
        options.min_dp,
        options.min_gq,
        options.min_gp,
        options.max_other_reads,
        len(record.record.alts),
    )
    if call.bare and quick.carried:
        call = call._replace(hollow=True)
    if record.filtered and record.filtered not in _REFERENCE_CALLS:
        call = call._replace(filtered=record.filtered)
    return call


@lru_cache(maxsize=_VERDICTS)
def _judged(  # the parts of the limits one by one: to put them together takes as long as all the rest
    haplotypes: tuple[int, ...],
    phase: str | None,
    names: tuple[str, ...],
    texts: tuple[str, ...],
    likelihoods: str,
    min_dp: int,
    min_gq: int,
    min_gp: float,
    max_other_reads: float,
    alts: int,
) -> Call:
    """The reference call that a column with these texts of support makes."""
    support = NOT_STATED._replace(pl=likelihoods, **dict(zip(names, texts, strict=True)))
    limits = Limits(min_dp, min_gq, min_gp, max_other_reads, 0.0)
    weak, against, bare = verdict(haplotypes, support, limits, alleles=alts + 1)
    quality = _first_number([support.gq, support.rgq, support.gqx])
    return Call(haplotypes, phase, weak=weak, against=against, bare=bare, quality=quality)


def _told(support: Support) -> Support:
    """Without likelihoods of a reference call that add nothing to its stated quality."""
    return support._replace(pl=".") if support.pl[:2] == "0," and support.gq not in MISSING else support


def _call_at_length(record: RecordView, values: Sequence[str], options: Options) -> Call:
    fields = {key: values[at] for key, at in record.keys.items() if at < len(values) and values[at] not in MISSING}
    haplotypes, bar, more = _genotype(record, fields.get("GT", "."))
    haplotypes, phase, explicit = _phase(record.chromosome, haplotypes, bar, fields, options)
    filtered = ", ".join(filter(None, (record.filtered, failed_filters(fields.get("FT", "")))))
    mitochondrial = record.chromosome == "chrM"
    is_reference = haplotypes in _ALL_REFERENCE
    support = Support(*(fields.get(key, ".") for key in SUPPORT))
    support = _told(support) if is_reference else support
    alleles = len(record.record.alts) + 1
    weak, against, bare = verdict(haplotypes, support, limits_of(options), alleles=alleles, balance=not mitochondrial)
    stated = any(haplotype is not None for haplotype in haplotypes)
    if is_reference and filtered in _REFERENCE_CALLS:
        filtered = ""
    return Call(
        haplotypes=haplotypes,
        phase=phase,
        explicit=explicit,
        weak=_MORE if more is not None else weak if stated else None,
        bare=bare and is_reference,
        filtered=filtered,
        quality=_first_number(fields.get(key) for key in _QUALITIES),
        unread=frozenset() if mitochondrial else _unread(support, haplotypes, alleles),
        fractions=_fractions(support, haplotypes, alleles) if mitochondrial else (),
        more=more,
        length=_first_number([fields.get("LEN")]),
        against=against if stated else None,
        hollow=bare and stated and not CARRIED.isdisjoint(record.keys),
        copies=_first_number([fields.get("CN")]),
        set_aside=phase is None
        and options.phase != "trust"
        and (bar == "|" or "PGT" in fields)
        and len({*haplotypes}) > 1,
    )


def _genotype(record: RecordView, text: str) -> tuple[tuple[int | None, ...], str, tuple[int, ...] | None]:
    """(the alleles, what stands between the first two, None); of a GT of more than two alleles no call, but the ALTs.

    Then the haplotypes are the first ALT and an unknown one, and the last value is every other ALT.
    """
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
    if len(parts) <= 2:
        return tuple(haplotypes), between, None
    seen = sorted({haplotype for haplotype in haplotypes if haplotype})
    return ((seen[0] if seen else None), None), "/", tuple(seen[1:])


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
        if named is None and not MISSING.issuperset(sets := fields.get("PSL", ".").split(",")):
            return haplotypes, _one_set(chromosome, sets, len(haplotypes)), True
        if named is not None:
            return haplotypes, f"{chromosome}:{named}", True
        return haplotypes, chromosome if options.phase == "trust" else None, False
    order, group = fields.get("PGT"), fields.get("PID")
    if group is not None and order in {"0|1", "1|0"} and 0 in haplotypes and any(haplotypes):
        other = next(haplotype for haplotype in haplotypes if haplotype)
        return ((0, other) if order == "0|1" else (other, 0)), f"{chromosome}:{group}", True
    return haplotypes, None, False


def _one_set(chromosome: str, names: Sequence[str], ploidy: int) -> str | None:
    """The phase set in which PSL puts all alleles; None when it names several: sets are never joined."""
    alone = len(set(names)) == 1 and len(names) == ploidy and names[0] not in MISSING
    return f"{chromosome}:{names[0]}" if alone else None


def _unread(support: Support, haplotypes: Haplotypes, alleles: int) -> frozenset[int]:
    """The stated alleles that have no read, where two different ones are stated."""
    stated = {haplotype for haplotype in haplotypes if haplotype is not None}
    reads = reads_of(support, haplotypes, alleles) if len(stated) > 1 else None
    return frozenset() if reads is None else frozenset(allele for allele in stated if reads.of(allele) == 0)


def _fractions(support: Support, haplotypes: Haplotypes, alleles: int) -> tuple[tuple[int, float], ...]:
    """The share of the reads of every ALT, stated or not: AF of as many numbers, else from the reads of each."""
    shares: Sequence[float | None] = numbers(support.af)
    if len(shares) != alleles - 1 or support.af in MISSING:
        reads = reads_of(support, haplotypes, alleles)
        if reads is None or reads.total <= 0 or (reads.pooled and alleles != 2):
            return ()
        shares = [None if count is None else count / reads.total for count in reads.counts[1:]]
    return tuple((index, share) for index, share in enumerate(shares, 1) if share is not None)


def _first_number(texts: Iterable[str | None]) -> int | None:
    return next((int(value) for text in texts if (value := number(text)) is not None), None)
