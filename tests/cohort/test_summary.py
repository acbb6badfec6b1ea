"""Frequencies are what a plain count gives; what leaves the site gives no small count away."""

from __future__ import annotations

import itertools
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.cohort.run import Finished
from starling.cohort.summary_page import page
from starling.cohort.summary_table import table
from starling.cohort.tell.summary import ACTIONABLE, ALL, RARE, Cell, Protection, Summary, summarise
from starling.errors import InputError
from tests.cohort.tables import Tables


@pytest.fixture(scope="module")
def groups(cohort: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everybody in one of three groups; one name is an attack on the page, one on a spreadsheet."""
    path = tmp_path_factory.mktemp("groups") / "people.tsv"
    names = ("<script>alert(1)</script>", "=cmd()", "plain")
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


def test_the_interval_is_that_of_wilson() -> None:
    """The worked example of a proportion of 81 of 263.  Source: Newcombe 1998, Stat Med 17:857-872, table I."""
    low, high = Cell("", "", ALL, "", 81, 263).interval or (0.0, 0.0)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@given(st.integers(2, 40), st.integers(0, 10_000))
def test_no_small_count_is_given(least: int, people: int) -> None:
    shown = Protection(least).count(people)
    assert (shown is None) == (0 < people < least)
    assert shown is None or abs(shown - people) <= least / 2


@given(st.integers(1, 9), st.lists(st.integers(10, 500), min_size=1, max_size=6))
def test_attack_subtracting_the_shown_cells_from_the_total(secret: int, others: list[int]) -> None:
    """What remains after subtraction leaves several counts possible, below and above what was withheld."""
    protection = Protection(10)
    total = protection.total(secret + sum(others))
    shown = [protection.count(count) or 0 for count in others]
    slack = protection.base / 2 * (1 + len(shown))  # each number may be off by half a base
    rest = total - sum(shown)
    possible = [count for count in range(1, 10) if rest - slack <= count <= rest + slack]
    assert secret in possible
    assert len(possible) >= 3


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


def test_attack_markup_and_formulas_in_names(cohort: Finished, groups: Path) -> None:
    summary = exact(cohort, groups)
    text = page(summary)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\t=cmd()\t" not in table(summary)


class _Open(HTMLParser):
    """Elements that were opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "rect"}:
            self.stack.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onload", "onclick"}

    def handle_endtag(self, tag: str) -> None:
        if tag in self.stack:
            while self.stack.pop() != tag:
                pass


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(cohort: Finished) -> None:
    text = page(exact(cohort))
    parser = _Open()
    parser.feed(text)
    assert parser.stack == []
    assert "http" not in text
    assert text.count("<svg") == text.count('role="img"') > 5


def test_the_table_says_what_it_is(cohort: Finished) -> None:
    lines = table(summarise(cohort.outputs.calls, people=None, by=None, min_cell=10)).splitlines()
    notes = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    assert "60 people" in notes[0]
    assert any("below 10 are not given" in note for note in notes)
    assert "not to leave this site" in table(exact(cohort))


def test_a_column_that_is_not_there(cohort: Finished, groups: Path) -> None:
    with pytest.raises(InputError, match=r"people\.tsv:1: has no column 'region'"):
        summarise(cohort.outputs.calls, people=groups, by="region", min_cell=10)
