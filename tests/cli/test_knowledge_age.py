"""Knowledge that nobody has compared with its sources for a year says so wherever an answer is read."""

from __future__ import annotations

import html
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from starling.report.words import dated
from tests.bundled import bundled_knowledge
from tests.commands import run
from tests.knowledge.aged import a_year_after, compile_aged, days_ago

EXAMPLE = Path(__file__).parents[2] / "src" / "starling" / "examples" / "example.vcf"
WARNING = "No guideline was compared with its source since {}, more than 12 months ago: advice may have changed."
CHECKED = days_ago(400)
COMMANDS: dict[str, tuple[str | Path, ...]] = {
    "doctor": ("doctor",),
    "info": ("knowledge", "info"),
    "terminal": ("report", EXAMPLE),
    "page": ("report", EXAMPLE, "--format", "html"),
    "json": ("report", EXAMPLE, "--format", "json"),
    "check": ("check", "codeine", EXAMPLE),
    "check without a guideline": ("check", "oxycodone", EXAMPLE),
}
READ_BY_PEOPLE = frozenset({"terminal", "page", "check", "check without a guideline"})


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_aged(tmp_path_factory.mktemp("old"), CHECKED)


def warning(command: str, checked_on: date | str) -> str:
    """The sentence as the command shows it: for people with the date written out."""
    said = WARNING.format(checked_on)
    return dated(said) if command in READ_BY_PEOPLE else said


def said_by(command: str, *more: str | Path) -> str:
    """What a command prints, on one line, without boxes and markup of characters."""
    done = run(*COMMANDS[command], *more)
    assert (done.code, done.err) == (0, "")
    return " ".join(html.unescape(done.out).replace("│", " ").split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_that_the_knowledge_is_old(old: Path, command: str) -> None:
    assert warning(command, CHECKED) in said_by(command, "--knowledge", old)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_knowledge_of_this_edition_is_old_after_a_year_and_not_before(command: str) -> None:
    checked_on = bundled_knowledge().stamp.checked_on
    is_old = days_ago(0) > a_year_after(date.fromisoformat(checked_on))
    assert (warning(command, checked_on) in said_by(command)) == is_old


@pytest.mark.parametrize(("days", "is_old"), [(360, False), (367, True)])
def test_twelve_months_are_allowed(tmp_path: Path, days: int, is_old: bool) -> None:
    knowledge = compile_aged(tmp_path, days_ago(days))
    assert ("WARNING" in said_by("doctor", "--knowledge", knowledge)) == is_old
    assert ("WARNING" in said_by("info", "--knowledge", knowledge)) == is_old


def test_an_old_installation_is_sound_and_is_told_what_to_do(old: Path) -> None:
    done = run("doctor", "--knowledge", old)
    assert done.code == 0 and done.out.endswith("sound\n")
    (warning,) = [line for line in done.out.splitlines() if line.startswith("WARNING: ")]
    assert warning.endswith("Ask for a newer edition.")


def test_the_warning_stands_above_the_guidelines_with_their_dates(old: Path) -> None:
    head, _, table = run("knowledge", "info", old).out.partition("\ntext of     checked on  guideline\n")
    assert head.splitlines()[-1] == f"WARNING    {WARNING.format(CHECKED)}"
    assert {line.split()[1] for line in table.splitlines()} == {str(CHECKED - timedelta(days)) for days in (0, 30, 60)}


def test_the_json_says_it_of_the_run_and_never_of_the_result(old: Path) -> None:
    (person,) = json.loads(run(*COMMANDS["json"], "--knowledge", old).out)["assessments"]
    notice = {"code": "KNOWLEDGE_OLD", "message": WARNING.format(CHECKED)}
    assert person["run"]["notices"] == [notice]
    assert notice not in person["provenance"]["notices"]
    assert person["provenance"]["knowledge"]["checked_on"] == str(CHECKED)
