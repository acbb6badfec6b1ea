"""Counts and times of a node in the text format of Prometheus; nothing in them is of a patient or a person.

Source: Prometheus exposition formats, version 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

#: upper bounds of the classes of times, in seconds
_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """What happened since the node was started."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._times: dict[str, list[int]] = {}
        self._sums: Counter[str] = Counter()

    def request(self, path: str, status: int, seconds: float) -> None:
        """One request was answered; `path`: as the route names it."""
        self._requests[path, status] += 1
        self._times.setdefault(path, [0] * (len(_BOUNDS) + 1))[bisect_left(_BOUNDS, seconds)] += 1
        self._sums[path] += seconds  # type: ignore[assignment]

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
        for path, counts in sorted(self._times.items()):
            total = 0
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), counts, strict=True):
                total += count
                yield f'starling_request_seconds_bucket{{path="{path}",le="{bound}"}} {total}\n'
            yield f'starling_request_seconds_sum{{path="{path}"}} {self._sums[path]:.6f}\n'
            yield f'starling_request_seconds_count{{path="{path}"}} {total}\n'
