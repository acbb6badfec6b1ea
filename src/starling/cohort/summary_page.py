"""A summary as one self-contained page: pictures first, the numbers behind each picture under it.

No script, no font, nothing from elsewhere; readable in light and dark, on paper, and by a screen reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from starling.cohort.summary_table import notes
from starling.cohort.tell.summary import ALL, Cell, Summary

#: Colours that stay apart for colour-blind readers.  Source: Okabe and Ito 2008, "Color Universal Design".
_COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
_NOTHING: Final = "#8888"
#: Width of a bar in the units of its picture, and of the whole picture.
_BAR, _WIDTH = 560, 760
_ROW: Final = 26
_MOST_DRUGS: Final = 40
_MOST_ALLELES: Final = 12

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1a1a1a;--quiet:#666;--line:#ddd;--page:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#eee;--quiet:#aaa;--line:#444;--page:#16181c}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:60rem;margin:auto;
padding:1rem}
h1{font-size:1.6rem;margin:0}h2{margin:2.2rem 0 .4rem;font-size:1.2rem}h3{margin:1.2rem 0 .2rem;font-size:1rem}
p,li{color:var(--quiet);margin:.2rem 0}.number{font-size:2.2rem;color:var(--ink)}
.facts{display:flex;gap:2.5rem;flex-wrap:wrap;margin:1rem 0}
svg{width:100%;height:auto;display:block}svg text{font:12px system-ui,sans-serif;fill:var(--ink)}
svg .inside{fill:#fff}svg .quiet{fill:var(--quiet)}
table{border-collapse:collapse;width:100%;font-size:.85rem}td,th{text-align:left;border-bottom:1px solid var(--line);
padding:.15rem .6rem .15rem 0;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}
details{margin:.3rem 0}summary{cursor:pointer;color:var(--quiet)}
@media print{details:not([open])>*{display:none}h2{break-after:avoid}svg{break-inside:avoid}}
"""


def page(summary: Summary) -> str:
    """The whole page as HTML."""
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width,initial-scale=1">',
        "<title>Pharmacogenes of a cohort</title>",
        f"<style>{_STYLE}</style></head><body>",
        *_head(summary),
        *_phenotypes(summary),
        *_drugs(summary),
        *_alleles(summary),
        *_missing(summary),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _head(summary: Summary) -> Iterator[str]:
    yield "<h1>Pharmacogenes of a cohort</h1><div class=facts>"
    yield f"<div><div class=number>{summary.people:,}</div>people</div>"
    for cell in summary.of("actionable", group=ALL):
        if cell.item == "at least one drug":
            yield f"<div><div class=number>{_percent(cell)}</div>have actionable advice for at least one drug</div>"
    genes = len({cell.subject for cell in summary.of("phenotype")})
    yield f"<div><div class=number>{genes}</div>genes</div></div><ul>"
    yield from (f"<li>{escape(line)}</li>" for line in notes(summary))
    yield "</ul>"
    yield from _details("How many drugs per person", summary.of("actionable"))


def _phenotypes(summary: Summary) -> Iterator[str]:
    yield "<h2>Phenotypes</h2><p>Each bar is a whole group; grey: not determined, ambiguous, or no term assigned.</p>"
    for gene in dict.fromkeys(cell.subject for cell in summary.of("phenotype")):
        cells = summary.of("phenotype", gene)
        if all(cell.item == "not determined" for cell in cells):
            continue
        yield f"<h3>{escape(gene)}</h3>"
        yield _stacked(gene, summary.groups, cells)
        yield from _details("Numbers and diplotypes", [*cells, *summary.of("diplotype", gene)])


def _stacked(gene: str, groups: Sequence[str], cells: Sequence[Cell]) -> str:
    """One bar for each group, a part for each phenotype."""
    items = list(dict.fromkeys(cell.item for cell in cells))
    colours = _coloured(items)
    rows = []
    for number, group in enumerate(groups):
        top, left = number * _ROW, 150.0
        rows.append(f'<text x="0" y="{top + 17}">{escape(group[:22])}</text>')
        for cell in cells:
            if cell.group == group and cell.share:
                rows.append(_part(cell, left, top, colours[cell.item]))
                left += cell.share * _BAR
    height = len(groups) * _ROW
    legend, below = _legend(items, colours, height + 16)
    label = f"{gene}: " + ", ".join(f"{cell.item} {_percent(cell)}" for cell in cells if cell.group == ALL)
    return _picture(label, below, [*rows, *legend])


def _part(cell: Cell, left: float, top: int, colour: str) -> str:
    share = cell.share or 0.0
    width = share * _BAR
    title = f"{cell.group}: {cell.item}, {cell.count} of {cell.of} ({_percent(cell)})"
    text = f'<text class="inside" x="{left + 4:.1f}" y="{top + 16}">{_percent(cell)}</text>' if width > 44 else ""
    return (
        f'<g><title>{escape(title)}</title><rect x="{left:.1f}" y="{top + 3}" width="{width:.1f}" height="18" '
        f'fill="{colour}"/>{text}</g>'
    )


def _coloured(items: Iterable[str]) -> dict[str, str]:
    known = [item for item in items if not _is_nothing(item)]
    colours = {item: _COLOURS[place % len(_COLOURS)] for place, item in enumerate(known)}
    return {item: colours.get(item, _NOTHING) for item in items}


