"""How far is searched: a sample in every run, all with `make exhaustive`, which sets HYPOTHESIS_PROFILE=search."""

from __future__ import annotations

import os
from typing import Final

#: whether this run takes its time
WHOLE: Final = os.environ.get("HYPOTHESIS_PROFILE") == "search"


def examples(sample: int, whole: int) -> int:
    """How many examples a property is tried with."""
    return whole if WHOLE else sample
