"""Counts and times of a node in the text format of Prometheus; nothing in them is of a patient or a person.

Source: Prometheus exposition formats, version 0.0.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from starling.node.deadlines import Deadlines, Times


class Metrics:
    """What happened since the node was started.  `more`: what others count, a line each."""

    def __init__(self, deadlines: Deadlines | None = None) -> None:
        self.more: list[Callable[[], Iterable[str]]] = [deadlines.lines] if deadlines else []
        self._requests: Counter[tuple[str, int]] = Counter()
        self._times: dict[str, Times] = {}

    def request(self, path: str, status: int, seconds: float) -> None:
        """One request was answered; `path`: as the route names it."""
        self._requests[path, status] += 1
        self._times.setdefault(path, Times()).add(seconds)

    def text(self, gauges: Mapping[str, float]) -> str:
        """Everything, one number a line; `gauges`: what is so at the moment."""
        return "".join(
            [*self._lines(), *(f"# TYPE {name} gauge\n{name} {value:g}\n" for name, value in gauges.items())]
        )

    def _lines(self) -> Iterator[str]:
        yield "# TYPE starling_requests_total counter\n"
        for (path, status), count in sorted(self._requests.items()):
            yield f'starling_requests_total{{path="{path}",status="{status}"}} {count}\n'
        yield "# TYPE starling_request_seconds histogram\n"
        for path, times in sorted(self._times.items()):
            yield from times.lines("starling_request_seconds", f'path="{path}"')
        for each in self.more:
            yield from each()
