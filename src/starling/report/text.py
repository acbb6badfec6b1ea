"""Text for human eyes: nothing invisible, nothing that steers a terminal, and columns that line up."""

from __future__ import annotations

import unicodedata
from typing import Final

#: Joiners that some scripts need between letters (Persian, Hindi); they cannot reorder or hide anything.
_JOINERS: Final = frozenset({"\u200c", "\u200d"})

#: Control, format (bidirectional overrides among them), surrogate, private and unassigned characters, and the two
#: separators that break lines.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""The text on one line with every character that one cannot see written out as its escape.

    >>> visible("Ann\x1b[2J")  # a sample name that would clear the prescriber's screen
    'Ann\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")


def columns(text: str) -> int:
    """How many columns a terminal gives to the text: two for wide letters, none for combining marks.

    >>> columns("µg"), columns("李")
    (2, 2)
    """
    if text.isascii():
        return len(text)
    return sum(map(_column, text))


def _column(character: str) -> int:
    if unicodedata.combining(character) or character in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def pad(text: str, width: int) -> str:
    """The text with blanks up to `width` columns; longer text stays whole."""
    return text + " " * (width - columns(text))


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken at blanks; a longer word is cut.  Never empty.

    >>> wrap("Give half the usual dose", 12)
    ['Give half', 'the usual', 'dose']
    """
    lines: list[str] = []
    line, taken = "", 0
    for word in text.split():
        size = columns(word)
        if line and taken + 1 + size <= width:
            line, taken = f"{line} {word}", taken + 1 + size
            continue
        if line:
            lines.append(line)
        *cut, line = [word] if size <= width else _pieces(word, width)
        taken = columns(line) if cut else size
        lines += cut
    return [*lines, line]


def _pieces(word: str, width: int) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and columns(pieces[-1]) + _column(character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
