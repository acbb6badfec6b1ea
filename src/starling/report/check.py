"""The prescriber's question on one screen: may I give this drug, and how?  Answer first, then why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starling.assessment import Assessment
from starling.report.answer import Answer, merged, phenotype_of, says, shared_limits
from starling.report.layout import Page
from starling.report.text import columns, visible, wrap
from starling.report.words import NOT_A_DEVICE_SHORT, call_words, disagreement_words

#: columns of a label under which its text is not set in
_LABEL: Final = 20


def check_view(assessment: Assessment, drug: str, *, colour: bool, width: int) -> str:
    """The answer for one drug as text, no line wider than `width` (60 to 120 columns), ending in a line feed.

    `drug` is the name in the assessment.  Raises: KeyError when the assessment has no such drug.
    """
    return checks_view(assessment, (drug,), colour=colour, width=width)


def checks_view(assessment: Assessment, drugs: Sequence[str], *, colour: bool, width: int) -> str:
    """As `check_view` for several drugs: one answer after another, and once at the end what holds for all of them."""
    page = Page.of(colour=colour, width=width)
    shared, lines = shared_limits(assessment), list[str]()
    for number, drug in enumerate(drugs):
        answer = Answer.about(assessment, drug)
        lines += [*([""] if number else []), *_box(page, answer), *_why(page, answer), *_sources(page, answer)]
        lines += _conditions(page, answer)
        lines += _limits(page, "Limits", (*answer.limits, *(shared if len(drugs) == 1 else ())))
    if len(drugs) > 1:
        lines += _limits(page, "Limits of all answers", shared)
    lines += page.paragraph(NOT_A_DEVICE_SHORT, first="  ", tone="quiet")
    return "\n".join(lines) + "\n"


def _box(page: Page, answer: Answer) -> list[str]:
    inner = page.width - 4
    title = f"{answer.sign} {answer.headline}: {answer.line.drug.drug} for {answer.assessment.sample}"
    lines = wrap(visible(title), inner)
    titled = len(lines)
    for label, text in answer.box:
        first = f"{label}: " if label else ""
        if columns(first) > _LABEL:
            lines += wrap(visible(first + text), inner)
            continue
        wrapped = wrap(visible(text), inner - columns(first))
        lines += [(first if number == 0 else " " * columns(first)) + part for number, part in enumerate(wrapped)]
    return page.box(lines, answer.line.words.tone, titled=titled)


def _why(page: Page, answer: Answer) -> list[str]:
    rows = [(gene.gene, call_words(gene), phenotype_of(gene)) for gene in answer.genes]
    if not rows:
        return []
    table = page.table(("Gene", "Call", "Phenotype"), rows, (8, 20))
    return [*page.heading("Why"), *table, *page.bullets(answer.medicines)]


def _sources(page: Page, answer: Answer) -> list[str]:
    line, silent = answer.line, page.bullets(answer.silent)
    if not line.drug.recommendations:
        return [*page.heading("What sources list"), *silent] if silent else []
    rows = [(answer.source(row), populations, says(row)) for row, populations in merged(line.rows)]
    lines = [*page.heading("Sources side by side"), *page.table(("Source", "For", "Says"), rows, (15, 18))]
    if line.drug.disagreement:
        lines += page.paragraph(disagreement_words(line.drug.disagreement), first="  ! ", tone="warn")
    return lines + silent


def _conditions(page: Page, answer: Answer) -> list[str]:
    said = answer.conditions
    return [*page.heading("It also depends on"), *page.bullets(said)] if said else []


def _limits(page: Page, title: str, said: Sequence[str]) -> list[str]:
    return [*page.heading(title), *page.bullets(said)] if said else []
