"""ONNX Runtime on the CPU, one thread: numbers in, one number a patient out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starling.errors import ModelError


class Session:
    """A loaded graph with one input (patients x numbers, float32) and one output."""

    def __init__(self, graph: bytes, *, source: str) -> None:
        onnxruntime, self._numpy = _runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
            (taken,), (given,) = self._session.get_inputs(), self._session.get_outputs()
        except Exception as error:
            raise ModelError(
                "MODEL_DAMAGED", f"{source}: the graph cannot be loaded ({type(error).__name__})"
            ) from error
        self.width = taken.shape[-1]
        self._taken, self._given, self._source = taken.name, given.name, source

    def run(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """One output for every row.  Raises: ModelError when the graph does not accept the rows."""
        array = self._numpy.asarray(rows, dtype=self._numpy.float32)
        try:
            (output,) = self._session.run([self._given], {self._taken: array})
        except Exception as error:
            raise ModelError("MODEL_DAMAGED", f"{self._source}: the graph fails ({type(error).__name__})") from error
        return [float(value) for value in output.reshape(-1)]


def _runtime() -> tuple[Any, Any]:
    """ONNX Runtime and numpy.  Raises: ModelError when the extra is not installed."""
    try:
        import numpy
        import onnxruntime
    except ImportError as error:
        message = f"{error.name} is not installed"
        raise ModelError("MODEL_RUNTIME_MISSING", message) from error
    return onnxruntime, numpy
