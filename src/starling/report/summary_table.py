"""A summary as a tab-separated table: one row a number, with its denominator and interval."""

from __future__ import annotations

from collections.abc import Iterator

from starling.report.text import visible
from starling.report.tsv import cell as safe
from starling.summary import SMALL_GROUPS, Cell, Protection, Summary

_COLUMNS = ("section", "subject", "group", "item", "count", "of", "frequency", "low95", "high95")


def table(summary: Summary) -> str:
    """The whole summary; comment lines first, which say what the numbers are."""
    lines = [*(f"# {visible(line)}" for line in notes(summary)), "\t".join(_COLUMNS)]
    return "\n".join([*lines, *("\t".join(_row(cell)) for cell in summary.cells)]) + "\n"


def notes(summary: Summary) -> Iterator[str]:
    """What a reader must know of the numbers."""
    yield from summary.stated.get("notices", ())  # calls of earlier versions have none
    knowledge = summary.stated["knowledge"]
    version = f"{knowledge['version']} ({knowledge['sha256'][:12]})"
    yield f"{people_text(summary)} people; knowledge {version}, {summary.stated['program']}"
    yield from _files(summary)
    absent = summary.stated["options"]["absent_is_reference"]
    if absent != "no":
        yield f"sites that a file does not mention were taken as reference (--absent-is-reference={absent})"
    protection = Protection(summary.min_cell)
    if summary.min_cell:
        yield f"counts below {summary.min_cell} are not given; all others are rounded to multiples of {protection.base}"
        yield "rounding and thresholds are random: a count is off by less than that, and up to twice that is withheld"
        yield "suppressed is also said of nobody; a count that equals its total says almost all, or all"
        yield f"of alleles, of which everybody has two, these numbers are {protection.twice().base}"
        if summary.by is not None:
            few = f"groups of fewer than {protection.least_group} people are put together"
            yield f"{few}, with the next smallest where it takes that: {SMALL_GROUPS!r}"
        yield "many releases about almost the same people could be averaged: release once"
    else:
        yield "exact counts: not to leave this site"
    yield "alleles are counted in unambiguous diplotypes only; copy number is as the calls state it"
    yield "actionable: the headline action is avoid, another drug, or another dose (not: monitor, test, standard)"
    yield "advice counts for everybody, also for drugs and diseases few have: ivacaftor is for cystic fibrosis only"


def people_text(summary: Summary) -> str:
    """How many people there are, as far as it may be said."""
    if summary.min_cell and not summary.people:
        return f"fewer than {Protection(summary.min_cell).least_group}"
    return f"{summary.people:,}"


def _files(summary: Summary) -> Iterator[str]:
    """What was read; names of files may be those of people, and stay at the site."""
    files, skipped = summary.stated["files"], summary.stated["skipped"]
    if summary.min_cell:
        yield f"files: {len(files)}" + (f"; left out: {len(skipped)} file(s)" if skipped else "")
        return
    yield f"files: {', '.join(files[:5])}{', ...' if len(files) > 5 else ''}"
    if skipped:
        yield f"left out: {len(skipped)} file(s): {', '.join(each['source'] for each in skipped[:5])}"


def _row(cell: Cell) -> list[str]:
    interval = cell.interval
    numbers = (cell.share, *(interval or (None, None)))
    count = "suppressed" if cell.count is None else str(cell.count)
    texts = [safe(text) for text in (cell.section, cell.subject, cell.group, cell.item)]
    return [*texts, count, str(cell.of), *("" if number is None else f"{number:.5f}" for number in numbers)]
