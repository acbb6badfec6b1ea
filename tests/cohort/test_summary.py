"""Frequencies are what a plain count gives, and no small count is given."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from starling.cohort.run import Finished
from starling.cohort.tell.summary import ACTIONABLE, RARE, summarise
from starling.errors import InputError
from starling.summary import ALL, Summary
from tests.cohort.tables import Tables


@pytest.fixture(scope="module")
def groups(cohort: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everybody in one of three groups."""
    path = tmp_path_factory.mktemp("groups") / "people.tsv"
    names = ("north", "south", "west")
    rows = [f"{sample}\t{names[number % 3]}" for number, sample in enumerate(sorted(Tables(cohort.outputs).people))]
    path.write_text("\n".join(["sample\tpopulation", *rows]) + "\n")
    return path


def exact(cohort: Finished, groups: Path | None = None) -> Summary:
    return summarise(cohort.outputs.calls, people=groups, by="population" if groups else None, min_cell=0)


def test_counts_are_those_of_a_plain_count(cohort: Finished, groups: Path) -> None:
    summary, tables = exact(cohort, groups), Tables(cohort.outputs)
    member = dict(line.split("\t") for line in groups.read_text().splitlines()[1:])
    terms = Counter[tuple[str, str, str]]()
    alleles = Counter[tuple[str, str, str]]()
    for sample, results in tables.results().items():
        for gene, result in results.items():
            for group in (ALL, member[sample]):
                if result["phenotype"]:
                    terms[gene, group, result["phenotype"]] += 1
                if len(result["diplotypes"]) == 1:
                    for allele in result["diplotypes"][0]:
                        alleles[gene, group, allele] += 1
    found = {(each.subject, each.group, each.item): each.count for each in summary.of("phenotype")}
    assert {key: count for key, count in found.items() if key in terms} == terms
    assert {(each.subject, each.group, each.item): each.count for each in summary.of("allele")} == alleles


def test_actionable_is_what_the_advice_says(cohort: Finished) -> None:
    summary, tables = exact(cohort), Tables(cohort.outputs)
    drugs = Counter[str]()
    people = Counter[bool]()
    for patterns in tables.people.values():
        said = tables.advice_for(patterns)
        own = [drug for drug, answer in said.items() if answer["headline_action"] in ACTIONABLE]
        drugs.update(own)
        people[bool(own)] += 1
    assert {each.subject: each.count for each in summary.of("actionable_drug") if each.item == "any"} == drugs
    (some,) = (each for each in summary.of("actionable") if each.item == "at least one drug")
    assert (some.count, some.of) == (people[True], 60)


def test_attack_differences_between_groups_and_tables(cohort: Finished, groups: Path) -> None:
    """Every number on the page is a multiple of the base: exact counts cannot be put together from any of them."""
    summary = summarise(cohort.outputs.calls, people=groups, by="population", min_cell=10)
    assert summary.cells
    for cell in summary.cells:
        assert cell.of % 10 == 0
        assert cell.count is None or cell.count % 10 == 0


def test_attack_names_of_rare_results(cohort: Finished) -> None:
    """That somebody has a rare diplotype is not told by its name."""
    summary = summarise(cohort.outputs.calls, people=None, by=None, min_cell=10)
    counts = {(each.subject, each.item): each.count for each in exact(cohort).of("diplotype")}
    for cell in summary.of("diplotype"):
        assert cell.item == RARE or (counts[cell.subject, cell.item] or 0) >= 10


def test_a_column_that_is_not_there(cohort: Finished, groups: Path) -> None:
    with pytest.raises(InputError, match=r"people\.tsv:1: has no column 'region'"):
        summarise(cohort.outputs.calls, people=groups, by="region", min_cell=10)
