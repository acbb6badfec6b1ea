"""What the patient takes: the answer for each medicine, and what it does to the answers for others."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from starling.assessment import Assessment, DrugResult
from starling.notices import AFFECTS_ENZYME, CONVERTED, NOT_APPLIED
from starling.report.words import joined, phenotype_words, plural
from starling.values import dataclass

#: So many drugs are named whose answer a medicine changes; the rest are counted.
_NAMED: Final = 4
#: So many of those on whose enzymes it acts without a change of the answer.
_TOUCHED: Final = 2


@dataclass(frozen=True, slots=True)
class Medicine:
    """One stated medicine: its name as stated, its ingredients, and the answers for those that are drugs here."""

    name: str
    ingredients: tuple[str, ...]
    answers: tuple[DrugResult, ...]

    @property
    def shown(self) -> str:
        """The name, with the ingredients where it is that of a brand."""
        other = [each for each in self.ingredients if each.casefold() != self.name.casefold()]
        return f"{self.name} ({', '.join(other)})" if other else self.name


def medicines(assessment: Assessment) -> tuple[Medicine, ...]:
    """Every medicine that was stated, in the order in which it was."""
    options = assessment.provenance.options
    read = options.get("medication_read")
    other = read if isinstance(read, Mapping) else {}
    answers = {drug.drug.casefold(): drug for drug in assessment.drugs}
    found = []
    for name in texts(options.get("medication")):
        ingredients = texts(other.get(name)) or (name,)
        known = (answers.get(each.casefold()) for each in ingredients)
        found.append(Medicine(name, ingredients, tuple(each for each in known if each is not None)))
    return tuple(found)


def taken(assessment: Assessment) -> frozenset[str]:
    """The drugs of the assessment that the patient takes."""
    return frozenset(answer.drug for each in medicines(assessment) for answer in each.answers)


def effects(medicine: Medicine, assessment: Assessment) -> Iterator[str]:
    """What the medicine does to the results of genes and to the answers for other drugs, each a phrase."""
    names = _Names.of(medicine.name, *medicine.ingredients)
    counted = [
        f"{gene.gene} counts as {phenotype_words(gene.adjusted.phenotype)}"
        for gene in assessment.genes
        if gene.adjusted and names.are_in(gene.adjusted.by)
    ]
    own = taken(assessment)
    others = [drug for drug in assessment.drugs if drug not in medicine.answers]
    others.sort(key=lambda drug: (drug.drug not in own, drug.drug.casefold()))
    changed = [drug.drug for drug in others if _changes(drug, names)]
    touched = [drug.drug for drug in others if drug.drug not in changed and _touches(drug, names)]
    yield from counted
    if changed:
        yield f"counts in the answer for {_named(changed)}"
    if touched:
        yield f"acts on an enzyme of {_named(touched, _TOUCHED)} (not counted in the answer)"
    if not counted and not changed and not touched:
        yield _nothing(names, assessment.drugs, known=bool(medicine.answers))


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of one medicine, to be found in what was said of others."""

    pattern: re.Pattern[str]

    @classmethod
    def of(cls, *names: str) -> _Names:
        return cls(re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, filter(None, names)))})(?!\w)", re.IGNORECASE))

    def are_in(self, text: str) -> bool:
        return self.pattern.search(text) is not None


def _changes(drug: DrugResult, names: _Names) -> bool:
    """Whether the answer for a drug counts with the medicine."""
    if any(names.are_in(each.name) and each.effect in {"adjusted", "condition"} for each in drug.medicines):
        return True
    return _said(drug, names, {CONVERTED})


def _touches(drug: DrugResult, names: _Names) -> bool:
    """Whether it is said of a drug that the medicine acts on its enzymes, without a change of the answer."""
    return _said(drug, names, {NOT_APPLIED, AFFECTS_ENZYME})


def _said(drug: DrugResult, names: _Names, codes: Collection[str]) -> bool:
    notes = (*drug.notes, *(note for row in drug.recommendations for note in row.notes))
    return any(note.code in codes and names.are_in(note.message) for note in notes)


def _named(drugs: list[str], most: int = _NAMED) -> str:
    rest = len(drugs) - most
    shown = joined(drugs) if rest <= 0 else f"{', '.join(drugs[:most])} and {rest} more"
    return f"{plural(len(drugs), 'other drug')}: {shown}"


def _nothing(names: _Names, drugs: Iterable[DrugResult], *, known: bool) -> str:
    said = {each.effect for drug in drugs for each in drug.medicines if names.are_in(each.name)}
    if "no_difference" in said or (known and "not_considered" not in said):
        return "no other answer here depends on it"
    return "not known here as changing the answer for another drug; not considered"


def texts(value: object) -> tuple[str, ...]:
    """An option that is a list of names."""
    return tuple(map(str, value)) if isinstance(value, (tuple, list)) else ()
