"""Phenoconversion: what other medicines make of CYP2D6, and never what a drug makes of itself."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.assessment import DrugResult, GeneResult
from starling.definitions import GuidanceRules
from starling.guidance.conversion import convert, inhibitions, strongest
from starling.guidance.recommendation import Advisor
from starling.guidance.scores import terms_of_score
from starling.vocabulary import ActivityScore
from tests.guidance.conftest import Advised, Called, by_source, codes, inhibitor, rows_of

TAKEN = (
    inhibitor("paroxetine", "strong", "0", names=("Paxil",)),
    inhibitor("duloxetine", "moderate", "0.5"),
    inhibitor("mirabegron", "moderate", "0.5"),
    inhibitor("sertraline", "weak", ""),
    inhibitor("abiraterone", "weak", "", source="FDA"),
    inhibitor("abiraterone", "moderate", "0.5", source="another list"),
    inhibitor("terbinafine", "strong", "0", route="systemic"),
    inhibitor("fluconazole", "strong", "", enzyme="CYP2C19"),
)


@pytest.fixture(scope="module")
def taking(rules: GuidanceRules) -> GuidanceRules:
    return replace(rules, inhibitors=TAKEN)


@pytest.fixture(scope="module")
def asked(taking: GuidanceRules) -> Advisor:
    return Advisor(taking)


def one(advisor: Advisor, drug: str, result: GeneResult, *medication: str) -> DrugResult:
    return next(each for each in advisor.recommend([result], medication=medication) if each.drug == drug)


def scored(score: str, term: str = "Normal Metabolizer") -> GeneResult:
    return GeneResult("CYP2D6", "called", None, (), "", term, True, activity_score=score, copy_number="assessed")


@pytest.mark.parametrize(
    ("score", "medicine", "adjusted"),
    [
        ("2.0", "paroxetine", ("Poor Metabolizer", "0.0")),
        ("1.0", "duloxetine", ("Intermediate Metabolizer", "0.5")),
        ("3.0", "duloxetine", ("Normal Metabolizer", "1.5")),
        ("2.25", "duloxetine", ("Intermediate Metabolizer", "1.125")),
        (">=3.0", "duloxetine", ("Normal Metabolizer or Ultrarapid Metabolizer", ">=1.5")),
        (">=5.0", "duloxetine", ("Ultrarapid Metabolizer", ">=2.5")),
        (">=3.0", "paroxetine", ("Poor Metabolizer", "0.0")),
    ],
)
def test_strong_times_nothing_moderate_times_half(
    taking: GuidanceRules, score: str, medicine: str, adjusted: tuple[str, str]
) -> None:
    """Source: PMID 31647186 and PMID 24458010."""
    found = convert(scored(score), "codeine", [medicine], taking)
    assert found is not None
    assert (found.phenotype, found.activity_score) == adjusted
    assert medicine in found.by


@pytest.mark.parametrize("medicine", ["paroxetine", "duloxetine", "sertraline", "nothing of note"])
def test_a_score_of_zero_stays(taking: GuidanceRules, medicine: str) -> None:
    assert convert(scored("0.0", "Poor Metabolizer"), "codeine", [medicine], taking) is None


def test_paroxetine_does_not_halve_itself(taking: GuidanceRules, asked: Advisor) -> None:
    assert convert(scored("2.0"), "paroxetine", ["paroxetine"], taking) is None
    assert convert(scored("2.0"), "Paroxetine", ["PAROXETINE "], taking) is None
    used = {each.phenotype_used for each in one(asked, "paroxetine", scored("2.0"), "paroxetine").recommendations}
    assert used == {"genetic"}


def test_a_brand_of_the_drug_asked_is_the_drug_asked(taking: GuidanceRules) -> None:
    assert convert(scored("2.0"), "paroxetine", ["Paxil"], taking) is None
    assert convert(scored("2.0"), "codeine", ["paxil"], taking) is not None


def test_the_strongest_counts_and_is_never_multiplied(taking: GuidanceRules) -> None:
    two = convert(scored("2.0"), "codeine", ["duloxetine", "mirabegron"], taking)
    assert two is not None
    assert two.activity_score == "1.0"
    mixed = convert(scored("2.0"), "codeine", ["duloxetine", "paroxetine", "sertraline"], taking)
    assert mixed is not None
    assert mixed.by == "paroxetine (strong CYP2D6 inhibitor)"


def test_sources_that_disagree_count_with_the_stronger_and_say_so(taking: GuidanceRules) -> None:
    found = convert(scored("2.0"), "codeine", ["abiraterone"], taking)
    assert found is not None
    assert found.by == "abiraterone (moderate CYP2D6 inhibitor; weak in other sources)"


def test_the_route_is_said(taking: GuidanceRules) -> None:
    found = convert(scored("2.0"), "codeine", ["terbinafine"], taking)
    assert found is not None
    assert "systemic" in found.by


def test_strong_with_unknown_genotype_is_poor_by_medicine(taking: GuidanceRules, asked: Advisor) -> None:
    unknown = GeneResult("CYP2D6", "undetermined", "NOT_COVERED", (), "", None, False)
    found = convert(unknown, "codeine", ["paroxetine"], taking)
    assert found is not None
    assert (found.phenotype, found.by) == (
        "Poor Metabolizer",
        "paroxetine (strong CYP2D6 inhibitor), genotype unknown",
    )
    assert convert(unknown, "codeine", ["duloxetine"], taking) is None
    answer = one(asked, "codeine", unknown, "paroxetine")
    assert (answer.headline_action, answer.genes_missing) == ("avoid", ())


def test_a_term_without_score_is_halved_over_its_range(taking: GuidanceRules) -> None:
    normal = GeneResult("CYP2D6", "called", None, (), "", "Normal Metabolizer", True)
    found = convert(normal, "codeine", ["duloxetine"], taking)
    assert found is not None
    assert (found.phenotype, found.activity_score) == ("Intermediate Metabolizer", None)


@pytest.mark.parametrize("drug", ["eliglustat", "tamoxifen"])
def test_guidelines_that_branch_themselves_use_the_genetic_phenotype(
    taking: GuidanceRules, asked: Advisor, drug: str
) -> None:
    assert convert(scored("2.0"), drug, ["paroxetine"], taking) is None
    answer = one(asked, drug, scored("1.0", "Intermediate Metabolizer"), "paroxetine")
    assert {each.phenotype_used for each in answer.recommendations} == {"genetic"}
    assert all("INHIBITOR_NOT_APPLIED" in codes(each) for each in rows_of(answer))
    assert any(each.advice.conditions for each in answer.recommendations)


def test_other_genes_are_warned_about_not_adjusted(called: Called, taking: GuidanceRules, asked: Advisor) -> None:
    result = called("CYP2C19", "*1/*1")
    assert convert(result, "clopidogrel", ["fluconazole"], taking) is None
    answer = one(asked, "clopidogrel", result, "fluconazole")
    assert all("MEDICINE_AFFECTS_ENZYME" in codes(each) for each in answer.recommendations if each.genes)


def test_a_weak_inhibitor_is_listed_only(asked: Advisor) -> None:
    (cpic,) = by_source(one(asked, "codeine", scored("2.0"), "sertraline"), "CPIC")
    assert (cpic.phenotype_used, cpic.action) == ("genetic", "standard")
    assert codes(cpic) == {"INHIBITOR_NOT_APPLIED"}


def test_genetic_and_adjusted_stand_side_by_side(asked: Advisor) -> None:
    answer = one(asked, "codeine", scored("2.0"), "paroxetine")
    adjusted, genetic = by_source(answer, "CPIC")
    assert (adjusted.phenotype_used, adjusted.action, dict(adjusted.genes)) == ("adjusted", "avoid", {"CYP2D6": "0.0"})
    assert "PHENOCONVERTED" in codes(adjusted)
    assert (genetic.phenotype_used, genetic.action) == ("genetic", "standard")
    assert "GENETIC_PHENOTYPE_ONLY" in codes(genetic)
    assert answer.headline_action == "avoid"


def test_the_genetic_row_does_not_make_the_headline(asked: Advisor) -> None:
    """Score 3 with duloxetine behaves as 1.5: the row for ultrarapid metabolisers is shown, and forbids a plain yes."""
    answer = one(asked, "codeine", scored("3.0", "Ultrarapid Metabolizer"), "duloxetine")
    assert answer.headline_action == "monitor"
    assert {each.action for each in by_source(answer, "CPIC")} == {"standard", "avoid"}


def test_an_interval_over_two_terms_lists_both(asked: Advisor) -> None:
    answer = one(asked, "codeine", scored(">=3.0", "Ultrarapid Metabolizer"), "duloxetine")
    first = by_source(answer, "CPIC")[0]
    assert (first.action, first.phenotype_used) == ("test_further", "adjusted")
    assert {each.action for each in first.advice.conditions} == {"standard", "avoid"}


def test_a_combination_does_not_count_against_itself(rules: GuidanceRules) -> None:
    taken = ["dextromethorphan / quinidine", "quinidine"]
    assert inhibitions("dextromethorphan / quinidine", taken, rules.inhibitors) == ()
    assert strongest(inhibitions("codeine", taken, rules.inhibitors), "CYP2D6") is not None


def test_only_the_medicines_named_count(taking: GuidanceRules) -> None:
    assert inhibitions("codeine", [], taking.inhibitors) == ()
    assert strongest(inhibitions("codeine", ["sertraline"], taking.inhibitors), "CYP2D6") is None


def test_the_real_table_has_the_consensus_inhibitors(rules: GuidanceRules) -> None:
    """Source: CYP2D6 strong and moderate inhibitors as the specification of this project lists them."""
    if not rules.inhibitors:
        pytest.skip("no inhibitors in this knowledge base")
    for name in ("bupropion", "dacomitinib", "fluoxetine", "paroxetine", "quinidine", "terbinafine", "tipranavir"):
        found = strongest(inhibitions("codeine", [name], rules.inhibitors), "CYP2D6")
        assert found is not None, name
        assert found.factor == 0, name
    for name in ("abiraterone", "cinacalcet", "duloxetine", "lorcaserin", "mirabegron", "rolapitant"):
        found = strongest(inhibitions("codeine", [name], rules.inhibitors), "CYP2D6")
        assert found is not None, name
        assert found.factor == Fraction(1, 2), name


@given(
    value=st.integers(0, 24).map(lambda quarters: Fraction(quarters, 4)),
    at_least=st.booleans(),
    medicines=st.lists(st.sampled_from([each.ingredient for each in TAKEN])),
)
def test_no_medicine_ever_raises_a_score(
    taking: GuidanceRules, value: Fraction, at_least: bool, medicines: list[str]
) -> None:
    score = ActivityScore(value, at_least)
    term = " or ".join(terms_of_score(taking.phenotypes["CYP2D6"], score))
    found = convert(scored(str(score), term), "codeine", medicines, taking)
    if found is not None and found.activity_score is not None:
        reduced = ActivityScore.parse(found.activity_score)
        assert reduced is not None
        assert reduced.value < value
        assert found.phenotype == " or ".join(terms_of_score(taking.phenotypes["CYP2D6"], reduced))


def test_without_a_drug_every_medicine_counts(taking: GuidanceRules) -> None:
    found = convert(scored("2.0"), "", ["duloxetine"], taking)
    assert found is not None
    assert (found.phenotype, found.activity_score) == ("Intermediate Metabolizer", "1.0")


def test_a_gene_that_is_not_in_the_rules_is_left_alone(taking: GuidanceRules) -> None:
    assert convert(scored("2.0"), "codeine", ["paroxetine"], replace(taking, phenotypes={})) is None


@pytest.mark.parametrize(
    ("drug", "medicine", "says"),
    [
        ("tramadol", "duloxetine", "avoid"),  # 3.0 x 0.5: counts as normal
        ("amitriptyline", "duloxetine", "avoid"),
        ("ondansetron", "paroxetine", "avoid"),  # counts as poor, which is nothing to this drug
    ],
)
def test_no_prohibition_is_lifted_by_an_inhibitor_that_can_be_stopped(
    advised: Advised, called: Called, drug: str, medicine: str, says: str
) -> None:
    ultrarapid, other = called("CYP2D6", "*1/*1x2", copy_number="assessed"), called("CYP2C19", "*1/*1")
    facts = {"age": "40", "breastfeeding": "no"}
    alone = advised(drug, ultrarapid, other, subject=facts)
    beside = advised(drug, ultrarapid, other, subject=facts, medication=[medicine])
    assert alone.headline_action == says
    assert beside.headline_action == "monitor"
    assert beside.answer.startswith("Not usual without the other medicine")
