"""Blocks of terminal text: paint, paragraphs, bullets, boxes and tables, none wider than asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from starling.report.text import columns, pad, visible, wrap
from starling.values import dataclass

#: Narrower than this nothing can be laid out; wider lines are hard to read.
NARROWEST: Final = 60
WIDEST: Final = 120

#: Colours of the fixed part of the 256-colour palette (16 to 255), never one of the sixteen that a terminal paints as
#: it likes: bright yellow is unreadable on white, dark blue on black.  Contrast to white is at least 4.5 and to black
#: at least 3.8; no colour can have much above 4.5 to both.  Source: WCAG 2.2, contrast ratio (success criterion 1.4.3).
_TONES: Final = {
    "stop": "1;38;5;160",
    "change": "1;38;5;163",
    "dose": "1;38;5;130",
    "test": "1;38;5;98",
    "watch": "1;38;5;63",
    "usual": "38;5;28",
    "none": "38;5;243",
    "quiet": "38;5;243",
    "bold": "1",
    "warn": "38;5;130",
}


@dataclass(frozen=True, slots=True)
class Page:
    """How to set text: with colour or without, and how wide."""

    colour: bool
    width: int

    @classmethod
    def of(cls, *, colour: bool, width: int) -> Page:
        """A page of a width that can be set and read."""
        return cls(colour, max(NARROWEST, min(WIDEST, width)))

    def paint(self, text: str, tone: str) -> str:
        """The text in its colour; unchanged on a page without colour."""
        return f"\x1b[{_TONES[tone]}m{text}\x1b[0m" if self.colour and text.strip() else text

    def paragraph(self, text: str, *, first: str = "", rest: str | None = None, tone: str = "") -> list[str]:
        """The text wrapped behind `first`, the following lines behind `rest` (blank when not given)."""
        rest = " " * columns(first) if rest is None else rest
        lines = wrap(visible(text), self.width - max(columns(first), columns(rest)))
        return [
            (rest if number else first) + (self.paint(line, tone) if tone else line)
            for number, line in enumerate(lines)
        ]

    def bullets(self, texts: Iterable[str], *, indent: str = "  ", tone: str = "") -> list[str]:
        """Each text as a bullet."""
        return [line for text in texts for line in self.paragraph(text, first=f"{indent}• ", tone=tone)]

    def heading(self, text: str) -> list[str]:
        """A heading with a rule as wide as the page, a blank line before it."""
        return ["", self.paint(text.upper(), "bold"), "─" * self.width]

    def box(self, lines: Sequence[str], tone: str, *, titled: int = 0) -> list[str]:
        """The lines in a frame; each must be plain and at most `width - 4` columns wide.

        `titled`: so many of the first lines are in the colour of the frame.
        """
        inner = self.width - 4
        said = [
            self.paint(pad(line, inner), tone) if at < titled else pad(line, inner) for at, line in enumerate(lines)
        ]
        middle = [f"{self.paint('│', tone)} {line} {self.paint('│', tone)}" for line in said]
        bar = "─" * (inner + 2)
        return [self.paint(f"┌{bar}┐", tone), *middle, self.paint(f"└{bar}┘", tone)]

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> list[str]:
        """Rows of wrapped cells under a head; the last column takes what the others leave."""
        taken = [*widths, self.width - sum(widths) - 2 * len(widths) - 2]
        lines = [self.paint(line, "quiet") for line in _row(head, taken)]
        for row in rows:
            lines += _row(row, taken)
        return lines


def _row(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [wrap(visible(cell), width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped))
    filled = [lines + [""] * (height - len(lines)) for lines in wrapped]
    return [
        ("  " + "  ".join(pad(cell, width) for cell, width in zip(line, widths, strict=True))).rstrip()
        for line in zip(*filled, strict=True)
    ]
