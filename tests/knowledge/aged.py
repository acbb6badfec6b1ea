"""A knowledge base whose guidelines were last compared with their sources some days ago."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from starling.knowledge.compile import compile_knowledge
from tests.knowledge.small import SOURCE, read, write


def days_ago(days: int) -> date:
    """The day, UTC, so many days ago."""
    return datetime.now(UTC).date() - timedelta(days)


def a_year_after(day: date) -> date:
    """The last day on which knowledge compared on that day is not old: after 29 February it is 28 February."""
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28) if leap else day.replace(year=day.year + 1)


def compile_aged(folder: Path, checked_on: date) -> Path:
    """The knowledge base, compiled as if its newest comparison were of that day; two in three are older."""
    source = Path(shutil.copytree(SOURCE, folder / "source"))
    rows = read("guidelines.tsv", source)
    for number, row in enumerate(rows):
        row["checked_on"] = (checked_on - timedelta(30 * (number % 3))).isoformat()
    write(source, "guidelines.tsv", rows)
    compile_knowledge(source, folder / "aged.kb")
    return folder / "aged.kb"
