"""The two guidelines that are decision trees.  Source: PMID 28198005 (warfarin), PMID 24096968 (peginterferon)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from starling.assessment import GeneResult, Recommendation
from starling.definitions import GuidanceRules
from starling.guidance.flows import FLOWS
from starling.guidance.flows.warfarin import ancestry_of
from starling.guidance.recommendation import Advisor
from starling.vocabulary import VariantCopies
from tests.guidance.conftest import Advised, Called, by_source, codes

WILD, SENSITIVE = "rs9923231 reference (C)", "rs9923231 variant (T)"
FOUR = ("*5", "*6", "*8", "*11")


def warfarin(
    called: Called,
    advised: Advised,
    cyp2c9: str = "*1/*1",
    ancestry: str = "",
    cyp4f2: str = "*1/*1",
    **evidence: Any,
) -> Recommendation:
    results = [called("CYP2C9", cyp2c9, **evidence), called("VKORC1", f"{WILD}/{SENSITIVE}"), called("CYP4F2", cyp4f2)]
    (found,) = by_source(advised("warfarin", *results, subject={"ancestry": ancestry}), "CPIC")
    return found


def factors(found: Recommendation) -> list[tuple[float | None, float | None]]:
    return [(each.factor_min, each.factor_max) for each in found.advice.dose]


@pytest.mark.parametrize("ancestry", ["", "European", "African American", "mixed"])
@pytest.mark.parametrize("missing", [("CYP2C9",), ("VKORC1",), ("CYP2C9", "VKORC1"), ()])
def test_always_exactly_one(called: Called, advised: Advised, ancestry: str, missing: tuple[str, ...]) -> None:
    known = {"CYP2C9": called("CYP2C9", "*1/*3"), "VKORC1": called("VKORC1", f"{WILD}/{WILD}")}
    results = [result for gene, result in known.items() if gene not in missing]
    answer = advised("warfarin", *results, subject={"ancestry": ancestry})
    (cpic,) = by_source(answer, "CPIC")
    assert answer.genes_missing == missing
    if missing:
        assert (cpic.advice.id, cpic.advice.genes_missing) == ("FLOW-WARFARIN-CLINICAL", missing)
        assert all(gene in cpic.advice.summary for gene in missing)


def test_an_ambiguous_cyp2c9_is_not_called(called: Called, advised: Advised) -> None:
    results = [called("CYP2C9", "*1/*2", "*1/*3"), called("VKORC1", f"{WILD}/{WILD}")]
    (cpic,) = by_source(advised("warfarin", *results), "CPIC")
    assert cpic.advice.id == "FLOW-WARFARIN-CLINICAL"


def test_both_called_is_dosed_by_an_algorithm(called: Called, advised: Advised) -> None:
    found = warfarin(called, advised, "*1/*2", "European")
    assert (found.action, found.strength, factors(found)) == ("adjust_dose", "Strong", [])
    assert "published pharmacogenetic algorithm" in found.advice.summary
    assert dict(found.genes) == {"CYP2C9": "*1/*2", "VKORC1": f"{WILD}/{SENSITIVE}"}


@pytest.mark.parametrize(
    ("diplotype", "factor"), [("*1/*8", (0.7, 0.85)), ("*8/*8", (0.6, 0.8)), ("*5/*11", (0.6, 0.8))]
)
@pytest.mark.parametrize("ancestry", ["European", "African"])
def test_lowering_alleles_lower_once(
    called: Called, advised: Advised, diplotype: str, factor: tuple[float, float], ancestry: str
) -> None:
    found = warfarin(called, advised, diplotype, ancestry, variants=(VariantCopies("rs12777823", 0),))
    doses = found.advice.dose or (found.advice.fallback.dose if found.advice.fallback else ())
    assert [(each.factor_min, each.factor_max) for each in doses] == [factor]
    assert "entered in the algorithm as *1" in doses[0].text


def test_poor_metabolisers_consider_another_anticoagulant_first(called: Called, advised: Advised) -> None:
    found = warfarin(called, advised, "*3/*3", "European")
    assert (found.action, found.advice.dose) == ("consider_alternative", ())
    assert found.advice.fallback is not None
    assert found.advice.fallback.action == "adjust_dose"


def test_african_ancestry_without_the_four_alleles_is_dosed_clinically(called: Called, advised: Advised) -> None:
    found = warfarin(called, advised, ancestry="African American", cannot_exclude=("*8", "*99"))
    assert (found.action, found.strength) == ("no_recommendation", "Moderate")
    assert "*5, *6, *8, *11 were not all called" in found.advice.summary


def test_an_outside_reference_does_not_say_what_was_tested(called: Called, advised: Advised) -> None:
    found = warfarin(called, advised, ancestry="African", source="outside")
    assert found.action == "no_recommendation"


def test_african_ancestry_cluster_variant(called: Called, advised: Advised) -> None:
    found = warfarin(called, advised, ancestry="african", variants=(VariantCopies("rs12777823", 1),))
    assert factors(found) == [(0.75, 0.9)]
    none = warfarin(called, advised, ancestry="african", variants=(VariantCopies("rs12777823", 0),))
    assert (factors(none), codes(none)) == ([], set())
    unknown = warfarin(called, advised, ancestry="african")
    assert (factors(unknown), codes(unknown)) == ([], {"VARIANT_NOT_CALLED"})


def test_cyp4f2_is_optional_and_never_for_african_ancestry(called: Called, advised: Advised) -> None:
    zero = (VariantCopies("rs12777823", 0),)
    other = warfarin(called, advised, ancestry="Asian", cyp4f2="*1/*3")
    assert [each.action for each in other.advice.conditions] == ["increase_dose", "adjust_dose"]
    assert (other.advice.conditions[0].dose[0].factor_min, other.advice.conditions[0].dose[0].factor_max) == (1.05, 1.1)
    african = warfarin(called, advised, ancestry="African", cyp4f2="*1/*3", variants=zero)
    assert "increase_dose" not in {each.action for each in african.advice.conditions}


def test_unknown_ancestry_shows_both_branches(called: Called, advised: Advised) -> None:
    found = warfarin(called, advised, "*1/*8", variants=(VariantCopies("rs12777823", 2),))
    african, other = found.advice.conditions[:2]
    assert african.when.startswith("African ancestry:")
    assert other.when.startswith("ancestry other than African:")
    assert (len(african.dose), len(other.dose)) == (2, 1)


def test_loading_dose_and_children_are_mentioned(called: Called, advised: Advised) -> None:
    found = warfarin(called, advised)
    assert "not been validated in African ancestry" in found.advice.conditions[-1].when
    assert "Children" in found.advice.detail
    assert found.population == "adults"


def test_alleles_that_cannot_be_excluded_are_named(called: Called, advised: Advised) -> None:
    found = warfarin(called, advised, ancestry="European", cannot_exclude=("*8",))
    assert "ALLELES_NOT_EXCLUDED" in codes(found)


@pytest.mark.parametrize("allele", ["*2", "*3"])
def test_cyp2c9_without_its_common_alleles_counts_as_not_called(called: Called, advised: Advised, allele: str) -> None:
    """Source: PMID 28198005: the algorithm needs *2 and *3."""
    found = warfarin(called, advised, ancestry="European", cannot_exclude=(allele, "*8"))
    assert (found.advice.id, found.advice.genes_missing) == ("FLOW-WARFARIN-CLINICAL", ("CYP2C9",))
    assert f"CYP2C9 ({allele} not called)" in found.advice.summary


@pytest.mark.parametrize("vkorc1", [True, False])
def test_a_stated_poor_metaboliser_considers_another_anticoagulant_first(
    called: Called, advised: Advised, *, vkorc1: bool
) -> None:
    """Without alleles no dose can be calculated, but the phenotype is enough to consider another medicine."""
    poor = called("CYP2C9", "", source="outside", stated_phenotype="Poor Metabolizer")
    poor = replace(poor, diplotypes=())
    results = [poor, called("VKORC1", f"{WILD}/{WILD}")] if vkorc1 else [poor]
    answer = advised("warfarin", *results)
    (found,) = by_source(answer, "CPIC")
    assert (found.action, dict(found.genes)) == ("consider_alternative", {"CYP2C9": "Poor Metabolizer"})
    assert answer.genes_missing == (() if vkorc1 else ("VKORC1",))
    assert found.advice.fallback is not None
    assert "dose clinically" in found.advice.fallback.when
    assert "CYP2C9 alleles" in found.advice.fallback.when if vkorc1 else True


def test_medicines_that_affect_warfarin_are_named(called: Called, advised: Advised) -> None:
    results = [called("CYP2C9", "*1/*1"), called("VKORC1", f"{WILD}/{WILD}")]
    (found,) = by_source(advised("warfarin", *results, medication=("amiodarone", "rifampicin")), "CPIC")
    said = [notice.message for notice in found.notes if notice.code == "MEDICINE_AFFECTS_ENZYME"]
    assert any("amiodarone" in message for message in said)
    assert any("rifampicin" in message for message in said)
    assert len(said) == len(set(said))


@pytest.mark.parametrize(
    ("stated", "branch"),
    [("", "unknown"), ("African American", "african"), ("AFR", "african"), ("european", "other"), ("EAS", "other"),
     ("Martian", "unknown"), ("South African", "unknown")],
)  # fmt: skip
def test_ancestry(stated: str, branch: str) -> None:
    assert ancestry_of({"ancestry": stated}) == branch


@pytest.mark.parametrize("drug", ["peginterferon alfa-2a", "peginterferon alfa-2b", "ribavirin"])
@pytest.mark.parametrize(
    ("alleles", "word"),
    [(("reference (C)", "reference (C)"), "favourable"), (("reference (C)", "variant (T)"), "unfavourable"),
     (("variant (T)", "variant (T)"), "unfavourable")],
)  # fmt: skip
def test_peginterferon_is_information_only(
    called: Called, advised: Advised, drug: str, alleles: tuple[str, str], word: str
) -> None:
    diplotype = "/".join(f"rs12979860 {each}" for each in alleles)
    (found,) = advised(drug, called("IFNL3", diplotype)).recommendations
    assert (found.action, found.advice.id) == ("no_recommendation", f"FLOW-PEGINTERFERON-{word.upper()}")
    assert "retired" in found.advice.summary
    assert (found.strength, "CPIC retired it in May 2026" in found.advice.detail) == ("", True)


def test_peginterferon_without_ifnl3(advised: Advised) -> None:
    answer = advised("ribavirin")
    assert (answer.status, answer.genes_missing) == ("no_result", ("IFNL3",))


@pytest.mark.parametrize("drug", sorted(FLOWS))
def test_a_flow_looks_at_the_results_of_its_guidelines_genes_alone(
    called: Called, rules: GuidanceRules, drug: str
) -> None:
    """By them an answer is kept for the next patient."""

    asked: set[str] = set()

    class Watched(dict[str, GeneResult]):
        def get(self, gene: str, default: Any = None) -> Any:
            asked.add(gene)
            return super().get(gene, default)

        def __getitem__(self, gene: str) -> GeneResult:
            asked.add(gene)
            return super().__getitem__(gene)

    guideline = next(each for each in rules.guidelines if each.id == FLOWS[drug].guideline)
    known = {"CYP2C9": "*1/*3", "VKORC1": f"{WILD}/{SENSITIVE}", "CYP4F2": "*1/*1"}
    results = Watched({gene: called(gene, result) for gene, result in known.items()})
    FLOWS[drug].advise(drug, guideline, results, {})
    assert asked and asked <= {*guideline.genes}


def test_people_who_share_results_share_the_answer_of_a_flow_and_others_do_not(
    called: Called, rules: GuidanceRules
) -> None:
    advisor = Advisor(rules)
    drug = [each for each in rules.drugs if each.name == "warfarin"]
    usual, rare = called("CYP2C9", "*1/*1"), called("CYP2C9", "*1/*1", cannot_exclude=("*8",))
    vkorc1 = called("VKORC1", f"{WILD}/{WILD}")
    first, again, other = (advisor.answers(drug, [each, vkorc1])[0] for each in (usual, usual, rare))
    assert first is again
    assert other == Advisor(rules).answers(drug, [rare, vkorc1])[0] != first
