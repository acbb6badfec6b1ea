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
    ENZYME_INDUCERS,
    LINKED,
    SOURCE,
    Person,
    clinical,
    pharmacogenetic,
)
from starling.dosing.linked import derive, on_the_gene
from starling.dosing.program import INDICATIONS, Change, Formula, Patient, Prepared, Trained
from starling.dosing.subject import ancestry_group
from starling.errors import InputError
from starling.guidance.facts import ADULT_YEARS, means_yes
from starling.guidance.flows.warfarin import CLUSTER_VARIANT, LOWERING_ALLELES
from starling.prediction import Step
from starling.runtime.inputs import Value
from starling.vocabulary import Notice

#: CYP2C9 alleles the model and the formula know, and those that must be excluded before *1 is believed.
KNOWN_ALLELES: Final = frozenset({"*1", "*2", "*3"})
CPIC: Final = "CPIC 2017 (PMID 28198005), Figure 2"

#: Body mass index in kg/m2.  99 in 100 of the consortium's patients lie within the first bounds: beyond them nothing is
#: computed and the units are asked about; beyond the second the units are mentioned.  Where to draw the lines is ours.
#: Source of the data: IWPC 2009, PMID 19228618.
KNOWN_BMI: Final = (15.0, 50.0)
USUAL_BMI: Final = (16.0, 40.0)

#: Beyond these no adult was ever measured: a slip of the pen (metres, grams, a birth year).
_PLAUSIBLE: Final = {"age_years": (0.0, 120.0), "height_cm": (50.0, 260.0), "weight_kg": (2.0, 400.0)}
#: A laboratory's term of VKORC1, a name of the genotype of rs9923231 on the gene's strand.
_STATED: Final = re.compile(r"-1639 ([AG])([AG])")
_UNITS: Final = {"age_years": "years", "height_cm": "cm", "weight_kg": "kg"}
#: Words for why it is given, as they are abbreviated.
_INDICATION_WORDS: Final = {
    "af": "atrial fibrillation", "afib": "atrial fibrillation", "atrial flutter": "atrial fibrillation",
    "dvt": "thromboembolism", "deep vein thrombosis": "thromboembolism", "pe": "thromboembolism",
    "pulmonary embolism": "thromboembolism", "vte": "thromboembolism", "venous thromboembolism": "thromboembolism",
    "mechanical heart valve": "heart valve", "mechanical valve": "heart valve", "valve replacement": "heart valve",
}  # fmt: skip


class Warfarin:
    """The warfarin part of the room."""

    drug = "warfarin"
    bundle = "warfarin"
    quantity = "weekly maintenance dose"
    unit = "mg/week"
    caution = "The INR decides the dose."
    #: Source: IWPC 2009, PMID 19228618: the patients with a stable dose, and the stable doses.
    trained: Mapping[str, Trained] = {
        "age_decade": Trained("decades", 1.0, 9.0),
        "height_cm": Trained("cm", 124.0, 203.0),
        "weight_kg": Trained("kg", 30.0, 238.0),
    }
    doses = Trained("mg/week", 2.1, 315.0)

    def prepare(self, assessment: Assessment, patient: Patient) -> Prepared:
        """The patient in the words of the model.

        Raises: InputError (DOSE_INPUT_MISSING, BAD_OPTION) when age, height or weight is missing or impossible, or
        what is stated is not understood; NO_DOSE_MODEL for a child.
        """
        age, height, weight = _measured(patient)
        ancestry = _ancestry(patient.ancestry)
        notices: list[Notice] = [*_build_of_body(height, weight, checked=patient.units_checked)]
        if means_yes(assessment.subject.get("pregnant", "")):
            words = "the patient is pregnant: whether warfarin may be given at all is not answered here"
            notices.append(Notice("DOSE_NOTE", words))
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
            guard=_beyond(height, weight),
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
        if prepared.not_called is not None:
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


def _measured(patient: Patient) -> tuple[float, float, float]:
    """Age in years, height in cm, weight in kg.

    Raises: InputError: NO_DOSE_MODEL for a child whatever else is stated; BAD_OPTION for what is not possible;
    DOSE_INPUT_MISSING with everything that is missing, at once.
    """
    stated = {"age_years": patient.age_years, "height_cm": patient.height_cm, "weight_kg": patient.weight_kg}
    for name, value in stated.items():
        low, high = _PLAUSIBLE[name]
        if value is not None and not low <= value <= high:
            message = f"{name.partition('_')[0]} {value:g} {_UNITS[name]} is not possible"
            raise InputError("BAD_OPTION", message, source="warfarin")
    if patient.age_years is not None and patient.age_years < ADULT_YEARS:
        message = (
            f"the patient is a child of {patient.age_years:g} years; model and formulas were made from adults "
            "and give no number below 18 years"
        )
        raise InputError("NO_DOSE_MODEL", message, source="warfarin")
    missing = [f"{name.partition('_')[0]} ({_UNITS[name]})" for name, value in stated.items() if value is None]
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        message = f"{', '.join(missing)} {verb} not stated and {verb} never assumed"
        raise InputError("DOSE_INPUT_MISSING", message, source="warfarin")
    age, height, weight = (float(value) for value in stated.values() if value is not None)
    return age, height, weight


