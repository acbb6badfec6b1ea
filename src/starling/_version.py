"""The version of the program, stated once: the build, the command and the provenance of every result read it here."""

__version__ = "0.1.0"
