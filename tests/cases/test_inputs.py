"""Files as people have them: read right, or refused in one clear line; never certain beyond what they carry.

One row of `inputs/*/cases.tsv` each: a file, the command (`F` is the file), what must follow, and why.  What must
follow is a list separated by `; `:

    exit N                      the exit status (0 where nothing is said)
    GENE CALL certain           the call of the gene (may be left out), and whether its phenotype is certain
    GENE CALL uncertain
    GENE none                   the gene is not called
    sample NAME                 of whom the rest is said, where the file has several people
    build NAME                  the build that was found
    as FILE                     every gene as in this file
    says TEXT, silent TEXT      what the output holds, or does not hold
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Finished, run

FOLDER = Path(__file__).parent / "inputs"


def rows() -> Iterator[object]:
    """Refusals cost little and are all tried; of what is read every third, and the others when all tests are."""
    for table in sorted(FOLDER.glob("*/cases.tsv")):
        with table.open(encoding="utf-8", newline="") as handle:
            for number, row in enumerate(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)):
                name = f"{table.parent.name}/{row['file']}: {row['command']}"
                is_tried = row["expected"].startswith("exit 2") or number % 3 == 0
                yield pytest.param(table.parent, row, id=name, marks=[] if is_tried else pytest.mark.exhaustive)


@cache
def finished(folder: Path, command: str, file: str) -> Finished:
    words = [file if word == "F" else word for word in command.split()]
    if words[0] == "report":
        words += ["--format", "json"]
    return run(*words, cwd=folder)


def found(done: Finished, sample: str | None = None) -> dict[str, dict[str, Any]]:
    """The genes of the (named) sample."""
    people = json.loads(done.out)["assessments"]
    person = next(one for one in people if sample in {None, one["sample"]})
    return {gene["gene"]: gene for gene in person["genes"]}


@pytest.mark.parametrize(("folder", "row"), list(rows()))
def test_case(folder: Path, row: dict[str, str]) -> None:
    done = finished(folder, row["command"], row["file"])
    clauses = [clause.split(" ", 1) for clause in row["expected"].split("; ")]
    stated = dict(clauses)
    none_called = any(clause[-1] == "none" for clause in clauses)
    assert str(done.code) in {stated.get("exit", "0"), "5" if none_called else ""}, (row["why"], done.err)
    if done.code in {1, 2, 3}:
        assert done.err.count("\n") == 1, "one line"
        assert done.out == ""
    genes = found(done, stated.get("sample")) if done.out.startswith("{") else {}
    for word, rest in clauses:
        match word:
            case "exit" | "sample":
                continue
            case "says":
                assert rest in done.out + done.err, row["why"]
            case "silent":
                assert rest not in done.out + done.err, row["why"]
            case "build":
                assert json.loads(done.out)["assessments"][0]["provenance"]["input"]["build"] == rest
            case "as":
                assert genes == found(finished(folder, row["command"], rest)), row["why"]
            case _:
                called = genes[word]
                call, _, certainty = rest.rpartition(" ")
                shown = "none" if called["status"] == "undetermined" else called["label"]
                assert (call or shown, certainty) in {
                    (shown, "certain" if called["phenotype_certain"] else "uncertain"),
                    ("none", shown),
                }, row["why"]


def test_every_file_has_a_row() -> None:
    for table in sorted(FOLDER.glob("*/cases.tsv")):
        text = table.read_text(encoding="utf-8")
        files = {path for path in table.parent.iterdir() if path.suffix not in {".bim", ".fam", ".map", ".tbi"}}
        assert sorted(path.name for path in files - {table} if f"\n{path.name}\t" not in text) == []
