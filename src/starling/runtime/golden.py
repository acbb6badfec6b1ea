"""Golden vectors: inputs and the outputs they must give, on any processor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import inf, isnan
from typing import Any, Final

from starling.errors import ModelError
from starling.runtime.tensors import Tensors
from starling.values import dataclass

#: outputs must agree with the golden ones to this, in units of the output: fp32 on any processor stays below it
TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Vector:
    """`inputs`: factors by name, or tensors by name; `output`: the number, or the tensors."""

    inputs: Mapping[str, Any]
    output: Any


def read_vectors(text: bytes, *, tabular: bool, source: str) -> list[Vector]:
    """One vector a line: `{"inputs": ..., "output": number}` of factors, `{"inputs": ..., "outputs": ...}` of tensors.

    Raises: ModelError when the text is not that.
    """
    try:
        rows = [json.loads(line) for line in text.decode("utf-8").splitlines()]
        if tabular:
            return [Vector(dict(row["inputs"]), float(row["output"])) for row in rows]
        return [Vector(dict(row["inputs"]), dict(row["outputs"])) for row in rows]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError("MODEL_INVALID", f"{source}: golden.jsonl: {error}") from error


def difference(found: Tensors, expected: Tensors) -> float:
    """The largest difference between outputs; infinite when one is missing or has another shape."""
    import numpy as np

    if set(found) != set(expected):
        return inf
    worst = 0.0
    for name, values in found.items():
        wanted = np.asarray(expected[name], dtype=np.float64)
        if wanted.shape != values.shape:
            return inf
        largest = float(np.max(np.abs(values - wanted), initial=0.0))
        worst = max(worst, inf if isnan(largest) else largest)
    return worst
