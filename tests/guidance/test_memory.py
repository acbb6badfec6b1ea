"""One Advisor shared by threads, and one of a few drugs only, answer as a fresh one of everything."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from starling.assessment import DrugResult, GeneResult
from starling.definitions import GeneDefinition, GuidanceRules, Medicine
from starling.guidance.recommendation import Advisor
from starling.values import replace
from tests.effort import examples
from tests.guidance.conftest import Called

#: Genes that decide many drugs; their alleles are drawn.
GENES = ("CYP2C19", "CYP2C9", "CYP2D6", "SLCO1B1", "TPMT", "UGT1A1")


def patients(definitions: Mapping[str, GeneDefinition], called: Called, count: int) -> list[list[GeneResult]]:
    drawn = random.Random("patients")
    return [
        [
            called(gene, "/".join(drawn.choice(definitions[gene].alleles).name for _ in range(2)))
            for gene in drawn.sample(GENES, 4)
        ]
        for _ in range(count)
    ]


@contextmanager
def switching_often() -> Iterator[None]:
    """Threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_threads_that_share_a_full_memory_get_what_a_fresh_advisor_says(
    rules: GuidanceRules, definitions: Mapping[str, GeneDefinition], called: Called
) -> None:
    """The memory is full after every second patient, so it is replaced while the other thread still reads it."""
    people, turns = patients(definitions, called, 40), examples(1, 3)
    fresh = [Advisor(rules).recommend(person) for person in people[:8]]
    single = Advisor(rules)
    expected = [*fresh, *(single.recommend(person) for person in people[8:])]
    shared = Advisor(rules, kept=300)

    def ask(order: Sequence[int]) -> list[tuple[int, tuple[DrugResult, ...]]]:
        # values made for this answer alone and freed at once: their identities are used again
        return [(each, shared.recommend([replace(result) for result in people[each]])) for each in order]

    orders = [list(range(len(people))) * turns, list(reversed(range(len(people)))) * turns]
    with switching_often(), ThreadPoolExecutor(2) as threads:
        answers = [pair for found in threads.map(ask, orders) for pair in found]
    assert len(answers) == 2 * turns * len(people)
    assert [each for each, answer in answers if answer != expected[each]] == []


@pytest.mark.parametrize("medication", [(), ("paroxetine",), ("clarithromycin", "bupropion")])
def test_rules_about_some_drugs_answer_as_all_rules_do(
    rules: GuidanceRules, definitions: Mapping[str, GeneDefinition], called: Called, medication: tuple[str, ...]
) -> None:
    names = {"codeine", "clopidogrel", "warfarin", "eliglustat", "mercaptopurine"}
    people = patients(definitions, called, 6)
    whole = Advisor(rules)
    for name in sorted(names):
        drug = next(each for each in rules.drugs if each.name == name)
        genes = {*whole.genes_for(name), *whole.adjusted_genes}
        few = replace(
            rules,
            drugs=(drug,),
            guidelines=tuple(
                replace(each, tables=tuple(table for table in each.tables if table.drug == name))
                for each in rules.guidelines
                if name in each.drugs
            ),
            phenotypes={gene: each for gene, each in rules.phenotypes.items() if gene in genes},
        )
        narrow = Advisor(few)
        assert set(narrow.genes_for(name)) == set(whole.genes_for(name))
        for person in people:
            own = [result for result in person if result.gene in genes]
            everything = {each.drug: each for each in whole.recommend(person, medication=medication)}
            assert narrow.recommend(own, medication=medication) == (everything[name],)


def test_a_drug_that_the_rules_are_not_about_is_refused(rules: GuidanceRules) -> None:
    codeine, *_, other = rules.drugs
    with pytest.raises(KeyError):
        Advisor(replace(rules, drugs=(codeine,))).answers((other,), [])


def test_leak_an_unknown_medicine_of_one_patient_is_not_named_to_the_next(rules: GuidanceRules, called: Called) -> None:
    advisor, results = Advisor(rules), [called("CYP2D6", "*1/*4")]
    unknown = Medicine("xyzol", (), ("xyzol",))
    first = advisor.recommend(results, medication=[unknown])
    assert all(each.medicines for each in first if each.recommendations)
    assert not any(each.medicines for each in advisor.recommend(results))
    assert advisor.recommend(results, medication=[unknown]) == first
