"""What an extra brings beside the standard library, and one line for whoever has not installed it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Final

from starling.errors import InputError

#: extra -> the packages it brings, as the distributions are called
EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "htslib": ("pysam",),
    "models": ("numpy", "onnxruntime"),
    "trust": ("cryptography",),
    "node": (
        "apsw-sqlite3mc",
        "argon2-cffi",
        "cedarpy",
        "cryptography",
        "h11",
        "httpx",
        "jinja2",
        "joserfc",
        "msgspec",
        "pyotp",
        "starlette",
        "uvicorn",
        "watchfiles",
    ),
    "print": ("cryptography", "fpdf2", "segno"),
    "hsm": ("python-pkcs11",),
    "cohort": ("duckdb", "numpy", "pyarrow"),
    "ray": ("ray",),
    "upstream": ("openpyxl",),
}
#: what is a distribution of this project instead -> where it lies in the source tree
OWN: Final[Mapping[str, str]] = {"simulate": "./workshop"}


def need(module: str, extra: str) -> ModuleType:
    """The module, imported.  Raises: InputError EXTRA_MISSING with the command that installs it."""
    try:
        return import_module(module)
    except ImportError:
        what = OWN.get(extra, f"'.[{extra}]'")
        message = f"{module} is not installed: pip install {what} in the source tree of Starling"
        raise InputError("EXTRA_MISSING", message) from None


def versions(extra: str) -> dict[str, str | None]:
    """Package -> the version installed here, None when it is not; nothing of it is imported."""
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {}
    for package in EXTRAS[extra]:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found
