"""What a record tells of its samples beside their genotypes: a depth that stands in INFO, and whether there is any."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from starling.formats.record import Record

#: The fields that a caller of reads fills for whatever it calls; one of them is enough.
CARRIED: Final = frozenset({"MIN_DP", "DP", "GQ", "RGQ", "GQX"})
MISSING: Final = frozenset({".", ""})


def with_depth(record: Record) -> Record:
    """A record of a file of one person with INFO/DP as the depth of its sample, where FORMAT has none.

    Source: VCF v4.5, section 1.6.1.8: INFO/DP is the depth over all samples.
    """
    if "DP=" not in record.info or "DP" in record.format or "MIN_DP" in record.format:
        return record
    depth = next((field[3:] for field in record.info.split(";") if field.startswith("DP=")), "")
    if not (depth.isascii() and depth.isdigit()):
        return record
    values = record.columns[0].split(":")
    values += ["."] * (len(record.format) - len(values))
    return record._replace(format=_and_depth(record.format), columns=(":".join((*values, depth)),))


@lru_cache(maxsize=64)  # a file has few kinds of records
def _and_depth(keys: tuple[str, ...]) -> tuple[str, ...]:
    return (*keys, "DP")


def carries_support(record: Record) -> bool:
    """Whether some column has a depth or a quality."""
    places = [place for place, key in enumerate(record.format) if key in CARRIED]
    if not places:
        return False
    columns = (column.split(":") for column in record.columns)
    return any(place < len(values) and values[place] not in MISSING for values in columns for place in places)
