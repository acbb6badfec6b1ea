"""What each person of a cohort is told of a drug is what a report tells them, alternatives and all."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from starling.cohort.collect.people import read_outside, read_people, with_outside_calls
from starling.cohort.run import Finished, Order, call
from starling.cohort.tell.advice import Asked
from starling.library import assess_all
from starling.report.words import alternative_words
from starling.vocabulary import OutsideCall
from tests.bundled import bundled_knowledge
from tests.cohort.conftest import other_function
from tests.commands import run

DRUGS = ("clopidogrel", "simvastatin", "codeine", "prasugrel", "azathioprine")
#: What is stated of three of the people.
STATED: Mapping[str, dict[str, object]] = {
    "P01": {"medication": ["paroxetine"], "age": 9},
    "P02": {"medication": ["ketoconazole", "azathioprine"]},
    "P03": {"indication": "stroke"},
}


@pytest.fixture(scope="module")
def called(population: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stated")
    (folder / "people.tsv").write_text(
        "sample\tmedication\tage\tindication\nP01\tparoxetine\t9\t\nP02\tketoconazole;azathioprine\t\t\n"
        "P03\t\t\tstroke\n"
    )
    (folder / "outside.tsv").write_text("sample\tgene\tdiplotype\nP01\tCYP2D6\t*4/*4\n")
    knowledge = bundled_knowledge()
    stated = with_outside_calls(
        read_people(folder / "people.tsv", knowledge), read_outside(folder / "outside.tsv", knowledge)
    )
    source = sorted(population.glob("*.vcf.gz"))[0]
    return call(Order((str(source),), folder / "calls.parquet", stated=stated, workers=1)).outputs.calls


def rows_of(table: Path) -> dict[tuple[str, str], dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as handle:
        return {(row["drug"], row["sample"]): row for row in csv.DictReader(handle, delimiter="\t")}


def test_everyone_is_told_what_their_report_says(called: Path, population: Path, tmp_path: Path) -> None:
    done = run("cohort", "answers", called, "--drug", ",".join(DRUGS), "-o", tmp_path / "told.tsv")
    assert (done.code, done.out) == (0, f"100 answers -> {tmp_path / 'told.tsv'}\n")
    told = rows_of(tmp_path / "told.tsv")
    source = str(sorted(population.glob("*.vcf.gz"))[0])
    people = list(assess_all(source))
    own = {each.sample: each for each in people if each.sample not in STATED}
    for name, stated in STATED.items():
        outside = [OutsideCall("CYP2D6", "*4/*4")] if name == "P01" else []
        (own[name],) = assess_all(source, samples=[name], outside=outside, drugs=list(DRUGS), **stated)  # type: ignore[arg-type]
    assert {sample for _, sample in told} == set(own)
    restricted = 0
    for (drug, sample), row in told.items():
        answer = own[sample].drug(drug) if drug != "prasugrel" or sample in STATED else None
        if answer is None:  # has no advice of its own: a report of everything does not speak of it
            continue
        checked = [(each.offered, alternative_words(each)) for each in answer.alternatives]
        assert row["action"] == (answer.headline_action or "")
        assert row["instead"] == "; ".join(words for offered, words in checked if offered), (drug, sample)
        assert row["not_instead"] == "; ".join(words for offered, words in checked if not offered), (drug, sample)
        assert row["ask_first"] == "; ".join(each.ask for each in answer.conditions_open)
        restricted += "also restricted" in row["instead"]
    assert restricted


def test_an_alternative_that_the_same_person_must_not_have_is_not_offered(called: Path, tmp_path: Path) -> None:
    """P01 is nine, with poor CYP2D6.  Source: US label of tramadol, boxed warning: not below 12 years."""
    run("cohort", "answers", called, "--drug", "codeine", "-o", tmp_path / "told.tsv")
    row = rows_of(tmp_path / "told.tsv")["codeine", "P01"]
    assert row["action"] == "contraindicated"
    assert row["not_instead"].startswith("tramadol (also restricted: do not use (contraindicated)")
    assert "tramadol (" not in row["instead"]


def test_people_who_are_alike_are_asked_about_once(
    cohort: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = Asked.answers

    def counted(self: Asked, drugs: object, patterns: Mapping[str, str]) -> object:
        asked.append(tuple(sorted(patterns.items())))
        return real(self, drugs, patterns)  # type: ignore[arg-type]

    monkeypatch.setattr(Asked, "answers", counted)
    output = tmp_path / "told.parquet"
    assert run("cohort", "answers", cohort.outputs.calls, "--drug", "clopidogrel", "-o", output).code == 0
    assert pq.read_table(output).num_rows == 60
    assert 1 < len(set(asked)) < 30
    assert len(asked) <= 2 * len(set(asked))  # the drug itself, and what could take its place


def test_answers_of_another_edition_are_refused(
    called: Path, tmp_path: Path, knowledge_with: Callable[[str, object], str]
) -> None:
    other = knowledge_with("other function", other_function)
    done = run("cohort", "answers", called, "--drug", "codeine", "--knowledge", other, "-o", tmp_path / "told.tsv")
    assert done.code == 2
    assert "--knowledge: the calls were made with edition" in done.err
    assert not (tmp_path / "told.tsv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--drug", "frobnicol", "-o", "told.tsv"), "not in this knowledge base"),
        (("--drug", "codeine", "-o", "told.csv"), "--output: must end in .tsv or .parquet"),
        (("--drug", "codeine", "-o", "missing/told.tsv"), "no such directory"),
    ],
)
def test_what_is_wrong_is_one_line(called: Path, arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = run("cohort", "answers", called, *arguments, cwd=tmp_path)
    assert done.code == 2
    assert message in done.err
    assert list(tmp_path.iterdir()) == []
