"""Warfarin: weekly maintenance dose from CYP2C9, VKORC1 and clinical factors.

A genotype is never imputed from frequencies; age, height and weight are never imputed at all.
Source of the steps after the calculation: CPIC 2017, PMID 28198005, Figure 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from starling.assessment import Assessment, GeneResult
from starling.dosing.formulas import (
    CLINICAL_ANCESTRY,
    ENZYME_INDUCERS,
    LINKED,
    SOURCE,
    Person,
    clinical,
    pharmacogenetic,
    vkorc1_from_linked,
)
from starling.dosing.program import INDICATIONS, Change, Formula, Patient, Prepared
from starling.errors import InputError
from starling.guidance.flows.warfarin import AFRICAN, CLUSTER_VARIANT, LOWERING_ALLELES, OTHER
from starling.prediction import Step
from starling.runtime.inputs import Value
from starling.vocabulary import Notice

ADULT_YEARS: Final = 18
#: CYP2C9 alleles the model and the formula know, and those that must be excluded before *1 is believed.
KNOWN_ALLELES: Final = frozenset({"*1", "*2", "*3"})
CPIC: Final = "CPIC 2017 (PMID 28198005), Figure 2"

#: Body mass index in kg/m2: beyond the first bounds the numbers are asked about, beyond the second said (both ours; the
#: training patients lie within the second).
POSSIBLE_BMI: Final = (12.0, 70.0)
USUAL_BMI: Final = (15.0, 50.0)

#: Beyond these no adult was ever measured: a slip of the pen (metres, grams, a birth year).
_PLAUSIBLE: Final = {"age_years": (0.0, 120.0), "height_cm": (50.0, 260.0), "weight_kg": (2.0, 400.0)}
_ASIAN: Final = frozenset(
    {"asian", "central asian", "east asian", "eas", "sas", "south asian", "chinese", "japanese", "korean"}
)
_WHITE: Final = frozenset({"white", "caucasian", "european", "eur", "middle eastern", "near eastern"})
#: Stated, and none of the formula's groups: its term for missing or mixed.
_NO_GROUP: Final = frozenset({"", "mixed", "other", "not stated"}) | OTHER - _ASIAN - _WHITE
_COMPLEMENT: Final = {"A": "T", "C": "G", "G": "C", "T": "A"}


class Warfarin:
    """The warfarin part of the room."""

    drug = "warfarin"
    bundle = "warfarin"
    quantity = "weekly maintenance dose"
    unit = "mg/week"

    def prepare(self, assessment: Assessment, patient: Patient) -> Prepared:
        """The patient in the words of the model.

        Raises: InputError (DOSE_INPUT_MISSING, BAD_OPTION) when age, height or weight is missing or impossible, or
        what is stated is not understood; NO_DOSE_MODEL for a child.
        """
        age, height, weight = (_measured(patient, name) for name in _PLAUSIBLE)
        if age < ADULT_YEARS:
            message = f"the patient is a child of {age:g} years; model and formulas are for adults"
            raise InputError("NO_DOSE_MODEL", message, source="warfarin")
        ancestry = _ancestry(patient.ancestry or assessment.subject.get("ancestry", ""))
        notices: list[Notice] = [*_build_of_body(height, weight)]
        factors: dict[str, Value] = {
            "age_decade": float(min(9, int(age // 10))),
            "height_cm": height,
            "weight_kg": weight,
            "ancestry": ancestry,
            "indication": _indication(patient.indication),
            **_medicines(patient.medication or (), notices),
            "smoker": "yes" if patient.smoker else "no",
        }
        missing = [
            *_cyp2c9(assessment.gene("CYP2C9"), factors, notices),
            *_vkorc1(assessment.gene("VKORC1"), patient, factors, notices),
        ]
        if not missing and ancestry == "black" and not _lowering_called(assessment.gene("CYP2C9")):
            missing.append(f"CYP2C9 {', '.join(LOWERING_ALLELES)} not all called (African ancestry)")
        if "liver" in assessment.subject.get("transplant", "").casefold():
            missing.append("the liver is a donor's, and so is its CYP2C9")
        notices += [*_doubts(assessment), *_assumed(patient, ancestry)]
        return Prepared(
            factors=factors,
            notices=tuple(notices),
            not_called="; ".join(missing) or None,
            without_interval=_rare_words(assessment.gene("CYP2C9")),
            evidence=tuple(_evidence(assessment)),
        )

    def formulas(self, prepared: Prepared) -> Sequence[Formula]:
        """The consortium's formulas; the pharmacogenetic one only when both genes were called."""
        factors = prepared.factors
        person = Person(
            age_decade=float(factors["age_decade"]),
            height_cm=float(factors["height_cm"]),
            weight_kg=float(factors["weight_kg"]),
            ancestry=str(factors["ancestry"]),
            amiodarone=factors["amiodarone"] == "yes",
            enzyme_inducer=factors["enzyme_inducer"] == "yes",
        )
        found = [Formula("IWPC clinical formula", clinical(person), SOURCE, uses_genotype=False)]
        if prepared.not_called is None:
            dose = pharmacogenetic(person, str(factors["cyp2c9"]), str(factors["vkorc1"]))
            found.insert(0, Formula("IWPC pharmacogenetic formula", dose, SOURCE, uses_genotype=True))
        return found

    def steps(self, assessment: Assessment, prepared: Prepared, dose: float) -> Sequence[Step]:
        """The reductions of the guideline: for *5, *6, *8, *11 (once), and for rs12777823 A in African ancestry."""
        if prepared.not_called is not None or prepared.guard is not None:
            return ()
        result = assessment.gene("CYP2C9")
        carried = [allele for allele in result.diplotypes[0] if allele in LOWERING_ALLELES]
        found: list[Step] = []
        if carried:
            span = (0.6, 0.8) if len(carried) == 2 else (0.7, 0.85)
            found.append(_step(f"CYP2C9 {'/'.join(carried)} entered as *1", dose, span))
            dose = (found[-1].low + found[-1].high) / 2
        copies = next((each.copies for each in result.variants if each.name == CLUSTER_VARIANT), None)
        if copies and prepared.factors["ancestry"] == "black":
            found.append(_step(f"{CLUSTER_VARIANT} A carried, African ancestry", dose, (0.75, 0.9)))
        return found

    def changes(self, prepared: Prepared) -> Sequence[Change]:
        """Medicines, smoking and weight the other way; and the wild type of both genes."""
        factors = prepared.factors
        found = [
            Change(words[factors[name] == "yes"], {name: "no" if factors[name] == "yes" else "yes"})
            for name, words in _TOGGLES.items()
        ]
        weight = float(factors["weight_kg"])
        found += [Change(f"had weight been {weight + by:g} kg", {"weight_kg": weight + by}) for by in (-10.0, 10.0)]
        for name, wild, gene in (("cyp2c9", "*1/*1", "CYP2C9"), ("vkorc1", "G/G", "VKORC1 -1639")):
            if factors[name] != wild:
                found.append(Change(f"had {gene} been {wild}", {name: wild}))
        return found


