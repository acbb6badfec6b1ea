"""The whole report as terminal text: what the patient takes, drugs at a glance, genes, what the file could not show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from starling.assessment import Assessment, GeneResult
from starling.definitions import seriousness
from starling.report.glance import (
    Glance,
    Line,
    at_a_glance,
    before_use,
    by_reason,
    caveats,
    harm_rank,
    not_shown,
    nothing_words,
    reasons_of,
)
from starling.report.layout import Page
from starling.report.taken import effects, medicines
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
    signature_lines,
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
        *_own(page, assessment, glance),
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
        *((("Signed", signed),) if (signed := _signed(assessment)) else ()),
        ("File", f"{source.name} · {build}" + (f" (by {source.build_from})" if source.build_from else "")),
        ("Knowledge", f"{knowledge.version}, as of {dated(knowledge.as_of)} · {knowledge.sha256[:12]}"),
    )


def _signed(assessment: Assessment) -> str:
    """What is stated of who answers for the report; empty when nothing is."""
    return " · ".join(f"{label.lower()} {value}" for label, value in signature_lines(assessment.subject) if value)


def _head(page: Page, assessment: Assessment) -> list[str]:
    lines = page.box(["Starling · pharmacogenomic report"], "bold")
    for label, text in head_lines(assessment):
        lines += page.paragraph(text, first=f"  {label:<11}")
    for caveat in caveats(assessment):
        lines += page.paragraph(caveat, first="  ! ", tone="warn")
    return lines


def _own(page: Page, assessment: Assessment, glance: Glance) -> list[str]:
    """The patient's own medicines, each with its verdict and what it does to others; nothing when none was stated."""
    found = medicines(assessment)
    if not found:
        return []
    answers = {line.drug.drug: line for line in glance.all()}
    lines = page.heading("The patient's own medicines")
    for medicine in found:
        own = [answers[each.drug] for each in medicine.answers if each.drug in answers]
        said = "; ".join(f"{line.words.sign} {line.words.word}. {line.summary}".rstrip() for line in own)
        lines += _named(page, medicine.shown, said or "not a drug of this knowledge base (not a statement of safety)")
        for effect in effects(medicine, assessment):
            lines += page.paragraph(effect, first=" " * (_NAME + 4), tone="quiet")
    return lines


def _drugs(page: Page, glance: Glance) -> list[str]:
    counts = " · ".join(f"{count} {words.word.lower()}" for words, count in glance.counts())
    lines = [*page.heading(f"Drugs at a glance: {plural(len(glance.acting), 'drug')} to act on")]
    lines += page.paragraph(counts or nothing_words(glance))
    by_harm = {rank: [line for line in glance.harmful if harm_rank(line.drug) == rank] for rank in range(2)}
    lines += _harmful(page, "✖ Life-threatening", "stop", by_harm[0])
    lines += _harmful(page, "! Serious", "change", by_harm[1])
    others = [line for line in glance.leading if line.drug.harm is None]
    others.sort(key=lambda line: seriousness(line.words.action))
    for words, group in groupby(others, key=lambda line: line.words):
        lines += ["", page.paint(f"{words.sign} {words.word.upper()}", words.tone)]
        for line in group:
            lines += _acting(page, line)
    lines += _minor(page, glance.minor)
    if any(line.drug.disagreement for line in glance.acting):
        lines += [
            "",
            *page.paragraph("Where sources differ, `starling check DRUG` shows them side by side.", first="  "),
        ]
    return lines + _rest(page, glance)


def _harmful(page: Page, title: str, tone: str, group: Sequence[Line]) -> list[str]:
    """The drugs of one level of harm, each with its action and with what is at stake."""
    if not group:
        return []
    lines = ["", page.paint(f"{title.upper()}: {plural(len(group), 'drug').upper()}", tone)]
    for line in group:
        lines += _acting(page, line, harmful=True)
    return lines


def _minor(page: Page, group: Sequence[Line]) -> list[str]:
    """What asks for attention only, by name: `check` says what to do."""
    if not group:
        return []
    title = "◎ TO BE MONITORED, OR AN EFFECT ON CONCENTRATIONS ONLY"
    names = ", ".join(line.drug.drug for line in group)
    lines = ["", *page.paragraph(f"{title[2:]}: {len(group)}", first=title[:2], tone="watch")]
    return [
        *lines,
        *page.paragraph(names, first="  "),
        *page.paragraph("What to do: `starling check DRUG`.", first="  "),
    ]


def _acting(page: Page, line: Line, *, harmful: bool = False) -> list[str]:
    harm = line.drug.harm if harmful else None
    lines = _named(page, line.drug.drug, f"{line.words.word}. {line.summary}" if harm else line.summary)
    if harm:
        lines += page.paragraph(f"At stake: {harm.what}.", first=" " * (_NAME + 4))
    doubt = "".join(f" · {each}" for each in line.doubts)
    differ = " · sources differ" if line.drug.disagreement else ""
    lines += page.paragraph(
        f"{line.because}{doubt} · {', '.join(line.sources)}{differ}", first=" " * (_NAME + 4), tone="quiet"
    )
    return [*lines, *page.bullets(map(sentence, before_use(line)), indent=" " * (_NAME + 4))]


def _named(page: Page, name: str, text: str) -> list[str]:
    """The text in a column behind a name, below it where the name is too long."""
    name = visible(name)
    if columns(name) > _NAME:
        return [*page.paragraph(name, first="  ", tone="bold"), *page.paragraph(text, first=" " * (_NAME + 4))]
    first, *rest = page.paragraph(text, first=f"  {pad(name, _NAME)}  ", rest=" " * (_NAME + 4))
    return [f"  {page.paint(name, 'bold')}{first[2 + len(name) :]}", *rest]


def _rest(page: Page, glance: Glance) -> list[str]:
    unlooked = tuple(line for line in glance.silent if line.drug.status == "no_guideline")
    unadvised = tuple(line for line in glance.silent if line.drug.status != "no_guideline")
    return [
        *_tests(page, glance),
        *_group(page, "? Use as usual once asked: a condition could rule it out", "test", glance.asking),
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
