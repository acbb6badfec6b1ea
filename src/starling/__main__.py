"""`python -m starling` is the command `starling`."""

from __future__ import annotations

import sys

from starling.cli import main

if __name__ == "__main__":
    sys.exit(main())
