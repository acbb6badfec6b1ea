"""What a record tells of its samples beside their genotypes: reads that stand in INFO, and whether there are any."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from starling.formats.record import Record

#: FORMAT fields that say how many reads show which allele.
READS: Final = frozenset(
    {"AD", "RD", "CGA_RDP", "RO", "AO", "NR", "NV", "ADF", "ADR", "DPR", "CLCAD2", "DP4", "DV"}
    | {"VAF", "VAF1", "FREQ", "AF"}
)
#: The fields that a caller of reads fills for whatever it calls; one of them is enough.
CARRIED: Final = frozenset({"MIN_DP", "DP", "GQ", "RGQ", "GQX", "AD", "RO", "NR"})
MISSING: Final = frozenset({".", ""})
#: What a column has in place of reads where it states none; the longer ones for two and three alleles.
NO_READS: Final = MISSING | {".,.", ".,.,."}
_TWO_COPIES: Final = MISSING | {"2"}
#: ALTs that stand for any other allele: a record that counts copies says nothing of bases.
_ANY: Final = frozenset({"<NON_REF>", "<*>", "<X>"})


def with_reads(record: Record) -> Record:
    """A record of a file of one person with what INFO says of the reads of its sample, where FORMAT says nothing.

    Source: VCF v4.5, section 1.6.1.8: INFO/DP is the depth over all samples; bcftools 1.20 mpileup: INFO/DP4.
    """
    if "DP=" in record.info and "DP" not in record.format and "MIN_DP" not in record.format:
        record = _with_field(record, "DP", 1)
    if "DP4=" in record.info and READS.isdisjoint(record.format):
        record = _with_field(record, "DP4", 4)
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


def _with_field(record: Record, key: str, length: int) -> Record:
    """The same with a field of INFO, that many whole numbers, as one of its FORMAT."""
    begin = f"{key}="
    text = next((field[len(begin) :] for field in record.info.split(";") if field.startswith(begin)), "")
    parts = text.split(",")
    if len(parts) != length or not all(part.isascii() and part.isdigit() for part in parts):
        return record
    values = record.columns[0].split(":")
    values += ["."] * (len(record.format) - len(values))
    return record._replace(format=_and(record.format, key), columns=(":".join((*values, text)),))


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
