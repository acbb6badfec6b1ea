"""HTML that `starling.report.markup` wrote -> elements.  Only what the report's own pages hold is understood."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from starling.values import dataclass, field

#: Elements that are empty and never closed.
_VOID = frozenset({"input", "meta"})


@dataclass(frozen=True, slots=True)
class Element:
    """An element with its classes; `children` are elements and texts in their order."""

    name: str
    classes: frozenset[str] = frozenset()
    href: str = ""
    children: list[Element | str] = field(default_factory=list)

    def elements(self) -> list[Element]:
        """The children that are elements."""
        return [child for child in self.children if isinstance(child, Element)]

    def named(self, *names: str) -> Iterator[Element]:
        """Every element of these names below this one, in document order."""
        for child in self.elements():
            if child.name in names:
                yield child
            yield from child.named(*names)

    def text(self) -> str:
        """All text below, as one string."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        stated = {name: value or "" for name, value in attrs}
        element = Element(tag, frozenset(stated.get("class", "").split()), stated.get("href", ""), [])
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if len(self.open) > 1 and self.open[-1].name == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def elements_of(markup: str) -> Element:
    """An element without a name that holds those of the markup.

    >>> elements_of("<p>Give <b>half</b> the dose</p>").elements()[0].text()
    'Give half the dose'
    """
    builder = _Builder()
    builder.feed(markup)
    builder.close()
    return builder.open[0]
