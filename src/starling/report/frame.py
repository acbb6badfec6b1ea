"""The frame of every HTML page: self-contained, nothing loaded, run or sent."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from starling.assessment import Assessment
from starling.notices import KNOWLEDGE_OTHER
from starling.report.markup import Markup, tag
from starling.report.words import plural

#: Nothing may be loaded, run or sent; only the style of the page itself applies.
CONTENT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_PAGE_NUMBER: Final = '"page " counter(page) " of " counter(pages)'


def framed(title: str, body: Markup, *, style: str, program: str) -> str:
    """The whole page as text, to be written as UTF-8; `style` is CSS of our own in which every text is escaped."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=CONTENT_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="generator", content=program),
        tag("title", title),
        tag("style", Markup(style)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def running_foot(left: str, middle: str = "") -> str:
    """CSS that sets two texts and the page number below every printed page (CSS paged media, margin boxes)."""
    boxes = {"bottom-left": _css_string(left), "bottom-center": _css_string(middle), "bottom-right": _PAGE_NUMBER}
    return (
        "@page { "
        + " ".join(f"@{box} {{ font: 7.5pt sans-serif; content: {content}; }}" for box, content in boxes.items())
        + " }\n"
    )


def foot_of(assessment: Assessment, *marks: str) -> str:
    """Whose result it is, what was assumed, and `marks`, below every printed page."""
    filled = assessment.provenance.positions.get("filled_as_reference", 0)
    whose = " · ".join(part for part in (assessment.sample, assessment.subject.get("name", "")) if part)
    assumed = [f"{plural(filled, 'position')} ASSUMED to be reference"] if filled else []
    assumed += [each.message for each in assessment.provenance.notices if each.code == KNOWLEDGE_OTHER]
    left = f"{whose} · result {assessment.result_sha256[:12]}"
    return running_foot(left, " · ".join(dict.fromkeys((*assumed, *marks))))


def _css_string(text: str) -> str:
    """A CSS string in which everything but letters and digits of ASCII is escaped, so that nothing can end it."""
    safe = "".join(one if one.isascii() and one.isalnum() else f"\\{ord(one):06x}" for one in text)
    return f'"{safe}"'


@cache
def template(name: str) -> str:
    """A file of `templates/`."""
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")
