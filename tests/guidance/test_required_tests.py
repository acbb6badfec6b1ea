"""A test that an authority asks for before a drug is given, and of which no result is known, is said at the drug."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from starling.assessment import DrugResult, GeneResult, Question
from starling.definitions import GuidanceRules, RequiredTest
from starling.guidance.recommendation import Advisor
from starling.knowledge.base import KnowledgeBase
from starling.values import replace
from starling.vocabulary import OutsideCall
from tests.bundled import bundled_engine
from tests.commands import run
from tests.facts import rows
from tests.guidance.conftest import Advised, Called
from tests.guidance.test_recommendation import hla

EXAMPLE = Path(__file__).parents[2] / "src" / "starling" / "examples" / "example.vcf"
REQUIRED = rows("required_tests")
NORMAL = {
    "CYP2C19": "*1/*1",
    "CYP2C9": "*1/*1",
    "CYP2D6": "*1/*1",
    "DPYD": "Reference/Reference",
    "G6PD": "B (reference)/B (reference)",
}


def asked_for(answer: DrugResult) -> list[str]:
    """What is said of required tests."""
    return [note.message for note in answer.notes if note.code == "TEST_REQUIRED"]


def by_drug(answers: Iterable[DrugResult]) -> dict[str, DrugResult]:
    return {answer.drug: answer for answer in answers}


def negative(**stated: str) -> GeneResult:
    """HLA-B typed for every risk allele, none of them present; other states as stated."""
    return hla("HLA-B", **{"_1502": "negative", "_1511": "negative", "_5701": "negative", "_5801": "negative"} | stated)


# --- one drug ---------------------------------------------------------------------------------------------------------


def test_abacavir_without_hla_b(advised: Advised) -> None:
    """Source: US label, boxed warning, and EU product information: HLA-B*57:01 is tested before abacavir."""
    answer = advised("abacavir")
    assert asked_for(answer) == [
        "EMA requires a test of HLA-B before abacavir (since 2008-01); no result of HLA-B is known here.",
        "FDA requires a test of HLA-B before abacavir (since 2008-07); no result of HLA-B is known here.",
    ]
    assert (answer.status, answer.genes_missing) == ("advice", ("HLA-B",))
    assert (answer.headline_action, answer.test_first) == ("test_further", ("HLA-B",))
    assert answer.answer.startswith("Test HLA-B before the first dose of abacavir.")


@pytest.mark.parametrize("state", ["negative", "positive"])
def test_a_result_is_the_test_whatever_it_says(advised: Advised, state: str) -> None:
    answer = advised("abacavir", hla("HLA-B", _5701=state))
    assert (answer.status, asked_for(answer)) == ("advice", [])


def test_a_typing_that_leaves_the_allele_open_is_no_result(advised: Advised) -> None:
    """A laboratory that states one allele says nothing of the others."""
    typed = negative(_5701="nocall")
    assert len(asked_for(advised("abacavir", typed))) == 2
    assert asked_for(advised("carbamazepine", typed)) == []
    assert len(asked_for(advised("carbamazepine", hla("HLA-B", _5701="negative")))) == 1


def test_a_drug_of_two_genes_asks_for_the_one_that_is_to_be_tested(advised: Advised) -> None:
    """Carbamazepine: guidelines ask for HLA-A and HLA-B; the US label has HLA-B tested."""
    without_b = advised("carbamazepine", hla("HLA-A", _3101="negative"))
    assert [message.split(" before ")[0] for message in asked_for(without_b)] == ["FDA requires a test of HLA-B"]
    assert "in people whose ancestry makes HLA-B*15:02 likely" in asked_for(without_b)[0]
    without_a = advised("carbamazepine", negative())
    assert (without_a.genes_missing, asked_for(without_a)) == (("HLA-A",), [])


def test_two_tests_of_one_drug_are_two_questions(rules: GuidanceRules, called: Called) -> None:
    """No authority asks so today: an invented one does."""
    tests = tuple(
        RequiredTest("azathioprine", gene, "Choir", "", wording, "", "invented")
        for gene, wording in (("NUDT15", "recommended"), ("TPMT", "considered"))
    )
    advisor = Advisor(replace(rules, required_tests=tests))
    tpmt, nudt15 = called("TPMT", "*1/*3A"), called("NUDT15", "*1/*1")
    said = {
        "NUDT15": "Choir recommends a test of NUDT15 before azathioprine; no result of NUDT15 is known here.",
        "TPMT": "Choir asks to consider a test of TPMT before azathioprine; no result of TPMT is known here.",
    }
    for results, missing in (
        ([], ["NUDT15", "TPMT"]),
        ([tpmt], ["NUDT15"]),
        ([nudt15], ["TPMT"]),
        ([tpmt, nudt15], []),
    ):
        answer = by_drug(advisor.recommend(results))["azathioprine"]
        assert asked_for(answer) == [said[gene] for gene in missing]


def test_a_test_may_be_of_a_gene_that_no_table_asks_for(knowledge: KnowledgeBase, called: Called) -> None:
    rules, tpmt = knowledge.about(["abacavir"]).guidance, called("TPMT", "*1/*3A")
    invented = RequiredTest("abacavir", "TPMT", "Choir", "", "required", "", "invented")
    advisor = Advisor(replace(rules, required_tests=(invented,)))
    for results, count in (([], 1), ([tpmt], 0), ([negative()], 1), ([negative(), tpmt], 0), ([], 1)):
        assert len(asked_for(by_drug(advisor.recommend(results))["abacavir"])) == count


def test_a_research_call_is_no_test(called: Called, advised: Advised) -> None:
    result = called("CYP2C9", "*1/*3")
    assert asked_for(advised("siponimod", result)) == []
    assert len(asked_for(advised("siponimod", replace(result, research_only=True)))) == 2


def test_a_medicine_that_changes_a_phenotype_is_no_test(called: Called, advised: Advised) -> None:
    assert len(asked_for(advised("eliglustat", medication=("paroxetine",)))) == 2
    tested = called("CYP2D6", "*1/*1", copy_number="assessed")
    assert asked_for(advised("eliglustat", tested, medication=("paroxetine",))) == []


# --- every row --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", REQUIRED, ids=lambda row: f"{row['drug']} {row['gene']} {row['authority']}")
def test_every_required_test_is_said_when_nothing_is_known(advised: Advised, row: dict[str, str]) -> None:
    (message,) = [each for each in asked_for(advised(row["drug"])) if each.startswith(row["authority"])]
    assert f" test of {row['gene']} before {row['drug']}" in message
    assert row["since"] in message and row["population"] in message
    assert message.endswith(f"; no result of {row['gene']} is known here.")


def test_nothing_else_is_said_to_be_required(advisor: Advisor) -> None:
    said = [(answer.drug, len(asked_for(answer))) for answer in advisor.recommend([]) if asked_for(answer)]
    tested = [row["drug"] for row in REQUIRED]
    assert said == [(drug, tested.count(drug)) for drug in dict.fromkeys(tested)]


def test_no_test_is_required_of_genes_whose_results_are_known(advisor: Advisor, called: Called) -> None:
    results = [called(gene, diplotype) for gene, diplotype in NORMAL.items()]
    assert {row["gene"] for row in REQUIRED} == {*NORMAL, "HLA-B"}
    answers = advisor.recommend([*results, negative()])
    assert [answer.drug for answer in answers if asked_for(answer)] == []


def test_a_memory_of_answers_does_not_mix_the_tested_with_the_untested(rules: GuidanceRules) -> None:
    """The same advisor is asked in turn about a patient who was typed and one who was not."""
    advisor = Advisor(rules)
    for results, count in (([], 2), ([negative()], 0), ([], 2), ([negative(_5701="nocall")], 2), ([negative()], 0)):
        assert len(asked_for(by_drug(advisor.recommend(results))["abacavir"])) == count


def test_a_narrowed_knowledge_base_knows_the_tests_of_its_drugs(knowledge: KnowledgeBase) -> None:
    narrow = knowledge.about(["abacavir", "codeine"]).guidance
    whole = [each for each in knowledge.guidance.required_tests if each.drug in {"abacavir", "codeine"}]
    assert list(narrow.required_tests) == whole and len(whole) == 2


# --- the whole and the narrow question, and the screen ----------------------------------------------------------------

TYPED: list[tuple[tuple[OutsideCall, ...], int, int]] = [
    ((), 2, 1),
    ((OutsideCall("HLA-B", diplotype="*07:02/*08:01"),), 0, 0),
    ((OutsideCall("HLA-B", phenotype="*57:01 negative"),), 0, 1),
]


@pytest.mark.parametrize(
    ("outside", "abacavir", "carbamazepine"), TYPED, ids=["not typed", "no carrier", "one allele stated"]
)
def test_the_answer_about_one_drug_is_that_of_the_whole_report(
    outside: tuple[OutsideCall, ...], abacavir: int, carbamazepine: int
) -> None:
    engine = bundled_engine()
    whole = engine.assess(EXAMPLE, Question(outside=outside))
    assert len(asked_for(whole.drug("abacavir"))) == abacavir
    assert len(asked_for(whole.drug("carbamazepine"))) == carbamazepine
    for drug in dict.fromkeys(row["drug"] for row in REQUIRED):
        question = Question(drugs=(drug,), outside=outside)
        assert engine.assess(EXAMPLE, question).drugs == (whole.drug(drug),)
        assert engine.about(question).assess(EXAMPLE, question).drugs == (whole.drug(drug),)


def box_of(screen: str) -> str:
    """The answer of `starling check`, without its frame, on one line."""
    framed = [line.strip("│ ") for line in screen.splitlines() if line.startswith("│")]
    return " ".join(" ".join(framed).split())


def test_check_says_the_test_in_the_box_and_nowhere_else() -> None:
    done = run("check", "abacavir", EXAMPLE)
    assert done.code == 0, "to test first is an answer"
    for said in ("EMA requires a test of HLA-B", "FDA requires a test of HLA-B"):
        assert f"Test first: {said} before abacavir" in box_of(done.out)
        assert done.out.count(said) == 1


def test_check_says_the_test_beside_advice(tmp_path: Path) -> None:
    """No result of DPYD: the US label advises by itself what to do then."""
    empty = tmp_path / "empty.vcf"
    empty.write_text("".join(line for line in EXAMPLE.read_text().splitlines(True) if not line.startswith("chr1\t")))
    done = run("check", "fluorouracil", empty)
    assert done.code == 0
    assert "Test first: FDA requires a test of DPYD before fluorouracil in everybody" in box_of(done.out)


def test_check_says_nothing_of_a_test_that_was_made(tmp_path: Path) -> None:
    typing = tmp_path / "laboratory.tsv"
    typing.write_text("HLA-B\t*07:02/*08:01\n")
    done = run("check", "abacavir", EXAMPLE, "--outside", typing)
    assert done.code == 0 and "HLA-B" in done.out
    assert "Test first" not in done.out and "requires a test" not in done.out


def test_the_page_says_the_test_at_the_drug() -> None:
    page = run("report", EXAMPLE, "--format", "html", "--drug", "abacavir").out
    assert page.count("FDA requires a test of HLA-B before abacavir (since July 2008)") == 1


def test_explain_says_which_tests_are_asked_for() -> None:
    explained = " ".join(run("explain", "siponimod").out.split())
    assert "EMA requires a test of CYP2C9 before siponimod (since 2020-01)" in explained
    assert "FDA requires a test of CYP2C9 before siponimod (since 2019-03)" in explained
    assert "test of" not in run("explain", "codeine").out
