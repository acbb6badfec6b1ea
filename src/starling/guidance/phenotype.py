"""From a gene call to a phenotype term: one `GeneCall` in, one published `GeneResult` out.

A term is certain only when nothing consistent with the data says otherwise: every other diplotype that fits, every
doubt about the reading, and for CYP2D6 the copy number, which a VCF of small variants cannot show.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, Literal

from starling.assessment import Alternative, GeneResult
from starling.definitions import GeneDefinition, NamedAllele, PhenotypeRules
from starling.guidance.scores import INDETERMINATE, score_term, terms_of_score
from starling.guidance.statements import (
    conflict_with,
    contradictions,
    differ_notice,
    is_stated,
    stated_term,
    used_terms,
)
from starling.star_order import diplotype_of
from starling.values import dataclass, replace
from starling.vocabulary import ActivityScore, Ambiguous, Diplotype, Evidence, GeneCall, Notice, Undetermined, Why

BOTH_ALLELES_REDUCED: Final = "BOTH_ALLELES_REDUCED"
BOTH_ALLELES_POSSIBLE: Final = "BOTH_ALLELES_POSSIBLE"
SCORE_NOT_CERTAIN: Final = "SCORE_NOT_CERTAIN"

#: So many diplotypes are named in a label; `diplotypes` holds all of them.
_LABELLED: Final = 12

_COPIES: Final = re.compile(r"(?P<core>[^+]+)x(?P<least>>=)?(?P<copies>\d+|N)")
_NO_TERMS: Final = Notice(
    "NO_PHENOTYPE_TERMS", "No phenotype terms are defined for this gene; guidance uses its alleles themselves."
)
_VARIABLE: Final = Notice(
    "MEASURE_ENZYME_ACTIVITY",
    "One X carries a deficient allele: the enzyme activity cannot be predicted from the genotype; measure it.",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one diplotype means: its term (None: none can be given) and its exact score (None: unknown)."""

    diplotype: Diplotype
    term: str | None
    score: ActivityScore | None
    alleles: tuple[NamedAllele, ...] = ()


def term_of(rules: PhenotypeRules, alleles: Sequence[NamedAllele]) -> tuple[str | None, ActivityScore | None]:
    """The term, and the score where the gene uses one, of one allele (haploid) or two.

    An unknown value makes the score None, never 0; an empty function, or a pair of functions that no rule names,
    is `Indeterminate`, never normal.

    Source: CPIC diplotype-phenotype tables; PMID 31647186 for CYP2D6 scores that the tables do not list.
    """
    if rules.uses_score:
        score = _sum_of(alleles)
        return score_term(rules, score), score
    functions = tuple(sorted(allele.function for allele in alleles))
    return rules.by_functions.get(functions, INDETERMINATE), None


def interpret(call: GeneCall, definition: GeneDefinition | None, rules: PhenotypeRules | None) -> GeneResult:
    """The published result for one gene: its diplotypes, its term, and everything that keeps the term uncertain.

    `rules` is None for genes without phenotype terms (CYP4F2, IFNL3, HLA): their term is null and never certain.
    Source: CPIC terms (PMID 27441996).
    """
    reported = _reported(call)
    deciding = call.evidence.deciding
    named = (*reported, *((deciding,) if deciding else ()), *(each.diplotype for each in call.evidence.consistent))
    table = _allele_table(definition, {name for each in named for name in each.alleles})
    readings = tuple(_read(each, table, rules) for each in ((deciding,) if deciding else reported))
    others = tuple((_read(each.diplotype, table, rules), each.why) for each in call.evidence.consistent)
    term, score = _agreed(readings)
    term, score = stated_term(call.evidence, rules, term, score)
    remaining = _remaining(call.evidence, rules, readings, others)
    known = term is not None or readings or is_stated(call.evidence)
    alternatives = _alternatives(call, rules, readings, remaining, term) if known else ()
    scores = _other_scores(call.evidence, rules, [*readings, *(each for each, _ in remaining)], term, score)
    certain = term is not None and not alternatives and _copies_suffice(call.evidence, readings)
    return GeneResult(
        gene=call.gene,
        status=_status(call),
        reason=call.result.reason if isinstance(call.result, Undetermined) else None,
        diplotypes=tuple(each.alleles for each in reported),
        label=_label(call, reported),
        phenotype=term,
        phenotype_certain=certain,
        phenotype_alternatives=alternatives,
        activity_score=None if score is None else str(score),
        activity_score_alternatives=scores,
        variants=call.evidence.variants,
        copy_number=call.evidence.copy_number,
        presence=dict(call.evidence.presence),
        source=call.evidence.source,
        conflict=call.evidence.conflict,
        research_only=call.evidence.research_only,
        missing_positions=tuple(f"{locus.chromosome}:{locus.position}" for locus in call.evidence.missing),
        cannot_exclude=call.evidence.cannot_exclude,
        warnings=call.evidence.notices
        + _notices(call, rules, readings, term)
        + _score_notice(scores)
        + (_both_reduced(call, readings, [each for each, _ in others], term, rules) if call.gene == "DPYD" else ()),
    )


