"""The frame of every HTML page: self-contained, nothing loaded, run or sent."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from starling.report.markup import Markup, tag

#: Nothing may be loaded, run or sent; only the style of the page itself applies.
CONTENT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


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


@cache
def template(name: str) -> str:
    """A file of `templates/`."""
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")
