"""A graph in a process of its own, that ends when its time or memory is over: nobody here knows what it does.

ONNX Runtime looks at its stop sign between two nodes only, and not while it loads: one product of two huge matrices, or
a constant that is worked out while loading, cannot be stopped from within.  A process can.
"""

from __future__ import annotations

import os
import subprocess
import sys
import weakref
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, BinaryIO, Final, cast

from starling.errors import ModelError
from starling.runtime.card import Limits
from starling.runtime.child import Message, arrays_of, arrays_told, receive, send, tensor_of
from starling.runtime.session import Graph, Watch

#: For a run whose card states no deadline, and for starting the process and loading the graph (ours: a hundred times
#: what the slowest known device needs for the warfarin model).
RUN_MS: Final = 10_000
LOAD_MS: Final = 30_000
#: Address space of the process; a graph that asks for more ends it (ours: ONNX Runtime itself maps about 1 GiB).
MOST_MEMORY: Final = 4 << 30

_SCRIPT: Final = (
    "import sys; sys.path[:] = sys.argv[2:]; from starling.runtime.child import main; main(int(sys.argv[1]))"
)


class Apart(Graph):
    """A graph that runs in a process of its own, within the deadline and the memory of the house."""

    def __init__(self, graph: bytes, *, source: str, limits: Limits, load_ms: int = LOAD_MS) -> None:
        super().__init__(graph, source=source)
        self._run_ms = limits.deadline_ms or RUN_MS
        self._process = _started()
        self._end = weakref.finalize(self, _ended, self._process)
        self._over: ModelError | None = None
        stated = {"source": source, "limits": {"threads": limits.threads}}
        told = self._answer(stated, {"graph": graph}, load_ms)
        self.takes, self.gives = (tuple(map(tensor_of, told.header[side])) for side in ("takes", "gives"))

    def _given(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        sent = {name: array.tobytes() for name, array in arrays.items()}
        return arrays_of(self._answer({"arrays": arrays_told(arrays)}, sent, self._run_ms))

    def _answer(self, header: Mapping[str, Any], parts: Mapping[str, bytes], limit_ms: int) -> Message:
        """What the process says to this.  Raises: ModelError when it says nothing in time, dies, or reports one."""
        if self._over is not None:
            raise self._over
        clock = Watch(limit_ms, self._process.kill)
        try:
            with clock:
                assert self._process.stdin is not None and self._process.stdout is not None
                send(cast(BinaryIO, self._process.stdin), {**header, "limit_ms": limit_ms}, parts)
                told = receive(cast(BinaryIO, self._process.stdout))
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            self._end()
            if clock.expired:
                self._over = ModelError("MODEL_TOO_SLOW", f"{self._source}: no answer within {limit_ms} ms")
            else:
                message = f"{self._source}: the graph ended the process it ran in (memory, or a defect)"
                self._over = ModelError("MODEL_DAMAGED", message)
            raise self._over from error
        if "error" in told.header:
            raise ModelError(str(told.header["error"]), str(told.header["message"]))
        return told


def _started() -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _SCRIPT, str(MOST_MEMORY), *sys.path]
    if find_spec("onnxruntime") is None:
        raise ModelError("MODEL_RUNTIME_MISSING", "onnxruntime is not installed")
    try:
        return subprocess.Popen(  # noqa: S603  (our own interpreter and module, nothing of the model's)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
    except OSError as error:
        message = "no process can be started, in which a model runs that did not come with the program"
        raise ModelError("MODEL_RUNTIME_MISSING", message) from error


def _ended(process: subprocess.Popen[bytes]) -> None:
    """The process is gone, and so are its pipes."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what was not sent to a process that died
                pipe.close()
