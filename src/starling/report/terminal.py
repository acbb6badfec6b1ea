"""The whole report as terminal text: drugs at a glance, genes, and what the file could not show."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from starling.assessment import Assessment, GeneResult
from starling.report.glance import (
    Glance,
    Line,
    at_a_glance,
    before_use,
    by_reason,
    caveats,
    not_shown,
    nothing_words,
    reasons_of,
)
from starling.report.layout import Page
from starling.report.text import columns, pad, visible
from starling.report.words import (
    NOT_A_DEVICE,
    NOT_STATED,
    ONLY_KNOWN,
    call_words,
    certainty_words,
    dated,
    joined,
    moment_words,
    phenotype_words,
    plural,
    reason_of,
    sentence,
    stated_subject,
    subject_lines,
    test_words,
)

#: So many missing positions or alleles are named per gene; the JSON and the HTML name all of them.
_LISTED: Final = 6

#: Columns for the name of a drug; a longer one stands on a line of its own.
_NAME: Final = 20


def render(assessment: Assessment, *, colour: bool, width: int) -> str:
    """The report as text, no line wider than `width` (60 to 120 columns), ending in a line feed."""
    page = Page.of(colour=colour, width=width)
    glance = at_a_glance(assessment)
    lines = [
        *_head(page, assessment),
        *_drugs(page, glance),
        *_genes(page, assessment.genes),
        *_not_shown(page, assessment.genes),
        *_foot(page, assessment),
    ]
    return "\n".join(lines) + "\n"


def head_lines(assessment: Assessment) -> tuple[tuple[str, str], ...]:
    """Label and text of what a report says first: whose result, from which file, by which knowledge."""
    source, knowledge = assessment.provenance.input, assessment.provenance.knowledge
    subject = subject_lines(stated_subject(assessment))
    stated = [f"{label} {value}" for label, value in subject if value != NOT_STATED]
    blank = [label.lower() for label, value in subject if value == NOT_STATED]
    if blank:
        stated.append(f"{joined(blank)} {NOT_STATED}")
    build = source.build or f"build {NOT_STATED}"
    return (
        ("Sample", assessment.sample or NOT_STATED),
        ("Subject", " · ".join(stated)),
        ("File", f"{source.name} · {build}" + (f" (by {source.build_from})" if source.build_from else "")),
        ("Knowledge", f"{knowledge.version}, as of {dated(knowledge.as_of)} · {knowledge.sha256[:12]}"),
    )


def _head(page: Page, assessment: Assessment) -> list[str]:
    lines = page.box(["Starling · pharmacogenomic report"], "bold")
    for label, text in head_lines(assessment):
        lines += page.paragraph(text, first=f"  {label:<11}")
    for caveat in caveats(assessment):
        lines += page.paragraph(caveat, first="  ! ", tone="warn")
    return lines


def _drugs(page: Page, glance: Glance) -> list[str]:
    counts = " · ".join(f"{count} {words.word.lower()}" for words, count in glance.counts())
    lines = [*page.heading(f"Drugs at a glance: {plural(len(glance.acting), 'drug')} to act on")]
    lines += page.paragraph(counts or nothing_words(glance))
    for words, group in groupby(glance.acting, key=lambda line: line.words):
        lines += ["", page.paint(f"{words.sign} {words.word.upper()}", words.tone)]
        for line in group:
            lines += _acting(page, line)
    if any(line.drug.disagreement for line in glance.acting):
        lines += [
            "",
            *page.paragraph("Where sources differ, `starling check DRUG` shows them side by side.", first="  "),
        ]
    return lines + _rest(page, glance)


def _acting(page: Page, line: Line) -> list[str]:
    name = visible(line.drug.drug)
    if columns(name) > _NAME:
        lines = [
            *page.paragraph(name, first="  ", tone="bold"),
            *page.paragraph(line.summary, first=" " * (_NAME + 4)),
        ]
    else:
        first, *rest = page.paragraph(line.summary, first=f"  {pad(name, _NAME)}  ", rest=" " * (_NAME + 4))
        lines = [f"  {page.paint(name, 'bold')}{first[2 + len(name) :]}", *rest]
    doubt = f" · {joined(line.uncertain)} not certain" if line.uncertain else ""
    doubt += f" · {joined(line.unknown)} not known" if line.unknown else ""
    differ = " · sources differ" if line.drug.disagreement else ""
    lines += page.paragraph(
        f"{line.because}{doubt} · {', '.join(line.sources)}{differ}", first=" " * (_NAME + 4), tone="quiet"
    )
    return [*lines, *page.bullets(map(sentence, before_use(line)), indent=" " * (_NAME + 4))]


def _rest(page: Page, glance: Glance) -> list[str]:
    unlooked = tuple(line for line in glance.silent if line.drug.status == "no_guideline")
    unadvised = tuple(line for line in glance.silent if line.drug.status != "no_guideline")
    return [
        *_tests(page, glance),
        *_group(page, "◎ Use with monitoring", "watch", glance.watching),
        *_group(page, "✓ Use as usual, but the gene result is not certain", "warn", glance.usual_uncertain),
        *_group(page, "✓ Use as usual", "usual", glance.usual),
        *_group(page, "– No source advises for this result (not a statement of safety)", "none", unadvised),
        *_unlooked(page, unlooked),
        *_group(page, "– The result does not help", "none", glance.helps_not),
        *_group(page, "○ No result, a gene is missing (not a statement of safety)", "none", glance.missing),
    ]


def _unlooked(page: Page, group: tuple[Line, ...]) -> list[str]:
    """Drugs of which no guideline advises anything, each with the reason."""
    if not group:
        return []
    title = f"No guideline advises by genotype: {len(group)}".upper()
    return ["", *page.paragraph(title, first="– ", tone="none"), *page.bullets(reasons_of(group))]


def _tests(page: Page, glance: Glance) -> list[str]:
    """The drugs that wait for a test, under the test that answers them."""
    if not glance.testing:
        return []
    lines = ["", *page.paragraph(f"TEST FIRST: {len(glance.testing)}", first="? ", tone="test")]
    for tests, waiting in glance.tests():
        names = ", ".join(line.drug.drug for line in waiting)
        lines += page.paragraph(f"{test_words(tests, len(waiting))}: {names}", first="  ", rest="    ")
    return lines


def _group(page: Page, title: str, tone: str, group: tuple[Line, ...]) -> list[str]:
    if not group:
        return []
    sign, words = title[0], title[2:].upper()
    lines = ["", *page.paragraph(f"{words}: {len(group)}", first=f"{sign} ", tone=tone)]
    for genes, changes, names in by_reason(group):
        lines += page.paragraph(f"{genes}: {names}" if genes else names, first="  ", rest="    ")
        lines += page.bullets(changes, indent="    ", tone="quiet")
    return [*lines, *page.bullets(reasons_of(group), indent="    ")]


def _genes(page: Page, genes: Iterable[GeneResult]) -> list[str]:
    rows = [
        (gene.gene, call_words(gene), gene.activity_score or "", _phenotype(gene))
        for gene in sorted(genes, key=lambda gene: gene.gene)
    ]
    return [*page.heading("Genes"), *page.table(("Gene", "Call", "Score", "Phenotype"), rows, (8, 22, 6))]


def _phenotype(gene: GeneResult) -> str:
    words = f"{phenotype_words(gene.phenotype)}, {certainty_words(gene)}" if gene.phenotype else reason_of(gene)
    if gene.adjusted:
        words += f" · with {gene.adjusted.by}: {phenotype_words(gene.adjusted.phenotype)}"
    return words + (" · stated by another laboratory" if gene.source == "outside" else "")


def _not_shown(page: Page, genes: Iterable[GeneResult]) -> list[str]:
    lines = page.heading("What this file could not show")
    complete = []
    for gene in sorted(genes, key=lambda gene: gene.gene):
        said = not_shown(gene, listed=_LISTED)
        if said:
            lines += [page.paint(f"  {gene.gene}", "bold"), *page.bullets(said, indent="    ")]
        else:
            complete.append(gene.gene)
    if complete:
        lines += page.paragraph(f"Every position was read in {joined(complete)}.", first="  ")
    return [*lines, *page.paragraph(ONLY_KNOWN, first="  ")]


def _foot(page: Page, assessment: Assessment) -> list[str]:
    lines = ["", "─" * page.width, *page.paragraph(NOT_A_DEVICE, tone="quiet")]
    made = moment_words(assessment.run.created)
    stamp = f"{assessment.provenance.program} · result {assessment.result_sha256[:12]} · {made}"
    return [*lines, *page.paragraph(stamp, tone="quiet")]