def with_conflict(stated: GeneResult, own: GeneResult) -> GeneResult:
    """`stated` with its `conflict` filled when the sample's own data say otherwise; what is stated still counts.

    A conflict that is already recorded, such as one between two outside results, is kept beside it.
    """
    conflict = conflict_with(stated, own)
    if conflict is None:
        return stated
    return replace(stated, conflict=f"{stated.conflict}; {conflict}" if stated.conflict else conflict)


def _reported(call: GeneCall) -> tuple[Diplotype, ...]:
    match call.result:
        case Diplotype():
            return (call.result,)
        case Ambiguous(diplotypes):
            return diplotypes
        case Undetermined():
            return ()


def _status(call: GeneCall) -> Literal["called", "ambiguous", "undetermined"]:
    match call.result:
        case Undetermined():
            return "undetermined"
        case Diplotype():
            return "called"
        case Ambiguous(diplotypes):
            return "called" if len(diplotypes) == 1 or (_is_stated(call) and not diplotypes) else "ambiguous"


def _is_stated(call: GeneCall) -> bool:
    """Whether a laboratory stated something other than alleles: a term, a score, or the presence of an allele."""
    evidence = call.evidence
    present = evidence.source == "outside" and any(state != "nocall" for _, state in evidence.presence)
    return evidence.stated_phenotype is not None or evidence.stated_score is not None or present


def _label(call: GeneCall, reported: Sequence[Diplotype]) -> str:
    if reported:
        more = len(reported) - _LABELLED
        return " or ".join(map(str, reported[:_LABELLED])) + (f" or {more} more" if more > 0 else "")
    evidence = call.evidence
    if isinstance(call.result, Undetermined):
        return "not determined"
    carried = [_copies_text(each.name, each.copies) for each in evidence.variants if each.copies != 0]
    if carried and not is_stated(evidence):
        return ", ".join(carried)
    if evidence.stated_score is not None:
        return f"activity score {evidence.stated_score}"
    presence = ", ".join(f"{allele} {state}" for allele, state in evidence.presence if state != "nocall")
    return evidence.stated_phenotype or presence or "not determined"


def _copies_text(name: str, copies: int | None) -> str:
    return name if copies is None else f"{name} ({copies} {'copy' if copies == 1 else 'copies'})"


def _allele_table(definition: GeneDefinition | None, named: Collection[str]) -> dict[str, NamedAllele]:
    """The alleles `named`, or all when one of them has no row; a core name without a row is its first suballele."""
    if definition is None or not named:
        return {}
    table = {allele.name: allele for allele in definition.alleles if allele.name in named}
    if len(table) < len(named):
        table = {allele.name: allele for allele in definition.alleles}
        for allele in definition.alleles:
            table.setdefault(allele.reported_as or allele.name, allele)
    return table


