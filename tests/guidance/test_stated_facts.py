"""What is stated of the patient decides: cases/stated_facts.tsv, each with its source, and what always holds.

Columns: drug; results (`GENE=diplotype`, `-`: none); taken (ingredients); subject (`KEY=VALUE;...`); the headline;
words that its leading row says; source.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from starling.assessment import DrugResult, GeneResult
from starling.condition_keys import (
    FLAGS,
    GENE,
    NUMBERS,
    READER,
    TAKING,
    WORDS,
    Clause,
    either_of,
    parse_class,
    parse_condition,
    parse_number,
)  # fmt: skip
from starling.definitions import GuidanceRules, Medicine, seriousness
from starling.errors import InputError
from starling.guidance.conditions import Decider
from starling.guidance.facts import age_on, checked, facts_of, with_age
from starling.guidance.recommendation import Advisor
from starling.knowledge.base import KnowledgeBase
from tests.guidance.conftest import Advised, Called, codes
from tests.guidance.test_clinical_cases import result_of

CASES = Path(__file__).parents[1] / "cases" / "clinical" / "stated_facts.tsv"
SERIOUS = {"avoid", "contraindicated"}


def rows() -> Iterator[object]:
    with CASES.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            named = " ".join(filter(None, (row["drug"], row["results"], row["taken"], row["subject"])))
            yield pytest.param(row, id=named)


def results_of(knowledge: KnowledgeBase, text: str) -> list[GeneResult]:
    return [result_of(knowledge, *part.split("=")) for part in text.split() if part != "-"]


def answer_of(knowledge: KnowledgeBase, advisor: Advisor, row: dict[str, str]) -> DrugResult:
    guidance = knowledge.guidance
    drugs = {each.name: each for each in (*guidance.drugs, *guidance.unadvised)}
    subject = dict(part.split("=") for part in row["subject"].split(";") if part)
    taken = [name for name in row["taken"].split(",") if name]
    (answer,) = advisor.answers(
        [drugs[row["drug"]]], results_of(knowledge, row["results"]), medication=taken, subject=subject
    )
    return answer


@pytest.mark.parametrize("row", list(rows()))
def test_case(row: dict[str, str], knowledge: KnowledgeBase, advisor: Advisor) -> None:
    answer = answer_of(knowledge, advisor, row)
    assert answer.headline_action == row["action"], row["source"]
    leading = [each.advice.summary for each in answer.recommendations if each.action == row["action"]]
    assert any(row["says"] in said for said in leading), (leading, row["source"])
    if row["action"] in SERIOUS:
        assert answer.conditions_open == ()


# --- what is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drug", ["codeine", "tramadol"])
def test_a_limit_of_the_label_is_asked_whatever_the_genotype(
    knowledge: KnowledgeBase, advised: Advised, drug: str
) -> None:
    for results in ("CYP2D6=*1/*1", "CYP2D6=*1/*4", "-"):
        asked = [each.ask for each in advised(drug, *results_of(knowledge, results)).conditions_open]
        assert asked == [
            "Is the patient under 12?",
            "Is the patient under 18 and recovering from tonsillectomy or adenoidectomy?",
            "Is the patient breastfeeding?",
        ]


def test_what_is_answered_is_not_asked_again(knowledge: KnowledgeBase, advised: Advised) -> None:
    grown = advised("codeine", *results_of(knowledge, "CYP2D6=*1/*1"), subject={"age": "40", "breastfeeding": "no"})
    assert grown.conditions_open == ()


def test_what_the_genotype_decides_is_never_asked(knowledge: KnowledgeBase, advisor: Advisor) -> None:
    called = set(knowledge.genes) - {"CYP2C19", "CYP2C9", "CYP2D6", "CYP3A4"}  # of these inhibitors are asked for
    for answer in advisor.recommend(()):
        for each in answer.conditions_open:
            assert not any(gene in each.ask for gene in called)
            assert each.action in SERIOUS and each.ask.startswith("Is the patient ")


def test_an_unknown_medicine_leaves_open_what_depends_on_not_taking_one(
    knowledge: KnowledgeBase, advised: Advised
) -> None:
    poor = results_of(knowledge, "CYP2D6=*4/*4")
    known = advised("eliglustat", *poor, medication=["warfarin"])
    some = [Medicine("warfarin", ("warfarin",)), Medicine("xyz", (), ("xyz",))]
    unknown = advised("eliglustat", *poor, medication=some)
    assert known.conditions_open == () and unknown.conditions_open
    assert [each.effect for each in unknown.medicines] == ["no_difference", "not_considered"]


# --- medicines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drug", "results", "taken", "effect"),
    [
        ("codeine", "CYP2D6=*1/*1", "paroxetine", "adjusted"),
        ("tamoxifen", "CYP2D6=*1/*1", "paroxetine", "condition"),
        ("codeine", "CYP2D6=*1/*1", "allopurinol", "no_difference"),
        ("codeine", "CYP2D6=*1/*1", "sertraline", "no_difference"),
        ("codeine", "CYP2D6=*1/*1", "codeine", "no_difference"),
        ("phenytoin", "CYP2C9=*1/*1", "fluconazole", "not_considered"),
        ("azathioprine", "TPMT=*1/*1", "allopurinol", "condition"),
    ],
)
def test_every_stated_medicine_has_its_line(
    knowledge: KnowledgeBase, advised: Advised, drug: str, results: str, taken: str, effect: str
) -> None:
    (line,) = advised(drug, *results_of(knowledge, results), medication=[taken]).medicines
    assert (line.name, line.effect) == (taken, effect) and taken in line.text


def test_a_medicine_that_inhibits_what_another_decided_already_is_not_called_unconsidered(
    knowledge: KnowledgeBase, advised: Advised
) -> None:
    normal = results_of(knowledge, "CYP2D6=*1/*1")
    first, second = advised("atomoxetine", *normal, medication=["bupropion", "fluoxetine"]).medicines
    assert (first.effect, second.effect) == ("adjusted", "adjusted")
    assert "because of bupropion already" in second.text


def test_a_medicine_weaker_than_a_condition_asks_for_is_told_so(knowledge: KnowledgeBase, advised: Advised) -> None:
    (line,) = advised("tamoxifen", *results_of(knowledge, "CYP2D6=*1/*1"), medication=["sertraline"]).medicines
    assert line.effect == "no_difference" and "does not reach it" in line.text


# --- what always holds ------------------------------------------------------------------------------------------------

FACTS = st.fixed_dictionaries(
    {},
    optional={
        "age": st.sampled_from(["0.5", "9", "16", "30", "64", "65", "80"]),
        "weight": st.sampled_from(["8", "39", "40", "60"]),
        "breastfeeding": st.sampled_from(["yes", "no"]),
        "indication": st.sampled_from(["PCI", "stroke", "depression", "leukaemia", "pain; cough", "unheard of"]),
        "menopause": st.sampled_from(["before", "after"]),
        "transplant": st.sampled_from(["liver", "kidney", "none"]),
    },
)
TAKEN = st.lists(st.sampled_from(["paroxetine", "ketoconazole", "rifampicin", "omeprazole", "warfarin"]), unique=True)
GENES = "CYP2D6=*1/*4 CYP2C19=*1/*2 CYP2C9=*1/*3 TPMT=*1/*3A NUDT15=*1/*3 CYP3A5=*1/*3 SLCO1B1=*1/*5"


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(subject=FACTS, taken=TAKEN)
def test_deciding_never_loses_a_recommendation(
    knowledge: KnowledgeBase, advisor: Advisor, subject: dict[str, str], taken: list[str]
) -> None:
    """Each row is there, or named as one for others; what stated medicines did is said of each."""
    results = results_of(knowledge, GENES)
    plain = {each.drug: each for each in advisor.recommend(results, medication=taken)}
    for answer in advisor.recommend(results, medication=taken, subject=subject):
        before, after = (
            {(each.guideline, each.source, each.population, each.advice.id) for each in given.recommendations}
            for given in (plain[answer.drug], answer)
        )
        if answer.drug == "warfarin":  # a flow, which gives a child another recommendation
            continue
        others = [each.message for each in answer.notes if each.code == "OTHER_POPULATION"]
        for guideline, source, _population, _id in before - after:
            named = any(said.startswith(f"{source}: ") for said in others)
            assert named or guideline.startswith("fda-label-limits"), answer.drug
        assert [each.name for each in answer.medicines] == taken


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(subject=FACTS)
def test_a_true_condition_is_said_where_it_leads(
    knowledge: KnowledgeBase, advisor: Advisor, subject: dict[str, str]
) -> None:
    for answer in advisor.recommend(results_of(knowledge, GENES), subject=subject):
        for row in answer.recommendations:
            assert row.action == row.advice.action
            if "CONDITION_DECIDED" in codes(row):
                assert row.advice.detail.startswith("Otherwise: ")
        counted = [each.action for each in answer.recommendations if "GENETIC_PHENOTYPE_ONLY" not in codes(each)]
        led = min(counted, key=seriousness, default=None)
        assert not counted or answer.headline_action == ("test_further" if answer.is_asking else led)


def test_the_other_gene_of_a_thiopurine_decides(knowledge: KnowledgeBase, advised: Advised) -> None:
    """What the patient's own results answer is not left to the reader."""
    both = advised("azathioprine", *results_of(knowledge, "TPMT=*1/*3A NUDT15=*1/*3"))
    one = advised("azathioprine", *results_of(knowledge, "TPMT=*1/*3A NUDT15=*1/*1"))
    said = [each.advice.summary for each in both.recommendations if each.source == "DPWG"]
    assert any("deeper" in text for text in said)
    left = [each.when for row in one.recommendations for each in row.advice.conditions]
    assert not any("as well" in when for when in left)


