"""What laboratories state beside, or instead of, alleles: which statement counts, and which ones contradict it.

Precedence: the activity score, then the phenotype, then the diplotype.  What is not used is never dropped: a
statement that means another term remains possible, so nothing contradictory is certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starling.assessment import GeneResult
from starling.definitions import PhenotypeRules
from starling.guidance.scores import INDETERMINATE, score_term, terms_of_score
from starling.vocabulary import ActivityScore, Evidence, Notice

#: (a term, the words of the statement behind it)
Claim = tuple[str, str]


def stated_term(
    evidence: Evidence, rules: PhenotypeRules | None, term: str | None, score: ActivityScore | None
) -> tuple[str | None, ActivityScore | None]:
    """What an outside laboratory stated before what its alleles say: score, then phenotype, then diplotype."""
    if evidence.stated_score is not None and rules is not None and rules.uses_score:
        return score_term(rules, evidence.stated_score), evidence.stated_score
    if evidence.stated_phenotype is not None:
        return evidence.stated_phenotype, score if term == evidence.stated_phenotype else None
    return term, score


def is_stated(evidence: Evidence) -> bool:
    """Whether a laboratory stated a term or a score, which counts before any diplotype."""
    return evidence.stated_phenotype is not None or evidence.stated_score is not None


def used_terms(evidence: Evidence, rules: PhenotypeRules | None, term: str | None) -> tuple[str, ...]:
    """Every term that the statement that counts can mean: several for a score such as `>=1.5`."""
    if term is None and evidence.stated_score is not None and rules is not None:
        return terms_of_score(rules, evidence.stated_score)
    return (term,) if term is not None else ()


def contradictions(evidence: Evidence, rules: PhenotypeRules | None, used: Sequence[str]) -> Iterator[str]:
    """Every term that a stated phenotype or score means and that the statement that counts cannot mean."""
    for phenotype in (evidence.stated_phenotype, *evidence.other_phenotypes):
        if phenotype is not None and phenotype not in used:
            yield phenotype
    for score in evidence.other_scores if rules is not None else ():
        terms = terms_of_score(rules, score) if rules is not None else ()
        if not set(terms).intersection(used):
            yield from terms


def differ_notice(evidence: Evidence, term: str | None, others: Sequence[Claim]) -> Notice:
    """What a laboratory states that does not agree with itself, and which statement counts."""
    by_score = evidence.stated_score is not None
    counts = f"activity score {evidence.stated_score}" if by_score else str(evidence.stated_phenotype)
    means = f", which means {term or 'more than one term'}" if by_score else ""
    said = " and ".join(
        dict.fromkeys(text if text == other else f"{text}, which means {other}" for other, text in others)
    )
    text = (
        f"The laboratory states {counts}{means}, but also {said}; the {'score' if by_score else 'phenotype'} decides."
    )
    return Notice("OUTSIDE_STATEMENTS_DIFFER", text)


def conflict_with(stated: GeneResult, own: GeneResult) -> str | None:
    """How the sample's own result says otherwise than the stated one; None when it does not, or says nothing."""
    if own.status == "undetermined":
        return None
    mine, theirs = ({tuple(sorted(each)) for each in result.diplotypes} for result in (own, stated))
    if mine and theirs and mine.isdisjoint(theirs):
        return _conflict(stated.label, own.label)
    possible = {own.phenotype, *(each.phenotype for each in own.phenotype_alternatives)} - {None}
    if stated.phenotype in {None, INDETERMINATE, *possible} or not possible - {INDETERMINATE}:
        return None
    read = own.phenotype or " or ".join(sorted(str(each) for each in possible))
    return _conflict(str(stated.phenotype), read)


def _conflict(said: str, read: str) -> str:
    return f"stated as {said}, but the sample's own data read {read}"
