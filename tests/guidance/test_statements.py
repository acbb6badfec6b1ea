"""What laboratories state: contradictions are never certain, and nothing stated is dropped."""

from __future__ import annotations

import pytest

from starling.assessment import GeneResult
from starling.calling.combine import combine
from starling.calling.outside import outside_call
from starling.calling.partial import SampleCall, StatedCall
from starling.guidance.phenotype import interpret, with_conflict
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import Consistent, Diplotype, Evidence, GeneCall, OutsideCall, Undetermined, VariantCopies, Why
from tests.guidance.conftest import Advised, Called, by_source, codes

TWO_A = "Reference/c.1905+1G>A (*2A)"


def stated(knowledge: KnowledgeBase, gene: str, *rows: tuple[str, str, str]) -> GeneResult:
    """The result of rows of (diplotype, phenotype, activity score), one after another."""
    definition, rules = knowledge.definitions.get(gene), knowledge.guidance.phenotypes.get(gene)
    calls = [StatedCall(outside_call(OutsideCall(gene, *row), definition, rules)) for row in rows]
    return interpret(combine(calls)[gene], definition, rules)


def terms(result: GeneResult) -> list[str | None]:
    return [each.phenotype for each in result.phenotype_alternatives]


def warned(result: GeneResult) -> set[str]:
    return {notice.code for notice in result.warnings}


@pytest.mark.parametrize(
    ("gene", "row", "term", "others"),
    [
        ("DPYD", ("*2A/*2A", "Normal Metabolizer", "2"), "Normal", ["Poor"]),
        ("DPYD", ("*1/*1", "Poor Metabolizer", "2"), "Normal", ["Poor"]),
        ("TPMT", ("*1/*3A", "Poor Metabolizer", ""), "Poor", ["Intermediate"]),
        ("CYP2C9", ("*3/*3", "Normal Metabolizer", ""), "Normal", ["Poor"]),
        ("CYP2C19", ("*1/*2", "Normal Metabolizer", ""), "Normal", ["Intermediate"]),
        ("CYP2D6", ("*1/*1", "", "0"), "Poor", ["Normal"]),
    ],
)
def test_a_laboratory_that_contradicts_itself_is_not_certain(
    knowledge: KnowledgeBase, gene: str, row: tuple[str, str, str], term: str, others: list[str]
) -> None:
    result = stated(knowledge, gene, row)
    assert (result.phenotype, result.phenotype_certain) == (f"{term} Metabolizer", False)
    assert terms(result) == [f"{each} Metabolizer" for each in others]
    assert "OUTSIDE_STATEMENTS_DIFFER" in warned(result)
    assert "BOTH_ALLELES_REDUCED" not in warned(result)


@pytest.mark.parametrize(
    ("gene", "row"),
    [
        ("DPYD", ("*2A/*2A", "Poor Metabolizer", "0")),
        ("TPMT", ("*1/*3A", "Intermediate Metabolizer", "")),
        ("CYP2D6", ("*1x2/*1", "Ultrarapid Metabolizer", ">=3")),
        ("CYP3A4", ("*1/*3", "Normal Metabolizer", "")),
    ],
)
def test_statements_that_agree_stay_certain(knowledge: KnowledgeBase, gene: str, row: tuple[str, str, str]) -> None:
    """An allele of unknown function contradicts nobody."""
    result = stated(knowledge, gene, row)
    assert (result.phenotype_certain, terms(result)) == (True, [])
    assert "OUTSIDE_STATEMENTS_DIFFER" not in warned(result)


