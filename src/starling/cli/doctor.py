"""`doctor`: is this installation sound?"""

from __future__ import annotations

import argparse
import platform
import sys
from pathlib import Path

from starling._version import __version__
from starling.cli.arguments import add_knowledge, knowledge_path
from starling.engine import Engine
from starling.errors import StarlingError
from starling.knowledge.age import age_notices, today
from starling.knowledge.base import KnowledgeBase


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_knowledge(parser)


def run(arguments: argparse.Namespace) -> int:
    """Says whether this installation is sound; 3 when the knowledge base is not, 4 when the example fails."""
    sys.stdout.write(f"starling {__version__}, Python {platform.python_version()}, {platform.system()}\n")
    path = knowledge_path(arguments.knowledge)
    healthy, code = _knowledge_is_sound(path), 3
    if healthy:
        healthy, code = _example_works(path), 4
    sys.stdout.write("sound\n" if healthy else "NOT sound: see above\n")
    return 0 if healthy else code


def _knowledge_is_sound(path: Path | None) -> bool:
    try:
        with KnowledgeBase.open(path) as base:
            good = base.verify_content()
            sys.stdout.write(f"knowledge base {base.stamp.version}, as of {base.stamp.as_of}: ")
            sys.stdout.write("digest verified\n" if good else "DIGEST WRONG, reinstall or compile again\n")
            for notice in age_notices(base.stamp.checked_on, today()):
                sys.stdout.write(f"WARNING: {notice.message} Ask for a newer edition.\n")
            return good
    except StarlingError as error:
        sys.stdout.write(f"knowledge base: {error.message}. {error.advice}\n")
        return False


def _example_works(path: Path | None) -> bool:
    example = Path(__file__).parents[1] / "examples" / "example.vcf"
    assessment = Engine.open(path).assess(example)
    called = sum(gene.status != "undetermined" for gene in assessment.genes)
    total = sum(assessment.run.timings_ms.values())
    sys.stdout.write(f"example patient: {called} of {len(assessment.genes)} genes called in {total:.0f} ms\n")
    return called > 0
