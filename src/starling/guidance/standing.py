"""How a patient stands for the look-up: one gene result reduced to the keys under which guidelines may know it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from starling.assessment import Adjusted, GeneResult
from starling.definitions import PhenotypeRules
from starling.guidance.caveats import BOTH_ALLELES_POSSIBLE, BOTH_ALLELES_REDUCED
from starling.guidance.conversion import OR, terms_after
from starling.values import dataclass
from starling.vocabulary import ActivityScore, Presence, Why

#: Marks a result of which the commonest risk variant was called reference, and others were not tested.
PARTLY_NEGATIVE: Final = "PARTLY_NEGATIVE"
#: Marks a result of which every position that a test should cover was called, and alleles beyond them remain possible.
RARE_ALLELES_NOT_EXCLUDED: Final = "RARE_ALLELES_NOT_EXCLUDED"
#: The key of rows for a gene that was not tested.
NO_RESULT: Final = "No Result"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one gene, as far as guidelines ask.

    `candidates`: the terms between which the data cannot decide (then `term` is None).
    `alternatives`: (term, why) of what else is possible although `term` is reported.
    `other_scores`: scores of the same term that are possible beside `score`.
    `both_reduced`: whether both alleles are reduced, for a gene of which that is judged; None when it cannot be told.
    `copies_unconfirmed`: the copy number was not looked at and could matter.
    `doubts`: why the term is not certain where nobody can say what else it would be (an undocumented variant, a record
    that failed its filters, weak evidence, a stated copy number).
    `rare_only`: every position that a test should cover was called, so that what was not seen is a rarer allele.
    `may_proceed`: what a test of the commonest risk variant alone allows, where the usual treatment must not wait.
    `adjusted_by`: the medicine behind an adjusted phenotype; empty for the genetic one.
    """

    gene: str
    term: str | None = None
    score: str | None = None
    diplotypes: tuple[str, ...] = ()
    presence: tuple[tuple[str, Presence], ...] = ()
    candidates: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, Why], ...] = ()
    other_scores: tuple[str, ...] = ()
    both_reduced: bool | None = None
    copies_unconfirmed: bool = False
    doubts: tuple[Why, ...] = ()
    rare_only: bool = False
    may_proceed: str = ""
    adjusted_by: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether nothing is known that a guideline could use."""
        return self.term is None and not self.candidates and not self.presence

    @property
    def is_contested(self) -> bool:
        """Whether the sample's own data do not allow what another laboratory stated."""
        return any(why is Why.OWN_DATA for _, why in self.alternatives)

    def supposing(self, term: str) -> Standing:
        """The same gene if its term were `term`: nothing more than the term is known of it then."""
        return Standing(self.gene, term, presence=self.presence, adjusted_by=self.adjusted_by)

    def with_score(self, score: str) -> Standing:
        """The same gene with the same term if its score were `score`."""
        return Standing(self.gene, self.term, score, presence=self.presence, adjusted_by=self.adjusted_by)


def unordered(diplotype: str | tuple[str, ...]) -> str:
    """One spelling for a pair of alleles, whatever the order in which a table or a caller writes it."""
    alleles = diplotype.split("/") if isinstance(diplotype, str) else diplotype
    return "/".join(sorted(alleles))


def standing_of(result: GeneResult) -> Standing:
    """The keys that `result` gives; a research-only call gives none, since no guideline covers it."""
    if result.research_only:
        return Standing(result.gene)
    alternatives = tuple(
        dict.fromkeys((each.phenotype, each.why) for each in result.phenotype_alternatives if each.phenotype)
    )
    undecided = result.phenotype is None and result.status != "undetermined"
    return Standing(
        gene=result.gene,
        term=result.phenotype,
        score=result.activity_score,
        diplotypes=tuple(unordered(each) for each in result.diplotypes),
        presence=tuple(result.presence.items()),
        candidates=tuple(dict.fromkeys(term for term, _ in alternatives)) if undecided else (),
        alternatives=() if undecided else alternatives,
        other_scores=result.activity_score_alternatives,
        both_reduced=_both_reduced(result),
        copies_unconfirmed=result.copy_number == "not_assessed" and not result.phenotype_certain,
        doubts=_doubts(result),
        rare_only=any(note.code == RARE_ALLELES_NOT_EXCLUDED for note in result.warnings),
        may_proceed=next((note.message for note in result.warnings if note.code == PARTLY_NEGATIVE), ""),
    )


def _doubts(result: GeneResult) -> tuple[Why, ...]:
    unsaid = (each for each in result.phenotype_alternatives if each.phenotype is None and not each.changes_nothing)
    return tuple([each.why for each in unsaid])


def adjusted_standing(
    genetic: Standing, adjusted: Adjusted, factor: Fraction | None, rules: PhenotypeRules
) -> Standing:
    """`genetic` as other medicines make it; what else was possible is reduced by the same factor."""
    terms = tuple((adjusted.phenotype or "").split(OR))
    term = terms[0] if len(terms) == 1 else None
    possible: dict[tuple[str, Why], None] = {}
    scores: list[str] = []
    if factor:
        scores = [_reduced(each, factor) for each in genetic.other_scores]
        for other, why in genetic.alternatives:
            possible |= dict.fromkeys((after, why) for after in terms_after(other, factor, rules) if after != term)
    return Standing(
        gene=genetic.gene,
        term=term,
        score=adjusted.activity_score,
        candidates=terms if term is None else (),
        alternatives=tuple(possible),
        other_scores=tuple(dict.fromkeys(each for each in scores if each != adjusted.activity_score)),
        copies_unconfirmed=bool(factor) and genetic.copies_unconfirmed,
        doubts=genetic.doubts if factor else (),
        adjusted_by=adjusted.by,
    )


def _reduced(score: str, factor: Fraction) -> str:
    known = ActivityScore.parse(score)
    return score if known is None else str(ActivityScore(known.value * factor, known.at_least))


def _both_reduced(result: GeneResult) -> bool | None:
    codes = {notice.code for notice in result.warnings}
    if BOTH_ALLELES_REDUCED in codes:
        return True
    known = bool(result.diplotypes or result.variants)
    return False if known and BOTH_ALLELES_POSSIBLE not in codes else None


Standings = Mapping[str, Standing]
