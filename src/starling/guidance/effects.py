"""What each stated medicine did to the answer for a drug: one line a medicine, so that silence is never an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from starling.assessment import MedicineEffect
from starling.definitions import Medicine
from starling.guidance.conversion import Inhibition
from starling.guidance.standing import Standing
from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done for the drug.

    `decided`: an ingredient -> what it decided, in words.  `adjusted`: genes whose phenotype the medicines changed, as
    they then stand.  `found`: what the medicines do to enzymes that matter for the drug.  `asked`: the classes of
    medicines that conditions of the drug ask for, whatever their strength.
    """

    drug: str
    decided: Mapping[str, Sequence[str]]
    adjusted: Mapping[str, tuple[Inhibition, Standing]]
    found: Sequence[Inhibition]
    asked: Collection[str] = ()


def medicine_effects(medicines: Iterable[Medicine], applied: Applied) -> tuple[MedicineEffect, ...]:
    """One entry for each medicine, in the order in which they were stated."""
    return tuple(_effect(medicine, applied) for medicine in medicines)


def _effect(medicine: Medicine, applied: Applied) -> MedicineEffect:
    name = medicine.name
    rest = f"; {', '.join(medicine.unknown)} in it is not known here" if medicine.unknown else ""
    if not medicine.substances:
        return MedicineEffect(name, "not_considered", f"{name} is not known here and was not considered.")
    conditions = [text for each in medicine.substances for text in applied.decided.get(each, ())]
    if conditions:
        return MedicineEffect(name, "condition", f"{name}: {'; '.join(dict.fromkeys(conditions))}{rest}.")
    for gene, (by, standing) in applied.adjusted.items():
        if by.ingredient in medicine.substances:
            term = standing.term or " or ".join(standing.candidates)
            return MedicineEffect(name, "adjusted", f"{name}: {gene} counts as {term} while it is taken{rest}.")
    if all(each.casefold() == applied.drug.casefold() for each in medicine.substances):
        return MedicineEffect(name, "no_difference", f"{name} is the medicine that was asked about.")
    acts = [each for each in applied.found if each.ingredient in medicine.substances]
    as_well = [each for each in acts if each.enzyme in applied.adjusted]
    if as_well:
        return MedicineEffect(name, "adjusted", f"{name}: {'; '.join(_as_well(as_well, applied))}{rest}.")
    if acts:
        what = ", ".join(map(_in_short, acts))
        if all(each.strength == "weak" and f"{each.enzyme} inhibitor" in applied.asked for each in acts):
            said = f"{name} ({what}): what the sources of {applied.drug} say of stronger ones does not reach it"
            return MedicineEffect(name, "no_difference", f"{said}; interactions beyond that were not checked{rest}.")
        said = f"{name} acts on an enzyme of {applied.drug} ({what}): the genotype may not hold while it is taken"
        follows = "no source here says what follows, and the answer was not changed for it"
        return MedicineEffect(name, "not_considered", f"{said}; {follows}{rest}.")
    said = f"{name} makes no difference to what the sources of {applied.drug} say by genotype{rest}"
    return MedicineEffect(name, "no_difference", f"{said}; interactions beyond that were not checked.")


def _as_well(acts: Iterable[Inhibition], applied: Applied) -> Iterator[str]:
    """What a medicine does where another one already decides how the gene counts: factors are never multiplied."""
    for each in acts:
        by, standing = applied.adjusted[each.enzyme]
        term = standing.term or " or ".join(standing.candidates)
        yield f"{_in_short(each)} as well; {each.enzyme} counts as {term} because of {by.ingredient} already"


def _in_short(each: Inhibition) -> str:
    kind = "" if "induc" in each.strength else " inhibitor"
    return f"{each.strength} {each.enzyme}{kind}"