def test_two_rows_that_state_different_things(knowledge: KnowledgeBase) -> None:
    poor = stated(knowledge, "CYP2D6", ("", "Poor Metabolizer", ""), ("", "Ultrarapid Metabolizer", ""))
    assert (poor.phenotype, poor.phenotype_certain, terms(poor)) == (
        "Ultrarapid Metabolizer",
        False,
        ["Poor Metabolizer"],
    )
    assert poor.conflict == "another outside result states Poor Metabolizer"
    pairs = stated(knowledge, "CYP2C19", ("*1/*1", "", ""), ("*2/*2", "", ""))
    assert (pairs.phenotype_certain, terms(pairs)) == (False, ["Normal Metabolizer"])
    scores = stated(knowledge, "CYP2D6", ("", "", "0"), ("", "", "2"))
    assert (scores.phenotype_certain, terms(scores)) == (False, ["Poor Metabolizer"])
    same = stated(knowledge, "CYP2C19", ("*1/*2", "", ""), ("*1/*3", "", ""))
    assert (same.phenotype, same.phenotype_certain) == ("Intermediate Metabolizer", False)


def test_a_phenotype_that_the_own_data_exclude_is_a_conflict(knowledge: KnowledgeBase, called: Called) -> None:
    said = stated(knowledge, "CYP2D6", ("*1/*1", "Poor Metabolizer", ""))
    own = called("CYP2D6", "*1/*1", copy_number="not_assessed")
    assert with_conflict(said, own).conflict == (
        "stated as Poor Metabolizer, but the sample's own data read Normal Metabolizer"
    )


@pytest.mark.parametrize(
    ("gene", "row", "own", "certain", "possible"),
    [
        (
            "DPYD",
            ("Reference/Reference", "", ""),
            ("Reference/c.1905+1G>A (*2A)",),
            False,
            ["Intermediate Metabolizer"],
        ),
        ("DPYD", ("", "Normal Metabolizer", ""), ("Reference/c.1905+1G>A (*2A)",), False, ["Intermediate Metabolizer"]),
        ("CYP2D6", ("*1/*4", "", ""), ("*4/*4",), False, ["Poor Metabolizer"]),
        ("CYP2D6", ("*1/*1x2", "", ""), ("*1/*1",), True, []),  # a VCF shows no copies: no contradiction
        ("TPMT", ("*3B/*3C", "", ""), ("*1/*3A", "*3B/*3C"), True, []),  # what the phase left open
        ("CYP2C19", ("*2/*3", "", ""), ("*2/*2",), True, []),  # other alleles, the same meaning
    ],
)
def test_a_statement_that_the_own_data_exclude_is_not_certain(
    knowledge: KnowledgeBase, called: Called, gene: str, row: tuple[str, str, str], own: tuple[str, ...],
    *, certain: bool, possible: list[str],
) -> None:  # fmt: skip
    copies = {"copy_number": "not_assessed"} if gene == "CYP2D6" else {}
    result = with_conflict(stated(knowledge, gene, row), called(gene, *own, **copies))
    assert (result.phenotype_certain, terms(result)) == (certain, possible)
    assert {each.why for each in result.phenotype_alternatives} <= {Why.OWN_DATA}


@pytest.mark.parametrize(
    ("said", "conflict"),
    [
        ("*1/*3", None),
        ("*3/*3", None),
        ("*1/*2", "stated as *1/*2, but the sample's own data read *1/*1"),
        ("*2/*3", "stated as *2/*3, but the sample's own data read *1/*1"),
    ],
)
def test_an_allele_that_was_not_looked_for_is_no_difference(
    knowledge: KnowledgeBase, called: Called, said: str, conflict: str | None
) -> None:
    """An array without *3 does not differ from a laboratory that found it."""
    open_ = tuple(Consistent(Diplotype(pair), Why.NOT_ASSAYED) for pair in (("*1", "*3"), ("*3", "*3")))
    own = called("CYP2C19", "*1/*1", consistent=open_)
    assert with_conflict(stated(knowledge, "CYP2C19", (said, "", "")), own).conflict == conflict


def test_a_score_that_the_own_data_exclude(knowledge: KnowledgeBase, called: Called) -> None:
    """HapB3 and *2A both make an intermediate metaboliser, who starts at other doses."""
    hapb3 = "c.1129-5923C>G, c.1236G>A (HapB3)"
    result = with_conflict(stated(knowledge, "DPYD", (f"Reference/{hapb3}", "", "")), called("DPYD", TWO_A))
    assert (result.activity_score, result.activity_score_alternatives) == ("1.5", ("1.0",))


