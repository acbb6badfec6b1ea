"""The progress bar: only on a terminal, only after a second, and gone when done."""

from __future__ import annotations

import io

import pytest

from starling.cli.screen import ProgressBar, uses_colour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_bar_outside_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    bar = ProgressBar("reading", started=-10.0)
    bar(50, 100)
    assert stream.getvalue() == ""


def test_a_bar_after_a_second_and_none_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    bar = ProgressBar("reading", started=-10.0)
    bar(50_000_000, 100_000_000)
    assert "50% 50 MB" in stream.getvalue()
    bar.close()
    assert stream.getvalue().endswith("\r")


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    ProgressBar("reading")(1, 2)
    assert stream.getvalue() == ""


def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert uses_colour(Terminal())
    assert not uses_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not uses_colour(Terminal())
