"""Answers for single drugs as one printable page: for each the box, why, and what the sources say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starling.assessment import Assessment
from starling.report.answer import Answer, merged, phenotype_of, says, shared_limits
from starling.report.frame import foot_of, framed, template
from starling.report.markup import Markup, join, tag
from starling.report.parts import badge, bullets, icon, table
from starling.report.taken import texts
from starling.report.words import (
    NOT_A_DEVICE_SHORT,
    NOT_STATED,
    action_words,
    call_words,
    dated,
    disagreement_words,
    joined,
    moment_words,
    stated_subject,
    subject_lines,
)

_TITLE: Final = "Answers from genes"


def checks_page(assessment: Assessment, drugs: Sequence[str]) -> str:
    """The page as text, to be written as UTF-8.  Raises: KeyError when the assessment has no such drug."""
    answers = [Answer.about(assessment, drug) for drug in drugs]
    shared = shared_limits(assessment)
    body = tag(
        "body",
        Markup(template("icons.html")),
        _head(assessment),
        tag("main", *map(answer_section, answers)),
        tag(
            "footer",
            tag("section", tag("h2", "Limits of all answers"), bullets(shared), class_="small") if shared else None,
            tag("p", NOT_A_DEVICE_SHORT, class_="quiet small"),
            tag("p", f"Result {assessment.result_sha256}", class_="mono quiet"),
        ),
    )
    title = f"{joined(drugs)}: {assessment.sample or NOT_STATED}"
    style = template("report.css") + template("check.css") + foot_of(assessment)
    return framed(title, body, style=style, program=assessment.provenance.program)


def _head(assessment: Assessment) -> Markup:
    source, knowledge = assessment.provenance.input, assessment.provenance.knowledge
    stated = [fact for fact in subject_lines(stated_subject(assessment)) if fact[1] != NOT_STATED]
    taken = texts(assessment.provenance.options.get("medication"))
    facts = [
        *stated,
        *([("Takes", joined(taken))] if taken else []),
        ("File", f"{source.name}, {source.build}" if source.build else source.name),
        ("Knowledge", f"{knowledge.version}, as of {dated(knowledge.as_of)}"),
        ("Made", moment_words(assessment.run.created) or NOT_STATED),
    ]
    return tag(
        "header",
        tag("div", tag("h1", _TITLE), tag("span", "Starling", class_="quiet"), class_="head"),
        tag("p", assessment.sample or NOT_STATED, class_="whose"),
        tag("dl", *(tag("div", tag("dt", label), tag("dd", value)) for label, value in facts), class_="facts"),
    )


def answer_section(answer: Answer) -> Markup:
    """One answer: the box, why, what the sources say, what it depends on, limits; headed at the second level."""
    line = answer.line
    action = line.words.action if answer.is_given else "missing"
    lines = [tag("p", tag("strong", f"{label}: ") if label else None, text) for label, text in answer.box]
    title = tag("h2", icon(action), tag("span", f"{answer.headline}: {line.drug.drug}"))
    return tag(
        "section",
        tag("div", title, *lines, class_=f"answer tone-{line.words.tone}"),
        _why(answer),
        _sources(answer),
        _listed("It also depends on", answer.conditions),
        _listed("Limits", answer.limits),
    )


def _why(answer: Answer) -> Markup | None:
    rows = [(gene.gene, call_words(gene), phenotype_of(gene)) for gene in answer.genes]
    if not rows:
        return None
    shown = table(("Gene", "Call", "Phenotype"), rows, caption="Results behind this answer", class_="stacked")
    return tag("div", tag("h3", "Why"), shown, bullets(answer.medicines) if answer.medicines else None)


def _sources(answer: Answer) -> Markup | None:
    drug = answer.line.drug
    if not drug.recommendations:
        return _listed("What sources list", answer.silent)
    differ = drug.disagreement
    return tag(
        "div",
        tag("h3", "Sources side by side"),
        tag("p", disagreement_words(differ), class_="differ") if differ else None,
        _sides(answer) if differ else _one_below_the_other(answer),
        bullets(answer.silent) if answer.silent else None,
    )


def _one_below_the_other(answer: Answer) -> Markup:
    rows = [(answer.source(row), populations, says(row)) for row, populations in merged(answer.line.rows)]
    return table(("Source", "For", "Says"), rows, caption="Each with the age of its text", class_="stacked")


def _sides(answer: Answer) -> Markup:
    """Sources that differ, each in a column of its own with the action that it calls for."""
    columns: dict[str, list[Markup]] = {}
    for row, populations in merged(answer.line.rows):
        said = tag("li", badge(action_words(row.action)), tag("span", populations, class_="why"), tag("p", says(row)))
        columns.setdefault(answer.source(row), []).append(said)
    shown = (tag("div", tag("h4", source), tag("ul", *said)) for source, said in columns.items())
    return tag("div", *shown, class_="sides")


def _listed(title: str, said: Sequence[str]) -> Markup | None:
    return join(tag("h3", title), tag("div", bullets(said), class_="small")) if said else None
