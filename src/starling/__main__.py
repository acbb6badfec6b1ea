"""`python -m starling` is the command `starling`."""

from __future__ import annotations

from starling.cli import process

if __name__ == "__main__":
    process()
