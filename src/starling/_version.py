"""The version of the program, stated once: the build, the command and the provenance of every result read it here."""

from typing import Final

__version__: Final = "0.1.0"
