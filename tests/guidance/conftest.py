"""The real rules, and short ways to state gene calls and results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from starling.assessment import DrugResult, GeneResult, Recommendation
from starling.definitions import GeneDefinition, GuidanceRules, Inhibitor
from starling.guidance.phenotype import interpret
from starling.guidance.recommendation import Advisor
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import Ambiguous, Diplotype, Evidence, GeneCall


@pytest.fixture(scope="session")
def knowledge() -> KnowledgeBase:
    return KnowledgeBase.open()


@pytest.fixture(scope="session")
def rules(knowledge: KnowledgeBase) -> GuidanceRules:
    return knowledge.guidance


@pytest.fixture(scope="session")
def definitions(knowledge: KnowledgeBase) -> Mapping[str, GeneDefinition]:
    return knowledge.definitions


@pytest.fixture(scope="session")
def advisor(rules: GuidanceRules) -> Advisor:
    return Advisor(rules)


Called = Callable[..., GeneResult]


@pytest.fixture(scope="session")
def called(knowledge: KnowledgeBase) -> Called:
    """`called("CYP2D6", "*1/*4")`: the result for a diplotype; several: an ambiguous call; keywords: evidence."""

    def make(gene: str, *diplotypes: str, **evidence: Any) -> GeneResult:
        pairs = tuple(Diplotype(tuple(each.split("/"))) for each in diplotypes)
        result = pairs[0] if len(pairs) == 1 else Ambiguous(pairs)
        call = GeneCall(gene, result, Evidence(**evidence))
        return interpret(call, knowledge.definitions.get(gene), knowledge.guidance.phenotypes.get(gene))

    return make


Advised = Callable[..., DrugResult]


@pytest.fixture(scope="session")
def advised(advisor: Advisor) -> Advised:
    """`advised("codeine", result, ...)`: the answer for one drug."""

    def make(drug: str, *results: GeneResult, **options: Any) -> DrugResult:
        return {each.drug: each for each in advisor.recommend(results, **options)}[drug]

    return make


def by_source(result: DrugResult, source: str) -> list[Recommendation]:
    return [each for each in result.recommendations if each.source == source]


def rows_of(result: DrugResult) -> list[Recommendation]:
    """What rows of guidelines advise, without what labels and guidelines say whatever the genotype."""
    return [each for each in result.recommendations if "limits-" not in each.guideline]


def fda_table(result: DrugResult) -> list[str]:
    """What the FDA's table of associations advises; its labels are guidelines of their own."""
    return [each.advice.id for each in result.recommendations if each.guideline.startswith("fda-assoc-")]


def codes(recommendation: Recommendation) -> set[str]:
    return {notice.code for notice in recommendation.notes}


def inhibitor(ingredient: str, strength: str, factor: str, **fields: Any) -> Inhibitor:
    stated = {"enzyme": "CYP2D6", "route": "any", "source": "FDA", "source_date": "2023", "dose_condition": ""} | fields
    return Inhibitor(ingredient=ingredient, strength=strength, factor=factor, **stated)
