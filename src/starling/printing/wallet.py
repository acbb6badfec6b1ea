"""The card for the wallet as PDF: 85.6 x 54 mm, sides with what it says, and sides with its codes.

Source: ISO/IEC 7810:2019, size ID-1 (85.60 x 53.98 mm).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Final

import segno

from starling.printing.card import Card, Payload
from starling.printing.paper import LEADING, POINT, Line, Paper, Run
from starling.report.patient import NO_DANGER
from starling.report.words import NOT_A_DEVICE_SHORT, dated, joined
from starling.values import dataclass

_ID_1: Final = (85.6, 53.98)
_MARGIN: Final = 3.5
_WIDTH: Final = _ID_1[0] - 2 * _MARGIN
_BOTTOM: Final = _ID_1[1] - 6.0
#: Sizes of the type in points; below the last it goes on over another side, for nobody reads less (ours).
_SIZES: Final = tuple(quarters / 4 for quarters in range(32, 21, -1))
_SMALL: Final = 5.0
#: The code with its quiet zone of four modules, in millimetres.  Source: ISO/IEC 18004:2015, 9.1.
_CODE: Final = 47.0
_QUIET: Final = 4
_TITLE: Final = "Pharmacogenomic card"
_SILENCE: Final = "A medicine or gene that is not named here was not found, or was not looked at."


@dataclass(frozen=True, slots=True)
class _Side:
    """Lines of one size that fit on a side."""

    lines: tuple[Line, ...]
    size: float


def wallet(card: Card, codes: Sequence[Payload], *, font: Path | None = None) -> bytes:
    """The card as PDF, what it says and its codes by turns.  Raises: InputError FONT_LACKS."""
    with Paper(_ID_1, f"{_TITLE}: {card.name}", card.made, font) as paper:
        texts = _sides(paper, card)
        sides = [side for pair in zip_longest(texts, codes) for side in pair if side is not None]
        for number, side in enumerate(sides, 1):
            paper.leaf()
            foot = f"side {number} of {len(sides)}"
            if isinstance(side, Payload):
                _code(paper, card, side, foot)
            else:
                _face(paper, card, side, foot)
        return paper.bytes_of()


def _sides(paper: Paper, card: Card) -> list[_Side]:
    """What the card says, in the largest type in which it is one side; in the smallest, on as many as it takes.

    A paragraph that fits on a side is never parted.
    """
    room = _BOTTOM - _top()
    sides: list[_Side] = []
    for size in _SIZES:
        most = int(room / (size * POINT * LEADING))
        told = [paper.lines_of(runs, _WIDTH, size) for runs in _said(card)]
        sides = [_Side(tuple(lines), size) for lines in _packed(told, most)]
        if len(sides) == 1:
            break
    return sides


def _packed(paragraphs: Iterable[list[Line]], most: int) -> list[list[Line]]:
    """The paragraphs on sides of at most so many lines."""
    sides: list[list[Line]] = [[]]
    for lines in paragraphs:
        if sides[-1] and len(sides[-1]) + len(lines) > most:
            sides.append([])
        for start in range(0, len(lines), most):
            if len(sides[-1]) + len(lines[start : start + most]) > most:
                sides.append([])
            sides[-1] += lines[start : start + most]
    return sides


def _said(card: Card) -> Iterator[Iterable[Run]]:
    """Dangers, genes, what has no result: each a paragraph."""
    for danger in card.dangers:
        what, bracket, why = danger.partition(" (")
        yield Run("!", bold=True, badge="stop"), Run(" "), Run(what, bold=True), Run(bracket + why)
    if not card.dangers:
        yield (Run(NO_DANGER),)
    for gene in card.genes:
        yield Run("• "), Run(gene)
    if card.without:
        yield Run("○ "), Run(f"No result: {joined(card.without)}")
    yield (Run(_SILENCE, quiet=True),)


def _name_size(paper: Paper, name: str) -> float:
    """The size in which a name takes one line."""
    width = paper.width_of(Run(paper.checked(name), bold=True), 9.0)
    return min(9.0, 9.0 * _WIDTH / width)


def _top() -> float:
    return _MARGIN - 1 + (9.0 + 7.0) * POINT * LEADING + 1.2


def _face(paper: Paper, card: Card, side: _Side, foot: str) -> None:
    """Whose card it is, and what it says."""
    y = _MARGIN - 1
    title = Run(_TITLE, quiet=True)
    paper.set_lines([[title]], _MARGIN + _WIDTH - paper.width_of(title, _SMALL), y + 9.0 * POINT * LEADING, _SMALL)
    paper.set_lines([[Run(card.name, bold=True)]], _MARGIN, y, _name_size(paper, card.name))
    born = paper.lines_of([Run(f"Born {dated(card.born)}")], _WIDTH * 0.7, 7.0)[:1]
    y = paper.set_lines(born, _MARGIN, y + 9.0 * POINT * LEADING, 7.0)
    paper.rule(_MARGIN, y + 0.4, (_MARGIN + _WIDTH, y + 0.4), 0.4)
    paper.set_lines(side.lines, _MARGIN, _top(), side.size)
    _foot(paper, _edition(card), foot)


def _code(paper: Paper, card: Card, payload: Payload, foot: str) -> None:
    """The code, and beside it whose it is, how to check it, and by whose key."""
    code = segno.make(payload.text, error="m", boost_error=False, micro=False, encoding="utf-8")
    module = _CODE / (len(code.matrix) + 2 * _QUIET)
    for row, bits in enumerate(code.matrix):
        for start, end in _dark(bits):
            x, y = 1.0 + (start + _QUIET) * module, 1.0 + (row + _QUIET) * module
            paper.set_fill_color(0)
            paper.rect(x, y, (end - start) * module, module, style="F")
    x = 1.0 + _CODE + 1.5
    y = 1.0 + _QUIET * module
    for runs, size in _beside(card, payload):
        y = paper.set_lines(paper.lines_of(runs, _ID_1[0] - x - 2.5, size), x, y, size) + 0.7
    _foot(paper, "", foot)


def _beside(card: Card, payload: Payload) -> Iterator[tuple[Iterable[Run], float]]:
    yield (Run(card.name, bold=True),), 7.0
    yield (Run(f"Born {dated(card.born)}"),), 6.0
    yield (Run(f"Code {payload.field('part')} of {payload.field('parts')}", bold=True),), 6.0
    yield (Run("Any scanner shows its text; whether it is genuine says: starling verify-card"),), _SMALL
    yield (Run(f"Key {payload.key}"),), _SMALL
    yield (Run(_edition(card)),), _SMALL
    if left := payload.field("left"):
        yield (Run(f"Left out of the code: {left}", bold=True),), _SMALL
    yield (Run(NOT_A_DEVICE_SHORT, quiet=True),), _SMALL


def _edition(card: Card) -> str:
    return f"Made {dated(card.made)}; knowledge {card.version}, checked {dated(card.checked_on)}"


def _foot(paper: Paper, left: str, right: str) -> None:
    y = _ID_1[1] - 5.0
    number = Run(right)
    paper.set_lines([[Run(left)]], _MARGIN, y, _SMALL)
    paper.set_lines([[number]], _ID_1[0] - _MARGIN - paper.width_of(number, _SMALL), y, _SMALL)


def _dark(bits: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where dark modules of a row begin and end."""
    start = None
    for at, bit in enumerate((*bits, 0)):
        if bit and start is None:
            start = at
        elif not bit and start is not None:
            yield start, at
            start = None
