"""A cohort's summary as one self-contained page: pictures first, the numbers behind each picture under it.

No script, no font, nothing from elsewhere; readable in light and dark, on paper, and by a screen reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.report.frame import framed, template
from starling.report.markup import Markup, join, tag
from starling.report.parts import bullets
from starling.report.summary_table import notes, people_text
from starling.summary import ALL, RARE, Cell, Summary

#: Colours that stay apart for colour-blind readers.  Source: Okabe and Ito 2008, "Color Universal Design".
_COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
#: Those on which white is read better than black (WCAG 2.2, contrast ratio).
_DARK: Final = frozenset({"#0072b2"})
_NOTHING: Final = "#8888"
#: Height in pixels of a bar with the words above it; lengths along a bar are percents, so that words keep their size.
_ROW, _THIN = 40, 32
#: The least share whose number has room in its part of a bar, on a telephone too.
_LABELLED: Final = 0.16
_MOST_DRUGS: Final = 40
_MOST_ALLELES: Final = 12
#: Squares in a row of the picture of missing positions.
_SQUARES: Final = 50


def page(summary: Summary) -> str:
    """The whole page as text, to be written as UTF-8."""
    body = tag(
        "body",
        _head(summary),
        tag("main", _phenotypes(summary), _drugs(summary), _alleles(summary), _missing(summary)),
    )
    style = template("report.css") + template("summary.css")
    return framed("Pharmacogenes of a cohort", body, style=style, program=str(summary.stated["program"]))


def _head(summary: Summary) -> Markup:
    genes = len({cell.subject for cell in summary.of("phenotype")})
    numbers = [
        (people_text(summary), "people"),
        *(
            (_percent(cell), "have actionable advice for at least one drug")
            for cell in summary.of("actionable", group=ALL)
            if cell.item == "at least one drug"
        ),
        (str(genes), "genes"),
    ]
    return tag(
        "header",
        tag("div", tag("h1", "Pharmacogenes of a cohort"), tag("span", "Starling", class_="quiet"), class_="head"),
        tag("div", *(tag("div", tag("b", number), words) for number, words in numbers), class_="numbers"),
        tag("div", bullets(notes(summary)), class_="notes"),
        _details("How many drugs per person", summary.of("actionable")),
    )


def _section(title: str, lead: str, *parts: Markup) -> Markup:
    return tag("section", tag("h2", title), tag("p", lead, class_="lead"), *parts)


def _phenotypes(summary: Summary) -> Markup:
    shown = []
    for gene in dict.fromkeys(cell.subject for cell in summary.of("phenotype")):
        cells = summary.of("phenotype", gene)
        if any(cell.item not in {"not determined", RARE} for cell in cells):
            numbers = _details("Numbers and diplotypes", [*cells, *summary.of("diplotype", gene)])
            shown.append(_block(gene, _stacked(gene, summary.groups, cells), numbers))
    lead = "Each bar is a whole group; grey: not determined, ambiguous, no term assigned, or too rare to name."
    return _section("Phenotypes", lead, *shown)


def _block(title: str, picture: Markup, numbers: Markup) -> Markup:
    return tag("div", tag("h3", title), picture, numbers, class_="block")


def _stacked(gene: str, groups: Sequence[str], cells: Sequence[Cell]) -> Markup:
    """One bar for each group, a part for each phenotype; what the colours mean stands below."""
    items = list(dict.fromkeys(cell.item for cell in cells))
    colours = _coloured(items)
    parts = []
    for number, group in enumerate(groups):
        top, left = number * _ROW, 0.0
        parts.append(_text(group, 0.0, top + 12))
        for cell in cells:
            if cell.group == group and cell.share:
                parts.append(_part(cell, left, top, colours[cell.item]))
                left += cell.share
    label = f"{gene}: " + ", ".join(f"{cell.item} {_percent(cell)}" for cell in cells if cell.group == ALL)
    return join(_picture(label, len(groups) * _ROW, parts), _legend(colours))


def _part(cell: Cell, left: float, top: int, colour: str) -> Markup:
    # rounded parts may be more than their whole: the picture ends where the whole does
    width = max(0.0, min(cell.share or 0.0, 1.0 - left))
    title = f"{cell.group}: {cell.item}, {cell.count} of {cell.of} ({_percent(cell)})"
    ink = "on-dark" if colour in _DARK else "on-light" if colour in _COLOURS else ""
    said = _text(_percent(cell), left, top + 31, ink, dx="4") if width > _LABELLED else None
    return tag("g", tag("title", title), _box((left, top + 18, width, 18), colour), said)


def _coloured(items: Iterable[str]) -> dict[str, str]:
    known = [item for item in items if not _is_nothing(item)]
    colours = {item: _COLOURS[place % len(_COLOURS)] for place, item in enumerate(known)}
    return {item: colours.get(item, _NOTHING) for item in items}


def _is_nothing(item: str) -> bool:
    return item in {"not determined", "ambiguous", "no term assigned", RARE}


def _legend(colours: Mapping[str, str]) -> Markup:
    """Every item beside its colour."""
    swatches = {
        item: tag("svg", _box((0.0, 0, 1.0, 11), colour), class_="swatch", aria_hidden="true")
        for item, colour in colours.items()
    }
    return tag("ul", *(tag("li", swatch, item) for item, swatch in swatches.items()), class_="legend")


def _drugs(summary: Summary) -> Markup:
    cells = sorted(
        (cell for cell in summary.of("actionable_drug", group=ALL) if cell.item == "any" and cell.share),
        key=lambda cell: -(cell.share or 0.0),
    )
    return _section(
        "Drugs with actionable advice",
        "Share of people whose advice is to avoid the drug, to choose another, or to change the dose.",
        _bars("Drugs", [(cell.subject, cell) for cell in cells[:_MOST_DRUGS]]),
        _details("By action and group", summary.of("actionable_drug")),
    )


def _bars(label: str, rows: Sequence[tuple[str, Cell]]) -> Markup:
    """Horizontal bars below their names and numbers."""
    parts = []
    for number, (name, cell) in enumerate(rows):
        top = number * _THIN
        parts += [_text(f"{name} · {_percent(cell)}", 0.0, top + 12)]
        parts.append(_box((0.0, top + 17, cell.share or 0.0, 10), _COLOURS[0]))
    said = f"{label}: " + ", ".join(f"{name} {_percent(cell)}" for name, cell in rows)
    return _picture(said, max(20, _THIN * len(rows)), parts)


def _alleles(summary: Summary) -> Markup:
    shown = []
    for gene in dict.fromkeys(cell.subject for cell in summary.of("allele")):
        cells = [cell for cell in summary.of("allele", gene, ALL) if cell.share]
        if len(cells) > 1:
            bars = _bars(gene, [(cell.item, cell) for cell in cells[:_MOST_ALLELES]])
            shown.append(_block(gene, bars, _details("Numbers by group", summary.of("allele", gene))))
    return _section("Alleles", "Of the alleles in unambiguous diplotypes.", *shown)


def _missing(summary: Summary) -> Markup:
    cells = summary.of("missing")
    genes: dict[str, dict[str, float]] = {}
    for cell in cells:
        places = genes.setdefault(cell.subject, {})
        where = cell.item.rsplit(" not ", 1)[0]
        places[where] = min(1.0, places.get(where, 0.0) + (cell.share or 0.0))
    parts: list[Markup] = []
    top = 0
    for gene, places in genes.items():
        parts += [_text(gene, 0.0, top + 12), *_squares(gene, places, top + 18)]
        top += 34 + 13 * ((len(places) - 1) // _SQUARES)
    return _section(
        "Missing positions",
        "A square for each position with people who were not called or not assayed: the darker, the more people. "
        "Genes without squares were read completely.",
        _picture(f"Missing positions of {len(genes)} genes", max(20, top), parts),
        _details("Numbers by position", cells),
    )


def _squares(gene: str, places: Mapping[str, float], top: int) -> Iterator[Markup]:
    for number, (where, share) in enumerate(places.items()):
        left, down = (number % _SQUARES) / _SQUARES, top + 13 * (number // _SQUARES)
        title = tag("title", f"{gene} {where}: missing in {share:.1%}")
        shade = f"{0.08 + 0.92 * share:.2f}"
        yield _box((left, down, 0.85 / _SQUARES, 11), _COLOURS[5], title, fill_opacity=shade)


def _picture(label: str, height: int, parts: Iterable[Markup]) -> Markup:
    return tag("svg", *parts, class_="picture", height=str(height), role="img", aria_label=label)


def _text(words: str, x: float, y: int, class_: str = "", **more: str) -> Markup:
    """`x`: as a share of the whole width."""
    return tag("text", words, x=f"{x:.2%}", y=str(y), class_=class_, **more)


def _box(place: tuple[float, int, float, int], colour: str, *inside: Markup, **more: str) -> Markup:
    """A filled rectangle; `place`: left and width as shares of the whole width, top and height in pixels."""
    x, y, width, height = place
    size = {"x": f"{x:.2%}", "y": str(y), "width": f"{width:.2%}", "height": str(height)}
    return tag("rect", *inside, **size, fill=colour, **more)


def _details(title: str, cells: Sequence[Cell]) -> Markup:
    """The numbers, closed until somebody asks for them."""
    names = (*(tag("th", name, scope="col") for name in ("group", "about", "result")),)
    numbers = (*(tag("th", name, scope="col", class_="number") for name in ("people", "of", "%", "95 %")),)
    head = tag("thead", tag("tr", *names, *numbers))
    return tag("details", tag("summary", title), tag("table", head, tag("tbody", *map(_row, cells))))


def _row(cell: Cell) -> Markup:
    bounds = "" if cell.interval is None else "{:.1%} to {:.1%}".format(*cell.interval)
    count = "suppressed" if cell.count is None else f"{cell.count:,}"
    numbers = (count, f"{cell.of:,}", _percent(cell), bounds)
    return tag(
        "tr",
        *(tag("td", text) for text in (cell.group, cell.subject, cell.item)),
        *(tag("td", text, class_="number") for text in numbers),
    )


def _percent(cell: Cell) -> str:
    return "suppressed" if cell.share is None else f"{cell.share:.1%}"
