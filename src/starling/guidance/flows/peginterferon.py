"""Peginterferon alfa and ribavirin by IFNL3: information only, since CPIC has retired the guideline.

Source: CPIC guideline 2014, PMID 24096968; retired in May 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starling.assessment import Advice, GeneResult, Recommendation
from starling.definitions import Guideline
from starling.guidance.flows.answer import Flow, FlowAnswer, single_diplotype

GENE: Final = "IFNL3"
_UNFAVOURABLE: Final = "rs12979860 variant (T)"
_DETAIL: Final = (
    "From the guideline of 2014 for chronic hepatitis C genotype 1, previously untreated; CPIC retired it in May 2026. "
    "Interferon-based treatment has largely been replaced by direct-acting antivirals."
)


def advise(
    drug: str, guideline: Guideline, results: Mapping[str, GeneResult], subject: Mapping[str, str]
) -> FlowAnswer:
    """One piece of information when IFNL3 rs12979860 is called; else IFNL3 is missing.

    Source: PMID 24096968, table 2: CC favourable, CT and TT unfavourable.
    """
    alleles = single_diplotype(results, GENE)
    if alleles is None:
        return FlowAnswer((), (GENE,))
    favourable = _UNFAVOURABLE not in alleles
    word, genotype = ("favourable", "CC") if favourable else ("unfavourable", "CT or TT")
    odds = "more" if favourable else "less"
    advice = Advice(
        id=f"FLOW-PEGINTERFERON-{word.upper()}",
        action="no_recommendation",
        summary=f"No current advice (guideline retired): {word} IFNL3 genotype, a response was {odds} likely.",
        detail=_DETAIL,
    )
    recommendation = Recommendation(
        drug=drug,
        source=guideline.source,
        guideline=guideline.id,
        population="no restriction",
        genes={GENE: f"rs12979860 {genotype}"},
        phenotype_used="genetic",
        strength="",
        action=advice.action,
        advice=advice,
        implications=(f"IFNL3 rs12979860 {genotype}: {word} response genotype.",),
        pmids=guideline.pmids,
        text_as_of=guideline.text_as_of,
        checked_on=guideline.checked_on,
    )
    return FlowAnswer((recommendation,))


FLOW: Final = Flow(
    "cpic-peginterferon-alfa-2a-peginterferon-alfa-2b-ribavirin-and-ifnl3",
    ("peginterferon alfa-2a", "peginterferon alfa-2b", "ribavirin"),
    advise,
)
