"""From a gene call to a phenotype term: one `GeneCall` in, one published `GeneResult` out.

meaning         what its diplotypes mean
statements      what a laboratory stated, which counts before them
possibilities   what else remains possible, and so whether the term is certain
caveats         what the reader must know besides
label           how the call is written
"""

from __future__ import annotations

from starling.assessment import GeneResult
from starling.definitions import GeneDefinition, PhenotypeRules
from starling.guidance.caveats import caveats
from starling.guidance.label import label_of
from starling.guidance.meaning import meaning_of
from starling.guidance.possibilities import possibilities
from starling.guidance.statements import conflict_with, contradicting, contradicting_scores, weigh
from starling.values import replace
from starling.vocabulary import GeneCall


def interpret(call: GeneCall, definition: GeneDefinition | None, rules: PhenotypeRules | None) -> GeneResult:
    """The published result for one gene: its diplotypes, its term, and everything that keeps the term uncertain.

    `rules` is None for genes without phenotype terms (`method` none in genes.tsv): their term is null and never
    certain.
    """
    evidence = call.evidence
    meaning = meaning_of(call, definition, rules)
    weighed = weigh(evidence, rules, meaning)
    possible = possibilities(evidence, rules, meaning, weighed)
    label = label_of(call, meaning.reported)
    return GeneResult(
        gene=call.gene,
        status=label.status,
        reason=label.reason,
        diplotypes=tuple([each.alleles for each in meaning.reported]),
        label=label.text,
        phenotype=weighed.term,
        phenotype_certain=possible.certain,
        phenotype_alternatives=possible.alternatives,
        activity_score=None if weighed.score is None else str(weighed.score),
        activity_score_alternatives=possible.scores,
        variants=evidence.variants,
        copy_number=evidence.copy_number,
        presence=dict(evidence.presence),
        source=evidence.source,
        conflict=evidence.conflict,
        research_only=evidence.research_only,
        missing_positions=tuple([f"{locus.chromosome}:{locus.position}" for locus in evidence.missing]),
        cannot_exclude=evidence.cannot_exclude,
        warnings=caveats(call, rules, meaning, weighed, possible),
    )


def with_conflict(stated: GeneResult, own: GeneResult) -> GeneResult:
    """`stated` with its `conflict` filled when the sample's own data say otherwise; what is stated still counts.

    It is not certain where the own data leave no room for its term: one of the two is wrong, or of another person.
    A conflict that is already recorded, such as one between two outside results, is kept beside it.
    """
    conflict = conflict_with(stated, own)
    if conflict is None:
        return stated
    against = contradicting(stated, own)
    return replace(
        stated,
        conflict=f"{stated.conflict}; {conflict}" if stated.conflict else conflict,
        phenotype_certain=stated.phenotype_certain and not against,
        phenotype_alternatives=(*stated.phenotype_alternatives, *against),
        activity_score_alternatives=contradicting_scores(stated, own),
    )
