"""The cohort commands as people use them: exit codes, one line for what is wrong, nothing half-written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.cohort.outputs import metadata_of
from starling.cohort.run import Finished
from tests.cohort.conftest import other_function
from tests.commands import run


def copied(finished: Finished, folder: Path) -> Path:
    for path in finished.outputs.calls.parent.iterdir():
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
    return folder / "calls.parquet"


def test_call_says_what_it_did(population: Path, tmp_path: Path) -> None:
    """Of a directory that holds one file of people, the table of who they are, and the results."""
    (tmp_path / "people.vcf.gz").symlink_to(sorted(population.glob("*.vcf.gz"))[0])
    table = shutil.copy(population / "people.people.tsv", tmp_path)
    output = tmp_path / "calls.parquet"
    done = run("cohort", "call", str(tmp_path), "--people", str(table), "-o", output, "--workers", "1")
    assert done.code == 0
    assert done.out.startswith("20 people, ")
    assert done.err == ""


def test_a_file_that_is_left_out_is_named_and_the_status_says_so(population: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.vcf").write_text("nothing\n")
    files = [str(sorted(population.glob("*.vcf.gz"))[0]), str(tmp_path / "bad.vcf")]
    done = run("cohort", "call", *files, "-o", tmp_path / "calls.parquet")
    assert done.code == 2
    assert "left out: bad.vcf" in done.err
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
def test_what_is_wrong_is_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = run("cohort", *arguments, cwd=tmp_path)
    assert done.code == 2
    assert message in done.err
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".parquet"] == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("name\tsex\nP01\tmale\n", "people.tsv:1: the first line must name the columns"),
        ("sample\tsex\nP01\tboth\n", "people.tsv:2: sex is 'both'"),
        ("sample\tsex\nP01\n", "people.tsv:2: 1 columns, not 2"),
        ("sample\tsex\nP01\tm\nP01\tf\n", "people.tsv:3: 'P01' stands here twice"),
    ],
)
def test_a_wrong_table_of_people_is_refused_with_its_line(
    table: str, message: str, population: Path, tmp_path: Path
) -> None:
    (tmp_path / "people.tsv").write_text(table)
    source = str(sorted(population.glob("*.vcf.gz"))[0])
    done = run("cohort", "call", source, "--people", tmp_path / "people.tsv", "-o", tmp_path / "c.parquet")
    assert done.code == 2
    assert message in done.err


def test_a_medicine_that_nobody_knows_is_named_and_refuses_nothing(population: Path, tmp_path: Path) -> None:
    (tmp_path / "people.tsv").write_text("sample\tmedication\nP01\txyzol\nP02\tPaxil 20 mg tablets\n")
    source, calls = sorted(population.glob("*.vcf.gz"))[0], tmp_path / "c.parquet"
    done = run("cohort", "call", source, "--people", tmp_path / "people.tsv", "--workers", "1", "-o", calls)
    assert done.code == 0
    assert "P01: 'xyzol' is not known here" in done.err
    assert "P02: 'Paxil 20 mg tablets' was read as paroxetine" in done.err
    assert set(metadata_of(calls)["remarks"]) == {"P01", "P02"}


def test_reanalyse_finds_the_calls_beside_the_evidence(
    cohort: Finished, knowledge_with: Callable[[str, Callable[[Path], None]], str], tmp_path: Path
) -> None:
    copied(cohort, tmp_path)
    knowledge = knowledge_with("function", other_function)
    evidence = str(tmp_path / "calls.evidence.parquet")
    done = run("cohort", "reanalyse", evidence, "--knowledge", knowledge, "-o", tmp_path / "new.parquet")
    assert done.code == 0
    assert "genes with other rules or sites: CYP2C9; guidance: the same" in done.out
    assert "60 people" in done.out


def test_the_calls_compared_with_are_never_replaced(cohort: Finished, tmp_path: Path) -> None:
    calls = copied(cohort, tmp_path)
    before = calls.read_bytes()
    evidence = str(tmp_path / "calls.evidence.parquet")
    done = run("cohort", "reanalyse", evidence, "--knowledge", "x.kb", "-o", calls)
    assert done.code == 2
    assert "would replace the calls" in done.err
    assert calls.read_bytes() == before


def test_summary_to_the_screen_and_to_a_page(cohort: Finished, tmp_path: Path) -> None:
    calls = str(cohort.outputs.calls)
    done = run("cohort", "summary", calls)
    assert done.code == 0
    assert done.out.startswith("# 60 people")
    assert run("cohort", "summary", calls, "-o", tmp_path / "page.html").code == 0
    assert "<svg" in (tmp_path / "page.html").read_text()
