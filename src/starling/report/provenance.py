"""The provenance section of the HTML page: everything needed to reproduce the result."""

from __future__ import annotations

from collections.abc import Iterable

from starling.assessment import Assessment
from starling.report.markup import Markup, tag
from starling.report.parts import table
from starling.report.words import NOT_STATED, dated


def provenance(assessment: Assessment) -> Markup:
    """The section."""
    rows = [(label, tag("span", value, class_="mono")) for label, value in provenance_rows(assessment)]
    caption = "The same program, knowledge, file and options give the same result digest."
    return tag(
        "section",
        tag("h2", "Provenance"),
        table(("What", "Value"), rows, caption=caption, class_="small"),
        id="provenance",
    )


def provenance_rows(assessment: Assessment) -> Iterable[tuple[str, str]]:
    """Label and value of every statement of provenance."""
    stamp = assessment.provenance
    source, knowledge = stamp.input, stamp.knowledge
    size = "" if source.bytes is None else f", {source.bytes:,} bytes"
    yield "Result digest (SHA-256)", assessment.result_sha256
    yield "Program", stamp.program
    yield "Knowledge", f"{knowledge.version}, as of {dated(knowledge.as_of)}, SHA-256 {knowledge.sha256}"
    yield "File", f"{source.name}{size}, read by {source.reader or NOT_STATED}"
    yield "File digest (SHA-256)", source.file_sha256 or "not computed"
    yield "Evidence digest (SHA-256)", source.evidence_sha256
    yield "Build", f"{source.build or NOT_STATED}, from {source.build_from or NOT_STATED}"
    yield "Positions", ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in stamp.positions.items())
    yield "Options", ", ".join(f"{name}={_option(value)}" for name, value in stamp.options.items())


def _option(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value)) or "-"
    return "-" if value is None or value == "" else str(value)
