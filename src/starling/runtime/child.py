"""The other end of `apart`: a process that loads one graph, answers runs of it, and does nothing else.

Both ends speak in messages: one line of JSON, then the bytes of its parts one after another.  Nothing that comes back
is evaluated or unpickled.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from starling.errors import ModelError
from starling.runtime.tensors import KINDS, Tensor
from starling.values import dataclass

#: A longer line, or more bytes in one message, is none of ours.
_LONGEST_LINE: Final = 1 << 20
_MOST_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Message:
    """`header`: the line of JSON.  `parts`: bytes by name."""

    header: Mapping[str, Any]
    parts: Mapping[str, bytes]


def send(stream: BinaryIO, header: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    """The message has left.  Raises: OSError when nobody listens."""
    sizes = [[name, len(data)] for name, data in parts.items()]
    stream.write(json.dumps({**header, "parts": sizes}).encode("ascii") + b"\n")
    for data in parts.values():
        stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> Message:
    """The next message.  Raises: EOFError when there is none; ValueError when it is none of ours."""
    line = stream.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise EOFError
    header = json.loads(line)
    sizes = header.pop("parts")
    if sum(size for _, size in sizes) > _MOST_BYTES:
        raise ValueError("a message of more bytes than are taken")
    return Message(header, {name: _exactly(stream, size) for name, size in sizes})


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def told(tensor: Tensor) -> list[Any]:
    """A tensor of a graph for the line of JSON."""
    return [tensor.name, tensor.kind, list(tensor.shape)]


def tensor_of(row: list[Any]) -> Tensor:
    """The tensor that `told` put so.  Raises: KeyError, ValueError or TypeError when it is none."""
    name, kind, shape = row
    return Tensor(str(name), KINDS[kind], tuple(None if size is None else int(size) for size in shape))


def arrays_told(arrays: Mapping[str, Any]) -> list[list[Any]]:
    """Name, kind and shape of arrays of numpy, whose bytes are the parts of the message."""
    return [[name, str(array.dtype), list(array.shape)] for name, array in arrays.items()]


def arrays_of(message: Message) -> dict[str, Any]:
    """The arrays of a message.  Raises: KeyError, ValueError or TypeError when kinds, shapes and bytes do not fit."""
    import numpy

    return {
        name: numpy.frombuffer(message.parts[name], dtype=KINDS[kind]).reshape(shape)
        for name, kind, shape in message.header["arrays"]
    }


def main(most_memory: int) -> None:
    """Serves until nobody asks any more.  `most_memory`: address space in bytes."""
    asks, tells = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a runtime prints is no message
    _bound(most_memory)
    try:
        _serve(asks, tells)
    except (EOFError, OSError):
        return


def _bound(most_memory: int) -> None:
    try:
        import resource
    except ImportError:  # not on this system: the deadline holds nevertheless
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = most_memory if hard == resource.RLIM_INFINITY else min(hard, most_memory)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _serve(asks: BinaryIO, tells: BinaryIO) -> None:
    from starling.runtime.card import Limits
    from starling.runtime.session import Session

    first = receive(asks)
    try:
        _ends_after(first.header["limit_ms"])
        session = Session(first.parts["graph"], source=first.header["source"], limits=Limits(**first.header["limits"]))
    except ModelError as error:
        send(tells, {"error": error.code, "message": error.message}, {})
        return
    send(tells, {"takes": list(map(told, session.takes)), "gives": list(map(told, session.gives))}, {})
    while True:
        asked = receive(asks)
        _ends_after(asked.header["limit_ms"])
        try:
            found = session.run(arrays_of(asked))
        except ModelError as error:
            send(tells, {"error": error.code, "message": error.message}, {})
            continue
        send(tells, {"arrays": arrays_told(found)}, {name: array.tobytes() for name, array in found.items()})


def _ends_after(limit_ms: int) -> None:
    """The process ends by itself should the one that watches it be gone: twice the limit, and never before it."""
    import signal

    if hasattr(signal, "alarm"):
        signal.alarm(2 + 2 * limit_ms // 1000)
