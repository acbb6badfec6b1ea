"""Work for engines, importable by processes that are started afresh."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from starling.errors import InputError


@dataclass(frozen=True, slots=True)
class Square:
    """Squares numbers; some of them are trouble.

    `killed`: the process is killed while it works on these: once (with a `marks` folder), else every time.
    """

    killed: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    broken: tuple[int, ...] = ()
    marks: str = ""
    seconds: float = 0.0

    def __call__(self, number: int) -> int:
        if number in self.killed and self._first_time(number):
            os.kill(os.getpid(), signal.SIGKILL)
        if number in self.refused:
            raise InputError("BAD_RECORD", "not a number", source="numbers.vcf", line=number)
        if number in self.broken:
            raise ZeroDivisionError("the defect")
        if self.marks:
            Path(self.marks, f"pid-{os.getpid()}").touch()
        time.sleep(self.seconds)
        return number * number

    def _first_time(self, number: int) -> bool:
        if not self.marks:
            return True
        mark = Path(self.marks, f"killed-{number}")
        known = mark.exists()
        mark.touch()
        return not known
