"""The table of the International Warfarin Pharmacogenetics Consortium -> the cohort a model is trained on.

Read with the rules of the consortium's own analysis (PMID 19228618, appendix S4) for VKORC1.  Nothing recorded after
dosing is ever a feature: the INR on the final dose, above all, is not read at all.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

from starling.dosing.formulas import CYP2C9_TERMS, LINKED, vkorc1_from_linked
from starling.runtime.inputs import Value

ANCESTRY: Final = {"White": "white", "Asian": "asian", "Black or African American": "black", "Unknown": "unknown"}
SITES: Final = {"rs2359612": "VKORC1 2255", "rs9934438": "VKORC1 1173", "rs8050894": "VKORC1 1542"}
INDUCERS: Final = ("Carbamazepine (Tegretol)", "Phenytoin (Dilantin)", "Rifampin or Rifampicin")


@dataclass(frozen=True, slots=True)
class Case:
    """One patient: hospital, stable weekly dose in mg, and the factors of the model (None: not recorded)."""

    site: int
    dose: float | None
    stable: bool
    sex: str
    factors: Mapping[str, Value | None]
    rare_cyp2c9: bool


def read_cases(path: Path) -> tuple[Case, ...]:
    """Every patient of the table, in file order."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        return tuple(map(_case, csv.DictReader(handle, delimiter="\t")))


def digest_of(path: Path) -> str:
    """SHA-256 of the table as distributed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cohort(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The patients with a stable dose, an age and both genotypes (CYP2C9 outside *1, *2, *3 enters as *1).

    Height and weight that were not recorded are set to the median of the same sex and ancestry: in training only.
    """
    every = tuple(cases)
    chosen = [case for case in every if _is_usable(case)]
    fill = {name: _medians(every, name) for name in ("height_cm", "weight_kg")}
    return tuple(_filled(case, fill) for case in chosen)


def _is_usable(case: Case) -> bool:
    needed = ("age_decade", "cyp2c9", "vkorc1")
    return case.stable and case.dose is not None and all(case.factors[name] is not None for name in needed)


def _medians(cases: Iterable[Case], name: str) -> dict[tuple[str, str] | None, float]:
    groups: dict[tuple[str, str] | None, list[float]] = {None: []}
    for case in cases:
        value = case.factors[name]
        if value is not None:
            groups[None].append(float(value))
            groups.setdefault((case.sex, str(case.factors["ancestry"])), []).append(float(value))
    return {group: median(values) for group, values in groups.items()}


def _filled(case: Case, fill: Mapping[str, Mapping[tuple[str, str] | None, float]]) -> Case:
    group = (case.sex, str(case.factors["ancestry"]))
    filled = {name: table.get(group, table[None]) for name, table in fill.items() if case.factors[name] is None}
    return replace(case, factors={**case.factors, **filled})


def _case(row: Mapping[str, str]) -> Case:
    ancestry = ANCESTRY[row["Race (OMB)"]]
    cyp2c9 = row["CYP2C9 consensus"] or None
    rare = cyp2c9 is not None and cyp2c9 not in CYP2C9_TERMS
    factors: dict[str, Value | None] = {
        "age_decade": float(row["Age"][0]) if row["Age"] else None,
        "height_cm": _number(row["Height (cm)"]),
        "weight_kg": _number(row["Weight (kg)"]),
        "vkorc1": _vkorc1(row, ancestry),
        "cyp2c9": _common(cyp2c9) if cyp2c9 else None,
        "ancestry": ancestry,
        "amiodarone": _yes(row["Amiodarone (Cordarone)"]),
        "enzyme_inducer": "yes" if "yes" in {_yes(row[name]) for name in INDUCERS} else "no",
        "smoker": _yes(row["Current Smoker"]),
        "indication": _indication(row["Indication for Warfarin Treatment"]),
    }
    stable = _number(row["Subject Reached Stable Dose of Warfarin"]) == 1.0
    dose = _number(row["Therapeutic Dose of Warfarin"])
    return Case(int(row["Project Site"]), dose, stable, row["Gender"], factors, rare)


def _common(diplotype: str) -> str:
    """The diplotype with every allele outside *1, *2, *3 as *1."""
    alleles = sorted(allele if allele in {"*2", "*3"} else "*1" for allele in diplotype.split("/"))
    return "/".join(alleles)


def _vkorc1(row: Mapping[str, str], ancestry: str) -> str | None:
    """-1639G>A as genotyped, else from a linked site by the appendix's race-conditional rules."""
    called = row["VKORC1 -1639 consensus"]
    if called:
        return called
    sites = {site: row[f"{SITES[site]} consensus"] for site in LINKED}
    derived = vkorc1_from_linked(sites, ancestry)
    return derived[0] if derived else None


def _indication(text: str) -> str:
    """One word for the coded indications: a valve before a thrombosis before atrial fibrillation.

    Codes of the table: 1 deep vein thrombosis, 2 pulmonary embolism, 3 atrial fibrillation, 4 heart valve.
    """
    for word, codes in (("heart valve", "4"), ("thromboembolism", "12"), ("atrial fibrillation", "3")):
        if any(code in text for code in codes):
            return word
    return "other"


def _yes(text: str) -> str:
    return "yes" if text and float(text) == 1.0 else "no"


def _number(text: str) -> float | None:
    return float(text) if text else None
