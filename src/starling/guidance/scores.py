"""Exact arithmetic from activity scores to terms: inequalities stay inequalities, unknown stays unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starling.definitions import PhenotypeRules, ScoreRange
from starling.vocabulary import ActivityScore

#: The term when no score can be given; never normal.
INDETERMINATE: Final = "Indeterminate"


def score_term(rules: PhenotypeRules, score: ActivityScore | None) -> str | None:
    """The one term that `score` means; `Indeterminate` when unknown; None when an inequality spans several terms."""
    terms = terms_of_score(rules, score)
    return terms[0] if len(terms) == 1 else None


def terms_of_score(rules: PhenotypeRules, score: ActivityScore | None) -> tuple[str, ...]:
    """Every term that `score` can mean, lowest first: several only for an inequality such as `>=1.5`.

    A score that the table does not list follows the ranges of the gene (CYP2D6: the consensus, PMID 31647186); without
    ranges it takes the term that the listed scores on both sides share.
    """
    if score is None:
        return (rules.by_score.get("n/a", INDETERMINATE),)
    listed = rules.by_score.get(str(score))
    if listed is not None:
        return (listed,)
    if rules.ranges:
        return _by_range(rules.ranges, score)
    return _between_listed(rules, score)


def _by_range(ranges: Sequence[ScoreRange], score: ActivityScore) -> tuple[str, ...]:
    above = [
        each.term for each in ranges if score.value < each.start or (score.value == each.start and not each.inclusive)
    ]
    reached = ranges[: len(ranges) - len(above)]
    lowest = reached[-1].term if reached else INDETERMINATE
    return (lowest, *above) if score.at_least else (lowest,)


def _between_listed(rules: PhenotypeRules, score: ActivityScore) -> tuple[str, ...]:
    parsed = ((ActivityScore.parse(text), term) for text, term in rules.by_score.items())
    listed = sorted((known.value, term) for known, term in parsed if known is not None and not known.at_least)
    below = [term for value, term in listed if value <= score.value]
    above = [term for value, term in listed if value >= score.value]
    if score.at_least:
        return tuple(dict.fromkeys(below[-1:] + above)) or (INDETERMINATE,)
    same = below and above and below[-1] == above[0]
    return (below[-1],) if same else (INDETERMINATE,)
