"""What can become of a shard, whoever works on it: done, failed, or a defect of ours."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from starling.errors import InputError, InternalError
from starling.values import dataclass

S = TypeVar("S")
R = TypeVar("R")

#: How often a shard is begun before its worker's death counts as its own fault.
ATTEMPTS: Final = 3
#: Seconds between two looks at how far the work is.
TICK_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Done(Generic[R]):
    """A shard was worked on."""

    shard: str
    result: R


@dataclass(frozen=True, slots=True)
class Failed:
    """A shard cannot be worked on, and why."""

    shard: str
    message: str


@dataclass(frozen=True, slots=True)
class Defect:
    """Something that is our fault, as the worker saw it."""

    trace: str


def attempt(work: Callable[[S], R], shard: S) -> Done[R] | Failed | Defect:
    """What became of one shard, as a value that survives the way between processes."""
    try:
        return Done("", work(shard))
    except InputError as error:
        return Failed("", error.message)
    except Exception:  # noqa: BLE001 - carried to the caller, who raises it
        return Defect(traceback.format_exc())


def settled(outcome: Done[R] | Failed | Defect, shard: str) -> Done[R] | Failed:
    """The outcome under the shard's name.  Raises: InternalError for a defect."""
    if isinstance(outcome, Defect):
        raise InternalError("INTERNAL", f"shard {shard}: {outcome.trace.strip()}")
    return Done(shard, outcome.result) if isinstance(outcome, Done) else Failed(shard, outcome.message)
