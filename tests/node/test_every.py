"""A thread that does one thing again and again: no failure ends it, and stopping waits for what is being done."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from threading import Event

import pytest

from starling.errors import InputError
from starling.node.every import Every


def test_what_fails_is_said_and_tried_again(capfd: pytest.CaptureFixture[str]) -> None:
    done, errors = Event(), iter([InputError("FILE_UNREADABLE", "cannot\x1b be read", source="x"), KeyError("secret")])

    def action() -> float:
        for error in errors:
            raise error
        done.set()
        return 3_600

    every = Every("looking", action, again_s=0.01)
    every.start()
    assert done.wait(30)
    every.stop()
    assert capfd.readouterr().err == (
        "starling: looking: x: cannot\\x1b be read [FILE_UNREADABLE]\nstarling: looking: KeyError\n"
    )


def test_it_is_woken_and_stopped() -> None:
    rounds, twice = iter((1, 2)), Event()

    def action() -> float:
        if next(rounds) == 2:
            twice.set()
        return 3_600

    every = Every("waiting", action)
    every.start()
    every.wake()
    assert twice.wait(30)
    every.stop()
    assert not every.goes_on
    Every("never begun", action).stop()


def test_attack_nobody_reads_standard_error_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    done, failed = Event(), iter([OSError("first"), KeyError("second")])
    reader, writer = os.pipe()
    os.close(reader)

    def action() -> float:
        for error in failed:
            raise error
        done.set()
        return 3_600

    with suppress(BrokenPipeError), os.fdopen(writer, "w", buffering=1) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        every = Every("looking", action, again_s=0.01)
        every.start()
        assert done.wait(30)
        every.stop()
        monkeypatch.undo()
