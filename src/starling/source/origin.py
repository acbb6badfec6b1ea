"""How a file came about, as its header tells: imputed, or lifted over from another build.

Source: Minimac4, Beagle, IMPUTE5 and GLIMPSE (DS, HDS, AP1, IMP, IMPUTED, DR2, R2); CrossMap (liftOverChainFile), GATK
LiftoverVcf (OriginalContig, SwappedAlleles), bcftools +liftover (SRC_CHROM, SRC_POS, SRC_REF_ALT), transanno
(ORIGINAL_REF), levioSAM (its name).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from starling.formats.header import Header

_DOSAGES: Final = frozenset({"DS", "HDS", "AP1", "AP2"})
_IMPUTED: Final = frozenset({"IMP", "IMPUTED", "DR2", "ER2"})
#: Fields of a caller that looked at reads: GP beside them is its own posterior.
_OF_READS: Final = frozenset({"AD", "DP", "PL", "GL", "GQ"})
_LIFTED: Final = frozenset(
    {"OriginalContig", "OriginalStart", "OriginalAlleles", "SwappedAlleles", "ReverseComplementedAlleles"}
    | {"ORIGINAL_REF"}
)
_LIFTED_FROM: Final = "SRC_"
_LIFTING: Final = ("liftover", "crossmap", ".chain", "transanno", "leviosam")


def is_imputed(header: Header) -> bool:
    """Whether genotypes were imputed: then GT is a rounded dosage, and GP or DS says how sure it is."""
    formats, infos = _names(header, "FORMAT"), _names(header, "INFO")
    probabilities = "GP" in formats and formats.isdisjoint(_OF_READS)
    return probabilities or not formats.isdisjoint(_DOSAGES) or not infos.isdisjoint(_IMPUTED)


def is_lifted(header: Header) -> bool:
    """Whether positions were lifted over from another build: a site whose REF differs there may lack its record."""
    infos = _names(header, "INFO")
    if not infos.isdisjoint(_LIFTED) or any(name.startswith(_LIFTED_FROM) for name in infos):
        return True
    return any(word in text for text in _texts(header) for word in _LIFTING)


def _names(header: Header, key: str) -> frozenset[str]:
    """The IDs that the header declares."""
    values = (value.removeprefix("<") for value in header.meta.get(key, ()))
    return frozenset(value.partition("ID=")[2].partition(",")[0].strip("<> ") for value in values)


def _texts(header: Header) -> Iterator[str]:
    """What the header says of how the file was made: every line but the declarations."""
    for key, values in header.meta.items():
        if key not in {"FORMAT", "INFO", "FILTER", "ALT"}:
            yield from (f"{key}={value}".casefold() for value in values)