_TOGGLES: Final[Mapping[str, tuple[str, str]]] = {
    "amiodarone": ("with amiodarone", "without amiodarone"),
    "enzyme_inducer": ("with an enzyme inducer", "without the enzyme inducer"),
    "smoker": ("had the patient smoked", "had the patient not smoked"),
}


def _measured(patient: Patient, name: str) -> float:
    value = {"age_years": patient.age_years, "height_cm": patient.height_cm, "weight_kg": patient.weight_kg}[name]
    words, unit = name.split("_")
    if value is None:
        raise InputError("DOSE_INPUT_MISSING", f"{words} is not stated and is never assumed", source="warfarin")
    low, high = _PLAUSIBLE[name]
    if not low <= value <= high:
        raise InputError("BAD_OPTION", f"{words} {value:g} {unit} is not possible", source="warfarin")
    return float(value)


def _build_of_body(height: float, weight: float) -> list[Notice]:
    """What height and weight say together.  Raises: InputError BAD_OPTION when nobody is built so."""
    index = weight / (height / 100) ** 2
    said = f"{weight:g} kg at {height:g} cm is a body mass index of {index:.0f}"
    if not POSSIBLE_BMI[0] <= index <= POSSIBLE_BMI[1]:
        raise InputError(
            "BAD_OPTION", f"{said}: is the weight in kilograms, the height in centimetres", source="warfarin"
        )
    if not USUAL_BMI[0] <= index <= USUAL_BMI[1]:
        return [Notice("DOSE_NOTE", f"{said}: check that neither is in pounds or inches")]
    return []


