"""The evidence section of the HTML page: per drug every recommendation with all that its source says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starling.assessment import GeneResult, Recommendation
from starling.report.glance import Glance, Line, because, source_name, source_words
from starling.report.markup import Markup, join, tag
from starling.report.parts import badge, bullets, folded, remarks
from starling.report.wording import condition_text, doses_text
from starling.report.words import (
    action_words,
    age_words,
    alternative_words,
    disagreement_words,
    joined,
    medicine_words,
    note_words,
    population_words,
    strength_words,
)


def evidence(glance: Glance, genes: Mapping[str, GeneResult], *, shown: bool) -> Markup:
    """The section: drugs to act on, to test for or to watch, then the others as a table; folded unless it is `shown`.

    What is folded is not printed; a reader opens, and so prints, what he needs.
    """
    told = (*glance.acting, *glance.testing, *glance.watching)
    others = (
        *glance.asking,
        *glance.usual_uncertain,
        *glance.usual,
        *glance.helps_not,
        *glance.silent,
        *glance.missing,
    )
    stated = any(line.drug.recommendations or _about_drug(line) for line in others)
    return tag(
        "section",
        tag("h2", "Evidence: what each source says"),
        *(_drug(line, genes, shown=shown) for line in told),
        _table(others, genes, shown=shown) if stated else None,
        id="evidence",
        class_="" if shown else "folded",
    )


def anchor(line: Line) -> str:
    """Where the evidence for a drug stands on the page: its name in hexadecimal, which is a name for every text."""
    return "drug-" + line.drug.drug.encode("utf-8", "backslashreplace").hex()


def _drug(line: Line, genes: Mapping[str, GeneResult], *, shown: bool) -> Markup:
    """The anchor is inside of what is folded: a link to it opens it."""
    differ, harm = line.drug.disagreement, line.drug.harm
    said = tag(
        "div",
        tag("p", tag("strong", harm.level.capitalize()), f": {harm.what} ({harm.source})") if harm else None,
        tag("p", disagreement_words(differ), class_="differ") if differ else None,
        *(_advice(row, genes) for row in line.rows),
        bullets(about) if (about := _about_drug(line)) else None,
        id=anchor(line),
    )
    return folded(join(tag("h3", line.drug.drug), badge(line.words)), said, shown=shown, class_="drug")


def _about_drug(line: Line) -> tuple[str, ...]:
    """What holds for the drug and not for one recommendation."""
    drug = line.drug
    checked = (f"{'Instead' if one.offered else 'Not instead'}: {alternative_words(one)}" for one in drug.alternatives)
    return (
        *(f"Ask first: {one}" for one in line.asks),
        *map(medicine_words, drug.medicines),
        *checked,
        *(note_words(note.message) for note in drug.notes),
    )


def _advice(row: Recommendation, genes: Mapping[str, GeneResult]) -> Markup:
    advice = row.advice
    return tag(
        "div",
        tag(
            "p",
            tag("strong", source_name(row)),
            badge(action_words(row.action)),
            tag("span", f"for: {population_words(row.population)}", class_="quiet"),
            tag("span", f"strength: {strength_words(row.strength) or 'not graded'}", class_="quiet"),
            class_="who",
        ),
        tag("p", tag("strong", advice.summary)),
        tag("p", advice.detail) if advice.detail else None,
        _facts(_advice_facts(row, genes)),
        class_="advice",
    )


def _advice_facts(row: Recommendation, genes: Mapping[str, GeneResult]) -> Iterable[tuple[str, str | None]]:
    advice = row.advice
    conditions = [condition_text(condition) for condition in advice.conditions]
    yield "Because of", because(row, genes)
    yield "Which means", _several(row.implications)
    yield "Dose", doses_text(advice.dose)
    yield "Titrate", "adjust the dose by its effect" if advice.titrate else None
    yield "Alternatives", joined(advice.alternatives, "or")
    yield "Not alternatives", joined(advice.not_alternatives, "or")
    yield "Watch", joined(advice.monitor)
    yield "It depends", _several(conditions)
    yield "Otherwise", condition_text(advice.fallback) if advice.fallback else None
    yield "Gene missing", joined(advice.genes_missing)
    yield "Guideline says", action_words(advice.action).word if advice.action != row.action else None
    yield "Note", _several([note.message for note in row.notes])
    yield "Guideline", f"{row.guideline} ({age_words(row.text_as_of, row.checked_on)})"
    yield "Literature", f"PMID {', '.join(row.pmids)}" if row.pmids else None


def _several(texts: tuple[str, ...] | list[str]) -> str | None:
    return bullets(texts) if len(texts) > 1 else (texts[0] if texts else None)


def _facts(facts: Iterable[tuple[str, str | None]]) -> Markup:
    return tag("dl", *(join(tag("dt", label), tag("dd", value)) for label, value in facts if value))


def _table(lines: Iterable[Line], genes: Mapping[str, GeneResult], *, shown: bool) -> Markup:
    head = tag(
        "tr", *(tag("th", name, scope="col") for name in ("Drug", "Source", "For", "Because of", "What it says"))
    )
    rows = [row for line in lines for row in (*(_row(line, each, genes) for each in line.rows), *_silent(line))]
    listed = tag("table", tag("thead", head), tag("tbody", *rows), class_="small")
    return folded(tag("h3", "Use as usual, or no advice"), listed, shown=shown, class_="drug")


def _silent(line: Line) -> Iterable[Markup]:
    """A row for what a guideline of the drug does not list."""
    texts = _about_drug(line)
    if texts:
        said = tag("td", *(tag("span", text, class_="why") for text in texts), colspan="4")
        yield tag("tr", tag("th", line.drug.drug, scope="row"), said)


def _row(line: Line, row: Recommendation, genes: Mapping[str, GeneResult]) -> Markup:
    advice = row.advice
    more = [
        advice.detail,
        doses_text(advice.dose),
        f"Watch: {joined(advice.monitor)}" if advice.monitor else "",
        *map(condition_text, advice.conditions),
        f"Otherwise: {condition_text(advice.fallback)}" if advice.fallback else "",
        *(note.message for note in row.notes),
    ]
    said = tag("td", advice.summary, *(tag("span", text, class_="why") for text in more if text))
    source = source_words(row)
    literature = f"PMID {', '.join(row.pmids)}" if row.pmids else row.guideline
    literature += f"; {age_words(row.text_as_of, row.checked_on)}"
    return tag(
        "tr",
        tag("th", line.drug.drug, scope="row"),
        tag("td", source, tag("span", literature, class_="why")),
        tag("td", population_words(row.population)),
        tag("td", because(row, genes), remarks(line)),
        said,
    )