def _build_of_body(height: float, weight: float, *, checked: bool) -> list[Notice]:
    """What height and weight say together; `checked`: somebody looked at their units again.

    Raises: InputError BAD_OPTION when the data know nobody so built and the units were not checked.
    """
    index = weight / (height / 100) ** 2
    said = f"{weight:g} kg at {height:g} cm is a body mass index of {index:.0f}"
    if _beyond(height, weight) and not checked:
        known = f"{KNOWN_BMI[0]:g} to {KNOWN_BMI[1]:g}"
        message = f"{said}, and formulas and model know {known} (kilograms, centimetres; --units-checked: it is so): "
        message += f"pounds or inches?{_meant(height, weight)}"
        raise InputError("BAD_OPTION", message, source="warfarin")
    if _beyond(height, weight):
        return [Notice("DOSE_NOTE", f"{said}, beyond the patients behind the formula: its number is an extrapolation")]
    if not USUAL_BMI[0] <= index <= USUAL_BMI[1]:
        return [Notice("DOSE_NOTE", f"{said}: check that neither is in pounds or inches")]
    return []


def _beyond(height: float, weight: float) -> str | None:
    """Why the model does not know a patient so built; None when it does."""
    index = weight / (height / 100) ** 2
    if KNOWN_BMI[0] <= index <= KNOWN_BMI[1]:
        return None
    return f"body mass index {index:.0f}, known from {KNOWN_BMI[0]:g} to {KNOWN_BMI[1]:g}"


def _meant(height: float, weight: float) -> str:
    """What the numbers would be in pounds or inches, where somebody could be built so."""
    kilograms, centimetres = weight * _KG_IN_A_POUND, height * _CM_IN_AN_INCH
    readings = [
        ((kilograms, height), f"{weight:g} lb is {kilograms:.0f} kg"),
        ((weight, centimetres), f"{height:g} in is {centimetres:.0f} cm"),
        ((kilograms, centimetres), f"{weight:g} lb and {height:g} in are {kilograms:.0f} kg and {centimetres:.0f} cm"),
    ]
    said = [
        words
        for (mass, length), words in readings
        if USUAL_BMI[0] <= mass / (length / 100) ** 2 <= USUAL_BMI[1] and length <= _PLAUSIBLE["height_cm"][1]
    ]
    return f" {said[0]}" if said else ""


_KG_IN_A_POUND: Final = 0.45359237
_CM_IN_AN_INCH: Final = 2.54


def _ancestry(stated: str | None) -> str:
    """The formula's group; its term for missing or mixed where none of its groups was stated."""
    group = ancestry_group(stated)
    return group if group in {"black", "asian", "white"} else "unknown"


def _indication(stated: str | None) -> str:
    if stated is None:
        return "other"
    plain = " ".join(stated.casefold().split())
    plain = _INDICATION_WORDS.get(plain, plain)
    if plain not in INDICATIONS:
        raise InputError("BAD_OPTION", f"{stated!r} is none of: {', '.join(INDICATIONS)}", source="indication")
    return plain


def _medicines(names: Sequence[str], notices: list[Notice]) -> dict[str, Value]:
    inducers = [name for name in names if name in ENZYME_INDUCERS]
    if "amiodarone" in names and inducers:
        notices.append(Notice("DOSE_NOTE", f"amiodarone and {inducers[0]} together: no such training patient is known"))
    others = [name for name in names if name != "amiodarone" and name not in inducers]
    if others:
        words = (
            f"{', '.join(others)}: not part of the model or the formulas, which know amiodarone and enzyme inducers "
            "alone; the number allows for nothing else that raises or lowers the INR"
        )
        notices.append(Notice("DOSE_NOTE", words))
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
    linked = {site: on_the_gene(site, genotype) for site, genotype in patient.linked.items()}
    known = _of_site(result)
    if known is not None:
        factors["vkorc1"] = known
        if linked:
            words = f"{', '.join(linked)} not used: rs9923231 itself was called"
            against = [site for site, genotype in linked.items() if LINKED[site][genotype] != factors["vkorc1"]]
            words += f", and {', '.join(against)} contradicts it: check which is right" if against else ""
            notices.append(Notice("OPTION_WITHOUT_EFFECT", words))
        return []
    derived = derive(linked, str(factors["ancestry"]))
    if derived.genotype is None:
        return ["; ".join(("VKORC1 rs9923231 not determined", *derived.why))]
    factors["vkorc1"] = derived.genotype
    site = str(derived.from_)
    words = f"VKORC1 -1639 {derived.genotype} is derived from {site} {patient.linked[site]}"
    if linked[site] != patient.linked[site]:
        words += f" ({linked[site]} on the gene's own strand)"
    notices.append(Notice("VKORC1_DERIVED", words))
    return []


def _of_site(result: GeneResult) -> str | None:
    """The genotype of rs9923231 on the gene's strand; a laboratory's term (-1639 AG) is a name of it."""
    if result.research_only:
        return None
    if len(result.diplotypes) == 1:
        return ("G/G", "A/G", "A/A")[sum("variant (T)" in allele for allele in result.diplotypes[0])]
    alone = result.source == "outside" and not result.diplotypes
    stated = _STATED.fullmatch(result.phenotype or "") if alone else None
    return f"{stated[1]}/{stated[2]}" if stated else None


def _doubts(assessment: Assessment) -> list[Notice]:
    """What else the genotypes could be: with it the dose would be another."""
    found = []
    for gene in ("CYP2C9", "VKORC1"):
        result = assessment.gene(gene)
        if not result.diplotypes:
            continue
        others = ["/".join(each) for other in result.phenotype_alternatives for each in other.diplotypes]
        others = [each for each in others if each not in {"/".join(reported) for reported in result.diplotypes}]
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
