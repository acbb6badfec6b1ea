"""ONNX Runtime on the CPU: named tensors in, named tensors out, within the threads and the deadline of the card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from starling.errors import ModelError
from starling.runtime.card import Limits
from starling.runtime.tensors import Kind, Tensor, Tensors

_KINDS: Final[dict[str, Kind]] = {"tensor(float)": "float32", "tensor(int64)": "int64"}


#: The key of an ONNX tensor whose numbers lie in another file, as protobuf writes it.  Source: onnx.proto,
#: TensorProto.external_data.
_ELSEWHERE: Final = b"\n\x08location"


class Graph:
    """A loaded graph, wherever it runs.  `takes`, `gives`: its inputs and outputs, in the order of the graph."""

    takes: tuple[Tensor, ...]
    gives: tuple[Tensor, ...]

    def __init__(self, graph: bytes, *, source: str) -> None:
        self._source = source
        self._numpy = _numpy()
        if _ELSEWHERE in graph:
            raise ModelError(
                "MODEL_INVALID", f"{source}: the graph takes numbers from another file, which nobody checks"
            )

    def run(self, tensors: Tensors) -> dict[str, Any]:
        """Every output by name, as arrays of numpy, all of them numbers.

        Raises: ModelError: MODEL_INVALID when these are not the tensors the graph takes, MODEL_TOO_SLOW when the
        deadline passes, MODEL_DAMAGED when the graph fails, or gives what is no number.
        """
        if set(tensors) != {each.name for each in self.takes}:
            wanted, found = ", ".join(map(str, self.takes)), ", ".join(tensors) or "nothing"
            raise ModelError("MODEL_INVALID", f"{self._source}: takes {wanted}; was given {found}")
        given = self._given({each.name: self._array(each, tensors[each.name]) for each in self.takes})
        for name, values in given.items():
            if not self._numpy.isfinite(values).all():
                message = f"{self._source}: the graph gives a {name} that is no number (NaN or infinite)"
                raise ModelError("MODEL_DAMAGED", message)
        return given

    def _given(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Every output for these arrays.  Raises: ModelError."""
        raise NotImplementedError

    def _array(self, wanted: Tensor, values: Any) -> Any:
        """The values as the graph takes them; a fraction is never cut to a whole number."""
        try:
            array = self._numpy.asarray(values)
            if array.dtype.kind in ("iub" if wanted.kind == "int64" else "iubf") and wanted.fits(array.shape):
                return array.astype(wanted.kind)
        except (ValueError, OverflowError) as error:
            raise ModelError("MODEL_INVALID", f"{self._source}: what was given is not {wanted}") from error
        raise ModelError("MODEL_INVALID", f"{self._source}: {array.dtype} {list(array.shape)} is not {wanted}")


class Session(Graph):
    """A graph that runs in this process.

    A run past its deadline is stopped between two of its nodes: for graphs that are known.  What is not runs `apart`.
    """

    def __init__(self, graph: bytes, *, source: str, limits: Limits) -> None:
        super().__init__(graph, source=source)
        self._runtime = _onnxruntime()
        self._limits = limits
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = limits.threads
        options.inter_op_num_threads = 1
        for kind in ("intra", "inter"):  # a thread that has nothing to do sleeps, and leaves the processor to others
            options.add_session_config_entry(f"session.{kind}_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            self._session = self._runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            message = f"{source}: the graph cannot be loaded ({type(error).__name__})"
            raise ModelError("MODEL_DAMAGED", message) from error
        self.takes = self._tensors(self._session.get_inputs())
        self.gives = self._tensors(self._session.get_outputs())

    def _given(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        names = [each.name for each in self.gives]
        given = self._within_deadline(lambda options: self._session.run(names, dict(arrays), options))
        return dict(zip(names, given, strict=True))

    def _within_deadline(self, run: Callable[[Any], list[Any]]) -> list[Any]:
        options = self._runtime.RunOptions()

        def stop() -> None:
            options.terminate = True

        watch = Watch(self._limits.deadline_ms, stop)
        try:
            with watch:
                return run(options)
        except Exception as error:
            if watch.expired:
                message = f"{self._source}: no answer within {self._limits.deadline_ms} ms"
                raise ModelError("MODEL_TOO_SLOW", message) from error
            raise ModelError("MODEL_DAMAGED", f"{self._source}: the graph fails ({type(error).__name__})") from error

    def _tensors(self, nodes: Iterable[Any]) -> tuple[Tensor, ...]:
        found = []
        for node in nodes:
            kind = _KINDS.get(node.type)
            if kind is None:
                message = f"{self._source}: {node.name} is a {node.type}; float32 and int64 are known here"
                raise ModelError("MODEL_INVALID", message)
            found.append(Tensor(node.name, kind, tuple(size if isinstance(size, int) else None for size in node.shape)))
        return tuple(found)


class Watch:
    """Calls `stop` when the time for what it surrounds is over; without a limit it does nothing."""

    def __init__(self, limit_ms: int | None, stop: Callable[[], None]) -> None:
        self._limit_ms = limit_ms
        self._stop = stop
        self.expired = False

    def __enter__(self) -> None:
        if self._limit_ms is not None:
            from threading import Timer

            self._timer = Timer(self._limit_ms / 1e3, self._strike)
            self._timer.daemon = True
            self._timer.start()

    def __exit__(self, *_: object) -> None:
        if self._limit_ms is not None:
            self._timer.cancel()

    def _strike(self) -> None:
        self.expired = True
        self._stop()


def _numpy() -> Any:
    """numpy.  Raises: ModelError when the extra is not installed."""
    try:
        import numpy
    except ImportError as error:
        raise ModelError("MODEL_RUNTIME_MISSING", "numpy is not installed") from error
    return numpy


def _onnxruntime() -> Any:
    """ONNX Runtime.  Raises: ModelError when the extra is not installed."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError("MODEL_RUNTIME_MISSING", "onnxruntime is not installed") from error
    return onnxruntime
