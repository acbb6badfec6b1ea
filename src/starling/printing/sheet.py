"""The one-page report on A4.

It is the first page of the HTML report, element by element: the same words in the same order, and what stands only in
the rest of the report is counted there in the same sentences.  Type is set smaller until all of it fits on one sheet;
below the smallest that can be read it goes on over a second one, and nothing is cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from starling.assessment import Assessment
from starling.printing.paper import LEADING, POINT, Line, Paper, Run
from starling.printing.reading import Element, elements_of
from starling.report.first_page import first_page
from starling.report.text import visible
from starling.report.words import ACTIONS

_A4: Final = (210.0, 297.0)
_MARGIN: Final = 10.0
_TOP: Final = 8.0
#: Size of the type of the foot, in points.
_FOOT: Final = 7.0
_BOTTOM: Final = _A4[1] - 10.0
_WIDTH: Final = _A4[0] - 2 * _MARGIN
#: Sizes of the type in points, the largest that fits is taken; smaller is not read on paper (ours).
_SIZES: Final = tuple(quarters / 4 for quarters in range(40, 23, -1))
#: Up to this size the page is set closer, with more columns.
_DENSE: Final = 7.0
_SIGNS: Final = {f"#icon-{words.action}": words.sign for words in ACTIONS} | {"#icon-missing": "○", "#icon-other": "!"}
_HIDDEN: Final = frozenset({"spoken"})
#: what stands apart from what follows, on a page by its style
_APART: Final = frozenset({"mark", "block", "differ", "why"})
_BOLD: Final = frozenset({"strong", "b", "th", "h1", "h2"})
#: shares of the width, by the class of the table
_SHARES: Final = {"findings": (0.24, 0.44, 0.32), "own": (0.2, 0.5, 0.3)}


def sheet(assessment: Assessment, *, font: Path | None = None) -> bytes:
    """The report as PDF.  `font`: a TrueType file for letters that ours lacks.  Raises: InputError FONT_LACKS."""
    whose = assessment.subject.get("name", "").strip() or assessment.sample
    page = elements_of(first_page(assessment))
    with Paper(_A4, visible(f"Pharmacogenomic report: {whose}"), assessment.run.created, font) as paper:
        foot = paper.checked(visible(f"{whose} · result {assessment.result_sha256[:12]}"))
        paper.dry = True
        tried = ((size, _Sheet(paper, size).through(page)) for size in _SIZES)
        size, pages = next((each for each in tried if each[1] == 1), (_SIZES[-1], 0))
        pages = pages or _Sheet(paper, size).through(page)
        paper.dry = False
        _Sheet(paper, size, foot, pages).through(page)
        return paper.bytes_of()


class _Sheet:
    """A document as it is set, from the top downwards.  `foot`: below every page, with its number of `pages`."""

    def __init__(self, paper: Paper, size: float, foot: str = "", pages: int = 0) -> None:
        self.paper, self.size = paper, size
        self.foot, self.pages, self.page = foot, pages, 0
        self.gap = size * POINT * (0.35 if size > _DENSE else 0.2)
        self.y = _TOP

    def through(self, page: Element) -> int:
        """Sets all of it; gives the number of pages."""
        self.leaf()
        self.blocks(page)
        return self.page

    def leaf(self) -> None:
        """The next page, with its foot."""
        self.page += 1
        self.paper.leaf()
        self.y = _TOP
        number = Run(f"page {self.page} of {self.pages}")
        right = _MARGIN + _WIDTH - self.paper.width_of(number, _FOOT)
        room = right - _MARGIN - 4
        whose = self.paper.lines_of([Run(self.foot)], room, _FOOT)[:1]
        self.paper.set_lines(whose, _MARGIN, _BOTTOM + 2.5, _FOOT)
        self.paper.set_lines([[number]], right, _BOTTOM + 2.5, _FOOT)

    def blocks(self, parent: Element) -> None:
        """Every element, each by its kind; who answers for it all stands a little apart."""
        self.y += 2 * self.gap if "signed" in parent.classes else 0
        for child in parent.elements():
            self.block(child)

    def block(self, element: Element) -> None:
        """One element."""
        match element.name:
            case "h1" | "h2":
                self.heading(element)
            case "p" | "strong" | "span":
                self.paragraph(element)
            case "table":
                self.table(element)
            case "dl":
                self.facts(element)
            case "ul":
                self.items(element)
            case _ if "caveats" in element.classes:
                self.framed(element)
            case _ if "head" in element.classes:
                self.heading(element)
            case _:
                self.blocks(element)

    def room(self, height: float) -> None:
        """A new page when so much does not fit on this one."""
        if self.y + height > _BOTTOM and self.y > _TOP:
            self.leaf()

    def put(self, lines: Iterable[Line], x: float = _MARGIN, size: float | None = None) -> None:
        """The lines, going on over the page where they must."""
        for line in lines:
            self.room((size or self.size) * POINT * LEADING)
            self.y = self.paper.set_lines([line], x, self.y, size or self.size)

    def heading(self, element: Element) -> None:
        """A heading with a rule below; never the last line of a page."""
        is_title = "head" in element.classes
        size = self.size + (4 if is_title else 1.5)
        self.room(size * POINT * 3)
        self.y += self.gap if self.y > _TOP else 0
        runs = list(_runs(element, bold=True))
        if is_title:
            runs = [run for child in element.elements() for run in (*_runs(child, bold=child.name == "h1"), Run("   "))]
        self.put(self.paper.lines_of(runs, _WIDTH, size), size=size)
        thick = 0.5 if "danger" in element.classes or is_title else 0.2
        self.paper.rule(_MARGIN, self.y + 0.3, (_MARGIN + _WIDTH, self.y + 0.3), thick)
        self.y += 0.3 + self.gap

    def paragraph(self, element: Element) -> None:
        """A paragraph; whose report it is in larger type."""
        size = self.size + (2.5 if "whose" in element.classes else 0)
        bold = "whose" in element.classes
        self.put(self.paper.lines_of(_runs(element, bold=bold), _WIDTH, size), size=size)

    def items(self, element: Element) -> None:
        """Bullets; genes in columns."""
        if "strip" in element.classes:
            self.strip(element)
            return
        for item in element.elements():
            self.bullet(item, _MARGIN, _WIDTH)

    def bullet(self, item: Element, x: float, width: float) -> None:
        """One item behind its bullet."""
        indent = self.size * POINT
        lines = self.paper.lines_of(_runs(item), width - indent, self.size)
        self.room(self.size * POINT * LEADING)
        self.paper.set_lines([[Run("•")]], x, self.y, self.size)
        self.put(lines, x + indent)

    def framed(self, element: Element) -> None:
        """What must be read first, behind a bar."""
        top, page = self.y + self.gap, self.page
        self.y = top
        for child in element.elements():
            for item in child.elements() if child.name == "ul" else ():
                self.bullet(item, _MARGIN + 3, _WIDTH - 3)
            if child.name != "ul":
                self.put(self.paper.lines_of(_runs(child, bold=True), _WIDTH - 3, self.size), _MARGIN + 3)
        if self.page == page:
            self.paper.rule(_MARGIN + 0.5, top, (_MARGIN + 0.5, self.y), 0.9)
        self.y += self.gap

    def facts(self, element: Element) -> None:
        """Labels with values, in columns; an empty value is a line to write on."""
        is_signature = "signature" in element.classes
        columns = 4 if is_signature or self.size > _DENSE else 6
        width = _WIDTH / columns
        pairs = element.elements()
        for row in range(0, len(pairs), columns):
            cells = [self.paper.lines_of(_fact(pair), width - 2, self.size) for pair in pairs[row : row + columns]]
            height = max(map(len, cells)) * self.size * POINT * LEADING + (2 if is_signature else 0)
            self.room(height)
            for column, lines in enumerate(cells):
                x = _MARGIN + column * width
                self.paper.set_lines(lines, x, self.y + (2 if is_signature else 0), self.size)
                if is_signature:
                    self.paper.rule(x, self.y + height, (x + width - 3, self.y + height), 0.15)
            self.y += height
        self.y += self.gap

    def strip(self, element: Element) -> None:
        """The genes, side by side."""
        columns = 3 if self.size > _DENSE else 4
        width = _WIDTH / columns
        cells = [self.paper.lines_of(_runs(item), width - 3, self.size) for item in element.elements()]
        for row in range(0, len(cells), columns):
            group = cells[row : row + columns]
            height = max(map(len, group)) * self.size * POINT * LEADING
            self.room(height)
            for column, lines in enumerate(group):
                self.paper.set_lines(lines, _MARGIN + column * width, self.y, self.size)
            self.y += height

    def table(self, element: Element) -> None:
        """A table; a row is never parted unless it is longer than a page."""
        kind = next((name for name in _SHARES if name in element.classes), "own")
        widths = [share * _WIDTH for share in _SHARES[kind]]
        for row in element.named("tr"):
            is_head = all(cell.name == "th" for cell in row.elements())
            cells = [
                self.paper.lines_of(_runs(cell, bold=cell.name == "th", quiet=is_head), width - 2, self.size)
                for cell, width in zip(row.elements(), widths, strict=True)
            ]
            self.row(cells, widths)

    def row(self, cells: list[list[Line]], widths: list[float]) -> None:
        """One row with a rule below."""
        height = max(map(len, cells)) * self.size * POINT * LEADING + self.gap
        self.room(height)
        x = _MARGIN
        for lines, width in zip(cells, widths, strict=True):
            self.paper.set_lines(lines, x, self.y + self.gap / 2, self.size)
            x += width
        self.y += height
        self.paper.rule(_MARGIN, self.y, (_MARGIN + _WIDTH, self.y), 0.1)


def _fact(pair: Element) -> Iterator[Run]:
    label, value = pair.elements()
    yield Run(label.text() + " ", quiet=True)
    yield from _runs(value)


def _runs(element: Element, *, bold: bool = False, quiet: bool = False) -> Iterator[Run]:
    """The text of an element in pieces of one style; a badge is one piece with its sign."""
    if "badge" in element.classes:
        sign = next((_SIGNS.get(use.href, "!") for use in element.named("use")), "")
        tone = "stop" if "tone-stop" in element.classes else "plain"
        yield Run(f"{sign} {element.text()}", bold=True, badge=tone)
        return
    for child in element.children:
        if isinstance(child, str):
            yield Run(child, bold=bold, quiet=quiet)
        elif child.name == "svg":
            yield from (Run(f"{_SIGNS.get(use.href, '!')} ", bold=True) for use in child.named("use"))
        elif not child.classes & _HIDDEN:
            plain = bool(child.classes & {"plain", "quiet"})
            heavy = child.name in _BOLD or "unsure" in child.classes or (bold and not plain)
            yield from _runs(child, bold=heavy, quiet=quiet or "quiet" in child.classes)
            if _APART & child.classes:
                yield Run(" ", bold=bold)