def test_answers_are_kept_apart_by_genes_that_decide_conditions(knowledge: KnowledgeBase, advisor: Advisor) -> None:
    first = advisor.recommend(results_of(knowledge, "TPMT=*1/*3A NUDT15=*1/*1"))
    second = advisor.recommend(results_of(knowledge, "TPMT=*1/*3A NUDT15=*1/*3"))
    fresh = Advisor(knowledge.guidance).recommend(results_of(knowledge, "TPMT=*1/*3A NUDT15=*1/*3"))
    assert second == fresh and first != second


# --- facts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        {"age": "-1"},
        {"age": "200"},
        {"age": "nan"},
        {"age": "old"},
        {"weight": "0"},
        {"weight": "1000"},
        {"pregnant": "perhaps"},
        {"ancestry": "martian"},
        {"age": "40", "birth_date": "2020-01-01"},
        {"birth_date": "20.01.2020"},
        {"birth_date": "2020-13-01"},
        {"birth_date": "2020-13"},
        {"birth_date": "2030-01-01"},
        {"birth_date": "2027"},
    ],
)
def test_nonsense_and_contradictions_are_refused(subject: dict[str, str]) -> None:
    with pytest.raises(InputError) as raised:
        checked(subject, date(2026, 11, 27))
    assert raised.value.code == "BAD_OPTION"


