"""PDF: fonts that are embedded, and lines that are measured before they are set.

Black on white; what stands out does so by a sign, a word and a frame, never by a colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Final, Self

from fpdf import FPDF, ViewerPreferences
from fpdf.enums import DocumentCompliance
from fpdf.fonts import TTFFont

from starling.errors import InputError
from starling.values import dataclass

_FONTS: Final = Path(__file__).parent / "fonts"
_FAMILY: Final = "starling"
#: A font that a site adds for scripts which ours does not have.
_MORE: Final = "added"
#: Distance of lines as a multiple of the size of the type (ours).
LEADING: Final = 1.18
#: Millimetres in a point.
POINT: Final = 25.4 / 72
#: What is quiet is a grey of at least 7 : 1 to white.  Source: WCAG 2.2, contrast (enhanced), 1.4.6.
_QUIET: Final = 70
#: How a font begins.  Source: OpenType 1.9.1, "Organization of an OpenType font"; `true` is Apple's.
_FONT_HEADS: Final = frozenset({b"\x00\x01\x00\x00", b"OTTO", b"true"})
_SPACES: Final = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line.  `badge`: framed as one word, `stop` in white on black; empty: plain text."""

    text: str
    bold: bool = False
    quiet: bool = False
    badge: str = ""


Line = Sequence[Run]


