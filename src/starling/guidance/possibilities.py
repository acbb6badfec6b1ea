"""What else remains possible beside the term that counts, and whether that term is certain.

A term is certain only when nothing consistent with the data says otherwise: every other diplotype that fits, every
doubt about the reading, every statement of a laboratory, and the copy number where it is part of the genotype, which
a VCF of small variants cannot show.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from starling.assessment import Alternative
from starling.definitions import NamedAllele, PhenotypeRules
from starling.guidance.meaning import Meaning, Reading, reading_of
from starling.guidance.scores import score_term
from starling.guidance.statements import Weighed
from starling.star_order import diplotype_of
from starling.values import dataclass, replace
from starling.vocabulary import ActivityScore, Evidence, Why


@dataclass(frozen=True, slots=True)
class Possibilities:
    """`alternatives`: every other term, with what is behind it.  `scores`: every other score of the same term."""

    alternatives: tuple[Alternative, ...]
    scores: tuple[str, ...]
    certain: bool


def possibilities(
    evidence: Evidence, rules: PhenotypeRules | None, meaning: Meaning, weighed: Weighed
) -> Possibilities:
    """Everything that the evidence leaves open once `weighed` counts."""
    remaining = _remaining(evidence, rules, meaning, weighed)
    known = weighed.term is not None or meaning.readings or weighed.stated
    alternatives = _alternatives(evidence, remaining, weighed) if known else ()
    readings = [*meaning.readings, *(each for each, _ in remaining)]
    return Possibilities(
        alternatives=alternatives,
        scores=_other_scores(evidence, rules, readings, weighed) if rules is not None else (),
        certain=weighed.term is not None and not alternatives and _copies_suffice(evidence, meaning.readings),
    )


def _remaining(
    evidence: Evidence, rules: PhenotypeRules | None, meaning: Meaning, weighed: Weighed
) -> list[tuple[Reading, Why]]:
    """Everything that fits, with why it is not alone: what is reported, what else is consistent, other copies."""
    remaining = [] if weighed.stated else _with_reasons(evidence, meaning)
    remaining += meaning.others
    if rules is not None and evidence.copy_number == "not_assessed":
        telling = {tuple(allele.activity for allele in each.alleles): each for each in reversed(meaning.readings)}
        remaining += [(other, Why.COPY_NUMBER) for each in telling.values() for other in _other_copies(each, rules)]
    return remaining


def _with_reasons(evidence: Evidence, meaning: Meaning) -> list[tuple[Reading, Why]]:
    """Why each of several reported diplotypes is not alone: phase, unless they differ in what they would carry."""
    readings = meaning.readings
    known = {other.diplotype: why for other, why in meaning.others}
    differ = bool(evidence.missing) and len(readings) > 1 and len({_carried(each) for each in readings}) > 1
    usual = Why.NOT_ASSAYED if differ else Why.PHASE
    return [(each, known.get(each.diplotype, usual)) for each in readings]


def _carried(reading: Reading) -> tuple[tuple[int, tuple[str, ...]], ...]:
    return tuple(sorted(cell for allele in reading.alleles if not allele.is_reference for cell in allele.cells))


def _other_copies(reading: Reading, rules: PhenotypeRules) -> tuple[Reading, ...]:
    """What the pair means with more copies of either allele, or, when both look the same, with one deleted.

    A deleted or duplicated allele leaves the small variants of a VCF unchanged.  Source: PMID 31647186.
    """
    if len(reading.alleles) != 2:
        return ()
    first, second = reading.alleles
    made = [(_copied(a, more), b) for a, b in _orders(first, second) for more in (2, 3)]
    if first.name == second.name and rules.deleted_allele:
        deleted = replace(first, name=rules.deleted_allele, function="No function", activity=ActivityScore(Fraction(0)))
        made.append((deleted, first))
    return tuple(reading_of(rules, diplotype_of(a.name, b.name), (a, b)) for a, b in made)


def _orders(first: NamedAllele, second: NamedAllele) -> tuple[tuple[NamedAllele, NamedAllele], ...]:
    return ((first, second),) if first.name == second.name else ((first, second), (second, first))


def _copied(allele: NamedAllele, copies: int) -> NamedAllele:
    """The allele in two copies, or in three or more: values multiply, and `>=` says that more are possible."""
    most = copies > 2
    value = allele.activity
    total = None if value is None else ActivityScore(value.value * copies, value.at_least or most)
    return replace(allele, name=f"{allele.name}x{'>=' if most else ''}{copies}", activity=total)


def _alternatives(
    evidence: Evidence, remaining: Sequence[tuple[Reading, Why]], weighed: Weighed
) -> tuple[Alternative, ...]:
    """Every term that remains possible beside the one that counts; doubts without a term come last."""
    found: dict[tuple[str | None, Why], dict[tuple[str, ...], None]] = {}
    for reading, why in remaining:
        because = Why.COPY_NUMBER if len(reading.terms) > 1 else why
        for possible in reading.terms:
            if possible != weighed.term:
                found.setdefault((possible, because), {})[reading.diplotype.alleles] = None
    for other, why, alleles in weighed.claims:
        found.setdefault((other, why), {}).update(dict.fromkeys(alleles))
    for doubt in evidence.doubts:
        if all(why is not doubt for _, why in found):
            found[None, doubt] = _without_another_meaning(remaining, weighed, doubt)
        elif (None, doubt) in found:
            found[None, doubt] = {}
    return tuple([Alternative(other, tuple(behind), why) for (other, why), behind in found.items()])


def _without_another_meaning(
    remaining: Sequence[tuple[Reading, Why]], weighed: Weighed, doubt: Why
) -> dict[tuple[str, ...], None]:
    """What a doubt leaves possible where all of it means what is reported; nothing where nobody can say it."""
    if weighed.term is None or not doubt.is_about_a_genotype:
        return {}
    return {each.diplotype.alleles: None for each, why in remaining if why is doubt}


def _other_scores(
    evidence: Evidence, rules: PhenotypeRules, possible: Sequence[Reading], weighed: Weighed
) -> tuple[str, ...]:
    """Every other score of the same term that remains possible, lowest first."""
    if weighed.term is None or not rules.uses_score:
        return ()
    scores = {each.score for each in possible if each.term == weighed.term and each.score is not None}
    scores |= {each for each in evidence.other_scores if score_term(rules, each) == weighed.term}
    return tuple([str(each) for each in sorted(scores - {weighed.score})])


def _copies_suffice(evidence: Evidence, readings: Sequence[Reading]) -> bool:
    """Whether the copy number cannot matter: it was looked at, or no allele has any function.

    Source: CPIC/DPWG consensus on CYP2D6 (PMID 31647186).
    """
    if evidence.copy_number != "not_assessed":
        return True
    return bool(readings) and all(
        allele.activity is not None and allele.activity.value == 0 for each in readings for allele in each.alleles
    )
