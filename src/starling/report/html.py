"""One self-contained, printable HTML page for one person: no script, nothing fetched, every text escaped.

Order: the dose, where one was asked for; the first page, which suffices alone and is what prints; then the drugs one by
one, genes, evidence, what the file could not show, provenance.  Guideline advice only: what a dose model says is made
elsewhere and comes as a section of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from starling.assessment import Assessment, GeneResult
from starling.report.evidence import anchor, evidence
from starling.report.first_page import first_page
from starling.report.frame import foot_of, framed, template
from starling.report.glance import Glance, Line, at_a_glance, by_reason, caveats, not_shown, nothing_words, reasons_of
from starling.report.markup import Markup, join, tag
from starling.report.parts import badge, bullets, folded, icon, remarks, table, to_do
from starling.report.provenance import provenance
from starling.report.words import (
    NOT_A_DEVICE,
    NOT_STATED,
    ONLY_KNOWN,
    call_words,
    certainty_words,
    disagreement_words,
    phenotype_words,
    plural,
    reason_of,
    test_words,
)

#: `short`: the first page alone.  `whole`: all, of which the first page is printed and the evidence is folded.
#: `full`: all, printed whole with the evidence.
Extent = Literal["short", "whole", "full"]
_SECTIONS: Final = (
    ("page-one", "First page"),
    ("glance", "Drugs"),
    ("index", "A to Z"),
    ("genes", "Genes"),
    ("evidence", "Evidence"),
    ("limits", "Not shown"),
)


def page(
    assessment: Assessment,
    *,
    appendix: Markup | None = None,
    marks: tuple[str, ...] = (),
    extent: Extent = "whole",
) -> str:
    """The whole page as text, to be written as UTF-8.

    `appendix`: a section with the id `dose-model` that was asked for and is no guideline advice; it comes first and is
    linked.  `marks`: what every printed page must show.  `extent`: how much of it is written.
    """
    glance = at_a_glance(assessment)
    short = extent == "short"
    body = tag(
        "body",
        Markup(template("icons.html")),
        None if short else _ways(full=extent == "full", with_dose=appendix is not None),
        tag(
            "main",
            appendix,
            first_page(assessment, glance),
            None if short else _beyond(assessment, glance, full=extent == "full"),
        ),
        class_=extent,
    )
    title = f"Pharmacogenomic report: {assessment.sample or NOT_STATED}"
    style = template("report.css") + template("first_page.css") + foot_of(assessment, *marks)
    return framed(title, body, style=style, program=assessment.provenance.program)


def _beyond(assessment: Assessment, glance: Glance, *, full: bool) -> Markup:
    """What follows the first page."""
    genes = {gene.gene: gene for gene in assessment.genes}
    said = caveats(assessment)
    return tag(
        "div",
        tag("div", tag("strong", "What holds for all of it"), bullets(said), class_="caveats") if said else None,
        drugs_section(glance),
        genes_section(assessment),
        evidence(glance, genes, shown=full),
        limits_section(assessment),
        provenance(assessment),
        tag("div", tag("p", NOT_A_DEVICE), class_="box"),
        class_="beyond",
    )


def _ways(*, full: bool, with_dose: bool) -> Markup:
    """Ways through the page on a screen, and what of it is to be printed: a choice that needs no script."""
    dose = (("dose-model", "Dose"),) if with_dose else ()
    links = [tag("a", name, href=f"#{section}") for section, name in (*dose, *_SECTIONS)]
    first = tag("label", tag("input", type="radio", name="print", checked="" if full else "checked"), " the first page")
    whole = tag(
        "label",
        tag("input", type="radio", name="print", id="print-whole", checked="checked" if full else ""),
        " everything, with the evidence that is open",
    )
    choice = tag("fieldset", tag("legend", "Print:"), first, whole)
    return tag("header", tag("nav", *links, aria_label="Sections"), choice, class_="ways")


def drugs_section(glance: Glance) -> Markup:
    """Every drug by what to do, the most harmful first, and at the end from A to Z."""
    tiles = [
        tag("li", icon(words.action), tag("b", str(count)), words.word, class_=f"tone-{words.tone}")
        for words, count in glance.counts()
    ]
    nothing = tag("p", nothing_words(glance))
    leading = (*glance.leading, *(line for line in glance.watching if line.drug.harm is not None))
    columns = ("Drug", "Action", "What to do", "Why, and who says so")
    caption = "Most harmful first, then what the patient takes, then the most serious action"
    return tag(
        "section",
        tag("h2", f"Drugs at a glance: {plural(len(glance.acting), 'drug')} to act on"),
        tag("ul", *tiles, class_="tiles") if tiles else nothing,
        table(columns, map(_acting, leading), caption=caption, class_="glance") if leading else None,
        _minor(columns, glance.minor),
        *_groups(glance),
        tag("h3", "Every drug, A to Z", id="index"),
        tag("ul", *map(_entry, glance.all()), class_="index"),
        id="glance",
    )


def _minor(columns: Sequence[str], lines: Sequence[Line]) -> Markup | None:
    """What asks for attention only, folded."""
    if not lines:
        return None
    title = f"To be monitored, or an effect on concentrations only: {plural(len(lines), 'drug')}"
    names = tag("p", ", ".join(line.drug.drug for line in lines), class_="names")
    listed = table(columns, map(_acting, lines), caption="Nothing harmful is known with these", class_="glance")
    return tag("div", tag("h3", title), names, folded(join("What to do, drug by drug"), listed, shown=False))


def _groups(glance: Glance) -> Iterable[Markup | None]:
    """What does not call for another drug or dose, each group under its own heading."""
    yield _tests(glance)
    yield _group("test_further", "test", "Use as usual once asked: a condition could rule it out", glance.asking)
    yield _group("standard", "dose", "Use as usual, but the gene result is not certain", glance.usual_uncertain)
    yield _group("standard", "usual", "Use as usual", glance.usual)
    yield _group("no_recommendation", "none", "The result does not help", glance.helps_not)
    yield _group("no_recommendation", "none", "No source advises for this result", glance.silent, safety=True)
    yield _group("missing", "none", "No result: a gene is missing", glance.missing, safety=True)


def _acting(line: Line) -> tuple[str, str, str, str]:
    differ, harm = line.drug.disagreement, line.drug.harm
    why = join(
        line.because,
        tag("span", ", ".join(line.sources), class_="quiet block"),
        remarks(line),
        tag("span", disagreement_words(differ), class_="differ") if differ else None,
    )
    danger = tag("strong", f"{harm.level.capitalize()}. ", class_="danger") if harm else None
    said = join(danger, to_do(line))
    return tag("a", line.drug.drug, href=f"#{anchor(line)}"), badge(line.words), said, why


def _entry(line: Line) -> Markup:
    missing = line.drug.status == "no_result"
    word = "No result" if missing else line.words.word.partition(" (")[0]
    drawing = icon("missing" if missing else line.words.action)
    tone = "none" if missing else line.words.tone
    name = tag("a", line.drug.drug, href=f"#{anchor(line)}") if line.words.urgent else line.drug.drug
    doubt = " (not certain)" if line.uncertain and line.words.action != "no_recommendation" else ""
    return tag("li", tag("span", drawing, class_=f"ink-{tone}"), name, tag("span", word + doubt, class_="quiet"))


def _tests(glance: Glance) -> Markup | None:
    """The drugs that wait for a test, under the test that answers them."""
    if not glance.testing:
        return None
    heading = tag("span", icon("test_further"), "Test first", class_="badge tone-test")
    waiting = (
        tag("p", tag("strong", f"{test_words(tests, len(lines))}: "), ", ".join(line.drug.drug for line in lines))
        for tests, lines in glance.tests()
    )
    count = tag("span", plural(len(glance.testing), "drug"), class_="quiet small")
    return tag("div", tag("h3", heading, count), *waiting, class_="group")


def _group(name: str, tone: str, title: str, lines: tuple[Line, ...], *, safety: bool = False) -> Markup | None:
    if not lines:
        return None
    heading = tag("span", icon(name), title, class_=f"badge tone-{tone}")
    remark = tag("span", "This is not a statement of safety.", class_="quiet small") if safety else None
    paragraphs = [
        join(
            tag("p", tag("strong", f"{genes}: ") if genes else None, names),
            tag("div", bullets(changes), class_="small quiet") if changes else None,
        )
        for genes, changes, names in by_reason(lines)
    ]
    reasons = reasons_of(lines)
    count = tag("span", plural(len(lines), "drug"), class_="quiet small")
    return tag(
        "div", tag("h3", heading, count, remark), *paragraphs, bullets(reasons) if reasons else None, class_="group"
    )


def genes_section(assessment: Assessment) -> Markup:
    """Every gene with its call, what it means and how certain that is."""
    rows = [_gene(gene) for gene in sorted(assessment.genes, key=lambda gene: gene.gene)]
    return tag(
        "section",
        tag("h2", "Genes"),
        table(
            ("Gene", "Call", "Phenotype", "Activity score", "Certain?"),
            rows,
            caption="Certain means that nothing consistent with the data says otherwise.",
        ),
        id="genes",
    )


def _gene(gene: GeneResult) -> tuple[str, ...]:
    adjusted = gene.adjusted
    remarks = [
        f"with {adjusted.by}: {phenotype_words(adjusted.phenotype)}" if adjusted else "",
        "stated by another laboratory" if gene.source == "outside" else "",
        "research only" if gene.research_only else "",
    ]
    term = gene.phenotype or reason_of(gene)
    phenotype = join(term, *(tag("span", remark, class_="why") for remark in remarks if remark))
    call = join(call_words(gene), _variants(gene))
    certain = certainty_words(gene)
    tone = "sure" if certain == "certain" else "unsure" if certain.startswith("not certain") else "quiet"
    return gene.gene, call, phenotype, gene.activity_score or "", tag("span", certain, class_=tone)


def _variants(gene: GeneResult) -> Markup | None:
    shown = [
        one.name
        + (f" ×{one.copies}" if one.copies is not None else "")
        + (f" ({one.fraction:.0%} of reads)" if one.fraction is not None else "")
        for one in gene.variants
    ]
    return tag("span", ", ".join(shown), class_="why") if shown else None


def limits_section(assessment: Assessment) -> Markup:
    """What the file could not show, gene by gene."""
    rows = [
        (gene.gene, bullets(said) if (said := not_shown(gene)) else "Every position of interest was read.")
        for gene in sorted(assessment.genes, key=lambda gene: gene.gene)
    ]
    return tag(
        "section",
        tag("h2", "What this file could not show"),
        tag("p", ONLY_KNOWN),
        table(("Gene", "Not shown"), rows, caption="Gene by gene", class_="limits"),
        id="limits",
    )
