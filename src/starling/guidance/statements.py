"""What laboratories state beside, or instead of, alleles: which statement counts, and which ones contradict it.

Precedence: the activity score, then the phenotype, then the diplotype.  What is not used is never dropped: a
statement that means another term remains possible, so nothing contradictory is certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starling.assessment import Alternative, GeneResult
from starling.definitions import PhenotypeRules
from starling.guidance.meaning import Meaning, Reading
from starling.guidance.scores import INDETERMINATE, score_term, terms_of_score
from starling.values import dataclass
from starling.vocabulary import ActivityScore, Evidence, Notice, Why

#: (a term, why it remains possible, the alleles that mean it)
Claim = tuple[str | None, Why, tuple[tuple[str, ...], ...]]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What counts once statements are weighed against alleles.

    `stated`: a laboratory stated a term or a score, which counts before any diplotype.  `claims`: what remains
    possible by what else it stated.  `contradicted`: the stated alleles mean another term than the one that counts.
    """

    term: str | None
    score: ActivityScore | None
    stated: bool = False
    claims: tuple[Claim, ...] = ()
    contradicted: bool = False
    notices: tuple[Notice, ...] = ()


def weigh(evidence: Evidence, rules: PhenotypeRules | None, meaning: Meaning) -> Weighed:
    """The term and score that count: what was stated outright, else what the alleles mean."""
    if evidence.stated_phenotype is None and evidence.stated_score is None:
        return Weighed(meaning.term, meaning.score)
    term, score = _counting(evidence, rules, meaning)
    used = _used_terms(evidence, rules, term)
    against = _contradicting(meaning.readings, used)
    return Weighed(
        term=term,
        score=score,
        stated=True,
        claims=tuple(_claims(evidence, rules, term, used, against)),
        contradicted=bool(against),
        notices=_differences(evidence, term, used, against),
    )


def conflict_with(stated: GeneResult, own: GeneResult) -> str | None:
    """How the sample's own result says otherwise than the stated one; None when it does not, or says nothing."""
    if own.status == "undetermined":
        return None
    mine, theirs = ({tuple(sorted(each)) for each in result.diplotypes} for result in (own, stated))
    unread = {
        tuple(sorted(each))
        for other in own.phenotype_alternatives
        if other.why is Why.NOT_ASSAYED
        for each in other.diplotypes
    }
    if mine and theirs and theirs.isdisjoint(mine | unread):  # an allele that was not looked for is no difference
        return _conflict(stated.label, own.label)
    possible = set(_possible(own))
    if stated.phenotype in {None, INDETERMINATE, *possible} or not possible - {INDETERMINATE}:
        return None
    read = own.phenotype or " or ".join(sorted(possible))
    return _conflict(str(stated.phenotype), read)


def contradicting(stated: GeneResult, own: GeneResult) -> tuple[Alternative, ...]:
    """What the own data allow, each term once, where the stated term is not among it; else nothing.

    A stated term that the own data leave possible (copies that a VCF cannot show, a phase) is what was to be found out.
    """
    possible = _possible(own)
    if stated.phenotype in {None, INDETERMINATE, *possible}:
        return ()
    known = {each.phenotype for each in stated.phenotype_alternatives}
    return tuple(
        Alternative(term, behind, Why.OWN_DATA)
        for term, behind in possible.items()
        if term != INDETERMINATE and term not in known
    )


def contradicting_scores(stated: GeneResult, own: GeneResult) -> tuple[str, ...]:
    """The other scores of the stated term, those of the own data among them where these do not allow the stated one."""
    others = stated.activity_score_alternatives
    if own.activity_score is None or own.phenotype != stated.phenotype or stated.activity_score is None:
        return others
    read = (own.activity_score, *own.activity_score_alternatives)
    return others if stated.activity_score in read else tuple(dict.fromkeys((*others, *read)))


def _possible(own: GeneResult) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Every term that the own data allow, with the alleles behind it."""
    found = {own.phenotype: own.diplotypes} if own.phenotype is not None else {}
    for each in own.phenotype_alternatives:
        if each.phenotype is not None:
            found.setdefault(each.phenotype, each.diplotypes)
    return found


def _conflict(said: str, read: str) -> str:
    return f"stated as {said}, but the sample's own data read {read}"


def _counting(
    evidence: Evidence, rules: PhenotypeRules | None, meaning: Meaning
) -> tuple[str | None, ActivityScore | None]:
    if evidence.stated_score is not None and rules is not None and rules.uses_score:
        return score_term(rules, evidence.stated_score), evidence.stated_score
    if evidence.stated_phenotype is not None:
        return evidence.stated_phenotype, meaning.score if meaning.term == evidence.stated_phenotype else None
    return meaning.term, meaning.score


def _used_terms(evidence: Evidence, rules: PhenotypeRules | None, term: str | None) -> tuple[str, ...]:
    """Every term that the statement that counts can mean: several for a score such as `>=1.5`."""
    if term is None and evidence.stated_score is not None and rules is not None:
        return terms_of_score(rules, evidence.stated_score)
    return (term,) if term is not None else ()


def _contradicting(readings: Sequence[Reading], used: Sequence[str]) -> list[Reading]:
    """The stated alleles whose meaning is known and is not what the stated score or phenotype means."""
    known = {*used, None, INDETERMINATE}
    return [each for each in readings if known.isdisjoint(each.terms)]


def _claims(
    evidence: Evidence,
    rules: PhenotypeRules | None,
    term: str | None,
    used: Sequence[str],
    against: Sequence[Reading],
) -> Iterator[Claim]:
    """What remains possible by what laboratories state: the terms a score spans, and what contradicts it."""
    if term is None:
        yield from ((each, Why.COPY_NUMBER, ()) for each in used)
    for reading in against:
        yield from ((possible, Why.STATED, (reading.diplotype.alleles,)) for possible in reading.terms)
    for phenotype in (evidence.stated_phenotype, *evidence.other_phenotypes):
        if phenotype is not None and phenotype not in used:
            yield phenotype, Why.STATED, ()
    for score in evidence.other_scores:
        terms = terms_of_score(rules, score) if rules is not None else ()
        if not set(terms).intersection(used):
            yield from ((each, Why.STATED, ()) for each in terms)


def _differences(
    evidence: Evidence, term: str | None, used: Sequence[str], against: Sequence[Reading]
) -> tuple[Notice, ...]:
    """What a laboratory states that does not agree with itself, and which statement counts."""
    others = [(possible, str(each.diplotype)) for each in against for possible in each.terms if possible is not None]
    if evidence.stated_phenotype is not None and evidence.stated_phenotype not in used:
        others.append((evidence.stated_phenotype, evidence.stated_phenotype))
    if not others:
        return ()
    by_score = evidence.stated_score is not None
    counts = f"activity score {evidence.stated_score}" if by_score else str(evidence.stated_phenotype)
    means = f", which means {term or 'more than one term'}" if by_score else ""
    said = " and ".join(
        dict.fromkeys(text if text == other else f"{text}, which means {other}" for other, text in others)
    )
    text = (
        f"The laboratory states {counts}{means}, but also {said}; the {'score' if by_score else 'phenotype'} decides."
    )
    return (Notice("OUTSIDE_STATEMENTS_DIFFER", text),)