def _ancestry(stated: str) -> str:
    """The formula's group for what was stated: its own words or those the guideline's flow knows.

    Several words for one group (`Black/African American`) are that group, of several groups they are mixed.
    Raises: InputError BAD_OPTION for a word that nobody here knows: it would change the dose without a word.
    """
    text = " ".join(stated.strip().casefold().replace("_", " ").split())
    groups = {_group(text)} - {None} or {_group(part.strip()) for part in re.split(r"[/,;+]| and | or ", text)}
    if None in groups:
        message = f"{stated.strip()!r} is not known; say white, asian or black, or leave it out"
        raise InputError("BAD_OPTION", message, source="ancestry")
    return str(groups.pop()) if len(groups) == 1 else "unknown"


def _group(text: str) -> str | None:
    if text in CLINICAL_ANCESTRY:
        return text
    for group, names in (("black", AFRICAN), ("asian", _ASIAN), ("white", _WHITE), ("unknown", _NO_GROUP)):
        if text in names:
            return group
    return None


def _indication(stated: str | None) -> str:
    if stated is None:
        return "other"
    if stated not in INDICATIONS:
        raise InputError("BAD_OPTION", f"{stated!r} is none of: {', '.join(INDICATIONS)}", source="indication")
    return stated


def _medicines(names: Sequence[str], notices: list[Notice]) -> dict[str, Value]:
    inducers = [name for name in names if name in ENZYME_INDUCERS]
    if "amiodarone" in names and inducers:
        notices.append(Notice("DOSE_NOTE", f"amiodarone and {inducers[0]} together: no such training patient is known"))
    return {
        "amiodarone": "yes" if "amiodarone" in names else "no",
        "enzyme_inducer": "yes" if inducers else "no",
    }


def _assumed(patient: Patient, ancestry: str) -> list[Notice]:
    assumed = [
        (patient.medication is None, "medicines: taken as none (amiodarone, enzyme inducers)"),
        (patient.smoker is None, "smoking: taken as no"),
        (patient.indication is None, "indication: taken as other"),
        (ancestry == "unknown", "ancestry: the formula's term for missing or mixed"),
    ]
    said = [words for is_so, words in assumed if is_so]
    return [Notice("DOSE_ASSUMED", "not stated, " + "; ".join(said))] if said else []


def _cyp2c9(result: GeneResult, factors: dict[str, Value], notices: list[Notice]) -> list[str]:
    """Sets the factor; what is missing otherwise.  *1 counts only where *2 and *3 were looked at."""
    if len(result.diplotypes) != 1 or len(result.diplotypes[0]) != 2 or result.research_only:
        return ["CYP2C9 not determined"]
    unseen = sorted({"*2", "*3"} & set(result.cannot_exclude))
    if unseen:
        return [f"CYP2C9 {' and '.join(unseen)} not looked at"]
    alleles = result.diplotypes[0]
    factors["cyp2c9"] = "/".join(sorted(allele if allele in KNOWN_ALLELES else "*1" for allele in alleles))
    unknown = [allele for allele in alleles if allele not in KNOWN_ALLELES | set(LOWERING_ALLELES)]
    if unknown:
        words = (
            f"CYP2C9 {', '.join(unknown)} entered as *1; nobody says by how much to lower the dose: it may be too high"
        )
        notices.append(Notice("ALLELE_NOT_MODELLED", words))
    return []


