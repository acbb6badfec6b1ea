"""What an extra brings beside the standard library, and one line for whoever has not installed it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from starling.errors import InputError


def need(module: str, extra: str) -> ModuleType:
    """The module, imported.  Raises: InputError EXTRA_MISSING with the command that installs it."""
    try:
        return import_module(module)
    except ImportError:
        message = f"{module} is not installed: pip install 'starling-pgx[{extra}]'"
        raise InputError("EXTRA_MISSING", message) from None