def _resolve(name: str, table: Mapping[str, NamedAllele]) -> NamedAllele | None:
    """The allele called `name`; for an unlisted `*NxM` the listed `*Nx>=3`, else *N with its value multiplied."""
    if name in table:
        return table[name]
    copies = _COPIES.fullmatch(name)
    core = table.get(copies["core"]) if copies else None
    if copies is None or core is None:
        return None
    count = 2 if copies["copies"] == "N" else int(copies["copies"])
    listed = f"{copies['core']}x>=3"
    if count >= 3 and listed in table:
        return table[listed]
    least = copies["least"] is not None or copies["copies"] == "N"
    value = None if core.activity is None else ActivityScore(core.activity.value * count, least)
    return replace(core, name=name, activity=value)


def _read(diplotype: Diplotype, table: Mapping[str, NamedAllele], rules: PhenotypeRules | None) -> Reading:
    found = tuple(_resolve(name, table) for name in diplotype.alleles)
    alleles = tuple(allele for allele in found if allele is not None)
    if rules is None or len(alleles) < len(found) or not alleles:
        return Reading(diplotype, None, None)
    return Reading(diplotype, *term_of(rules, alleles), alleles)


def _sum_of(alleles: Sequence[NamedAllele]) -> ActivityScore | None:
    """The exact score of two alleles; None when one is unknown or when only one allele is known."""
    values = [allele.activity for allele in alleles]
    if len(values) < 2 or None in values:
        return None
    known = [value for value in values if value is not None]
    total = sum((value.value for value in known), Fraction(0))
    return ActivityScore(total, any(value.at_least and value.value > 0 for value in known))


def _agreed(readings: Sequence[Reading]) -> tuple[str | None, ActivityScore | None]:
    terms, scores = {each.term for each in readings}, {each.score for each in readings}
    term = terms.pop() if len(terms) == 1 else None
    return term, scores.pop() if len(scores) == 1 else None


def _alternatives(
    call: GeneCall,
    rules: PhenotypeRules | None,
    readings: Sequence[Reading],
    remaining: Sequence[tuple[Reading, Why]],
    term: str | None,
) -> tuple[Alternative, ...]:
    """Every term that remains possible beside `term`, with what is behind it; doubts without a term come last."""
    found: dict[tuple[str | None, Why], dict[tuple[str, ...], None]] = {}
    evidence = call.evidence
    for reading, why in remaining:
        spans = reading.term is None and reading.score is not None
        for possible in _terms(reading, rules):
            if possible != term:
                found.setdefault((possible, Why.COPY_NUMBER if spans else why), {})[reading.diplotype.alleles] = None
    for other, why, alleles in _from_statements(evidence, rules, readings, term) if is_stated(evidence) else ():
        found.setdefault((other, why), {}).update(dict.fromkeys(alleles))
    for doubt in evidence.doubts:
        if all(why is not doubt for _, why in found):
            found[None, doubt] = {}
    return tuple(Alternative(other, tuple(behind), why) for (other, why), behind in found.items())


def _from_statements(
    evidence: Evidence, rules: PhenotypeRules | None, readings: Sequence[Reading], term: str | None
) -> Iterator[tuple[str | None, Why, tuple[tuple[str, ...], ...]]]:
    """What remains possible by what laboratories state: the terms a score spans, and what contradicts it."""
    used = used_terms(evidence, rules, term)
    if term is None:
        yield from ((each, Why.COPY_NUMBER, ()) for each in used)
    for reading in _contradicting(evidence, rules, readings, term):
        yield from ((possible, Why.STATED, (reading.diplotype.alleles,)) for possible in _terms(reading, rules))
    yield from ((other, Why.STATED, ()) for other in contradictions(evidence, rules, used))