def _is_nothing(item: str) -> bool:
    return item in {"not determined", "ambiguous", "no term assigned"}


def _legend(items: Sequence[str], colours: dict[str, str], top: int) -> tuple[list[str], int]:
    """Texts beside their colours, in lines; how far down they reach."""
    parts, left = [], 150
    for item in items:
        width = 24 + 7 * len(item)
        if left > 150 and left + width > _WIDTH:
            left, top = 150, top + 18
        parts.append(f'<rect x="{left}" y="{top - 10}" width="11" height="11" fill="{colours[item]}"/>')
        parts.append(f'<text class="quiet" x="{left + 15}" y="{top}">{escape(item)}</text>')
        left += width
    return parts, top + 8


def _drugs(summary: Summary) -> Iterator[str]:
    yield "<h2>Drugs with actionable advice</h2>"
    yield "<p>Share of people whose advice is to avoid the drug, to choose another, or to change the dose.</p>"
    cells = sorted(
        (cell for cell in summary.of("actionable_drug", group=ALL) if cell.item == "any" and cell.share),
        key=lambda cell: -(cell.share or 0.0),
    )
    yield _bars("Drugs", [(cell.subject, cell) for cell in cells[:_MOST_DRUGS]])
    yield from _details("By action and group", summary.of("actionable_drug"))


def _bars(label: str, rows: Sequence[tuple[str, Cell]]) -> str:
    """Horizontal bars with their numbers."""
    parts = []
    for number, (name, cell) in enumerate(rows):
        top, width = number * 20, (cell.share or 0.0) * (_BAR - 40)
        parts.append(f'<text x="0" y="{top + 13}">{escape(name[:24])}</text>')
        parts.append(f'<rect x="150" y="{top + 2}" width="{width:.1f}" height="14" fill="{_COLOURS[0]}"/>')
        parts.append(f'<text class="quiet" x="{155 + width:.1f}" y="{top + 13}">{_percent(cell)}</text>')
    said = f"{label}: " + ", ".join(f"{name} {_percent(cell)}" for name, cell in rows)
    return _picture(said, max(20, 20 * len(rows)), parts)


def _alleles(summary: Summary) -> Iterator[str]:
    yield "<h2>Alleles</h2><p>Of the alleles in unambiguous diplotypes.</p>"
    for gene in dict.fromkeys(cell.subject for cell in summary.of("allele")):
        cells = [cell for cell in summary.of("allele", gene, ALL) if cell.share]
        if len(cells) > 1:
            yield f"<h3>{escape(gene)}</h3>"
            yield _bars(gene, [(cell.item, cell) for cell in cells[:_MOST_ALLELES]])
            yield from _details("Numbers by group", summary.of("allele", gene))


def _missing(summary: Summary) -> Iterator[str]:
    yield "<h2>Missing positions</h2><p>A square for each position with people who were not called or not assayed: "
    yield "the darker, the more people.  Genes without squares were read completely.</p>"
    cells = summary.of("missing")
    genes = list(dict.fromkeys(cell.subject for cell in cells))
    parts, top = [], 0
    for gene in genes:
        parts.append(f'<text x="0" y="{top + 12}">{escape(gene)}</text>')
        places: dict[str, float] = {}
        for cell in cells:
            if cell.subject == gene:
                where = cell.item.rsplit(" not ", 1)[0]
                places[where] = min(1.0, places.get(where, 0.0) + (cell.share or 0.0))
        for number, (where, share) in enumerate(places.items()):
            if number and number % 50 == 0:
                top += 13
            title = escape(f"{gene} {where}: missing in {share:.1%}")
            parts.append(
                f'<rect x="{90 + 13 * (number % 50)}" y="{top + 2}" width="11" height="11" fill="{_COLOURS[5]}" '
                f'fill-opacity="{0.08 + 0.92 * share:.2f}"><title>{title}</title></rect>'
            )
        top += 18
    yield _picture(f"Missing positions of {len(genes)} genes", max(20, top), parts)
    yield from _details("Numbers by position", cells)


def _picture(label: str, height: int, parts: Iterable[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _details(title: str, cells: Sequence[Cell]) -> Iterator[str]:
    """The numbers, closed until somebody asks for them."""
    yield f"<details><summary>{escape(title)}</summary><table><thead><tr>"
    yield "<th>group</th><th></th><th>result</th><th>people</th><th>of</th><th>%</th><th>95 %</th></tr></thead>"
    for cell in cells:
        interval = cell.interval
        bounds = f"{interval[0]:.1%} to {interval[1]:.1%}" if interval is not None else ""
        count = "suppressed" if cell.count is None else f"{cell.count:,}"
        names = "".join(f"<td>{escape(text)}</td>" for text in (cell.group, cell.subject, cell.item))
        yield f"<tr>{names}<td class=n>{count}</td><td class=n>{cell.of:,}</td><td class=n>{_percent(cell)}</td>"
        yield f"<td class=n>{bounds}</td></tr>"
    yield "</table></details>"


def _percent(cell: Cell) -> str:
    return "suppressed" if cell.share is None else f"{cell.share:.1%}"
