"""The clinical questions as files: how many there are, and that each has a headline and a source of its own.

| table | asked by |
| --- | --- |
| `cases/clinical/questions.tsv` | `test_questions.py`: from what a laboratory states to the lines of the box |
| `cases/clinical/stated_facts.tsv` | `test_stated_facts.py`: medicines, age, indication and the like |
| `cases/clinical/one_answer.tsv` | `test_one_answer.py`: one headline, and what is tested first |
| `cases/clinical/july_2026.tsv` | `test_clinical_cases.py`: functions, phenotypes and doses of July 2026 |
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from starling.definitions import ACTIONS

CASES = Path(__file__).parents[1] / "cases" / "clinical"
TABLES = {"questions.tsv": 106, "stated_facts.tsv": 106, "one_answer.tsv": 22, "july_2026.tsv": 23}
#: What a source is: a guideline, a label, a paper, a term of the tables, or a rule of this program, said as one.
SOURCE = re.compile(r"\b(?:CPIC|DPWG|FDA|EMA|US labels?|label|PMID \d+|DOI|PharmVar|Source)\b|\bours:|\b20\d\d-\d\d\b")


def cases() -> list[tuple[str, int, dict[str, str]]]:
    found = []
    for path in sorted(CASES.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as handle:
            rows = csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
            found += [(path.name, line, row) for line, row in enumerate(rows, 2)]
    return found


def test_there_are_more_questions_than_were_asked_for() -> None:
    counted = {name: sum(name == table for table, _, _ in cases()) for name in TABLES}
    assert {path.name for path in CASES.glob("*.tsv")} == set(TABLES)
    assert counted == TABLES and sum(counted.values()) >= 125
    names = ("drug", "results", "taken", "stated", "subject")
    assert len({tuple(row.get(name, "") for name in names) for _, _, row in cases()}) >= 200


def test_every_question_has_a_headline_and_a_source() -> None:
    for table, line, row in cases():
        assert row["action"] in {*ACTIONS, "-", "no_recommendation"}, (table, line)
        source = row["source"] if table == "stated_facts.tsv" else row["because"]
        assert SOURCE.search(source), (table, line, source)
