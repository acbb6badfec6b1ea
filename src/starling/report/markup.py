"""HTML that cannot be broken by its content: every text is escaped unless it is already markup."""

from __future__ import annotations

from typing import Final

from starling.report.text import visible

_VOID: Final = frozenset({"input", "meta"})


class Markup(str):
    """Text that is HTML already; only this module and literal markup of our own make it."""

    __slots__ = ()

    def __html__(self) -> str:
        """What templates that escape ask for."""
        return self


Child = str | None


def tag(name: str, /, *children: Child, **attributes: str) -> Markup:
    """The element with its children one after another; None is left out, plain text is escaped.

    An attribute is written with `-` for `_`, without a trailing `_`; an empty one is left out.

    >>> str(tag("td", "<script>", class_="name"))  # a sample name that would run
    '<td class="name">&lt;script&gt;</td>'
    """
    stated = "".join(
        [f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items() if value]
    )
    if name in _VOID:
        return Markup(f"<{name}{stated}>")
    inside = "".join([text(child) for child in children if child is not None])
    return Markup(f"<{name}{stated}>{inside}</{name}>")


def join(*children: Child) -> Markup:
    """The children one after another; None is left out, plain text is escaped."""
    return Markup("".join([text(child) for child in children if child is not None]))


def text(value: str) -> str:
    """The text escaped, with invisible characters written out; markup as it is."""
    return value if type(value) is Markup else _escaped(visible(value))


def _escaped(text: str) -> str:
    """As `html.escape`, which brings a table of every entity with it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#x27;")
