"""Digests of the bundles that come with the program.  Written by hatch_build.py; never by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: name of a folder in `bundles/` -> SHA-256 of its digest file
PINS: Final[Mapping[str, str]] = {
    "warfarin": "c588931925080d13ed662c936d4a4fbe345b7a82ccc841fecdec4ac3b6dc4e7a",
}