def test_a_stated_normal_does_not_hide_a_variant_that_the_file_shows(
    knowledge: KnowledgeBase, called: Called, advised: Advised
) -> None:
    said, own = (
        stated(knowledge, "DPYD", ("Reference/Reference", "", "")),
        called("DPYD", TWO_A),
    )
    answer = advised("fluorouracil", with_conflict(said, own))
    assert (answer.headline_action, answer.test_first) == ("test_further", ("DPYD",))
    assert advised("fluorouracil", said).headline_action == "standard"


def test_conflicts_are_joined(knowledge: KnowledgeBase, called: Called) -> None:
    said = stated(knowledge, "CYP2C19", ("*1/*1", "", ""), ("*2/*2", "", ""))
    conflict = with_conflict(said, called("CYP2C19", "*1/*17")).conflict
    assert conflict == ("another outside result states *1/*1; stated as *2/*2, but the sample's own data read *1/*17")


@pytest.mark.parametrize("row", [("", "", ">=1.5"), ("*1/*41xN", "", "")])
def test_a_score_over_two_terms_lists_both(
    knowledge: KnowledgeBase, advised: Advised, row: tuple[str, str, str]
) -> None:
    result = stated(knowledge, "CYP2D6", row)
    assert (result.phenotype, result.phenotype_certain, result.status) == (None, False, "called")
    assert terms(result) == ["Normal Metabolizer", "Ultrarapid Metabolizer"]
    codeine = advised("codeine", result)
    assert (codeine.status, codeine.headline_action) == ("advice", "test_further")
    (cpic,) = by_source(codeine, "CPIC")
    assert [each.action for each in cpic.advice.conditions] == ["standard", "avoid"]


def test_a_score_of_the_same_term_that_is_stated_elsewhere(knowledge: KnowledgeBase, advised: Advised) -> None:
    """CYP2C9 1.5 and 1.0 are both Intermediate, but celecoxib is started lower at 1.0."""
    result = stated(knowledge, "CYP2C9", ("*1/*3", "", "1.5"))
    assert (result.phenotype_certain, result.activity_score_alternatives) == (True, ("1.0",))
    assert "SCORE_NOT_CERTAIN" in warned(result)
    (celecoxib,) = by_source(advised("celecoxib", result), "CPIC")
    assert (celecoxib.action, codes(celecoxib)) == ("standard", {"ALTERNATIVE_CHANGES_ACTION"})


def test_a_label_is_never_empty(knowledge: KnowledgeBase) -> None:
    own = GeneCall("CYP2C9", Undetermined("NO_MATCH"), Evidence(variants=(VariantCopies("rs12777823", 0),)))
    said = outside_call(OutsideCall("CYP2C9", phenotype="PM"), knowledge.definitions["CYP2C9"], None)
    call = combine([SampleCall(own), StatedCall(said)])["CYP2C9"]
    assert interpret(call, knowledge.definitions["CYP2C9"], knowledge.guidance.phenotypes["CYP2C9"]).label
    poor = stated(knowledge, "CYP2C9", ("", "Poor Metabolizer", ""))
    assert poor.label == "Poor Metabolizer"


@pytest.mark.parametrize(
    ("gene", "diplotype", "phenotype"),
    [
        ("CYP2C19", "*1/*17x2", "Indeterminate"),  # was Rapid, certain: three copies, two of them increased
        ("CYP2C19", "*1x2/*2", "Indeterminate"),
        ("CYP2C19", "*2x2/*2", "Poor Metabolizer"),
        ("SLCO1B1", "*1x2/*5", "Possible Decreased Function"),
        ("CYP2D6", "*1/*4x2", "Intermediate Metabolizer"),
    ],
)
def test_copies_of_a_gene_without_values_are_not_counted_as_one(
    knowledge: KnowledgeBase, gene: str, diplotype: str, phenotype: str
) -> None:
    assert stated(knowledge, gene, (diplotype, "", "")).phenotype == phenotype
