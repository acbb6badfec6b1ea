"""Questions of a hospital pharmacist, from what a laboratory states to the lines of the box: cases/questions.tsv.

Columns: results (`GENE=diplotype; GENE=diplotype`, a phenotype after `!`); drug; taken (medicines); stated
(`KEY=VALUE;...`); the headline; what the box says and does not say (parts joined by `|`); because.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from starling.assessment import Question
from starling.report.answer import Answer
from starling.vocabulary import OutsideCall
from tests.bundled import bundled_engine

CASES = Path(__file__).parents[1] / "cases" / "clinical" / "questions.tsv"


def rows() -> Iterator[object]:
    with CASES.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield pytest.param(row, id=", ".join(filter(None, list(row.values())[:4])))


def call_of(stated: str) -> OutsideCall:
    """`GENE=diplotype`, or `GENE=!phenotype`."""
    gene, _, said = stated.strip().partition("=")
    return OutsideCall(gene, phenotype=said[1:]) if said.startswith("!") else OutsideCall(gene, said)


@pytest.mark.parametrize("row", list(rows()))
def test_question(row: dict[str, str]) -> None:
    question = Question(
        drugs=(row["drug"],),
        outside=tuple(map(call_of, row["results"].split(";"))),
        medication=tuple(filter(None, row["taken"].split(","))),
        subject=dict(part.split("=", 1) for part in row["stated"].split(";") if part),
    )
    answer = Answer.about(bundled_engine().assess(None, question), row["drug"])
    said = " ".join(answer.box_lines)
    assert (answer.line.drug.headline_action or "-") == row["action"], (said, row["because"])
    for part in filter(None, row["says"].split("|")):
        assert part in said, row["because"]
    for part in filter(None, row["silent"].split("|")):
        assert part not in said, row["because"]
