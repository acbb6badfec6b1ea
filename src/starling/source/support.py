"""What a record tells of its samples beside their genotypes: reads that stand in INFO, and whether there are any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from starling.formats.record import Record
from starling.source.normalise import COMPLEMENT
from starling.values import dataclass

#: FORMAT fields that say how many reads show which allele.
READS: Final = frozenset(
    {"AD", "RD", "CGA_RDP", "RO", "AO", "NR", "NV", "ADF", "ADR", "DPR", "CLCAD2", "DP4", "DV"}
    | {"VAF", "VAF1", "FREQ", "AF", "FRO", "FAO", "FQ"}
)
#: Digits of a number of reads: no more have a meaning, and Python refuses to read thousands of them.
_LONGEST_COUNT: Final = 12
#: The fields that a caller of reads fills for whatever it calls; one of them is enough.
CARRIED: Final = frozenset({"MIN_DP", "DP", "FDP", "GQ", "RGQ", "GQX", "AD", "RO", "FRO", "NR"})
MISSING: Final = frozenset({".", ""})
#: What a column has in place of reads where it states none; the longer ones for two and three alleles.
NO_READS: Final = MISSING | {".,.", ".,.,."}
_TWO_COPIES: Final = MISSING | {"2"}
#: ALTs that stand for any other allele: a record that counts copies says nothing of bases.
_ANY: Final = frozenset({"<NON_REF>", "<*>", "<X>"})


@dataclass(frozen=True, slots=True)
class _OfInfo:
    """A field of INFO that holds what FORMAT could: its key there, how many numbers (of so many alleles), their text.

    `beside`: FORMAT fields of which one says it already; `by`: those by which the caller is known (empty: any).
    """

    key: str
    count: Callable[[int], int]
    text: Callable[[list[str]], str]
    beside: frozenset[str]
    by: frozenset[str] = frozenset()


def _by_strand(numbers: list[str]) -> str:
    """REF forward, REF reverse, first ALT forward, ... -> the reads of each allele."""
    return ",".join(str(int(one) + int(other)) for one, other in zip(numbers[::2], numbers[1::2], strict=True))


#: Source: VCF v4.5, section 1.6.1.8 (DP: the depth over all samples); bcftools 1.20 mpileup (DP4); the INFO
#: line that `medaka tools annotate` writes (SR: spanning reads by strand which best align to each allele; read in files
#: of pipelines that run it, no version of it was run); longshot 0.4, its VCF header
#: (AC: observations of each allele, REF among them; its FORMAT has UG and UQ, and with all others AC counts alleles).
_OF_INFO: Final[Mapping[str, _OfInfo]] = {
    "DP=": _OfInfo("DP", lambda _: 1, ",".join, frozenset({"DP", "MIN_DP"})),
    "DP4=": _OfInfo("DP4", lambda _: 4, ",".join, READS),
    "SR=": _OfInfo("AD", lambda alleles: 2 * alleles, _by_strand, READS),
    "AC=": _OfInfo("AD", lambda alleles: alleles, ",".join, READS, frozenset({"UG", "UQ"})),
}
#: Fields by which a header shows that its file states the reads of each allele, in FORMAT or in INFO.
STATING_READS: Final = READS | {"SR", "UG"}


def with_reads(record: Record) -> Record:
    """A record of a file of one person with what INFO says of the reads of its sample, where FORMAT says nothing."""
    if "=" not in record.info:
        return record
    for begin, field in _OF_INFO.items():
        if begin in record.info and field.beside.isdisjoint(record.format) and field.by.issubset(record.format):
            record = _with_field(record, begin, field)
    return record


def counted_copies(record: Record, chromosome: str) -> Record | None:
    """A record that counts copies and states no genotype, as one whose GT is empty; None where nobody has but two.

    The count of a stretch on X, Y or M depends on the sex or on the cell, and is no reservation.
    Source: VCF v4.5, section 3 (CN); Canvas (RC:BC:CN, no GT), DRAGEN and GATK (segments without ALT, `0/0` and CN).
    """
    if "CN" not in record.format or not chromosome.removeprefix("chr").isdigit():
        return None
    place = record.format.index("CN")
    counts = [(*column.split(":"), *("." for _ in record.format))[place] for column in record.columns]
    if _TWO_COPIES.issuperset(counts):
        return None
    alts = record.alts if record.alts and all(alt[:1] == "<" and alt not in _ANY for alt in record.alts) else ("<CNV>",)
    return record._replace(format=("GT", "CN"), columns=tuple([f"./.:{count}" for count in counts]), alts=alts)


def _with_field(record: Record, begin: str, field: _OfInfo) -> Record:
    """The same with a field of INFO, as many whole numbers as it has, as one of its FORMAT."""
    text = next((each[len(begin) :] for each in record.info.split(";") if each.startswith(begin)), "")
    numbers = text.split(",")
    if len(numbers) != field.count(1 + len(record.alts)) or not all(map(_is_count, numbers)):
        return record
    values = record.columns[0].split(":")
    values += ["."] * (len(record.format) - len(values))
    return record._replace(format=_and(record.format, field.key), columns=(":".join((*values, field.text(numbers))),))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_COUNT


@lru_cache(maxsize=64)  # a file has few kinds of records
def _and(keys: tuple[str, ...], key: str) -> tuple[str, ...]:
    return (*keys, key)


def carries_support(record: Record) -> bool:
    """Whether some column has a depth or a quality."""
    places = [place for place, key in enumerate(record.format) if key in CARRIED]
    if not places:
        return False
    columns = (column.split(":") for column in record.columns)
    return any(place < len(values) and values[place] not in NO_READS for values in columns for place in places)


_EXCHANGED: Final = str.maketrans("01", "10")


def is_provisional(record: Record) -> bool:
    """Whether PLINK marks that it does not know which allele is the reference (PR): its genotypes are right."""
    return record.info.endswith("PR") and "PR" in record.info.split(";")


def with_reference(record: Record, reference: str | None) -> Record:
    """A record of PLINK's with the genome's base at its place as REF, where it has it as the ALT, or has no ALT.

    What looks alike on both strands (A with T, C with G) stays as it is: its strand is not proved either.
    Source: PLINK 1.9 and 2.0, VCF export (PR; REF is the second allele of the .bim, which is often the commoner one).
    """
    known = {record.ref, *record.alts}
    if reference is None or record.ref == reference or record.format != ("GT",) or len(record.ref) != 1:
        return record
    if record.alts not in {(), (reference,)} or record.ref.translate(COMPLEMENT) in known | {reference}:
        return record
    columns = tuple(column.translate(_EXCHANGED) for column in record.columns)
    return record._replace(ref=reference, alts=(record.ref,), columns=columns)
