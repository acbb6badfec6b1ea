"""Phenoconversion: what a gene's phenotype becomes while other medicines inhibit its enzyme.

Per drug asked: a drug never adjusts itself.  Only genes for which factors are established (CYP2D6) are adjusted; for
other enzymes a medicine is a warning.
Source: PMID 31647186 and PMID 24458010 (strong inhibitor: value x0; moderate: x0.5; weak: no change).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final

from starling.assessment import Adjusted, GeneResult
from starling.condition_keys import kind_of, parse_class
from starling.definitions import GuidanceRules, Inhibitor, PhenotypeRules
from starling.guidance.scores import INDETERMINATE, terms_of_score
from starling.values import dataclass, replace
from starling.vocabulary import ActivityScore

#: Joins the terms of an adjusted phenotype that is not one term.
OR: Final = " or "

_POOR: Final = "Poor Metabolizer"


@dataclass(frozen=True, slots=True)
class Inhibition:
    """The strongest statement on one enzyme among the other medicines; `factor` is None when nothing is adjusted."""

    enzyme: str
    ingredient: str
    strength: str
    factor: Fraction | None
    remark: str = ""

    def __str__(self) -> str:
        remark = f"; {self.remark}" if self.remark else ""
        kind = "" if "induc" in self.strength else " inhibitor"
        return f"{self.ingredient} ({self.strength} {self.enzyme}{kind}{remark})"


def convert(result: GeneResult, drug: str, medication: Sequence[str], rules: GuidanceRules) -> Adjusted | None:
    """The phenotype that counts for `drug` under the other medicines; None when the genetic one stands.

    `drug` may be empty (no drug asked: every medicine counts).  A drug whose guidelines branch on inhibitors of the
    enzyme themselves keeps the genetic phenotype.  A score of 0 stays as it is.
    """
    phenotypes = rules.phenotypes.get(result.gene)
    if phenotypes is None or not phenotypes.adjusted_by_inhibitors:
        return None
    asked = drug.casefold()
    if any(result.gene in each.branches_on for each in rules.drugs if each.name.casefold() == asked):
        return None
    found = inhibitions(drug, medication, rules.inhibitors)
    return adjust(result, strongest(found, result.gene), phenotypes)


def adjust(result: GeneResult, by: Inhibition | None, rules: PhenotypeRules) -> Adjusted | None:
    """`result` as the inhibition `by` makes it; None when nothing changes or nothing is known.

    A strong inhibitor leaves no activity whatever the genotype, so it also decides when the genotype is unknown; a
    moderate one cannot.
    """
    if by is None or by.factor is None or result.research_only:
        return None
    if by.factor == 0:
        if result.activity_score == "0.0" or (result.phenotype == _POOR and result.activity_score is None):
            return None
        unknown = ", genotype unknown" if result.phenotype in {None, INDETERMINATE} else ""
        return Adjusted(_POOR, "0.0", f"{by}{unknown}")
    if result.activity_score is not None:
        score = ActivityScore.parse(result.activity_score)
        if score is None or score.value == 0:
            return None
        reduced = ActivityScore(score.value * by.factor, score.at_least)
        return Adjusted(OR.join(terms_of_score(rules, reduced)), str(reduced), str(by))
    terms = terms_after(result.phenotype, by.factor, rules)
    return Adjusted(OR.join(terms), None, str(by)) if terms and terms != (result.phenotype,) else None


def terms_after(term: str | None, factor: Fraction, rules: PhenotypeRules) -> tuple[str, ...]:
    """Every term that `term` can become when its score, which is not known, is multiplied by `factor`."""
    scores = [ActivityScore.parse(text) for text, known in rules.by_score.items() if known == term]
    reduced = sorted(ActivityScore(each.value * factor, each.at_least) for each in scores if each is not None)
    return tuple(dict.fromkeys(possible for each in reduced for possible in terms_of_score(rules, each)))


def of_classes(names: Iterable[str], statements: Iterable[Inhibitor]) -> Iterator[Inhibitor]:
    """What a class does that is stated instead of a medicine (`CYP2D6 strong inhibitor`): as others of its kind."""
    for name in names:
        alike = (row for row in statements if parse_class(name) == (row.enzyme, kind_of(row.strength)))
        row = next(alike, None)
        if row is not None:
            yield replace(row, ingredient=name, route="any", source="as stated", dose_condition="", names=())


def inhibitions(drug: str, medication: Sequence[str], statements: Sequence[Inhibitor]) -> tuple[Inhibition, ...]:
    """What the medicines other than `drug` do to each enzyme, one entry per medicine and enzyme.

    Where sources disagree on a medicine, the stronger statement counts and says who disagrees.
    """
    asked = _itself(drug.casefold())
    taken = {name.strip().casefold() for name in medication} - asked
    found: dict[tuple[str, str], list[Inhibitor]] = {}
    for each in statements:
        names = {each.ingredient.casefold(), *map(str.casefold, each.names)}
        if asked.isdisjoint(names) and not taken.isdisjoint(names):
            found.setdefault((each.enzyme, each.ingredient), []).append(each)
    return tuple(_one(rows) for rows in found.values())


def _itself(drug: str) -> frozenset[str]:
    """What a drug does not count against itself: its name, and the words of a combination, whose parts are its own."""
    return frozenset({drug, *(drug.replace("/", " ").split() if "/" in drug else ())})


def strongest(found: Sequence[Inhibition], enzyme: str) -> Inhibition | None:
    """The one inhibition of `enzyme` that counts; the factors of several medicines are never multiplied."""
    counted = [each for each in found if each.enzyme == enzyme and each.factor is not None]
    return min(counted, key=lambda each: (each.factor, each.ingredient)) if counted else None


def _one(rows: Sequence[Inhibitor]) -> Inhibition:
    ranked = sorted(rows, key=lambda each: (_factor(each) is None, _factor(each) or Fraction(0)))
    first = ranked[0]
    factor = _factor(first)
    remarks = [first.route] if first.route and first.route != "any" else []
    remarks += [first.dose_condition] if first.dose_condition else []
    others = sorted({each.strength for each in ranked} - {first.strength})
    remarks += [f"{' or '.join(others)} in other sources"] if others else []
    return Inhibition(first.enzyme, first.ingredient, first.strength, factor, "; ".join(remarks))


def _factor(row: Inhibitor) -> Fraction | None:
    """The factor as an exact number; None for a medicine that is listed only."""
    text = row.factor.strip().lstrip("x×")
    return Fraction(text) if text and row.strength in {"strong", "moderate"} else None
