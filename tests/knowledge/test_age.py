"""How old knowledge may be before every result says so; the result itself knows nothing of the day."""

from __future__ import annotations

import time
from calendar import timegm
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.assessment import Question
from starling.engine import Engine
from starling.knowledge.age import age_notices, today
from starling.knowledge.base import KnowledgeBase
from starling.serial.digest import result_digest
from starling.serial.document import to_jsonable
from starling.values import replace
from tests.facts import rows
from tests.knowledge.aged import a_year_after, compile_aged, days_ago

EXAMPLE = Path(__file__).parents[2] / "src" / "starling" / "examples" / "example.vcf"
CHECKED = days_ago(400)
CODEINE = Question(drugs=("codeine",))


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine whose knowledge was last compared with its sources 400 days ago."""
    engine = Engine.open(compile_aged(tmp_path_factory.mktemp("aged"), CHECKED))
    yield engine
    engine.knowledge.close()


@pytest.mark.parametrize(
    ("checked_on", "day", "is_old"),
    [
        ("2026-07-14", "2026-07-14", False),
        ("2026-07-14", "2027-07-14", False),
        ("2026-07-14", "2027-07-15", True),
        ("2026-07-14", "2030-01-01", True),
        ("2026-12-31", "2027-12-31", False),
        ("2026-12-31", "2028-01-01", True),
        ("2028-02-29", "2029-02-28", False),
        ("2028-02-29", "2029-03-01", True),
        ("2027-02-28", "2028-02-28", False),
        ("2027-02-28", "2028-02-29", True),
        ("2026-07-14", "2026-07-01", False),
    ],
)
def test_knowledge_is_old_after_twelve_months(checked_on: str, day: str, is_old: bool) -> None:
    assert bool(age_notices(checked_on, day)) == is_old


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-400, 1200))
def test_on_every_day_it_is_old_or_not(checked_on: date, days: int) -> None:
    day = checked_on + timedelta(days)
    notices = age_notices(checked_on.isoformat(), day.isoformat())
    assert bool(notices) == (day > a_year_after(checked_on))
    assert all(checked_on.isoformat() in notice.message for notice in notices)


def test_the_day_is_that_of_the_clock() -> None:
    before = days_ago(0).isoformat()
    assert before <= today() <= days_ago(0).isoformat()


def test_the_newest_comparison_counts_and_is_part_of_the_stamp(base: KnowledgeBase) -> None:
    days = [row["checked_on"] for row in rows("guidelines")]
    assert base.stamp.checked_on == max(days)
    assert {each.checked_on for each in base.guidance.guidelines} == set(days)
    assert base.about(["codeine"]).stamp == base.stamp


@pytest.mark.parametrize("question", [Question(), CODEINE, Question(genes=("TPMT",))], ids=["all", "drug", "gene"])
def test_whatever_is_asked_old_knowledge_says_so(aged: Engine, question: Question) -> None:
    (notice,) = aged.assess(EXAMPLE, question).run.notices
    assert notice.code == "KNOWLEDGE_OLD"
    assert CHECKED.isoformat() in notice.message


def test_every_recommendation_says_when_its_own_guideline_was_compared(aged: Engine) -> None:
    checked = {each.id: (each.text_as_of, each.checked_on) for each in aged.knowledge.guidance.guidelines}
    given = [each for drug in aged.assess(EXAMPLE).drugs for each in drug.recommendations]
    assert len({each.checked_on for each in given}) == 3
    assert all((each.text_as_of, each.checked_on) == checked[each.guideline] for each in given)


def test_the_result_does_not_depend_on_the_day(aged: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file, asked when the knowledge was fresh and when it had aged."""
    last, found = a_year_after(CHECKED), []
    for day in (CHECKED, last, last + timedelta(1), last + timedelta(3000)):
        moment = time.gmtime(timegm((day.year, day.month, day.day, 12, 0, 0)))
        monkeypatch.setattr("starling.engine.gmtime", lambda moment=moment: moment)
        found.append(aged.assess(EXAMPLE, CODEINE))
    assert [len(each.run.notices) for each in found] == [0, 0, 1, 1]
    assert len({each.run.created for each in found}) == 4
    assert all(replace(each, run=found[0].run) == found[0] for each in found)
    assert {result_digest(to_jsonable(each)) for each in found} == {found[0].result_sha256}
