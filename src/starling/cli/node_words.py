"""What the verbs of `node` share: whether what they need is installed, and lines for a person."""

from __future__ import annotations

import sys
from typing import Final

from starling.extras import need
from starling.report.text import visible

_PACKAGES: Final = ("apsw", "argon2", "cedarpy", "cryptography", "msgspec", "pyotp", "starlette", "uvicorn")


def installed() -> None:
    """What the verbs need is there.  Raises: InputError EXTRA_MISSING."""
    for package in _PACKAGES:
        need(package, "node")


def say(*lines: str) -> None:
    """Lines for a person."""
    sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    sys.stdout.flush()
