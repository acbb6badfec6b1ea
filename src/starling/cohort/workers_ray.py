"""Shards on a Ray cluster: an existing one (RAY_ADDRESS), else one started here and stopped at the end.

Every machine must see the same input and output folders.  Ray itself runs a task again whose process died.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from starling.cohort.outcomes import ATTEMPTS, TICK_S, Done, Failed, attempt, settled
from starling.extras import need

S = TypeVar("S")
R = TypeVar("R")

#: Tasks handed to Ray for each worker: enough that none waits, few enough that Ctrl-C has little to take back.
_AHEAD = 2


def run_on_ray(
    work: Callable[[S], R],
    shards: Sequence[S],
    *,
    workers: int | None,
    name: Callable[[S], str],
    finished: Callable[[Done[R] | Failed], None],
    tick: Callable[[], None],
) -> None:
    """As `starling.cohort.workers.run`.  Raises: InputError EXTRA_MISSING without Ray."""
    ray = need("ray", "ray")
    with _cluster(ray, workers):
        task = ray.remote(max_retries=ATTEMPTS - 1, num_cpus=1)(attempt)
        handed = ray.put(work)
        most = _AHEAD * (workers or int(ray.cluster_resources().get("CPU", 1)))
        waiting = list(reversed(shards))
        running: dict[Any, str] = {}
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    shard = waiting.pop()
                    running[task.remote(handed, shard)] = name(shard)
                for ready in ray.wait(list(running), num_returns=1, timeout=TICK_S)[0]:
                    finished(_outcome(ray, ready, running.pop(ready)))
                tick()
        except BaseException:
            for reference in running:
                ray.cancel(reference, force=True)
            raise


def _outcome(ray: Any, reference: Any, shard: str) -> Done[Any] | Failed:
    try:
        return settled(ray.get(reference), shard)
    except ray.exceptions.WorkerCrashedError:
        return Failed(shard, f"its process died {ATTEMPTS} times (out of memory?)")


@contextmanager
def _cluster(ray: Any, workers: int | None) -> Iterator[None]:
    """A cluster is there; only one that was started here is stopped."""
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the hospital
    existing = os.environ.get("RAY_ADDRESS")
    own = {} if existing else {"num_cpus": workers, "include_dashboard": False}
    ray.init(address=existing, log_to_driver=False, logging_level="ERROR", **own)
    try:
        yield
    finally:
        ray.shutdown()