def _remaining(
    evidence: Evidence,
    rules: PhenotypeRules | None,
    readings: Sequence[Reading],
    others: Sequence[tuple[Reading, Why]],
) -> tuple[tuple[Reading, Why], ...]:
    """Everything that fits, with why it is not alone: what is reported, what else is consistent, other copies."""
    remaining = list(others)
    if not is_stated(evidence):
        remaining = _with_reasons(readings, others, evidence) + remaining
    if rules is not None and evidence.copy_number == "not_assessed":
        telling = {tuple(allele.activity for allele in each.alleles): each for each in reversed(readings)}
        remaining += [(other, Why.COPY_NUMBER) for each in telling.values() for other in _other_copies(each, rules)]
    return tuple(remaining)


def _terms(reading: Reading, rules: PhenotypeRules | None) -> tuple[str | None, ...]:
    """Every term that a reading can mean: several only where its score is an inequality over several terms."""
    if reading.term is None and reading.score is not None and rules is not None:
        return terms_of_score(rules, reading.score)
    return (reading.term,)


def _contradicting(
    evidence: Evidence, rules: PhenotypeRules | None, readings: Sequence[Reading], term: str | None
) -> list[Reading]:
    """The stated alleles whose meaning is known and is not what the stated score or phenotype means."""
    if not is_stated(evidence):
        return []
    used = {*used_terms(evidence, rules, term), None, INDETERMINATE}
    return [each for each in readings if used.isdisjoint(_terms(each, rules))]


def _other_scores(
    evidence: Evidence,
    rules: PhenotypeRules | None,
    possible: Sequence[Reading],
    term: str | None,
    score: ActivityScore | None,
) -> tuple[str, ...]:
    """Every other score of the same term that remains possible, lowest first."""
    if rules is None or term is None:
        return ()
    scores = {each.score for each in possible if each.term == term and each.score is not None}
    scores |= {each for each in evidence.other_scores if score_term(rules, each) == term}
    return tuple(str(each) for each in sorted(scores - {score} if score is not None else scores))


def _with_reasons(
    readings: Sequence[Reading], others: Sequence[tuple[Reading, Why]], evidence: Evidence
) -> list[tuple[Reading, Why]]:
    """Why each of several reported diplotypes is not alone: phase, unless they differ in what they would carry."""
    known = {other.diplotype: why for other, why in others}
    differ = bool(evidence.missing) and len({_carried(each) for each in readings}) > 1
    usual = Why.NOT_ASSAYED if differ else Why.PHASE
    return [(each, known.get(each.diplotype, usual)) for each in readings]


def _carried(reading: Reading) -> tuple[tuple[int, tuple[str, ...]], ...]:
    return tuple(sorted(cell for allele in reading.alleles if not allele.is_reference for cell in allele.cells))


def _other_copies(reading: Reading, rules: PhenotypeRules) -> tuple[Reading, ...]:
    """What the pair means with more copies of either allele, or, when both look the same, with one deleted (*5).

    A deleted or duplicated allele leaves the small variants of a VCF unchanged.  Source: PMID 31647186.
    """
    if len(reading.alleles) != 2:
        return ()
    first, second = reading.alleles
    made = [(_copied(a, more), b) for a, b in _orders(first, second) for more in (2, 3)]
    if first.name == second.name:
        deleted = replace(first, name="*5", function="No function", activity=ActivityScore(Fraction(0)))
        made.append((deleted, first))
    return tuple(Reading(diplotype_of(a.name, b.name), *term_of(rules, (a, b)), (a, b)) for a, b in made)


def _orders(first: NamedAllele, second: NamedAllele) -> tuple[tuple[NamedAllele, NamedAllele], ...]:
    return ((first, second),) if first.name == second.name else ((first, second), (second, first))


def _copied(allele: NamedAllele, copies: int) -> NamedAllele:
    """The allele in two copies, or in three or more: values multiply, and `>=` says that more are possible."""
    most = copies > 2
    value = allele.activity
    total = None if value is None else ActivityScore(value.value * copies, value.at_least or most)
    return replace(allele, name=f"{allele.name}x{'>=' if most else ''}{copies}", activity=total)


