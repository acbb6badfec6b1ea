"""The knowledge base that came with the program, opened once for all tests: they only read it."""

from __future__ import annotations

from functools import cache

from starling.engine import Engine
from starling.knowledge.base import KnowledgeBase


@cache
def bundled_engine() -> Engine:
    """The engine of the bundled knowledge base."""
    return Engine.bundled()


def bundled_knowledge() -> KnowledgeBase:
    """The bundled knowledge base."""
    return bundled_engine().knowledge
