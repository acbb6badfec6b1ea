"""What the alleles of a call mean: each diplotype as a term, and as a score where the gene uses one.

An unknown activity value makes the score None, never 0; a function that nobody assigned, or a pair of functions that
no rule names, is `Indeterminate`, never normal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from typing import Final

from starling.definitions import GeneDefinition, NamedAllele, PhenotypeRules
from starling.guidance.scores import INDETERMINATE, terms_of_score
from starling.values import dataclass, replace
from starling.vocabulary import ActivityScore, Ambiguous, CallResult, Diplotype, GeneCall, Undetermined, Why

_NO_FUNCTION: Final = "No function"
_UNKNOWN_FUNCTION: Final = "Unknown function"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one diplotype means.

    `terms`: every term that it can mean, several only where its score is an inequality over several terms; `(None,)`
    when none can be given.  `score`: exact; None when it is unknown or the gene uses none.
    """

    diplotype: Diplotype
    terms: tuple[str | None, ...]
    score: ActivityScore | None
    alleles: tuple[NamedAllele, ...] = ()

    @property
    def term(self) -> str | None:
        """The one term that the diplotype means; None when it can mean several, or none can be given."""
        return self.terms[0] if len(self.terms) == 1 else None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a call means.

    `reported`: the diplotypes of the call.  `readings`: of the alleles that decide the phenotype, which are those of
    the reported diplotypes but for genes read variant by variant.  `others`: of what else is consistent, and why.
    """

    reported: tuple[Diplotype, ...]
    readings: tuple[Reading, ...]
    others: tuple[tuple[Reading, Why], ...]

    @property
    def term(self) -> str | None:
        """The term on which all readings agree."""
        terms = {each.term for each in self.readings}
        return terms.pop() if len(terms) == 1 else None

    @property
    def score(self) -> ActivityScore | None:
        """The score on which all readings agree."""
        scores = {each.score for each in self.readings}
        return scores.pop() if len(scores) == 1 else None


def meaning_of(call: GeneCall, definition: GeneDefinition | None, rules: PhenotypeRules | None) -> Meaning:
    """The readings of everything that `call` names.  Source: CPIC terms (PMID 27441996)."""
    table = _allele_table(definition) if definition is not None else {}
    reported, deciding = _reported(call.result), call.evidence.deciding
    return Meaning(
        reported=reported,
        readings=tuple([_read(each, table, rules) for each in ((deciding,) if deciding else reported)]),
        others=tuple([(_read(each.diplotype, table, rules), each.why) for each in call.evidence.consistent]),
    )


def term_of(rules: PhenotypeRules, alleles: Sequence[NamedAllele]) -> tuple[str | None, ActivityScore | None]:
    """The term, and the score where the gene uses one, of one allele (haploid) or two.

    Source: CPIC diplotype-phenotype tables; PMID 31647186 for CYP2D6 scores that the tables do not list.
    """
    terms, score = _terms_of(rules, alleles)
    return terms[0] if len(terms) == 1 else None, score


def reading_of(rules: PhenotypeRules, diplotype: Diplotype, alleles: tuple[NamedAllele, ...]) -> Reading:
    """What `diplotype` means, made of these alleles."""
    terms, score = _terms_of(rules, alleles)
    return Reading(diplotype, terms, score, alleles)


def _terms_of(rules: PhenotypeRules, alleles: Sequence[NamedAllele]) -> tuple[tuple[str, ...], ActivityScore | None]:
    if rules.uses_score:
        score = _sum_of(alleles)
        return terms_of_score(rules, score), score
    functions = tuple(sorted([allele.function for allele in alleles]))
    return (rules.by_functions.get(functions, INDETERMINATE),), None


def _sum_of(alleles: Sequence[NamedAllele]) -> ActivityScore | None:
    """The exact score of two alleles; None when one is unknown or when only one allele is known."""
    known = [allele.activity for allele in alleles if allele.activity is not None]
    if len(known) < 2 or len(known) < len(alleles):
        return None
    total = sum((value.value for value in known), Fraction(0))
    return ActivityScore(total, any(value.at_least and value.value > 0 for value in known))


def _reported(result: CallResult) -> tuple[Diplotype, ...]:
    match result:
        case Diplotype():
            return (result,)
        case Ambiguous(diplotypes):
            return diplotypes
        case Undetermined():
            return ()


def allele_named(name: str, definition: GeneDefinition) -> NamedAllele | None:
    """The allele that a call names, with the value of all its copies where the name counts them; None when unknown."""
    return _resolve(name, _allele_table(definition))


@lru_cache(maxsize=256)
def _allele_table(definition: GeneDefinition) -> Mapping[str, NamedAllele]:
    """The alleles by name; a core name without a row is its first suballele."""
    table = {allele.name: allele for allele in definition.alleles}
    for allele in definition.alleles:
        table.setdefault(allele.reported_as or allele.name, allele)
    return table


def _read(diplotype: Diplotype, table: Mapping[str, NamedAllele], rules: PhenotypeRules | None) -> Reading:
    found = [_resolve(name, table) for name in diplotype.alleles]
    alleles = tuple([allele for allele in found if allele is not None])
    if rules is None or len(alleles) < len(found) or not alleles:
        return Reading(diplotype, (None,), None)
    return reading_of(rules, diplotype, alleles)


@cache
def _copies() -> re.Pattern[str]:
    return re.compile(r"(?P<core>[^+]+)x(?P<least>>=)?(?P<copies>\d+|N)")


def _resolve(name: str, table: Mapping[str, NamedAllele]) -> NamedAllele | None:
    """The allele called `name`; for an unlisted `*NxM` the listed `*Nx>=3`, else *N with its value multiplied.

    Where a gene has no values nobody has said what several copies do, but that no function stays none.
    """
    if name in table:
        return table[name]
    copies = _copies().fullmatch(name) if "x" in name else None
    core = table.get(copies["core"]) if copies else None
    if copies is None or core is None:
        return None
    count = 2 if copies["copies"] == "N" else int(copies["copies"])
    listed = f"{copies['core']}x>=3"
    if count >= 3 and listed in table:
        return table[listed]
    least = copies["least"] is not None or copies["copies"] == "N"
    value = None if core.activity is None else ActivityScore(core.activity.value * count, least)
    known = value is not None or core.function == _NO_FUNCTION
    return replace(core, name=name, activity=value, function=core.function if known else _UNKNOWN_FUNCTION)
