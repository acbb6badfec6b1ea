"""Shards -> results, on this machine's processes or on a Ray cluster: the same function, the same outcome.

A process that dies (killed, out of memory) costs its own shard, which is tried again; an error of the input is named
and not tried again; a defect ends the run.  A single shard needs no process of its own: with it all of the run is lost
or won, and a run that died goes on where it was when it is asked for again.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Event, Thread
from typing import Final, Generic, Literal, TypeVar

from starling.cohort.outcomes import ATTEMPTS, TICK_S, Done, Failed, attempt, settled
from starling.values import dataclass

EngineName = Literal["local", "ray"]
S = TypeVar("S")
R = TypeVar("R")
#: Objects made and not freed before garbage is looked for; the interpreter's 700 cost a tenth of a run.
_GARBAGE_OBJECTS: Final = 50_000


def run(
    work: Callable[[S], R],
    shards: Sequence[S],
    *,
    engine: EngineName = "local",
    workers: int | None = None,
    name: Callable[[S], str],
    finished: Callable[[Done[R] | Failed], None],
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Every shard was worked on once; `finished` is called here, shard by shard, in whatever order they end.

    `work` must be importable by its name, and its results picklable.  `workers`: how many at a time (None: one for
    each processor); with 1, or a single shard, everything runs in this process.  `tick` is called about once a second
    meanwhile, by whatever thread, never while `finished` is.
    Raises: InternalError for a defect in `work`; InputError EXTRA_MISSING without Ray; KeyboardInterrupt, after
    everything that runs was stopped.
    """
    if engine == "ray":
        from starling.cohort.workers_ray import run_on_ray

        run_on_ray(work, shards, workers=workers, name=name, finished=finished, tick=tick)
        return
    number = min(workers or os.cpu_count() or 1, len(shards))
    if number > 1:
        _Local(work, shards, number, name, finished).run(tick)
        return
    for shard in shards:
        with _ticking(tick):
            outcome = attempt(work, shard)
        finished(settled(outcome, name(shard)))


@contextmanager
def few_collections() -> Iterator[None]:
    """Garbage is looked for less often: a shard is many values, none of which refers back to what refers to it."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _GARBAGE_OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _ticking(tick: Callable[[], None]) -> Iterator[None]:
    """`tick` is called meanwhile, by another thread; it is not called any more once this is over."""
    over = Event()

    def repeat() -> None:
        while not over.wait(TICK_S):
            tick()

    thread = Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass
class _Worker:
    """A process, our end of its pipe, and the shard it has."""

    process: SpawnProcess
    pipe: Connection
    shard: int | None = None


class _Local(Generic[S, R]):
    """Processes of this machine, one pipe each, so that a death is the death of one shard's process alone.

    They are spawned, not forked: the caller may have threads (DuckDB, pyarrow), which a fork would break.
    """

    def __init__(
        self,
        work: Callable[[S], R],
        shards: Sequence[S],
        number: int,
        name: Callable[[S], str],
        finished: Callable[[Done[R] | Failed], None],
    ) -> None:
        self._work = work
        self._shards = shards
        self._name = name
        self._finished = finished
        self._number = number
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._waiting = deque(range(len(shards)))
        self._begun = [0] * len(shards)
        self._workers: list[_Worker] = []

    def run(self, tick: Callable[[], None]) -> None:
        """All shards are done; no process is left, whatever happens."""
        try:
            while self._waiting or any(worker.shard is not None for worker in self._workers):
                self._hand_out()
                self._take_in()
                tick()
        finally:
            self._stop()

    def _hand_out(self) -> None:
        """Every waiting shard that a worker is free for is begun."""
        while self._waiting:
            worker = self._free()
            if worker is None:
                return
            worker.shard = self._waiting.popleft()
            self._begun[worker.shard] += 1
            with suppress(OSError):  # a worker that is already dead is found by its closed pipe
                worker.pipe.send(self._shards[worker.shard])

    def _free(self) -> _Worker | None:
        for worker in self._workers:
            if worker.shard is None:
                return worker
        if len(self._workers) == self._number:
            return None
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._work), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _take_in(self) -> None:
        """Workers answered or died, or a second passed."""
        pipes = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(pipes), timeout=TICK_S):
            assert isinstance(pipe, Connection)
            worker = pipes[pipe]
            try:
                outcome = pipe.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            shard, worker.shard = worker.shard, None
            assert shard is not None
            self._finished(settled(outcome, self._name(self._shards[shard])))

    def _bury(self, worker: _Worker) -> None:
        """The shard of a dead worker is tried again, after all others, or given up."""
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        if worker.shard is None:
            return
        if self._begun[worker.shard] < ATTEMPTS:
            self._waiting.append(worker.shard)
        else:
            name = self._name(self._shards[worker.shard])
            self._finished(Failed(name, f"its process died {ATTEMPTS} times (out of memory?)"))

    def _stop(self) -> None:
        for worker in self._workers:
            if worker.shard is None:
                worker.pipe.close()  # the end of its work: it leaves by itself
            else:
                worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()


def _serve(pipe: Connection, work: Callable[[S], R]) -> None:
    """One worker: shards come in, outcomes go out, until the pipe is closed.

    Ctrl-C reaches the whole group of processes; only the caller acts on it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with few_collections(), suppress(EOFError, BrokenPipeError):
        while True:
            pipe.send(attempt(work, pipe.recv()))
