"""Before every build, and as `python hatch_build.py`: compiles knowledge-base/, and pins the bundles of dose models.

src/starling/knowledge/starling.kb is not kept in the repository: it follows from the tables, byte for byte.
src/starling/dosing/pins.py is kept: that a model changed shows in the difference of two versions of the program.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script where only the standard library is installed
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).resolve().parent
TARGET = Path("src", "starling", "knowledge", "starling.kb")
BUNDLES = Path("src", "starling", "dosing", "bundles")
PINS = Path("src", "starling", "dosing", "pins.py")
_BEGIN, _END = "PINS: Final[Mapping[str, str]] = {\n", "}\n"


def compile_knowledge_base(root: Path) -> str:
    """The knowledge base stands at `TARGET`, made from this tree's tables by this tree's compiler; its SHA-256.

    Raises: starling.errors.KnowledgeError when a table breaks an invariant.
    """
    sys.path.insert(0, str(root / "src"))
    try:
        compiler = importlib.import_module("starling.knowledge.compile")
        return str(compiler.compile_knowledge(root / "knowledge-base", root / TARGET).sha256)
    finally:
        sys.path.remove(str(root / "src"))


def pin_bundles(root: Path) -> None:
    """`PINS` holds the SHA-256 of every bundle's digest file; it is written only when it held another."""
    found = {folder.name: folder / "digest" for folder in sorted((root / BUNDLES).iterdir()) if folder.is_dir()}
    lines = [f'    "{name}": "{hashlib.sha256(file.read_bytes()).hexdigest()}",\n' for name, file in found.items()]
    before = (root / PINS).read_text(encoding="utf-8")
    now = before[: before.index(_BEGIN)] + _BEGIN + "".join(lines) + _END
    if now != before:
        (root / PINS).write_text(now, encoding="utf-8")


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs the compiler before hatchling collects the files of a wheel, an sdist or an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """The compiled knowledge base and the digests of the models stand where the wheel takes them from."""
        pin_bundles(Path(self.root))
        compile_knowledge_base(Path(self.root))


if __name__ == "__main__":
    pin_bundles(ROOT)
    sys.stdout.write(f"{TARGET}  sha256 {compile_knowledge_base(ROOT)}\n")
