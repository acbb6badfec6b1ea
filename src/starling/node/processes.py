"""The processes of a node that serves: its own, those that compute answers, and the one that reads files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
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

    def __init__(self, settings: Settings, engine: Engine) -> None:
        """Raises: InputError BAD_SETTING."""
        cpus = scheduling.cpus_of(settings.question_cpus)
        knowledge = engine.knowledge
        edition = (str(knowledge.path.absolute()), knowledge.stamp.sha256)
        self._own = Plan(_above(settings.question_priority), cpus, locked=settings.lock_memory)
        question = Plan(settings.question_priority, cpus, locked=settings.lock_memory)
        self._slice = Slice(settings.background_percent, group=own_group())
        behind = Plan(background=True, cpus=scheduling.others_than(cpus), capped=self._slice.is_capped)
        self.beside = Apart(behind, edition, beside=self._slice)
        self._questions = [Apart(question, edition) for _ in range(settings.question_processes)]
        self.asking: Lane = Several(self._questions) if self._questions else Here()
        self.grants: dict[str, tuple[Grant, ...]] = {}

    def __enter__(self) -> Self:
        """They run, and this process is given what it asks for; so are all threads that it starts later."""
        everybody = {"reading": self.beside, **{f"question {n}": each for n, each in enumerate(self._questions, 1)}}
        with ExitStack() as undone:
            undone.callback(self.close)
            for each in everybody.values():
                each.start()
            self.grants = {name: each.greeted() for name, each in everybody.items()}
            undone.pop_all()
        self.grants["reading"] = (*self.grants["reading"], Grant("capped", self._slice.is_capped, self._slice.text))
        self.grants = {"node": scheduling.apply(self._own), **self.grants}
        sys.setswitchinterval(SWITCH_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def serve(self, node: Node) -> None:
        """The node has what takes long done by these."""
        node.asking, node.beside = self.asking, self.beside

    def close(self) -> None:
        """None of them is left."""
        for each in (self.beside, *self._questions):
            each.close()
        self._slice.remove()

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


def _above(priority: int) -> int:
    """Who answers what is kept, and hands out the rest, goes before who computes."""
    return priority + 1 if priority else 0
