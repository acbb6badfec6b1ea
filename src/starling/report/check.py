"""The prescriber's question on one screen: may I give this drug, and how?  Answer first, then why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from starling.assessment import Assessment, GeneResult, Recommendation
from starling.notices import CONVERTED, DOES_NOT_HELP, NO_GUIDELINE, ONLY_IF_USED, SUPERSEDED, TEST_REQUIRED
from starling.report.glance import (
    Line,
    assumptions,
    drug_line,
    not_shown,
    source_name,
    source_words,
)
from starling.report.layout import Page
from starling.report.text import columns, visible, wrap
from starling.report.wording import condition_text, doses_text
from starling.report.words import (
    NOT_A_DEVICE_SHORT,
    action_words,
    age_words,
    call_words,
    certainty_words,
    disagreement_words,
    joined,
    phenotype_words,
    population_words,
    reason_of,
    sentence,
)

#: notes on a drug that the answer itself says
_IN_THE_BOX: Final = frozenset({TEST_REQUIRED, NO_GUIDELINE})
#: columns of a label under which its text is not set in
_LABEL: Final = 20
#: mark of a row -> what stands before what it says
_BEFORE_A_ROW: Final = {
    SUPERSEDED: "By genotype alone, without the other medicine:",
    ONLY_IF_USED: "Only if it were used all the same:",
    DOES_NOT_HELP: "Not counted, since nearly everybody has this result:",
}
_WITHOUT_ACTION: Final = {"no_result": "No result", "no_guideline": "No guideline"}


def check_view(assessment: Assessment, drug: str, *, colour: bool, width: int) -> str:
    """The answer for one drug as text, no line wider than `width` (60 to 120 columns), ending in a line feed.

    `drug` is the name in the assessment.  Raises: KeyError when the assessment has no such drug.
    """
    page = Page.of(colour=colour, width=width)
    genes = {gene.gene: gene for gene in assessment.genes}
    line = drug_line(assessment.drug(drug), genes)
    involved = _involved(line, genes)
    lines = [
        *_answer(page, line, assessment.sample),
        *_why(page, line, involved),
        *_sources(page, line),
        *_conditions(page, line),
        *_limits(page, assessment, line, involved),
    ]
    return "\n".join(lines) + "\n"


def answer_lines(line: Line) -> tuple[tuple[str, str], ...]:
    """Label and text of the answer itself: what to do, the dose, what instead, what to watch."""
    if line.drug.status == "no_result":
        missing = joined(line.drug.genes_missing) or "A gene"
        said = f"{missing} could not be called, so no source can be asked. That is not a statement of safety."
        return (("", said), *_tests(line))
    if line.drug.status == "no_guideline":
        return tuple(("", sentence(note.message)) for note in line.drug.notes)
    if line.lead is None and not line.drug.answer:
        return (("", "No source advises anything for this result. That is not a statement of safety."), *_tests(line))
    lines = list(line.first)
    if line.lead is not None and line.commands:
        advice = line.lead.advice
        lines += [("Dose", doses_text(advice.dose))] if advice.dose and not line.is_split else []
        lines += [("Titrate", "adjust the dose by its effect")] if advice.titrate else []
    lines += [("Instead", _either(line.instead))] if line.instead else []
    lines += [("Not instead", _either(line.not_instead))] if line.not_instead else []
    if line.lead is not None and line.commands and line.lead.advice.monitor:
        lines.append(("Watch", joined(line.lead.advice.monitor)))
    lines += _tests(line)
    if line.uncertain:
        lines.append(("Not certain", f"the result of {joined(line.uncertain)}; see below"))
    if line.unknown:
        lines.append(("Not known", f"{joined(line.unknown)}, whose result could change this answer"))
    return tuple(lines)


def _either(names: Sequence[str]) -> str:
    """An English list; with remarks in brackets one after the other."""
    return "; ".join(names) if any("(" in name for name in names) else joined(names, "or")


def _tests(line: Line) -> list[tuple[str, str]]:
    """What an authority wants tested before the drug is given, and is not known here."""
    return [("Test first", sentence(note.message)) for note in line.drug.notes if note.code == TEST_REQUIRED]


def _answer(page: Page, line: Line, sample: str) -> list[str]:
    word = _WITHOUT_ACTION.get(line.drug.status, line.words.word)
    sign = "○" if line.drug.status == "no_result" else line.words.sign
    inner = page.width - 4
    lines = wrap(visible(f"{sign} {word.upper()}: {line.drug.drug} for {sample}"), inner)
    for label, text in answer_lines(line):
        first = f"{label}: " if label else ""
        if columns(first) > _LABEL:
            lines += wrap(visible(first + text), inner)
            continue
        wrapped = wrap(visible(text), inner - columns(first))
        lines += [(first if number == 0 else " " * columns(first)) + part for number, part in enumerate(wrapped)]
    if line.drug.disagreement:
        lines.append("Sources differ, see below.")
    return page.box(lines, line.words.tone)


def _involved(line: Line, genes: dict[str, GeneResult]) -> tuple[GeneResult, ...]:
    named = dict.fromkeys(line.drug.genes_missing)
    for row in line.drug.recommendations:
        named |= dict.fromkeys(row.genes)
    return tuple(genes[gene] for gene in named if gene in genes)


def _why(page: Page, line: Line, genes: Iterable[GeneResult]) -> list[str]:
    rows = [(gene.gene, call_words(gene), _phenotype(gene)) for gene in genes]
    if not rows:
        return []
    lines = [*page.heading("Why"), *page.table(("Gene", "Call", "Phenotype"), rows, (8, 20))]
    converted = (sentence(note.message) for row in line.rows for note in row.notes if note.code == CONVERTED)
    return [*lines, *page.bullets(dict.fromkeys(converted))]


def _phenotype(gene: GeneResult) -> str:
    if gene.phenotype is None and not gene.adjusted:
        return reason_of(gene)
    score = f" (score {gene.activity_score})" if gene.activity_score else ""
    words = f"{phenotype_words(gene.phenotype)}{score}, {certainty_words(gene)}"
    if gene.adjusted:
        words += f"; with {gene.adjusted.by} it acts as {phenotype_words(gene.adjusted.phenotype)}"
    return words


def _sources(page: Page, line: Line) -> list[str]:
    silent = page.bullets(note.message for note in line.drug.notes if note.code not in _IN_THE_BOX)
    if not line.drug.recommendations:
        return [*page.heading("What sources list"), *silent] if silent else []
    rows = [(_source(row, line), populations, _says(row)) for row, populations in merged(line.rows)]
    lines = [*page.heading("Sources side by side"), *page.table(("Source", "For", "Says"), rows, (15, 18))]
    if line.drug.disagreement:
        lines += page.paragraph(disagreement_words(line.drug.disagreement), first="  ! ", tone="warn")
    return lines + silent


def _source(row: Recommendation, line: Line) -> str:
    """Who says so; with the gene, where one source has rows for several genes."""
    genes = {tuple(each.genes) for each in line.rows if source_name(each) == source_name(row)}
    return f"{source_words(row)}: {joined(row.genes)}" if len(genes) > 1 else source_words(row)


def merged(rows: Iterable[Recommendation]) -> tuple[tuple[Recommendation, str], ...]:
    """The recommendations with those of one source that say the same for several populations as one."""
    same: dict[tuple[str, ...], list[Recommendation]] = {}
    for row in rows:
        key = (source_words(row), *row.genes, row.action, row.advice.summary, row.phenotype_used, row.text_as_of)
        same.setdefault(key, []).append(row)
    return tuple(
        (group[0], "; ".join(dict.fromkeys(population_words(row.population) for row in group)))
        for group in same.values()
    )


def _says(row: Recommendation) -> str:
    codes = {note.code for note in row.notes}
    before = " ".join(words for code, words in _BEFORE_A_ROW.items() if code in codes)
    action = row.advice.action if DOES_NOT_HELP in codes else row.action
    age = f" ({age_words(row.text_as_of, row.checked_on)})" if row.checked_on else ""
    return f"{before} {action_words(action).word}. {row.advice.summary}{age}".lstrip()


def _conditions(page: Page, line: Line) -> list[str]:
    said: dict[str, None] = {}
    for row in line.counting:
        fallback = (row.advice.fallback,) if row.advice.fallback else ()
        said |= dict.fromkeys(f"{condition_text(one)} [{row.source}]" for one in (*row.advice.conditions, *fallback))
    return [*page.heading("It also depends on"), *page.bullets(said)] if said else []


def _limits(page: Page, assessment: Assessment, line: Line, genes: Iterable[GeneResult]) -> list[str]:
    said = [f"{gene.gene}: {limit}" for gene in genes for limit in not_shown(gene, listed=3)]
    counted = (note for row in line.counting for note in row.notes if note.code not in {CONVERTED, *_BEFORE_A_ROW})
    notes = dict.fromkeys(sentence(note.message) for note in counted)
    lines = [*page.heading("Limits"), *page.bullets(said), *page.bullets(notes), *page.bullets(assumptions(assessment))]
    return [*lines, *page.paragraph(NOT_A_DEVICE_SHORT, first="  ", tone="quiet")]
