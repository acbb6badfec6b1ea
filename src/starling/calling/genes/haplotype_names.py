"""Haplotypes that hold several variants, as text: `[c.557A>G + c.2846A>T]`, and which of them decides.

Only genes read variant by variant write haplotypes so; the variant of lowest function on a haplotype decides.
Source: CPIC fluoropyrimidines (PMID 29152729), CPIC volatile anaesthetics (PMID 30499100).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from starling.calling.genes import dpyd, ryr1
from starling.calling.genes.lowest_function import Severity
from starling.definitions import GeneDefinition

#: Calling rule of a gene read variant by variant -> how low the function of an allele is.
_SEVERITIES: Final[Mapping[str, Severity]] = MappingProxyType(
    {"hapb3": dpyd.severity, "variant_by_variant": ryr1.severity}
)
#: A plus sign within a name (`c.1905+1G>A`) stands without spaces before a number.
_PLUS: Final = re.compile(r"\s+\+\s*|\s*\+\s+|\+(?=c\.)")


def parts_of(text: str, definition: GeneDefinition) -> tuple[str, ...]:
    """The names within the brackets of a haplotype; the text alone when it is one name."""
    plain = text.strip().removeprefix(definition.gene).strip()
    if definition.rule not in _SEVERITIES or not (plain.startswith("[") and plain.endswith("]")):
        return (text,)
    return tuple(part.strip() for part in _PLUS.split(plain[1:-1]))


def lowest_of(names: Sequence[str], definition: GeneDefinition) -> str:
    """The name whose function is lowest, in table order among equals.

    Raises: KeyError when haplotypes of the gene are not written so, or the definition lists no such allele.
    """
    severity = _SEVERITIES[definition.rule]
    listed = {allele.name: (severity(allele), place) for place, allele in enumerate(definition.alleles)}
    return min(names, key=listed.__getitem__)
