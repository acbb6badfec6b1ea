"""The dosing formulas of the International Warfarin Pharmacogenetics Consortium, as published; plain arithmetic.

Source: N Engl J Med 2009;360:753-764 (PMID 19228618), Supplementary Appendix, sections S1e (pharmacogenetic) and S1f
(clinical): both give the square root of the weekly maintenance dose in mg.  Section S4: linked sites of VKORC1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starling.values import dataclass

SOURCE: Final = "IWPC, N Engl J Med 2009;360:753 (PMID 19228618)"

#: Medicines that the formulas count as enzyme inducers.
ENZYME_INDUCERS: Final = ("carbamazepine", "phenytoin", "rifampicin")

VKORC1_TERMS: Final[Mapping[str | None, float]] = {"G/G": 0.0, "A/G": -0.8677, "A/A": -1.6974, None: -0.4854}
CYP2C9_TERMS: Final[Mapping[str | None, float]] = {
    "*1/*1": 0.0,
    "*1/*2": -0.5211,
    "*1/*3": -0.9357,
    "*2/*2": -1.0616,
    "*2/*3": -1.9206,
    "*3/*3": -2.3312,
    None: -0.2188,
}
PHARMACOGENETIC_ANCESTRY: Final[Mapping[str, float]] = {
    "white": 0.0,
    "asian": -0.1092,
    "black": -0.2760,
    "unknown": -0.1032,
}
CLINICAL_ANCESTRY: Final[Mapping[str, float]] = {"white": 0.0, "asian": -0.6752, "black": 0.4060, "unknown": 0.0443}

#: linked site -> its genotype on the gene's own strand -> rs9923231 on the gene's own strand (-1639G>A)
LINKED: Final[Mapping[str, Mapping[str, str]]] = {
    "rs2359612": {"C/C": "G/G", "C/T": "A/G", "T/T": "A/A"},
    "rs9934438": {"C/C": "G/G", "C/T": "A/G", "T/T": "A/A"},
    "rs8050894": {"G/G": "G/G", "C/G": "A/G", "C/C": "A/A"},
}
#: Linked sites that stand for rs9923231 only outside African and unknown or mixed ancestry, where linkage is weaker.
RACE_CONDITIONAL: Final = frozenset({"rs2359612", "rs8050894"})


@dataclass(frozen=True, slots=True)
class Person:
    """What the formulas take.  `age_decade`: whole decades (67 years: 6); an unknown ancestry is `unknown`."""

    age_decade: float
    height_cm: float
    weight_kg: float
    ancestry: str = "unknown"
    amiodarone: bool = False
    enzyme_inducer: bool = False


def pharmacogenetic(person: Person, cyp2c9: str | None, vkorc1: str | None) -> float:
    """The weekly dose in mg by the pharmacogenetic formula; genotypes on the gene's strand, None when unknown.

    Source: PMID 19228618, appendix S1e.

    >>> round(pharmacogenetic(Person(6, 175, 80, "white"), "*1/*1", "G/G"), 1)  # wild type at both genes
    43.3
    """
    root = (
        5.6044
        - 0.2614 * person.age_decade
        + 0.0087 * person.height_cm
        + 0.0128 * person.weight_kg
        + VKORC1_TERMS[vkorc1]
        + CYP2C9_TERMS[cyp2c9]
        + PHARMACOGENETIC_ANCESTRY[person.ancestry]
        + 1.1816 * person.enzyme_inducer
        - 0.5503 * person.amiodarone
    )
    return max(root, 0.0) ** 2


def clinical(person: Person) -> float:
    """The weekly dose in mg by the clinical formula, without genotype.

    Source: PMID 19228618, appendix S1f.
    """
    root = (
        4.0376
        - 0.2546 * person.age_decade
        + 0.0118 * person.height_cm
        + 0.0134 * person.weight_kg
        + CLINICAL_ANCESTRY[person.ancestry]
        + 1.2799 * person.enzyme_inducer
        - 0.5695 * person.amiodarone
    )
    return max(root, 0.0) ** 2


def is_weak(site: str, ancestry: str) -> bool:
    """Whether a linked site may not stand for rs9923231 in people of this ancestry.

    Source: PMID 19228618, appendix S4.

    >>> is_weak("rs8050894", "unknown"), is_weak("rs8050894", "white"), is_weak("rs9934438", "unknown")
    (True, False, False)
    """
    return site in RACE_CONDITIONAL and ancestry in {"black", "unknown"}


def vkorc1_from_linked(sites: Mapping[str, str], ancestry: str) -> tuple[str, str] | None:
    """rs9923231 derived from a called linked site, and that site's name; None when none may stand for it.

    The order is the appendix's.  Two of the three sites count only where ancestry is known and not African.
    Source: PMID 19228618, appendix S4.

    >>> vkorc1_from_linked({"rs9934438": "C/T"}, "unknown")  # 1173C>T is in nearly complete linkage everywhere
    ('A/G', 'rs9934438')
    """
    for site, meanings in LINKED.items():
        if is_weak(site, ancestry):
            continue
        derived = meanings.get(sites.get(site, ""))
        if derived is not None:
            return derived, site
    return None