@pytest.mark.parametrize(
    "subject",
    [
        {"age": "67", "weight": "80.5", "pregnant": "no"},
        {"age": "6", "birth_date": "2020-01-01"},
        {"ancestry": "Black/African American"},
        {"ancestry": "mixed", "birth_date": "1960"},
        {"birth_date": "1960-07"},
        {"birth_date": "2026"},
        {"birth_date": "2026-11-27"},
    ],
)
def test_what_can_be_true_is_accepted(subject: dict[str, str]) -> None:
    assert checked(subject, date(2026, 11, 27)) == subject


def test_a_date_of_birth_gives_the_age_that_is_recorded() -> None:
    assert with_age({"birth_date": "2015-03-02"}, date(2027, 3, 1)) == {"birth_date": "2015-03-02", "age": "11"}
    assert with_age({"birth_date": "1960"}, date(2027, 3, 1)) == {"birth_date": "1960"}
    assert age_on("2030-01-01", date(2027, 3, 1)) is None
    assert with_age({"birth_date": "2015-03-02", "age": "12"}, date(2027, 3, 1))["age"] == "12"


def test_what_was_not_stated_is_unknown(knowledge: KnowledgeBase) -> None:
    facts = facts_of({"indication": "unheard of"}, (), (), knowledge.guidance.indications)
    assert "indication" not in facts.closed and not facts.words["indication"]
    facts = facts_of({"indication": "ALL"}, (), (), knowledge.guidance.indications)
    assert facts.words["indication"] == {"leukaemia", "cancer"} and "indication" in facts.closed
    assert not facts_of({"name": "Ada"}).is_stated


