"""Results that nearly everybody has and by which a drug cannot be advised: they neither stop nor delay it.

A row that rules a drug out for every reference person says nothing of this one (a drug for carriers of its target, an
anaesthetic where no pathogenic variant was found).  Which results these are is a fact of the knowledge base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from starling.assessment import Recommendation
from starling.definitions import SERIOUS, PhenotypeRules, Uninformative
from starling.guidance.conditions import Decider
from starling.guidance.standing import NO_RESULT, Standing
from starling.values import replace
from starling.vocabulary import Notice

_STOPPING: Final = SERIOUS | {"test_further"}


def uninformative(
    genes: Iterable[str], decider: Decider, rules: Mapping[str, PhenotypeRules]
) -> dict[str, Uninformative]:
    """The genes whose result does not help, and what is said instead."""
    found = {}
    for gene in genes:
        usual = rules[gene].uninformative if gene in rules else None
        if usual is not None and _is_usual(decider.standings[gene], usual) and not _counts(usual.unless, decider):
            found[gene] = usual
    return found


def _is_usual(standing: Standing, usual: Uninformative) -> bool:
    """Whether the result is the usual one and no allele is a finding; a term alone may hide one."""
    alleles = {allele for pair in standing.diplotypes for allele in pair.split("/")}
    return standing.term == usual.phenotype and bool(alleles) and alleles <= usual.alleles


def _counts(unless: str, decider: Decider) -> bool:
    """Whether the rows count all the same, by what is stated of the patient."""
    return bool(unless) and decider.decide(unless) is True


def set_aside(given: Sequence[Recommendation], usual: Mapping[str, Uninformative]) -> list[Recommendation]:
    """The recommendations; those that would stop or delay the drug by such results alone advise nothing."""
    return [_aside(each, usual) if _is_by(each, usual) else each for each in given]


def _is_by(row: Recommendation, usual: Mapping[str, Uninformative]) -> bool:
    known = [gene for gene, key in row.genes.items() if key != NO_RESULT]
    return row.action in _STOPPING and bool(known) and all(gene in usual for gene in known)


def _aside(row: Recommendation, usual: Mapping[str, Uninformative]) -> Recommendation:
    said = next(usual[gene].says for gene in row.genes if gene in usual).format(drug=row.drug)
    return replace(row, action="no_recommendation", notes=(*row.notes, Notice("RESULT_DOES_NOT_HELP", said)))
