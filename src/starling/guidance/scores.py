"""Exact arithmetic from activity scores to terms: inequalities stay inequalities, unknown stays unknown."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from starling.definitions import PhenotypeRules
from starling.vocabulary import ActivityScore

#: (from, inclusive?, term) in ascending order: each range reaches to the next.  Source: PMID 31647186.
_CYP2D6_RANGES: Final[tuple[tuple[Fraction, bool, str], ...]] = (
    (Fraction(0), True, "Poor Metabolizer"),
    (Fraction(0), False, "Intermediate Metabolizer"),
    (Fraction(5, 4), True, "Normal Metabolizer"),
    (Fraction(9, 4), False, "Ultrarapid Metabolizer"),
)
#: The term when no score can be given; never normal.
INDETERMINATE: Final = "Indeterminate"


def score_term(rules: PhenotypeRules, score: ActivityScore | None) -> str | None:
    """The one term that `score` means; `Indeterminate` when unknown; None when an inequality spans several terms."""
    terms = terms_of_score(rules, score)
    return terms[0] if len(terms) == 1 else None


def terms_of_score(rules: PhenotypeRules, score: ActivityScore | None) -> tuple[str, ...]:
    """Every term that `score` can mean, lowest first: several only for an inequality such as `>=1.5`.

    CYP2D6 scores that the table does not list follow the consensus ranges; another gene's unlisted score takes the
    term that the listed scores on both sides share.  Source: PMID 31647186.
    """
    if score is None:
        return (rules.by_score.get("n/a", INDETERMINATE),)
    listed = rules.by_score.get(str(score))
    if listed is not None:
        return (listed,)
    if rules.gene == "CYP2D6":
        return _by_range(score)
    return _between_listed(rules, score)


def _by_range(score: ActivityScore) -> tuple[str, ...]:
    reached = [
        index
        for index, (start, inclusive, _) in enumerate(_CYP2D6_RANGES)
        if score.value > start or (inclusive and score.value == start)
    ]
    lowest = reached[-1]
    terms = tuple(term for _, _, term in _CYP2D6_RANGES[lowest:])
    return terms if score.at_least else terms[:1]


def _between_listed(rules: PhenotypeRules, score: ActivityScore) -> tuple[str, ...]:
    parsed = ((ActivityScore.parse(text), term) for text, term in rules.by_score.items())
    listed = sorted((known.value, term) for known, term in parsed if known is not None and not known.at_least)
    below = [term for value, term in listed if value <= score.value]
    above = [term for value, term in listed if value >= score.value]
    if score.at_least:
        return tuple(dict.fromkeys(below[-1:] + above)) or (INDETERMINATE,)
    same = below and above and below[-1] == above[0]
    return (below[-1],) if same else (INDETERMINATE,)
