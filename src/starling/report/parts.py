"""Pieces of the HTML page that several sections use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from starling.report.glance import Line
from starling.report.markup import Markup, join, tag
from starling.report.words import ACTIONS, ActionWords

_ICONS: Final = frozenset(words.action for words in ACTIONS) | {"missing"}


def icon(name: str) -> Markup:
    """The drawing for an action, hidden from screen readers because its word stands beside it."""
    shown = name if name in _ICONS else "other"
    return tag("svg", tag("use", href=f"#icon-{shown}"), class_="icon", aria_hidden="true")


def badge(words: ActionWords, *, brief: bool = False) -> Markup:
    """Icon and word of an action in its colour; `brief`: without what the word has in brackets."""
    word = words.word.partition(" (")[0] if brief else words.word
    return tag("span", icon(words.action), word, class_=f"badge tone-{words.tone}")


def bullets(texts: Iterable[str]) -> Markup:
    """A list."""
    return tag("ul", *(tag("li", text) for text in texts))


def remarks(line: Line) -> Markup:
    """That genes behind an answer are not certain, and which ones nobody could answer for."""
    return join(*(tag("span", each, class_="differ") for each in line.doubts))


def to_do(line: Line) -> Markup:
    """What to do: one sentence, or one for each group of patients under its own heading."""
    said = line.first or (("", line.summary),)
    return join(
        *(tag("span", tag("strong", f"{label}: ") if label else None, text, class_="block") for label, text in said)
    )


def folded(summary: Markup, said: Markup, *, shown: bool, class_: str = "") -> Markup:
    """A block that opens and closes without a script; `shown`: it is open at first."""
    return tag("details", tag("summary", summary), said, class_=class_, open="open" if shown else "")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str, class_: str = "") -> Markup:
    """A table whose first column names the row."""
    head = tag("tr", *(tag("th", name, scope="col") for name in columns))
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    return tag(
        "table",
        tag("caption", caption),
        join(tag("thead", head), tag("tbody", *body)),
        class_=class_,
    )
