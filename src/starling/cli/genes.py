"""`genes`: what is covered."""

from __future__ import annotations

import argparse
from typing import Final

from starling.cli.arguments import add_knowledge, knowledge_path
from starling.cli.screen import print_wrapped
from starling.knowledge.base import KnowledgeBase

_EXAMPLES: Final = "\nexample:\n  starling genes\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    add_knowledge(parser)


def run(arguments: argparse.Namespace) -> int:
    """Lists the genes covered."""
    with KnowledgeBase.open(knowledge_path(arguments.knowledge)) as base:
        print_wrapped(f"{'gene':<9} {'place on GRCh38':<26} {'positions':>9} {'alleles':>8}")
        for name in base.genes:
            definition = base.definitions.get(name)
            if definition is None:
                print_wrapped(f"{name:<9} {'from outside calls only':<26}")
                continue
            place = f"{definition.chromosome}:{definition.start}-{definition.end}"
            print_wrapped(f"{name:<9} {place:<26} {len(definition.sites):>9} {len(definition.alleles):>8}")
    return 0
