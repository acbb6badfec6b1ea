"""How many of everything the fact tables hold: counted, never copied."""

from __future__ import annotations

import csv
from pathlib import Path

KNOWLEDGE = Path(__file__).resolve().parents[1] / "knowledge-base"


def rows(table: str) -> list[dict[str, str]]:
    """The rows of a text table."""
    with (KNOWLEDGE / f"{table}.tsv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def records(table: str) -> int:
    """The records of a JSON Lines table."""
    return len((KNOWLEDGE / f"{table}.jsonl").read_text(encoding="utf-8").splitlines())


#: genes that a result can be given for; those of them that are called from the sample; drugs that are answered for
GENES = [row["gene"] for row in rows("genes")]
CALLED = [row["gene"] for row in rows("genes") if row["called_from"] == "sample"]
DRUGS = [row["drug"] for row in rows("drugs")]