def test_a_child_gets_no_warfarin_dose(knowledge: KnowledgeBase, advised: Advised) -> None:
    """Source: PMID 28198005, figure 2 is for adults."""
    results = results_of(knowledge, "CYP2C9=*2/*3")
    for age, child in (("10", True), ("17.9", True), ("18", False), ("", False)):
        answer: Any = advised("warfarin", *results, subject={"age": age})
        (cpic,) = [each for each in answer.recommendations if each.source == "CPIC"]
        assert ("below 18 years" in cpic.advice.summary) is child and (not child or not cpic.advice.dose)


@pytest.mark.parametrize("source", ["CPIC", "DPWG", "FDA"])
def test_no_choice_of_a_source_hides_what_holds_whatever_the_genotype(
    advised: Advised, called: Called, source: str
) -> None:
    normal = called("CYP2D6", "*1/*1", copy_number="assessed")
    child = advised("codeine", normal, subject={"age": "10"}, sources=(source,))
    assert child.headline_action == "contraindicated"


# --- every key --------------------------------------------------------------------------------------------------------


def fulfilling(key: str, drug: str, rules: GuidanceRules) -> tuple[dict[str, str], list[str]]:
    """What somebody states, and takes, of whom the key is true; values that are denied are not stated."""
    subject: dict[str, str] = {}
    taken: list[str] = []
    numbers: dict[str, list[Clause]] = {}
    for clause in parse_condition(key):
        stated = clause.values[0]
        if clause.name in NUMBERS:
            numbers.setdefault(clause.name, []).append(clause)
        elif clause.name == TAKING:
            enzyme, kind = parse_class(stated) or ("", "")
            members = [
                each.ingredient
                for each in rules.inhibitors
                if (each.enzyme, each.strength) == (enzyme, kind.removesuffix(" inhibitor")) and each.ingredient != drug
            ]
            taken += ["metformin"] if clause.negated else members[:1] if enzyme else [stated]
        elif clause.name in FLAGS:
            subject[clause.name] = "no" if clause.negated else "yes"
        elif not clause.negated:
            subject[clause.name] = stated
        else:
            others = sorted((WORDS[clause.name] or {"gout"}) - set(clause.values))
            subject.setdefault(clause.name, others[-1])
    for name, clauses in numbers.items():
        limits = [parse_number(value)[1] + step for each in clauses for value in each.values for step in (-1, 0, 1)]
        subject[name] = next(f"{number:g}" for number in limits if all(holds(clause, number) for clause in clauses))
    return subject, taken


def holds(clause: Clause, number: float) -> bool:
    signs = {"<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__}
    return any(signs[sign](number, limit) for sign, limit in map(parse_number, clause.values)) != clause.negated


def test_every_key_is_true_of_somebody(knowledge: KnowledgeBase) -> None:
    """Of all keys that hold nothing of the genotype and nothing that only a reader knows."""
    rules = knowledge.guidance
    keys = {(each.drug, each.key) for each in rules.limits}
    keys |= {("", key) for population in rules.population_keys.values() for key in either_of(population) if key}
    for guideline in rules.guidelines:
        for row in guideline.rows:
            keys |= {(row.drug, each.key) for each in row.advice.conditions if each.key}
    plain = [each for each in sorted(keys) if not {c.name for c in parse_condition(each[1])} & {GENE, READER}]
    assert len(plain) > 200
    for drug, key in plain:
        subject, taken = fulfilling(key, drug, rules)
        medicines = [Medicine(each, (each,)) for each in taken]
        inhibitors = [each for each in rules.inhibitors if each.ingredient in taken]
        facts = facts_of(subject, medicines, inhibitors, rules.indications)
        assert Decider(drug, facts, {}).decide(key) is True, (drug, key, subject, taken)
