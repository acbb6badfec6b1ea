"""Compiles knowledge-base/ into src/starling/knowledge/starling.kb: before every build, and as `python hatch_build.py`.

The compiled file is not kept in the repository: it follows from the tables, byte for byte.
"""

from __future__ import annotations

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


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs the compiler before hatchling collects the files of a wheel, an sdist or an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """The compiled knowledge base stands where the wheel takes it from."""
        compile_knowledge_base(Path(self.root))


if __name__ == "__main__":
    sys.stdout.write(f"{TARGET}  sha256 {compile_knowledge_base(ROOT)}\n")
