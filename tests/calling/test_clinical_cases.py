"""Cases by hand: what a person's genotypes must be called, and why, one line each in cases/*.tsv.

Columns: gene; the sites that differ from the reference genome (`position=genotype`, see `support`); the result (star
order, ` or ` between equals, a reason when there is no call); everything else that must remain consistent (`-`:
nothing, `?`: not stated in this case); because.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from starling.vocabulary import Undetermined
from tests.calling.support import called, names, others

FOLDER = Path(__file__).parent / "cases"


def rows(name: str) -> Iterator[object]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield pytest.param(row, id=f"{row['gene']} {row['changes'] or 'reference'}")


def changes(text: str) -> dict[int, str]:
    pairs = (word.partition("=") for word in text.split())
    return {int(position): genotype for position, _, genotype in pairs}


@pytest.mark.parametrize("row", list(rows("matching.tsv")))
def test_case(row: dict[str, str]) -> None:
    call = called(row["gene"], changes(row["changes"]))
    result = call.result.reason if isinstance(call.result, Undetermined) else " or ".join(names(call))
    assert result == row["result"], row["because"]
    if row["consistent"] != "?":
        stated = "" if row["consistent"] == "-" else row["consistent"]
        assert ", ".join(f"{name}={why}" for name, why in others(call).items()) == stated, row["because"]


@pytest.mark.parametrize("row", list(rows("matching.tsv")))
def test_every_case_says_why(row: dict[str, str]) -> None:
    assert row["because"].strip()
