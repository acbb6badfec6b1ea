"""Who does what takes long: a process of its own for questions, and one for what runs beside them.

Python does one thing at a time in a process: whoever reads a file there makes questions wait, thread or not.  So the
process that serves asks others to compute, and does nothing itself but answer, keep and record.  None of them writes
anything: a process that dies costs what it was doing, and that is done again.
"""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import LifoQueue
from threading import Lock
from typing import Any, Protocol, TypeVar, TypeVarTuple

from starling.engine import Engine
from starling.errors import InputError
from starling.node import scheduling, wire, worker
from starling.node.scheduling import Grant, Plan
from starling.node.slices import Slice
from starling.node.spool import take_away_left_behind

Given = TypeVarTuple("Given")
R = TypeVar("R")
#: seconds that a process has to leave when it is asked to; that it may stop for in the middle of a word, longer than it
#: stands still while questions are late (ours)
_LEAVE_S, _STALLED_S = 5, 120


class LaneGoneError(OSError):
    """The process ended while it was at work, and so did the next one."""


class Lane(Protocol):
    """Does something with the knowledge, wherever that happens."""

    def do(self, engine: Engine, work: Callable[[Engine, *Given], R], *given: *Given) -> R:
        """`work(engine, *given)`.  `work` is a function of a module; what it takes can be pickled.

        What it gives travels as `wire` says; of a function that is not named there a text or a number.

        Raises: whatever `work` raises; LaneGoneError.
        """
        ...


class Here:
    """A lane that is none: the caller does it."""

    def do(self, engine: Engine, work: Callable[[Engine, *Given], R], *given: *Given) -> R:
        """As `Lane.do`."""
        return work(engine, *given)


class Apart:
    """A lane of one process, which is started again when it ended.  One thing at a time; others wait."""

    def __init__(
        self, plan: Plan, edition: worker.Edition, *, beside: Slice | None = None, longest_s: float | None = None
    ) -> None:
        """`beside`: it runs behind others, and this bounds it.  `longest_s`: for one thing; None: no limit."""
        self._longest_s = longest_s
        self._plan = plan
        self._edition = edition
        self._beside = beside
        self._turn = Lock()
        self._state = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._is_paused = self._is_over = self._is_greeted = False
        self.grants: tuple[Grant, ...] = ()

    def start(self) -> None:
        """The process is there, or nearly.  Raises: OSError."""
        with self._turn:
            self._started()

    def greeted(self) -> tuple[Grant, ...]:
        """What the system gave it.  Raises: LaneGoneError."""
        with self._turn:
            try:
                self._ready()
            except (EOFError, OSError, wire.WireError) as error:
                raise LaneGoneError("the process of a lane does not start") from error
        return self.grants

    def do(self, engine: Engine, work: Callable[[Engine, *Given], R], *given: *Given) -> R:
        """As `Lane.do`."""
        knowledge = engine.knowledge
        self._edition = (str(knowledge.path.absolute()), knowledge.stamp.sha256)
        with self._turn:
            told = self._answer((self._edition, work, given))
        if told.other:
            return work(engine, *given)
        try:
            found: R = wire.given(work, told)
        except wire.WireError as error:
            raise LaneGoneError(f"the process of a lane gave {error}") from error
        return found

    def _answer(self, asked: Any) -> wire.Told:
        """Once more where the process had ended: it may have been killed while nobody asked anything."""
        for _ in range(2):
            try:
                pipe = self._ready()
                pipe.send(asked)
                if self._longest_s is not None and not pipe.poll(self._longest_s):
                    self._end()
                    raise InputError("TOO_SLOW", "it took longer than the settings allow")
                return wire.told(pipe.recv_bytes(wire.LARGEST))
            except (EOFError, OSError, wire.WireError):
                self._end()
        raise LaneGoneError("the process of a lane ended while it was at work")

    def _ready(self) -> Connection:
        """Raises: EOFError, OSError, WireError."""
        if self._pipe is None:
            self._started()
        assert self._pipe is not None
        if not self._is_greeted:
            self.grants = wire.greeted(self._pipe.recv_bytes(wire.LARGEST)) or self.grants
            with self._state:
                self._is_greeted = True
                self._stand_still()
        return self._pipe

    def _started(self) -> None:
        """Raises: LaneGoneError once it is over; OSError."""
        with self._state:
            if self._is_over:
                raise LaneGoneError("the node ends")
            if self._process is not None:
                return
            ours, theirs = socket.socketpair()
            for way in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                ours.setsockopt(socket.SOL_SOCKET, way, struct.pack("ll", _STALLED_S, 0))
            with theirs:
                told = worker.words(theirs.fileno(), self._plan, self._edition)
                command = [sys.executable, "-c", worker.SCRIPT, told, *sys.path]
                self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                    command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
                )
            self._pipe, self.grants, self._is_greeted = Connection(ours.detach()), (), False
            if self._beside is not None:
                self.grants = scheduling.put_behind(self._process.pid, self._plan)
                self._beside.take_in(self._process.pid)

    def pause(self) -> None:
        """It stands still until `resume`."""
        with self._state:
            self._is_paused = True
            self._stand_still()

    def _stand_still(self) -> None:
        """Not before it said that it ends with this process: one that stands still would not notice by itself."""
        is_there = self._process is not None and self._pipe is not None and (self._is_greeted or self._pipe.poll())
        if self._is_paused and is_there:
            assert self._process is not None
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        with self._state:
            self._is_paused = False
            if self._process is not None:
                self._process.send_signal(signal.SIGCONT)

    @property
    def process(self) -> int | None:
        """The number of the process; None: there is none."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """The process is gone, and no other is started; what it was doing is done again after the next start."""
        with self._state:
            self._is_over = True
            process = self._process
        if process is None:
            return
        for number in (worker.LEAVE, signal.SIGCONT):
            process.send_signal(number)
        with self._turn:
            self._end()

    def _end(self) -> None:
        with self._state:
            if self._pipe is not None:
                self._pipe.close()
            if self._process is not None:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(_LEAVE_S if self._is_over else 0)
                self._process.kill()
                self._process.wait()
                take_away_left_behind()
            self._pipe = self._process = None


class Several:
    """A lane of several processes: whichever is free, the one that worked last before the others.

    Where a process ends again and again the caller does it: a question is answered, if later.
    """

    def __init__(self, lanes: Sequence[Apart]) -> None:
        self.lanes = tuple(lanes)
        self._free: LifoQueue[Apart] = LifoQueue()
        for each in reversed(self.lanes):
            self._free.put(each)

    def do(self, engine: Engine, work: Callable[[Engine, *Given], R], *given: *Given) -> R:
        """As `Lane.do`, and never raises LaneGoneError."""
        lane = self._free.get()
        try:
            return lane.do(engine, work, *given)
        except LaneGoneError:
            return work(engine, *given)
        finally:
            self._free.put(lane)
