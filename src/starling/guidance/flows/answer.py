"""What a flow is, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starling.assessment import GeneResult, Recommendation
from starling.definitions import Guideline
from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class FlowAnswer:
    """A flow's recommendations and the genes that it would have needed."""

    recommendations: tuple[Recommendation, ...]
    genes_missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """A guideline without rows: its id, the drugs it speaks of, and its decision tree.

    `advise` receives the drug, the guideline, the gene results by gene, and the subject.  `restrain`: what the flow
    leaves, for a subject, of a recommendation that any source gives for its drugs.
    """

    guideline: str
    drugs: tuple[str, ...]
    advise: Callable[[str, Guideline, Mapping[str, GeneResult], Mapping[str, str]], FlowAnswer]
    restrain: Callable[[Recommendation, Mapping[str, str]], Recommendation] = lambda row, _: row


def single_diplotype(results: Mapping[str, GeneResult], gene: str) -> tuple[str, ...] | None:
    """The alleles of `gene` when one diplotype, and only one, is reported."""
    result = results.get(gene)
    if result is None or len(result.diplotypes) != 1 or result.research_only:
        return None
    return result.diplotypes[0]