def _copies_suffice(evidence: Evidence, readings: Sequence[Reading]) -> bool:
    """Whether the copy number cannot matter: it was looked at, or no allele has any function.

    Source: CPIC/DPWG consensus on CYP2D6 (PMID 31647186).
    """
    if evidence.copy_number != "not_assessed":
        return True
    return bool(readings) and all(
        allele.activity is not None and allele.activity.value == 0 for each in readings for allele in each.alleles
    )


def _notices(
    call: GeneCall,
    rules: PhenotypeRules | None,
    readings: Sequence[Reading],
    term: str | None,
) -> tuple[Notice, ...]:
    made: list[Notice] = []
    if rules is None and not call.evidence.presence and readings:
        made.append(_NO_TERMS)
    if rules is not None and not rules.uses_score:
        made += [_unruled(each) for each in readings if _is_unruled(each, rules)]
    if rules is not None:
        made += [_unnamed(each) for each in readings if not each.alleles and not call.evidence.research_only]
    if term == "Variable" and call.gene == "G6PD":
        made.append(_VARIABLE)
    used = used_terms(call.evidence, rules, term)
    differ = [
        (possible, str(each.diplotype))
        for each in _contradicting(call.evidence, rules, readings, term)
        for possible in _terms(each, rules)
        if possible is not None
    ]
    if call.evidence.stated_phenotype is not None and call.evidence.stated_phenotype not in used:
        differ.append((call.evidence.stated_phenotype, call.evidence.stated_phenotype))
    if differ:
        made.append(differ_notice(call.evidence, term, differ))
    return tuple(dict.fromkeys(made))


def _is_unruled(reading: Reading, rules: PhenotypeRules) -> bool:
    functions = tuple(sorted(allele.function for allele in reading.alleles))
    return bool(functions) and "" not in functions and functions not in rules.by_functions


def _unruled(reading: Reading) -> Notice:
    functions = " and ".join(allele.function for allele in reading.alleles)
    return Notice("NO_PHENOTYPE_RULE", f"{reading.diplotype}: no rule gives a phenotype for {functions}.")


def _unnamed(reading: Reading) -> Notice:
    return Notice("NO_PHENOTYPE_ALLELE", f"{reading.diplotype}: not all alleles are in the allele table.")


def _score_notice(scores: Sequence[str]) -> tuple[Notice, ...]:
    if not scores:
        return ()
    text = f"The activity score could be {' or '.join(scores)}; the phenotype is the same, but some guidelines differ."
    return (Notice(SCORE_NOT_CERTAIN, text),)


def _both_reduced(
    call: GeneCall,
    readings: Sequence[Reading],
    others: Sequence[Reading],
    term: str | None,
    rules: PhenotypeRules | None,
) -> tuple[Notice, ...]:
    """Says when both DPYD alleles are reduced: DPWG then asks for a measured activity instead of a score.

    Variants of unknown phase may lie on one strand, unless one of reduced function is there twice.
    Source: DPWG fluoropyrimidine guideline, PMID 31745289.
    """
    sure = [_is_reduced(each) for each in readings if each.alleles]
    settled = isinstance(call.result, Diplotype) or _is_twice(call, readings)
    if sure and all(sure) and settled and not _contradicting(call.evidence, rules, readings, term):
        text = "Both DPYD alleles carry a variant of reduced or absent function: residual activity cannot be predicted."
        return (Notice(BOTH_ALLELES_REDUCED, text),)
    if any(sure) or any(_is_reduced(each) for each in others if each.alleles):
        return (Notice(BOTH_ALLELES_POSSIBLE, "Both DPYD alleles may carry a variant of reduced or absent function."),)
    return ()


def _is_twice(call: GeneCall, readings: Sequence[Reading]) -> bool:
    """Whether a deciding allele, and so both strands, was seen in two copies."""
    deciding = {allele.name for each in readings for allele in each.alleles}
    return any(each.copies == 2 and each.name in deciding for each in call.evidence.variants)


def _is_reduced(reading: Reading) -> bool:
    return len(reading.alleles) == 2 and all(
        allele.activity is not None and allele.activity.value < 1 for allele in reading.alleles
    )