class Paper(FPDF):
    """Pages of one size in millimetres, to be used with `with`: fonts are files.

    `font`: a TrueType file for letters that ours lacks.

    Raises: InputError FONT_LACKS, the sender's, when a text has a letter that no font here has: it is never left out.
    """

    def __init__(self, size: tuple[float, float], title: str, created: str, font: Path | None = None) -> None:
        super().__init__(unit="mm", format=size, enforce_compliance=DocumentCompliance.PDFA_2U)
        self.dry = False
        for style, name in (("", "DejaVuSansCondensed.ttf"), ("B", "DejaVuSansCondensed-Bold.ttf")):
            self.add_font(_FAMILY, style, _FONTS / name)
        self.known = frozenset(self._type(_FAMILY).cmap)
        self.added: frozenset[int] = frozenset()
        if font is not None:
            self._add(font)
        self.set_auto_page_break(auto=False)
        self.set_margin(0)
        self.set_lang("en")
        self.set_title(title)
        self.set_creator("Starling")
        self.set_producer("fpdf2")
        self.set_creation_date(_moment(created))
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def _add(self, font: Path) -> None:
        try:
            with font.open("rb") as stream:
                if stream.read(4) not in _FONT_HEADS:
                    raise InputError("FONT_LACKS", "is no TrueType font", source=str(font))
            for style in ("", "B"):
                self.add_font(_MORE, style, font)
        except InputError:
            self.__exit__()
            raise
        except Exception as error:  # fontTools' own kinds for what is damaged, and those of files
            self.__exit__()
            said = f"is no TrueType font that can be read here ({type(error).__name__})"
            raise InputError("FONT_LACKS", said, source=str(font)) from error
        self.added = frozenset(self._type(_MORE).cmap)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()  # read as long as letters are needed, and closed by nobody else

    def _type(self, key: str) -> TTFFont:
        font = self.fonts[key]
        assert isinstance(font, TTFFont)
        return font

    def leaf(self) -> None:
        """The next page."""
        if not self.dry:
            self.add_page()

    def rule(self, x: float, y: float, to: tuple[float, float], thick: float) -> None:
        """A line of so many millimetres."""
        if not self.dry:
            self.set_draw_color(0)
            self.set_line_width(thick)
            self.line(x, y, *to)

    def checked(self, text: str) -> str:
        """The text.  Raises: InputError FONT_LACKS when it cannot be set whole."""
        lacking = sorted({letter for letter in text if not letter.isspace() and not self._has(letter)})
        if lacking:
            named = " ".join(lacking[:5])
            raise InputError("FONT_LACKS", f"the font of this program has no {named}; name one that has with --font")
        return text

    def _has(self, letter: str) -> bool:
        return ord(letter) in self.known or ord(letter) in self.added

    def width_of(self, run: Run, size: float) -> float:
        """Millimetres that a run takes."""
        style = "B" if run.bold else ""
        own, added = self._type(_FAMILY + style).cw, self._type(_MORE + style).cw if self.added else {}
        units: float = sum((own if ord(letter) in self.known else added)[ord(letter)] for letter in run.text)
        return units / 1000 * size * POINT + (size * POINT * 0.7 if run.badge else 0)

    def lines_of(self, runs: Iterable[Run], width: float, size: float) -> list[Line]:
        """The runs in lines of at most `width` millimetres; a word that is longer is cut between letters."""
        lines: list[list[Run]] = [[]]
        used = 0.0
        for piece in self._pieces(runs, width, size):
            taken = self.width_of(piece, size)
            if used and used + taken > width and piece.text.strip():
                lines.append([])
                used = 0.0
            if not piece.text.strip() and not used:
                continue
            lines[-1].append(piece)
            used += taken
        return [line for line in lines if line]

    def _pieces(self, runs: Iterable[Run], width: float, size: float) -> Iterable[Run]:
        for run in runs:
            self.checked(run.text)
            if run.badge:
                yield run
                continue
            for word in _SPACES.findall(run.text):
                one = Run(" " if word.isspace() else word, run.bold, run.quiet)
                yield from (one,) if self.width_of(one, size) <= width else self._cut(one, width, size)

    def _cut(self, run: Run, width: float, size: float) -> Iterable[Run]:
        part = ""
        for letter in run.text:
            if part and self.width_of(Run(part + letter, run.bold), size) > width:
                yield Run(part, run.bold, run.quiet)
                part = ""
            part += letter
        yield Run(part, run.bold, run.quiet)

    def set_lines(self, lines: Iterable[Line], x: float, y: float, size: float) -> float:
        """The lines from `y` downwards; gives the place below them."""
        step = size * POINT * LEADING
        for line in lines:
            if not self.dry:
                self._set(line, x, y, size)
            y += step
        return y

    def _set(self, line: Line, x: float, y: float, size: float) -> None:
        for run in _merged(line):
            width = self.width_of(run, size)
            if run.badge:
                self._frame(run, x, y, width, size * POINT * LEADING)
            self.set_text_color(255 if run.badge == "stop" else _QUIET if run.quiet else 0)
            at = x + (size * POINT * 0.25 if run.badge else 0)
            for is_own, letters in groupby(run.text, lambda letter: ord(letter) in self.known):
                text = "".join(letters)
                self.set_font(_FAMILY if is_own else _MORE, "B" if run.bold else "", size)
                self.text(at, y + size * POINT * 0.92, text)
                at += self.width_of(Run(text, run.bold), size)
            x += width

    def _frame(self, run: Run, x: float, y: float, width: float, step: float) -> None:
        self.set_draw_color(0)
        self.set_fill_color(0)
        self.set_line_width(0.2)
        style = "F" if run.badge == "stop" else "D"
        self.rect(x, y + step * 0.04, width - step * 0.16, step * 0.9, style=style)

    def bytes_of(self) -> bytes:
        """The document."""
        return bytes(self.output())


def _merged(line: Line) -> list[Run]:
    """Neighbours of one style as one piece, so that a reader of the file finds words and not letters."""
    found: list[Run] = []
    for run in line:
        last = found[-1] if found else None
        if last and not last.badge and not run.badge and (last.bold, last.quiet) == (run.bold, run.quiet):
            found[-1] = Run(last.text + run.text, run.bold, run.quiet)
        else:
            found.append(run)
    return found


def _moment(created: str) -> datetime:
    """The moment of a run; where none is stated a fixed one, so that nothing depends on a clock."""
    try:
        return datetime.fromisoformat(created)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)
