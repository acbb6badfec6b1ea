"""`drugs`: what is covered."""

from __future__ import annotations

import argparse
from typing import Final

from starling.cli.arguments import add_knowledge, knowledge_path
from starling.cli.screen import print_wrapped
from starling.knowledge.base import KnowledgeBase

_EXAMPLES: Final = """
examples:
  starling drugs            with synonyms, and who advises
  starling drugs --names    one per line, for scripts
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--names", action="store_true", help="only the names, one per line")
    add_knowledge(parser)


def run(arguments: argparse.Namespace) -> int:
    """Lists the drugs covered, and those known of which no guideline says anything."""
    with KnowledgeBase.open(knowledge_path(arguments.knowledge)) as base:
        guidance = base.guidance
        for drug in sorted((*guidance.drugs, *guidance.unadvised), key=lambda each: each.name):
            if arguments.names:
                print_wrapped(drug.name)
                continue
            sources = sorted({g.source for g in guidance.guidelines if drug.name in g.drugs})
            said = "no guideline" if drug.unadvised else " ".join(sources)
            also = f"  ({', '.join(drug.names[:4])})" if drug.names else ""
            print_wrapped(f"{drug.name:<32} {said:<14}{also}".rstrip())
    return 0
