"""`explain`: what the knowledge base says of a gene, an rsid, an allele or a drug, in words."""

from __future__ import annotations

import argparse
from typing import Final

from starling.cli.arguments import add_knowledge, knowledge_path
from starling.cli.screen import print_wrapped
from starling.knowledge.base import KnowledgeBase
from starling.report.explanation import explanation

_EXAMPLES: Final = (
    "\nexamples:\n  starling explain CYP2D6\n  starling explain 'CYP2C19*2'\n  starling explain rs9923231\n"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("name", metavar="GENE|DRUG|RSID|ALLELE", help="as CYP2D6, codeine, rs9923231, CYP2C19*2")
    add_knowledge(parser)


def run(arguments: argparse.Namespace) -> int:
    """Explains a gene, an rsid, an allele or a drug, whichever the name is."""
    with KnowledgeBase.open(knowledge_path(arguments.knowledge)) as base:
        for line in explanation(base, arguments.name):
            print_wrapped(line)
    return 0
