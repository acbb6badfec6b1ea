"""HLA-A and HLA-B, from typing by another laboratory: which risk alleles are present.

Positive needs the allele itself, at two fields and expressed.  Negative needs two alleles, both known at two fields.
Whatever could contain a risk allele (one field, a G or P group of its name, an ambiguity code) is a no-call for it.
Source: IPD-IMGT/HLA nomenclature; CPIC HLA guidelines PMID 22378157 and PMID 29392710.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from starling.values import dataclass
from starling.vocabulary import Evidence, GeneCall, Presence, Undetermined

#: Risk alleles by gene, as guideline keys name them.
RISK_ALLELES: Final[dict[str, tuple[str, ...]]] = {
    "HLA-A": ("*31:01",),
    "HLA-B": ("*15:02", "*15:11", "*57:01", "*58:01"),
}
#: Two fields without the colon between them, as before 2010 (`B*5701`).  Source: IPD-IMGT/HLA, naming conventions.
_WITHOUT_COLON: Final = r"((?:HLA[- ]?)?(?:[AB][* -]?|\*)?\d{2})(\d{2})([NLSCAQGP]?)"
#: First fields of each gene; none exists in both.  Source: IPD-IMGT/HLA.
_FIRST_FIELDS_A: Final = "01 02 03 11 23 24 25 26 29 30 31 32 33 34 36 43 66 68 69 74 80"
_FIRST_FIELDS_B: Final = (
    "07 08 13 14 15 18 27 35 37 38 39 40 41 42 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 67 73 78 81 82 83"
)
_OTHER_FIRST_FIELDS: Final[dict[str, frozenset[str]]] = {
    "HLA-A": frozenset(_FIRST_FIELDS_B.split()),
    "HLA-B": frozenset(_FIRST_FIELDS_A.split()),
}

_NAME: Final = (
    r"(?:HLA[- ]?)?(?:(?P<gene>[AB])[* -]?|\*)?(?P<first>\d{1,3})(?::(?P<second>\d{2,4}|[A-Z]{2,8}))?"
    r"(?P<rest>(?::\d{2,4}){0,2})(?P<suffix>[NLSCAQGP]?)"
)


@dataclass(frozen=True, slots=True)
class HlaAllele:
    """A typed allele: two fields kept; `second` is empty where it is not known to two fields.

    `expressed`: False for suffix N.  `group`: a G or P group, named after one of its members.  `gene`: empty where the
    name does not say it.
    """

    first: str
    second: str
    expressed: bool = True
    group: bool = False
    gene: str = ""

    def __str__(self) -> str:
        return f"*{self.first}:{self.second}" if self.second else f"*{self.first}"


def parse_hla(name: str) -> HlaAllele | None:
    """The allele that `name` states; None when it is no HLA-A or HLA-B name.

    >>> str(parse_hla("HLA-B*57:01:01"))  # the third field changes no protein
    '*57:01'
    """
    match = re.fullmatch(_NAME, _with_colon(name.strip().upper()))
    if match is None:
        return None
    second = match["second"] or ""
    suffix = match["suffix"]
    return HlaAllele(
        first=match["first"].zfill(2),
        second=second if second.isdigit() else "",
        expressed=suffix != "N",
        group=suffix in {"G", "P"} and bool(second),
        gene=f"HLA-{match['gene']}" if match["gene"] else "",
    )


def _with_colon(name: str) -> str:
    old = re.fullmatch(_WITHOUT_COLON, name)
    return f"{old[1]}:{old[2]}{old[3]}" if old else name


def presence_of(gene: str, names: Sequence[str]) -> tuple[tuple[str, Presence], ...]:
    """Every risk allele of `gene` as positive, negative or nocall, from what typing named.

    >>> dict(presence_of("HLA-A", ["*31:01", "*02:01"]))  # a carrier, whatever the other allele
    {'*31:01': 'positive'}
    """
    named = [parse_hla(name) for name in names]
    typed = [None if allele is None or _is_foreign(gene, allele) else allele for allele in named]
    return tuple((risk, _presence(risk, typed)) for risk in RISK_ALLELES.get(gene, ()))


def is_of_other_gene(gene: str, name: str) -> bool:
    """Whether `name`, typed under `gene`, is an allele of the other HLA gene, by its prefix or its first field.

    >>> is_of_other_gene("HLA-B", "*31:01")  # there is no HLA-B*31
    True
    """
    allele = parse_hla(name)
    return allele is not None and _is_foreign(gene, allele)


def _is_foreign(gene: str, allele: HlaAllele) -> bool:
    return allele.gene not in {"", gene} or allele.first in _OTHER_FIRST_FIELDS.get(gene, frozenset())


def not_tested(gene: str) -> GeneCall:
    """The call of an HLA gene that nobody typed: nothing is known, and nothing is negative."""
    nocalls: tuple[tuple[str, Presence], ...] = tuple((risk, "nocall") for risk in RISK_ALLELES.get(gene, ()))
    return GeneCall(gene, Undetermined("NOT_TESTED"), Evidence(presence=nocalls))


def _presence(risk: str, typed: Sequence[HlaAllele | None]) -> Presence:
    known = [allele for allele in typed if allele is not None]
    if any(str(allele) == risk and allele.expressed and not allele.group for allele in known):
        return "positive"
    excludes = [allele for allele in known if allele.second and not (allele.group and str(allele) == risk)]
    return "negative" if len(excludes) == 2 == len(typed) else "nocall"
