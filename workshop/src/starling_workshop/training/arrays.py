"""The type of numpy arrays: named here, so that types can be checked where numpy is not installed."""

from __future__ import annotations

from typing import Any, TypeAlias

#: a numpy array of float64 unless a docstring says otherwise
Array: TypeAlias = Any
