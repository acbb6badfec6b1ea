"""What the reader of a term must know beside its certainty: rules that are missing, activity that must be measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from starling.definitions import BOTH_REDUCED, PhenotypeRules
from starling.guidance.meaning import Meaning, Reading
from starling.guidance.possibilities import Possibilities
from starling.guidance.statements import Weighed
from starling.vocabulary import Diplotype, GeneCall, Notice

BOTH_ALLELES_REDUCED: Final = "BOTH_ALLELES_REDUCED"
BOTH_ALLELES_POSSIBLE: Final = "BOTH_ALLELES_POSSIBLE"
SCORE_NOT_CERTAIN: Final = "SCORE_NOT_CERTAIN"

_NO_TERMS: Final = Notice(
    "NO_PHENOTYPE_TERMS", "No phenotype terms are defined for this gene; guidance uses its alleles themselves."
)
_VARIABLE: Final = Notice(
    "MEASURE_ENZYME_ACTIVITY",
    "One X carries a deficient allele: the enzyme activity cannot be predicted from the genotype; measure it.",
)


def caveats(
    call: GeneCall, rules: PhenotypeRules | None, meaning: Meaning, weighed: Weighed, possible: Possibilities
) -> tuple[Notice, ...]:
    """Every notice of the result: those of the call, then those of its interpretation, each once."""
    if rules is None:
        without_terms = bool(meaning.readings) and not call.evidence.presence
        made = [*([_NO_TERMS] if without_terms else []), *weighed.notices]
        return (*call.evidence.notices, *made)
    made = [*_missing_rules(call, rules, meaning)]
    if weighed.term is not None and weighed.term == rules.measure_activity:
        made.append(_VARIABLE)
    made += weighed.notices
    made = [*dict.fromkeys(made), *_other_scores(possible)]
    if rules.measure_activity == BOTH_REDUCED:
        made += _both_reduced(call, meaning, weighed)
    return (*call.evidence.notices, *made)


def _missing_rules(call: GeneCall, rules: PhenotypeRules, meaning: Meaning) -> Iterator[Notice]:
    if not rules.uses_score:
        for each in meaning.readings:
            functions = tuple(sorted([allele.function for allele in each.alleles]))
            if functions and "" not in functions and functions not in rules.by_functions:
                said = " and ".join(allele.function for allele in each.alleles)
                yield Notice("NO_PHENOTYPE_RULE", f"{each.diplotype}: no rule gives a phenotype for {said}.")
    if not call.evidence.research_only:
        for each in meaning.readings:
            if not each.alleles:
                text = f"{each.diplotype}: not all alleles are in the allele table."
                yield Notice("NO_PHENOTYPE_ALLELE", text)


def _other_scores(possible: Possibilities) -> Iterator[Notice]:
    if possible.scores:
        scores = " or ".join(possible.scores)
        text = f"The activity score could be {scores}; the phenotype is the same, but some guidelines differ."
        yield Notice(SCORE_NOT_CERTAIN, text)


def _both_reduced(call: GeneCall, meaning: Meaning, weighed: Weighed) -> Iterator[Notice]:
    """Says when both alleles are reduced: DPWG then asks for a measured DPYD activity instead of a score.

    Variants of unknown phase may lie on one haplotype, unless one of reduced function is there twice.
    Source: DPWG fluoropyrimidine guideline, PMID 31745289.
    """
    sure = [_is_reduced(each) for each in meaning.readings if each.alleles]
    settled = isinstance(call.result, Diplotype) or _is_twice(call, meaning)
    if sure and all(sure) and settled and not weighed.contradicted:
        text = f"Both {call.gene} alleles carry a variant of reduced or absent function: "
        yield Notice(BOTH_ALLELES_REDUCED, f"{text}residual activity cannot be predicted.")
    elif any(sure) or any(_is_reduced(each) for each, _ in meaning.others if each.alleles):
        text = f"Both {call.gene} alleles may carry a variant of reduced or absent function."
        yield Notice(BOTH_ALLELES_POSSIBLE, text)


def _is_twice(call: GeneCall, meaning: Meaning) -> bool:
    """Whether a deciding allele, and so both haplotypes, was seen in two copies."""
    deciding = {allele.name for each in meaning.readings for allele in each.alleles}
    return any(each.copies == 2 and each.name in deciding for each in call.evidence.variants)


def _is_reduced(reading: Reading) -> bool:
    return len(reading.alleles) == 2 and all(
        allele.activity is not None and allele.activity.value < 1 for allele in reading.alleles
    )
