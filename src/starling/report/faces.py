"""An assessment in a session: its page, its table, and what a notebook shows of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starling.assessment import Assessment, GeneResult
from starling.report.glance import Line, at_a_glance
from starling.report.html import page
from starling.report.markup import Markup, tag
from starling.report.tsv import table as tsv_table
from starling.report.words import NOT_A_DEVICE, NOT_STATED, call_words, certainty_words, joined, plural, reason_of

#: A notebook keeps the styles of the page around it; left alignment is all that its own tables lack.
_CELL: Final = "text-align:left;vertical-align:top"


def to_tsv(assessment: Assessment) -> str:
    """One rectangular table: a row for each gene, then a row for each recommendation of each drug."""
    return tsv_table([assessment])


def to_html(assessment: Assessment, *, short: bool = False) -> str:
    """The report as one self-contained page, to be written as UTF-8; `short`: its first page alone."""
    return page(assessment, extent="short" if short else "whole")


def summary_html(assessment: Assessment) -> str:
    """What to act on and every gene, as a fragment of HTML: no script, nothing fetched, every text escaped."""
    return str(_summary(assessment))


def _summary(assessment: Assessment) -> Markup:
    glance = at_a_glance(assessment)
    stamp = assessment.provenance.knowledge
    origin = f"{assessment.provenance.input.name}, knowledge {stamp.version}, result {assessment.result_sha256[:12]}"
    acting = f"{plural(len(glance.acting), 'drug')} of {len(assessment.drugs)} to act on"
    return tag(
        "div",
        tag("p", tag("strong", assessment.sample or NOT_STATED), f" ({origin})"),
        _table(acting, ("Drug", "Action", "What to do", "Because of"), map(_drug, glance.acting)),
        _table(
            plural(len(assessment.genes), "gene"),
            ("Gene", "Call", "Phenotype", "Certain?"),
            map(_gene, assessment.genes),
        ),
        tag("p", *(tag("span", f"{said} ") for said in (*_notices(assessment), NOT_A_DEVICE))),
    )


def _notices(assessment: Assessment) -> tuple[str, ...]:
    """Nothing that the result must be read with is left out."""
    return tuple(notice.message for notice in (*assessment.provenance.notices, *assessment.run.notices))


def _drug(line: Line) -> tuple[str, str, str, str]:
    doubts = (*(f"{gene} not certain" for gene in line.uncertain), *(f"{gene} not known" for gene in line.unknown))
    because = f"{line.because} ({joined(doubts)})" if doubts else line.because
    return line.drug.drug, line.words.word, line.summary, because


def _gene(gene: GeneResult) -> tuple[str, str, str, str]:
    return gene.gene, call_words(gene), gene.phenotype or reason_of(gene), certainty_words(gene)


def _table(title: str, columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Markup:
    body = [tag("tr", *(tag("td", cell, style=_CELL) for cell in row)) for row in rows]
    head = tag("tr", *(tag("th", name, style=_CELL, scope="col") for name in columns))
    return tag("table", tag("caption", title, style=_CELL), tag("thead", head), tag("tbody", *body))
