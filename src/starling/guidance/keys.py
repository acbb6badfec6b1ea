"""Under which keys of a guideline one gene of a patient may be looked up, and what to say when a key is mapped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from starling.definitions import DIPLOTYPE, GuidanceRules, PhenotypeRules
from starling.guidance.scores import INDETERMINATE, score_term
from starling.guidance.standing import NO_RESULT, Standing
from starling.values import dataclass
from starling.vocabulary import ActivityScore, Notice

_PHENOTYPING: Final = "Phenotyping"
#: Look-ups kept for the next patient who stands alike; emptied when full.
_KEPT_STANDINGS: Final = 4096


@dataclass(frozen=True, slots=True)
class ScoreKey:
    """A key that begins with an activity score; `term`: what this source's rows call such a score."""

    key: str
    score: ActivityScore
    term: str | None
    phenotyping: bool


@dataclass(frozen=True, slots=True)
class Option:
    """One key under which a gene may be looked up, and what to say when it had to be mapped."""

    key: str
    notices: tuple[Notice, ...] = ()


class GeneKeys:
    """Every key that the rows of one guideline use for one gene; shared by all guidelines with the same keys.

    `scores`: the keys that are scores.  `terms`: our term -> the source's term.  Answers already given are kept: they
    depend on the input alone.
    """

    def __init__(
        self,
        gene: str,
        source: str,
        keys: frozenset[str],
        scores: tuple[ScoreKey, ...],
        terms: Mapping[str, str],
    ) -> None:
        self.gene = gene
        self.source = source
        self.keys = keys
        self.terms = terms
        self.risk_alleles = frozenset(filter(None, map(_risk_allele, keys)))
        self.asks_diplotypes = any(key.startswith(DIPLOTYPE) for key in keys)
        self._scores = scores
        self._known: dict[Standing, tuple[Option, ...]] = {}

    def is_missing(self, standing: Standing) -> bool:
        """Whether the rows ask for what is not known of the gene."""
        if not standing.presence:
            return standing.is_missing
        return all(state == "nocall" for allele, state in standing.presence if allele in self.risk_alleles)

    def options(self, standing: Standing) -> tuple[Option, ...]:
        """Every key under which the patient may be looked up."""
        known = self._known.get(standing)
        if known is None:
            if len(self._known) >= _KEPT_STANDINGS:
                self._known.clear()
            known = self._known[standing] = self._options(standing)
        return known

    def _options(self, standing: Standing) -> tuple[Option, ...]:
        if self.is_missing(standing):
            return (Option(NO_RESULT),) if NO_RESULT in self.keys else ()
        if standing.presence:
            stated = (f"{allele} {state}" for allele, state in standing.presence)
            return tuple(Option(key) for key in stated if key in self.keys)
        exact = tuple(Option(DIPLOTYPE + each) for each in standing.diplotypes if DIPLOTYPE + each in self.keys)
        return exact + (self._score_options(standing) if self._scores else self._term_options(standing.term))

    def _term_options(self, term: str | None) -> tuple[Option, ...]:
        """The patient's term, or the term under which the source's rows know it; unassignable is as untested."""
        if term is None or term in self.keys:
            return (Option(term),) if term else ()
        theirs = NO_RESULT if term == INDETERMINATE else self.terms.get(term)
        if theirs is None or theirs not in self.keys:
            return ()
        text = f"{self.source} has no row for {self.gene} {term}; the row for {theirs} is shown."
        return (Option(theirs, (Notice("MAPPED_TERM", text),)),)

    def _score_options(self, standing: Standing) -> tuple[Option, ...]:
        """The key of the score itself; else the nearest key of the same term; without a score every key of the term."""
        score = ActivityScore.parse(standing.score or "")
        if score is None:
            return self._options_of_term(standing.term)
        named = [each for each in self._scores if each.score == score]
        if named:
            return tuple(Option(each.key) for each in _by_alleles(named, standing))
        same = [each for each in self._scores if each.term == standing.term]
        if not same:
            return ()
        nearest = min(same, key=lambda each: (abs(each.score.value - score.value), each.score)).score
        text = (
            f"{self.source} has no row for {self.gene} score {score} as {standing.term}; "
            f"the row for score {nearest} is shown."
        )
        chosen = _by_alleles([each for each in same if each.score == nearest], standing)
        return tuple(Option(each.key, (Notice("MAPPED_TERM", text),)) for each in chosen)

    def _options_of_term(self, term: str | None) -> tuple[Option, ...]:
        if term in self.keys:
            return (Option(term),) if term else ()
        if term == INDETERMINATE:
            return (Option("n/a"),) if "n/a" in self.keys else ()
        text = "The activity score of {} is not known, only its term; the row for score {} is shown."
        return tuple(
            Option(each.key, (Notice("MAPPED_TERM", text.format(self.gene, each.score)),))
            for each in self._scores
            if each.term == term
        )


