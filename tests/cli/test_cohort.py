"""The cohort commands as people use them: exit codes, one line for what is wrong, nothing half-written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.cli import main
from starling.cohort.run import Finished
from tests.cohort.conftest import cohort, knowledge_with, other_function, population

__all__ = ["cohort", "knowledge_with", "population"]


def copied(finished: Finished, folder: Path) -> Path:
    for path in finished.outputs.calls.parent.iterdir():
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
    return folder / "calls.parquet"


def test_call_says_what_it_did(population: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a directory that holds one file of people, the table of who they are, and the results."""
    (tmp_path / "people.vcf.gz").symlink_to(sorted(population.glob("*.vcf.gz"))[0])
    table = shutil.copy(population / "people.people.tsv", tmp_path)
    arguments = ["cohort", "call", str(tmp_path), "--people", str(table), "-o", str(tmp_path / "calls.parquet")]
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("20 people, ")
    assert shown.err == ""


def test_a_file_that_is_left_out_is_named_and_the_status_says_so(
    population: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.vcf").write_text("nothing\n")
    files = [str(sorted(population.glob("*.vcf.gz"))[0]), str(tmp_path / "bad.vcf")]
    assert main(["cohort", "call", *files, "-o", str(tmp_path / "calls.parquet")]) == 2
    shown = capsys.readouterr()
    assert "left out: bad.vcf" in shown.err
    assert (tmp_path / "calls.parquet").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["call", "x.vcf", "-o", "calls.csv"], "must end in .parquet"),
        (["call", "x.vcf", "-o", "missing/calls.parquet"], "no such directory"),
        (["call", "missing.vcf", "-o", "calls.parquet"], "no file could be read"),
        (["call", "@missing.txt", "-o", "calls.parquet"], "no such list of files"),
        (["call", "x.vcf", "-o", "calls.parquet", "--workers", "0"], "--workers: must be at least 1"),
        (["summary", "missing.parquet"], "no such table of calls"),
        (["summary", "missing.parquet", "--by", "population"], "needs --people"),
        (["summary", "missing.parquet", "--min-cell", "-1"], "must not be negative"),
        (["reanalyse", "other.parquet", "--knowledge", "x.kb", "-o", "n.parquet"], "name the table of calls"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["cohort", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".parquet"] == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("name\tsex\nP01\tmale\n", "people.tsv:1: the first line must name the columns"),
        ("sample\tsex\nP01\tboth\n", "people.tsv:2: sex is 'both'"),
        ("sample\tsex\nP01\n", "people.tsv:2: 1 columns, not 2"),
        ("sample\tmedication\nP01\tparoxetin\n", "people.tsv:2: 'paroxetin' is not known here"),
        ("sample\tsex\nP01\tm\nP01\tf\n", "people.tsv:3: 'P01' stands here twice"),
    ],
)
def test_a_wrong_table_of_people_is_refused_with_its_line(
    table: str, message: str, population: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people.tsv").write_text(table)
    source = str(sorted(population.glob("*.vcf.gz"))[0])
    command = ["cohort", "call", source, "--people", str(tmp_path / "people.tsv"), "-o", str(tmp_path / "c.parquet")]
    assert main(command) == 2
    assert message in capsys.readouterr().err


def test_reanalyse_finds_the_calls_beside_the_evidence(
    cohort: Finished,
    knowledge_with: Callable[[str, Callable[[Path], None]], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copied(cohort, tmp_path)
    knowledge = knowledge_with("function", other_function)
    evidence = str(tmp_path / "calls.evidence.parquet")
    assert main(["cohort", "reanalyse", evidence, "--knowledge", knowledge, "-o", str(tmp_path / "new.parquet")]) == 0
    shown = capsys.readouterr().out
    assert "genes with other rules or sites: CYP2C9; guidance: the same" in shown
    assert "60 people" in shown


def test_the_calls_compared_with_are_never_replaced(
    cohort: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = copied(cohort, tmp_path)
    before = calls.read_bytes()
    evidence = str(tmp_path / "calls.evidence.parquet")
    assert main(["cohort", "reanalyse", evidence, "--knowledge", "x.kb", "-o", str(calls)]) == 2
    assert "would replace the calls" in capsys.readouterr().err
    assert calls.read_bytes() == before


def test_summary_to_the_screen_and_to_a_page(
    cohort: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = str(cohort.outputs.calls)
    assert main(["cohort", "summary", calls]) == 0
    assert capsys.readouterr().out.startswith("# 60 people")
    assert main(["cohort", "summary", calls, "-o", str(tmp_path / "page.html")]) == 0
    assert "<svg" in (tmp_path / "page.html").read_text()
