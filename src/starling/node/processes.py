"""The processes of a node that serves: its own, those that compute answers, and the one that reads files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Final, Self

from starling.engine import Engine
from starling.node import scheduling
from starling.node.lanes import Apart, Here, Lane, Several
from starling.node.scheduling import Grant, Plan
from starling.node.service import Node
from starling.node.settings import Settings
from starling.node.slices import Slice, own_group
from starling.report.text import visible

#: Seconds after which a thread that has the interpreter lets another have it that wants it: of 5 ms, the usual, several
#: would be a whole answer (ours, measured: bench/node.py).
SWITCH_S: Final = 0.0005


class Processes:
    """Those beside the one that serves, started and ended with it; and what each was given by the system."""

    beside: Apart
    asking: Lane

    def __init__(self, settings: Settings, engine: Engine) -> None:
        """Raises: InputError BAD_SETTING."""
        self._settings = settings
        self._cpus = scheduling.cpus_of(settings.question_cpus)
        knowledge = engine.knowledge
        self._edition = (str(knowledge.path.absolute()), knowledge.stamp.sha256)
        self._slice: Slice | None = None
        self._all: dict[str, Apart] = {}
        self._back: Callable[[], object] = int
        self._switch_s = sys.getswitchinterval()
        self.grants: dict[str, tuple[Grant, ...]] = {}

    def __enter__(self) -> Self:
        """This process is given what it asks for, and so are all threads that it starts later; the others run.

        Raises: LaneGoneError.
        """
        self._back = scheduling.given_back()
        priority, locked = self._settings.question_priority, self._settings.lock_memory
        # who answers what is kept, and hands out the rest, goes before who computes
        own = scheduling.apply(Plan(priority, self._cpus, locked=locked))
        is_first = any(each.name == "fifo" and each.given for each in own)
        self._slice = Slice(self._settings.background_percent, group=own_group(), yields=not is_first)
        behind = Plan(background=True, cpus=scheduling.others_than(self._cpus), yields=not is_first)
        reading_s = self._settings.reading_seconds
        self.beside = Apart(behind, self._edition, beside=self._slice, longest_s=reading_s)
        plan = Plan(min(priority, max(1, priority - 1)), self._cpus, locked=locked)
        longest_s, count = self._settings.request_seconds, self._settings.question_processes
        asking = [Apart(plan, self._edition, longest_s=longest_s) for _ in range(count)]
        self.asking = Several(asking) if asking else Here()
        self._all = {"reading": self.beside, **{f"question {n}": each for n, each in enumerate(asking, 1)}}
        try:
            self.grants = {"node": own, **self._started()}
        except BaseException:
            self.close()
            raise
        sys.setswitchinterval(SWITCH_S)
        return self

    def _started(self) -> dict[str, tuple[Grant, ...]]:
        assert self._slice is not None
        for each in self._all.values():
            each.start()
        bound = Grant("capped", self._slice.is_capped, self._slice.text)
        given = {name: each.greeted() for name, each in self._all.items() if each is not self.beside}
        return {"reading": (*self.beside.grants, bound), **given}

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def serve(self, node: Node) -> None:
        """The node has what takes long done by these."""
        node.asking, node.beside = self.asking, self.beside

    def close(self) -> None:
        """None of them is left, and this process is what it was before."""
        for each in self._all.values():
            each.close()
        if self._slice is not None:
            self._slice.remove()
        sys.setswitchinterval(self._switch_s)
        self._back()

    def say(self) -> None:
        """What each was given, a line each on standard error."""
        for name, text in self.told().items():
            sys.stderr.write(f"starling: {name}: {visible(text)}\n")

    def told(self) -> Mapping[str, str]:
        """Process -> what it was given, in words."""
        return {name: scheduling.told(grants) for name, grants in self.grants.items()}

    def lines(self) -> Iterator[str]:
        """As Prometheus reads it."""
        yield "# TYPE starling_granted gauge\n"
        for process, grants in self.grants.items():
            yield from (f'starling_granted{{process="{process}",what="{g.name}"}} {int(g.given)}\n' for g in grants)