def _by_alleles(named: Sequence[ScoreKey], standing: Standing) -> Sequence[ScoreKey]:
    """Of two rows for one score the one for two reduced alleles, or the other; both when the alleles are unknown.

    Source: DPWG fluoropyrimidines, PMID 31745289: residual activity cannot be predicted from two reduced alleles.
    """
    if len(named) < 2 or standing.both_reduced is None:
        return named
    return [each for each in named if each.phenotyping == standing.both_reduced]


class ScoreReader:
    """Reads keys that are activity scores, each once: the guidelines of a gene ask for the same few dozen."""

    def __init__(self, rules: GuidanceRules) -> None:
        self._rules = rules
        self._known: dict[tuple[str, str, str], ScoreKey | None] = {}

    def of(self, source: str, gene: str, keys: Iterable[str]) -> tuple[ScoreKey, ...]:
        """Those of `keys` that are activity scores of `gene`, lowest first."""
        phenotypes = self._rules.phenotypes.get(gene)
        if phenotypes is None or not phenotypes.uses_score:
            return ()
        terms = terms_of(source, gene, self._rules)
        found = [each for key in keys if (each := self._one((source, gene, key), phenotypes, terms)) is not None]
        return tuple(sorted(found, key=lambda each: (float(each.score.value), each.score.at_least, each.key)))

    def _one(
        self, place: tuple[str, str, str], phenotypes: PhenotypeRules, terms: Mapping[str, str]
    ) -> ScoreKey | None:
        if place not in self._known:
            key = place[2]
            match = _score_key().fullmatch(key) if key[:1].isdigit() or key.startswith(">=") else None
            score = ActivityScore.parse(match["score"]) if match else None
            if match is None or score is None:
                self._known[place] = None
            else:
                term = _term_by_range(score, terms) or score_term(phenotypes, score)
                self._known[place] = ScoreKey(key, score, term, match["remark"] == _PHENOTYPING)
        return self._known[place]


# The patterns are compiled when a key is met that may be one of theirs, which few drugs have.


@cache
def _score_key() -> re.Pattern[str]:
    return re.compile(r"(?P<score>(?:>=)?\d+(?:\.\d+)?)(?: \((?P<remark>[^)]*)\))?")


@cache
def _presence_key() -> re.Pattern[str]:
    return re.compile(r"(?P<allele>\S+) (?:positive|negative)")


@cache
def _range() -> re.Pattern[str]:
    return re.compile(r"score (?:(?P<low>[\d.]+)(?:-(?P<high>[\d.]+))?|>(?P<above>[\d.]+))")


def _risk_allele(key: str) -> str | None:
    match = _presence_key().fullmatch(key) if key.endswith(("positive", "negative")) else None
    return match["allele"] if match else None


def terms_of(source: str, gene: str, rules: GuidanceRules) -> Mapping[str, str]:
    """Our term -> the term under which the rows of this source know it, where they differ."""
    return rules.dpwg_terms.get(gene, {}) if source == "DPWG" else {}


def _term_by_range(score: ActivityScore, terms: Mapping[str, str]) -> str | None:
    """The term that `score 0.25-1` style entries give to `score`."""
    for text, term in terms.items():
        match = _range().fullmatch(text) if text.startswith("score ") else None
        if match is None:
            continue
        low, high, above = (ActivityScore.parse(match[name] or "") for name in ("low", "high", "above"))
        if above is not None and score.value > above.value:
            return term
        if low is not None and low.value <= score.value <= (high or low).value:
            return term
    return None
