"""Phenotype rules: every published row, certainty, copy number, exact scores."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.assessment import Alternative
from starling.definitions import GeneDefinition, GuidanceRules, NamedAllele, PhenotypeRules
from starling.guidance.meaning import term_of
from starling.guidance.phenotype import interpret, with_conflict
from starling.guidance.scores import score_term, terms_of_score
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import (
    ActivityScore,
    Ambiguous,
    Consistent,
    Diplotype,
    Evidence,
    GeneCall,
    Locus,
    Undetermined,
    VariantCopies,
    Why,
)
from tests.guidance.conftest import Called

CYP2D6 = PhenotypeRules("CYP2D6", {"2.0": "Normal Metabolizer", "n/a": "Indeterminate"}, {})


def allele(function: str = "", activity: str = "") -> NamedAllele:
    return NamedAllele("*x", (), function, ActivityScore.parse(activity), "*x")


def test_every_function_row_is_reproduced(rules: GuidanceRules) -> None:
    checked = 0
    for gene in rules.phenotypes.values():
        for functions, term in gene.by_functions.items():
            for order in (functions, functions[::-1]):
                assert term_of(gene, [allele(each) for each in order]) == (term, None)
                checked += 1
    assert checked > 250


def test_every_score_row_is_reproduced(rules: GuidanceRules) -> None:
    for gene in rules.phenotypes.values():
        for text, term in gene.by_score.items():
            assert score_term(gene, ActivityScore.parse(text)) == term


def test_every_pair_of_scored_alleles_has_a_term(
    rules: GuidanceRules, definitions: Mapping[str, GeneDefinition]
) -> None:
    for gene in ("CYP2C9", "CYP2D6", "DPYD"):
        values = {each.activity: each for each in definitions[gene].alleles}
        for pair in combinations_with_replacement(values.values(), 2):
            term, score = term_of(rules.phenotypes[gene], pair)
            assert term in set(rules.phenotypes[gene].by_score.values()) | {"Indeterminate"}
            assert (score is None) == any(each.activity is None for each in pair)


def test_an_unknown_value_is_indeterminate_never_zero() -> None:
    assert term_of(CYP2D6, [allele("No function", "0.0"), allele("Uncertain function", "n/a")]) == (
        "Indeterminate",
        None,
    )


def test_an_empty_function_is_indeterminate_never_normal(called: Called) -> None:
    assert called("CYP3A4", "*1/*3").phenotype == "Indeterminate"


def test_inequalities_stay_inequalities(called: Called) -> None:
    result = called("CYP2D6", "*1x>=3/*41", copy_number="assessed")
    assert (result.phenotype, result.activity_score) == ("Ultrarapid Metabolizer", ">=3.25")


def test_a_lone_no_function_inequality_is_not_an_inequality(called: Called) -> None:
    assert called("CYP2D6", "*4x>=3/*1", copy_number="assessed").activity_score == "1.0"


@pytest.mark.parametrize(
    ("diplotype", "score", "term"),
    [
        ("*1/*4", "1.0", "Intermediate Metabolizer"),
        ("*1/*41", "1.25", "Normal Metabolizer"),
        ("*2x2/*2", "3.0", "Ultrarapid Metabolizer"),
        ("*41x3/*4", "0.75", "Intermediate Metabolizer"),
        ("*36+*10/*4", "0.25", "Intermediate Metabolizer"),
        ("*17x4/*4", "2.0", "Normal Metabolizer"),  # not in the table: values multiply
        ("*2x5/*4", ">=3.0", "Ultrarapid Metabolizer"),  # the table has *2x>=3
    ],
)
def test_copies_belong_to_the_allele(called: Called, diplotype: str, score: str, term: str) -> None:
    """Source: PMID 31647186."""
    result = called("CYP2D6", diplotype, copy_number="assessed")
    assert (result.activity_score, result.phenotype, result.phenotype_certain) == (score, term, True)


@pytest.mark.parametrize(
    ("score", "term"),
    [("0.0", "Poor"), ("0.125", "Intermediate"), ("1.125", "Intermediate"), ("1.25", "Normal"), ("2.25", "Normal"),
     ("2.375", "Ultrarapid"), ("5.0", "Ultrarapid")],
)  # fmt: skip
def test_cyp2d6_scores_follow_the_consensus_ranges(rules: GuidanceRules, score: str, term: str) -> None:
    """Source: PMID 31647186."""
    assert score_term(rules.phenotypes["CYP2D6"], ActivityScore.parse(score)) == f"{term} Metabolizer"


def test_an_inequality_over_two_terms_has_no_single_term(rules: GuidanceRules) -> None:
    score = ActivityScore.parse(">=1.5")
    assert terms_of_score(rules.phenotypes["CYP2D6"], score) == ("Normal Metabolizer", "Ultrarapid Metabolizer")
    assert score_term(rules.phenotypes["CYP2D6"], score) is None


@given(st.fractions(min_value=0, max_value=8), st.booleans())
def test_every_cyp2d6_score_has_terms_in_order(rules: GuidanceRules, value: Fraction, at_least: bool) -> None:
    order = ["Poor Metabolizer", "Intermediate Metabolizer", "Normal Metabolizer", "Ultrarapid Metabolizer"]
    terms = terms_of_score(rules.phenotypes["CYP2D6"], ActivityScore(value, at_least))
    assert terms
    assert [order.index(term) for term in terms] == sorted(order.index(term) for term in terms)
    assert len(terms) == 1 or at_least


def test_a_score_between_two_listed_ones_of_other_genes(rules: GuidanceRules) -> None:
    assert score_term(rules.phenotypes["CYP2C9"], ActivityScore.parse("1.25")) == "Intermediate Metabolizer"
    assert score_term(rules.phenotypes["CYP2C9"], ActivityScore.parse("0.75")) == "Indeterminate"


def test_certain_when_everything_consistent_agrees(called: Called) -> None:
    result = called("CYP2C19", "*1/*38", consistent=(Consistent(Diplotype(("*1", "*1")), Why.PHASE),))
    assert (result.phenotype, result.phenotype_certain, result.phenotype_alternatives) == (
        "Normal Metabolizer",
        True,
        (),
    )


def test_tpmt_3b_3c_behind_1_3a_is_an_alternative(called: Called) -> None:
    """Both have the same variants; only phase tells a poor from an intermediate metaboliser (PMID 30447069)."""
    result = called("TPMT", "*1/*3A", consistent=(Consistent(Diplotype(("*3B", "*3C")), Why.PHASE),))
    assert result.phenotype == "Intermediate Metabolizer"
    assert not result.phenotype_certain
    assert result.phenotype_alternatives == (Alternative("Poor Metabolizer", (("*3B", "*3C"),), Why.PHASE),)


def test_alternatives_are_grouped_by_term_and_reason(called: Called) -> None:
    fits = [("*1", "*2", Why.PHASE), ("*1", "*3", Why.PHASE), ("*1", "*4", Why.NOT_ASSAYED), ("*1", "*1", Why.PHASE)]
    consistent = tuple(Consistent(Diplotype((a, b)), why) for a, b, why in fits)
    result = called("CYP2C19", "*1/*1", consistent=consistent)
    assert result.phenotype_alternatives == (
        Alternative("Intermediate Metabolizer", (("*1", "*2"), ("*1", "*3")), Why.PHASE),
        Alternative("Intermediate Metabolizer", (("*1", "*4"),), Why.NOT_ASSAYED),
    )


def test_a_doubt_forbids_certainty_and_is_listed(called: Called) -> None:
    result = called("TPMT", "*1/*1", doubts=(Why.UNDOCUMENTED_VARIANT,))
    assert result.phenotype == "Normal Metabolizer"
    assert not result.phenotype_certain
    assert result.phenotype_alternatives == (Alternative(None, (), Why.UNDOCUMENTED_VARIANT),)


def test_ambiguity_is_resolved_upward(called: Called) -> None:
    result = called("CYP2C19", "*2/*3", "*2/*4")
    assert (result.status, result.phenotype, result.phenotype_certain) == ("ambiguous", "Poor Metabolizer", True)
    assert result.label == "*2/*3 or *2/*4"


def test_disagreeing_top_diplotypes_give_no_term_but_all_alternatives(called: Called) -> None:
    result = called("CYP2C19", "*1/*2", "*1/*17")
    assert (result.status, result.phenotype, result.phenotype_certain) == ("ambiguous", None, False)
    assert {each.phenotype for each in result.phenotype_alternatives} == {
        "Intermediate Metabolizer",
        "Rapid Metabolizer",
    }


def test_diplotypes_that_a_missing_position_makes_alike_say_so(called: Called) -> None:
    result = called("CYP2C19", "*1/*2", "*1/*17", missing=(Locus("chr10", 94781859),))
    assert {each.why for each in result.phenotype_alternatives} == {Why.NOT_ASSAYED}
    assert result.missing_positions == ("chr10:94781859",)


def test_the_deciding_pair_decides(called: Called) -> None:
    result = called("SLCO1B1", "*1/*37", deciding=Diplotype(("*1", "*5")))
    assert (result.diplotypes, result.phenotype) == ((("*1", "*37"),), "Decreased Function")


def test_variants_without_phase_have_a_phenotype_and_a_label(knowledge: KnowledgeBase) -> None:
    pair = Diplotype(("c.1905+1G>A (*2A)", "c.2846A>T"))
    variants = (VariantCopies("c.1905+1G>A (*2A)", 1), VariantCopies("c.2846A>T", 1))
    call = GeneCall("DPYD", Ambiguous(()), Evidence(deciding=pair, variants=variants))
    result = interpret(call, knowledge.definitions["DPYD"], knowledge.guidance.phenotypes["DPYD"])
    assert (result.status, result.phenotype, result.activity_score) == ("ambiguous", "Poor Metabolizer", "0.5")
    assert result.label == "c.1905+1G>A (*2A) (1 copy), c.2846A>T (1 copy)"


def test_undetermined_is_an_answer(knowledge: KnowledgeBase) -> None:
    call = GeneCall("CYP2C19", Undetermined("NOT_COVERED"))
    result = interpret(call, knowledge.definitions["CYP2C19"], knowledge.guidance.phenotypes["CYP2C19"])
    assert (result.status, result.reason, result.phenotype) == ("undetermined", "NOT_COVERED", None)
    assert not result.phenotype_certain


def test_a_combination_has_no_phenotype(called: Called) -> None:
    result = called("CYP2D6", "[*6 + *14]/*1", research_only=True, copy_number="not_assessed")
    assert (result.phenotype, result.phenotype_certain, result.research_only) == (None, False, True)


@pytest.mark.parametrize("gene", ["CYP4F2", "IFNL3"])
def test_genes_without_terms_say_so(called: Called, definitions: Mapping[str, GeneDefinition], gene: str) -> None:
    reference = definitions[gene].reference
    result = called(gene, f"{reference}/{reference}")
    assert (result.phenotype, result.phenotype_certain) == (None, False)
    assert [notice.code for notice in result.warnings] == ["NO_PHENOTYPE_TERMS"]


def test_haploid_genes_look_up_one_function(called: Called) -> None:
    assert called("MT-RNR1", "m.1555A>G").phenotype == "increased risk of aminoglycoside-induced hearing loss"
    assert called("G6PD", "B (reference)").phenotype == "Normal"


def test_a_heterozygous_female_is_variable_and_is_told_to_measure(called: Called) -> None:
    result = called("G6PD", "B (reference)/A- 202A_376G")
    assert result.phenotype == "Variable"
    assert "MEASURE_ENZYME_ACTIVITY" in {notice.code for notice in result.warnings}


def test_a_pair_without_a_rule_is_indeterminate_with_a_notice(definitions: Mapping[str, GeneDefinition]) -> None:
    rules = PhenotypeRules("CYP2C19", {}, {("Normal function", "Normal function"): "Normal Metabolizer"})
    result = interpret(GeneCall("CYP2C19", Diplotype(("*1", "*2"))), definitions["CYP2C19"], rules)
    assert result.phenotype == "Indeterminate"
    assert [notice.code for notice in result.warnings] == ["NO_PHENOTYPE_RULE"]


def test_a_suballele_name_without_a_row_stands_for_its_core(called: Called) -> None:
    assert called("SLCO1B1", "*1/*45").phenotype == "Decreased Function"


# --- CYP2D6 from a VCF: copy number not looked at ---------------------------------------------------------------------


def alternatives(called: Called, diplotype: str) -> dict[str | None, tuple[tuple[str, ...], ...]]:
    result = called("CYP2D6", diplotype, copy_number="not_assessed")
    assert all(each.why is Why.COPY_NUMBER for each in result.phenotype_alternatives)
    return {each.phenotype: each.diplotypes for each in result.phenotype_alternatives}


def test_two_like_alleles_may_be_one_or_three(called: Called) -> None:
    assert alternatives(called, "*1/*1") == {
        "Ultrarapid Metabolizer": (("*1", "*1x2"), ("*1", "*1x>=3")),
        "Intermediate Metabolizer": (("*1", "*5"),),
    }


def test_unlike_alleles_are_both_there(called: Called) -> None:
    assert alternatives(called, "*1/*4") == {
        "Normal Metabolizer": (("*1x2", "*4"),),
        "Ultrarapid Metabolizer": (("*1x>=3", "*4"),),
    }


def test_only_two_no_function_alleles_are_certain_without_copy_number(called: Called) -> None:
    """Source: no number of copies of a no-function allele has a function."""
    poor = called("CYP2D6", "*4/*6", copy_number="not_assessed")
    assert (poor.phenotype, poor.phenotype_certain, poor.phenotype_alternatives) == ("Poor Metabolizer", True, ())


def test_never_certain_even_when_no_copy_number_changes_the_term(called: Called) -> None:
    result = called("CYP2D6", "*10/*41", copy_number="not_assessed")
    assert (result.phenotype, result.phenotype_certain) == ("Intermediate Metabolizer", False)


@given(st.data())
def test_certain_never_contradicts_an_alternative(called: Called, definitions: dict, data: st.DataObject) -> None:  # type: ignore[type-arg]
    gene = data.draw(st.sampled_from(["CYP2C19", "CYP2D6", "TPMT", "SLCO1B1", "DPYD"]))
    name = st.sampled_from([each.name for each in definitions[gene].alleles])
    pair = st.tuples(name, name)
    reported, other = data.draw(pair), data.draw(pair)
    state = "not_assessed" if gene == "CYP2D6" else "not_applicable"
    fits = (Consistent(Diplotype(other), Why.PHASE),)
    result = called(gene, "/".join(reported), consistent=fits, copy_number=state)
    truth = called(gene, "/".join(other)).phenotype
    assert truth == result.phenotype or truth in {each.phenotype for each in result.phenotype_alternatives}
    assert not (result.phenotype_certain and truth != result.phenotype)


# --- what an outside laboratory stated --------------------------------------------------------------------------------


def test_score_before_phenotype_before_diplotype(called: Called) -> None:
    stated = {"source": "outside", "copy_number": "assessed"}
    both = called(
        "CYP2D6", "*1/*1", stated_phenotype="Poor Metabolizer", stated_score=ActivityScore(Fraction(1)), **stated
    )
    assert (both.phenotype, both.activity_score) == ("Intermediate Metabolizer", "1.0")
    assert "OUTSIDE_STATEMENTS_DIFFER" in {notice.code for notice in both.warnings}
    term = called("CYP2D6", "*1/*1", stated_phenotype="Poor Metabolizer", **stated)
    assert (term.phenotype, term.activity_score, term.phenotype_certain) == ("Poor Metabolizer", None, False)
    alone = called("CYP2D6", "*1/*1", **stated)
    assert (alone.phenotype, alone.activity_score) == ("Normal Metabolizer", "2.0")


def test_a_stated_phenotype_alone_is_called(knowledge: KnowledgeBase) -> None:
    call = GeneCall("CYP2C19", Ambiguous(()), Evidence(stated_phenotype="Poor Metabolizer", source="outside"))
    result = interpret(call, knowledge.definitions["CYP2C19"], knowledge.guidance.phenotypes["CYP2C19"])
    assert (result.status, result.label, result.phenotype_certain) == ("called", "Poor Metabolizer", True)


def test_a_conflict_with_the_samples_own_data_is_shown(called: Called) -> None:
    own, stated = called("CYP2C19", "*1/*2"), called("CYP2C19", "*1/*17", source="outside")
    assert with_conflict(stated, own).conflict == "stated as *1/*17, but the sample's own data read *1/*2"
    assert with_conflict(own, own).conflict is None


def test_a_stated_presence_is_called() -> None:
    evidence = Evidence(presence=(("*15:02", "nocall"), ("*57:01", "positive")), source="outside")
    result = interpret(GeneCall("HLA-B", Ambiguous(()), evidence), None, None)
    assert (result.status, result.label, dict(result.presence)["*15:02"]) == ("called", "*57:01 positive", "nocall")


def test_hla_without_any_typing_is_undetermined() -> None:
    evidence = Evidence(presence=(("*31:01", "nocall"),))
    result = interpret(GeneCall("HLA-A", Undetermined("NOT_TESTED"), evidence), None, None)
    assert (result.status, result.reason, result.warnings) == ("undetermined", "NOT_TESTED", ())
