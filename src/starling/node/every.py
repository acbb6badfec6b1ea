"""What a node does beside answering: each thing in a thread of its own, woken or after a while, until it is stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Final

from starling.errors import StarlingError
from starling.report.text import visible

#: seconds until something that failed is tried again (ours)
AGAIN_S: Final = 30.0


class Every:
    """`action` is done at the start, when it is woken, and after the seconds that it gave back.

    What it raises is one line on standard error, and it is tried again later: no failure ends it.
    """

    def __init__(self, name: str, action: Callable[[], float], *, again_s: float = AGAIN_S) -> None:
        self._name = name
        self._action = action
        self._again_s = again_s
        self._woken = Event()
        self._ended = False
        self._thread = Thread(target=self._run, name=name, daemon=True)

    @property
    def goes_on(self) -> bool:
        """False as soon as it is asked to stop."""
        return not self._ended

    def start(self) -> None:
        """It begins."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do now."""
        self._woken.set()

    def stop(self, *, longest_s: float = 30) -> None:
        """What is being done is finished, in that time at the longest; nothing more is begun."""
        self._ended = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(longest_s)

    def _run(self) -> None:
        while not self._ended:
            try:
                pause = self._action()
            except Exception as error:  # noqa: BLE001 -- the outermost boundary of a thread
                said = f"{error} [{error.code}]" if isinstance(error, StarlingError) else type(error).__name__
                with suppress(OSError, ValueError):  # nobody reads it any more: that ends nothing either
                    sys.stderr.write(f"starling: {self._name}: {visible(said)}\n")
                pause = self._again_s
            self._woken.wait(pause)
            self._woken.clear()
