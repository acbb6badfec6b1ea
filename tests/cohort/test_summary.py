"""Frequencies are what a plain count gives, and no small count is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from starling.cohort.run import Finished
from starling.cohort.tell.summary import ACTIONABLE, summarise
from starling.errors import InputError
from starling.report.summary_json import document
from starling.report.summary_page import page
from starling.report.summary_table import table
from starling.summary import ALL, RARE, SMALL_GROUPS, Summary
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


def written(path: Path, groups: Mapping[str, str]) -> Path:
    """A table of people with the column `grp`."""
    path.write_text("\n".join(["sample\tgrp", *(f"{sample}\t{name}" for sample, name in groups.items())]) + "\n")
    return path


def rows_of(summary: Summary) -> dict[str, set[tuple[str, str, str]]]:
    """Group -> its rows, whatever stands in them."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    for cell in summary.cells:
        if cell.section != "missing":
            found.setdefault(cell.group, set()).add((cell.section, cell.subject, cell.item))
    return found


def test_attack_a_group_of_one(cohort: Finished, tmp_path: Path) -> None:
    """Whoever is alone in a group has no row, on any face, and no group is what is left of everybody."""
    for sample in sorted(Tables(cohort.outputs).people)[:6]:
        people = dict.fromkeys(Tables(cohort.outputs).people, "other") | {sample: "ward of one"}
        path = written(tmp_path / f"{sample}.tsv", people)
        summary = summarise(cohort.outputs.calls, people=path, by="grp", min_cell=10)
        assert summary.groups == (ALL,)
        assert set(rows_of(summary)) == {ALL}
        for face in (table, page, document):
            assert "ward of one" not in face(summary)


def test_attack_rows_do_not_depend_on_who_is_in_a_group(cohort: Finished, tmp_path: Path) -> None:
    """Every group has the rows of everybody: no row is there, or missing, for somebody's result."""
    names = sorted(Tables(cohort.outputs).people)
    for turn in range(2):
        groups = {name: "north" if (place + turn) % 2 == 0 else "south" for place, name in enumerate(names)}
        summary = summarise(
            cohort.outputs.calls, people=written(tmp_path / f"{turn}.tsv", groups), by="grp", min_cell=10
        )
        rows = rows_of(summary)
        assert set(rows) == {ALL, "north", "south"}
        assert rows["north"] == rows["south"] == rows[ALL]


def test_groups_that_are_too_small_are_put_together_with_the_next(cohort: Finished, tmp_path: Path) -> None:
    """Nobody is left over between the groups and everybody."""
    names = sorted(Tables(cohort.outputs).people)
    sizes = {"large": 30, "next": 24, "small": 6}
    groups = dict(zip(names, [name for name, size in sizes.items() for _ in range(size)], strict=True))
    path = written(tmp_path / "people.tsv", groups)
    assert summarise(cohort.outputs.calls, people=path, by="grp", min_cell=10).groups == (ALL, "large", SMALL_GROUPS)
    assert summarise(cohort.outputs.calls, people=path, by="grp", min_cell=0).groups == (ALL, *sizes)


def test_the_same_people_have_the_same_numbers_whatever_their_group_is_called(cohort: Finished, tmp_path: Path) -> None:
    """Asking again does not help to average the noise away."""
    names = sorted(Tables(cohort.outputs).people)
    found = []
    for name in ("a", "b"):
        path = written(tmp_path / f"{name}.tsv", {each: name if each < names[30] else "rest" for each in names})
        summary = summarise(cohort.outputs.calls, people=path, by="grp", min_cell=10)
        found.append([(cell.subject, cell.item, cell.count, cell.of) for cell in summary.cells if cell.group == name])
    assert found[0] == found[1] != []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sample", "'grp' names people, not groups"),
        ("all", r"people\.tsv:2: a group cannot be named 'all'"),
        ("Small groups", r"people\.tsv:2: a group cannot be named 'Small groups'"),
    ],
)
def test_groups_that_are_refused(name: str, message: str, cohort: Finished, tmp_path: Path) -> None:
    people = Tables(cohort.outputs).people
    path = written(tmp_path / "people.tsv", {each: each if name == "sample" else name for each in people})
    with pytest.raises(InputError, match=message) as raised:
        summarise(cohort.outputs.calls, people=path, by="grp", min_cell=10)
    assert raised.value.code == "BAD_PEOPLE"


def test_people_who_are_listed_twice_are_refused(cohort: Finished, tmp_path: Path) -> None:
    path = written(tmp_path / "people.tsv", dict.fromkeys(Tables(cohort.outputs).people, "north"))
    twice = sorted(Tables(cohort.outputs).people)[0]
    path.write_text(path.read_text() + f"{twice}\tsouth\n")
    for by in ("grp", None):
        with pytest.raises(InputError, match=rf"people\.tsv:62: '{twice}' stands here twice"):
            summarise(cohort.outputs.calls, people=path, by=by, min_cell=10)


def test_a_column_that_is_not_there(cohort: Finished, groups: Path) -> None:
    with pytest.raises(InputError, match=r"people\.tsv:1: has no column 'region'"):
        summarise(cohort.outputs.calls, people=groups, by="region", min_cell=10)
