"""Tensors by name: what goes into a graph and what comes out, any number of them, of any rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from starling.values import dataclass

Kind = Literal["float32", "int64"]
KINDS: Final[Mapping[str, Kind]] = {"float32": "float32", "int64": "int64"}

#: Arrays of numpy, or nested lists of numbers, by the name of the tensor.
Tensors = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output of a graph.  `shape`: None where any length fits (patients, the height of an image)."""

    name: str
    kind: Kind
    shape: tuple[int | None, ...]

    def fits(self, shape: Sequence[int]) -> bool:
        """Whether an array of that shape is such a tensor."""
        return len(shape) == len(self.shape) and all(
            wanted in (None, found) for wanted, found in zip(self.shape, shape, strict=True)
        )

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"{self.name} {self.kind} [{sizes}]"
