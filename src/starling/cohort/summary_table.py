"""A summary as a tab-separated table: one row a number, with its denominator and interval."""

from __future__ import annotations

from collections.abc import Iterator

from starling.cohort.tell.summary import Cell, Protection, Summary

_COLUMNS = ("section", "subject", "group", "item", "count", "of", "frequency", "low95", "high95")
#: A cell that a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@")


def table(summary: Summary) -> str:
    """The whole summary; comment lines first, which say what the numbers are."""
    lines = [*(f"# {line}" for line in notes(summary)), "\t".join(_COLUMNS)]
    return "\n".join([*lines, *("\t".join(_row(cell)) for cell in summary.cells)]) + "\n"


def notes(summary: Summary) -> Iterator[str]:
    """What a reader must know of the numbers."""
    knowledge = summary.stated["knowledge"]
    version = f"{knowledge['version']} ({knowledge['sha256'][:12]})"
    yield f"{summary.people:,} people; knowledge {version}, {summary.stated['program']}"
    files = summary.stated["files"]
    yield f"files: {', '.join(files[:5])}{', ...' if len(files) > 5 else ''}"
    skipped = summary.stated["skipped"]
    if skipped:
        yield f"left out: {len(skipped)} file(s): {', '.join(each['source'] for each in skipped[:5])}"
    absent = summary.stated["options"]["absent_is_reference"]
    if absent != "no":
        yield f"sites that a file does not mention were taken as reference (--absent-is-reference={absent})"
    base = Protection(summary.min_cell).base
    if summary.min_cell:
        yield f"counts below {summary.min_cell} are not given; all others are rounded to multiples of {base}"
        yield "a second release of almost the same people could be compared with this one: release once"
    else:
        yield "exact counts: not to leave this site"
    yield "alleles are counted in unambiguous diplotypes only; copy number is as the calls state it"
    yield "actionable: the headline action is avoid, another drug, or another dose (not: monitor, test, standard)"
    yield "advice counts for everybody, also for drugs and diseases few have: ivacaftor is for cystic fibrosis only"


def _row(cell: Cell) -> list[str]:
    interval = cell.interval
    numbers = (cell.share, *(interval or (None, None)))
    count = "suppressed" if cell.count is None else str(cell.count)
    texts = [_safe(text) for text in (cell.section, cell.subject, cell.group, cell.item)]
    return [*texts, count, str(cell.of), *("" if number is None else f"{number:.5f}" for number in numbers)]


def _safe(text: str) -> str:
    """No tab, no line end, and nothing that a spreadsheet would calculate."""
    plain = " ".join(text.split())
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
