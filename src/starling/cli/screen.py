"""What the terminal is like, and a progress bar that shows only on one."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from starling.values import dataclass, field

#: seconds before a bar appears: short work needs none
PATIENCE_S = 1.0
_REDRAW_S = 0.2
_NO_TERMINAL = 100
_BAR = 30


def uses_colour(stream: TextIO) -> bool:
    """Whether colour belongs there: a terminal, and nobody asked for none (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns of the terminal (or of COLUMNS, where it is set), 100 when there is none."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isdecimal() and int(stated):
        return int(stated)
    try:  # shutil does the same and loads every archive format before
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or _NO_TERMINAL if sys.__stdout__ else _NO_TERMINAL
    except (ValueError, OSError):
        return _NO_TERMINAL


def print_wrapped(line: str) -> None:
    """One line of text on standard output, wrapped under its own indent."""
    import textwrap

    from starling.report.text import visible

    indent = " " * (len(line) - len(line.lstrip(" \n")) + 2)
    for part in line.split("\n"):
        sys.stdout.write(
            (textwrap.fill(visible(part), max(60, width()), subsequent_indent=indent) if part else "") + "\n"
        )


@dataclass(slots=True)
class ProgressBar:
    """So many of so many, on stderr when it is a terminal and the work takes longer than a second.

    `unit`: what is counted; bytes are shown as MB.
    """

    label: str
    unit: str = "bytes"
    started: float = field(default_factory=time.monotonic)
    drawn: float = 0.0

    def __call__(self, done: int, total: int | None) -> None:
        """Draws the bar when it is due."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self.started < PATIENCE_S or now - self.drawn < _REDRAW_S:
            return
        self.drawn = now
        sys.stderr.write("\r" + self._line(done, total, now - self.started))
        sys.stderr.flush()

    def close(self) -> None:
        """Removes the bar."""
        if self.drawn:
            sys.stderr.write("\r" + " " * 78 + "\r")
            sys.stderr.flush()

    def _line(self, done: int, total: int | None, seconds: float) -> str:
        read = f"{done / 1e6:.0f} MB" if self.unit == "bytes" else f"{done:,} {self.unit}"
        if not total:
            return f"{self.label} {read}"
        share = min(1.0, done / total)
        bar = "█" * round(share * _BAR)
        left = f"{seconds * (1 - share) / share:.0f} s left" if share else ""
        said = ", ".join(filter(None, (read, left)))
        return f"{self.label} {bar:░<{_BAR}} {share:4.0%} {said}".ljust(78)