def _vkorc1(result: GeneResult, patient: Patient, factors: dict[str, Value], notices: list[Notice]) -> list[str]:
    """Sets the factor on the gene's strand: rs9923231 T is -1639 A; else from a linked site that was called, named."""
    linked = {site: _linked(site, genotype) for site, genotype in patient.linked.items()}
    if len(result.diplotypes) == 1 and not result.research_only:
        copies = sum("variant (T)" in allele for allele in result.diplotypes[0])
        factors["vkorc1"] = ("G/G", "A/G", "A/A")[copies]
        if linked:
            words = f"{', '.join(linked)} not used: rs9923231 itself was called"
            notices.append(Notice("OPTION_WITHOUT_EFFECT", words))
        return []
    derived = vkorc1_from_linked(linked, str(factors["ancestry"]))
    if derived is None:
        return ["VKORC1 rs9923231 not determined"]
    factors["vkorc1"], site = derived
    notices.append(Notice("VKORC1_DERIVED", f"VKORC1 -1639 {derived[0]} is derived from {site} {patient.linked[site]}"))
    return []


def _linked(site: str, stated: str) -> str:
    """The genotype of a linked site on the gene's own strand (VKORC1 lies on the minus strand).

    C/T is told from its complement G/A by its letters.  C and G are each other's complement: of rs8050894 a homozygote
    means one thing on one strand and the opposite on the other, so only its heterozygote is believed.
    Raises: InputError BAD_OPTION, the sender's.
    """
    if site not in LINKED:
        raise InputError("BAD_OPTION", f"{site!r} is none of {', '.join(LINKED)}", source="linked")
    alleles = {base for genotype in LINKED[site] for base in genotype.split("/")}
    bases = sorted(stated.strip().upper().replace("|", "/").split("/"))
    turned = sorted(_COMPLEMENT.get(base, base) for base in bases)
    found = next((each for each in (bases, turned) if len(each) == 2 and set(each) <= alleles), None)
    if found is None:
        raise InputError("BAD_OPTION", f"{site}={stated!r} is not two of {'/'.join(sorted(alleles))}", source="linked")
    if {*bases, *turned} <= alleles and bases != turned:
        message = (
            f"{site}={stated}: C and G are each other's complement, so the strand is not known; state another site"
        )
        raise InputError("BAD_OPTION", message, source="linked")
    return "/".join(found)


def _doubts(assessment: Assessment) -> list[Notice]:
    """What else the genotypes could be: with it the dose would be another."""
    found = []
    for gene in ("CYP2C9", "VKORC1"):
        result = assessment.gene(gene)
        if not result.diplotypes:
            continue
        others = ["/".join(each) for other in result.phenotype_alternatives for each in other.diplotypes]
        if others:
            words = f"{gene} could also be {', '.join(dict.fromkeys(others))}; the dose would then be another"
            found.append(Notice("GENOTYPE_UNCERTAIN", words))
        unseen = [allele for allele in LOWERING_ALLELES if gene == "CYP2C9" and allele in result.cannot_exclude]
        if unseen:
            words = f"CYP2C9 {', '.join(unseen)} cannot be excluded; the dose may have to be lower."
            found.append(Notice("ALLELES_NOT_EXCLUDED", words))
    return found


def _lowering_called(result: GeneResult) -> bool:
    """Whether all four were looked at; an outside *1 does not say what the laboratory tested."""
    if result.source == "outside":
        return not result.diplotypes or "*1" not in result.diplotypes[0]
    return not set(LOWERING_ALLELES) & set(result.cannot_exclude)


def _rare_words(result: GeneResult) -> str | None:
    alleles = result.diplotypes[0] if len(result.diplotypes) == 1 else ()
    rare = [allele for allele in alleles if allele not in KNOWN_ALLELES]
    return f"not calibrated for CYP2C9 {', '.join(rare)} (16 training patients with such alleles)" if rare else None


def _evidence(assessment: Assessment) -> list[str]:
    """CYP4F2 is shown and never computed with: the training data do not have it."""
    result = next((gene for gene in assessment.genes if gene.gene == "CYP4F2"), None)
    if result is None or not result.diplotypes:
        return ["CYP4F2: not determined; not part of the model"]
    return [f"CYP4F2 {result.label}: not part of the model; see the guideline for its optional adjustment"]


def _step(text: str, dose: float, span: tuple[float, float]) -> Step:
    low, high = span
    words = f"{text}: {round((1 - high) * 100)}% to {round((1 - low) * 100)}% lower"
    return Step(words, dose, dose * low, dose * high, CPIC)
