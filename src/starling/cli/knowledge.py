"""`knowledge compile | info | inspect | compare`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from starling.cli.arguments import add_knowledge, knowledge_path
from starling.cli.commands import add_verb

#: exit code of `inspect` on violations and of a knowledge base that cannot be trusted
INVALID = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    made = add_verb(verbs, "compile", "fact tables -> one sealed file", compile_)
    made.add_argument("source", metavar="DIR", nargs="?", default="knowledge-base", help="the fact tables")
    made.add_argument("-o", "--output", metavar="FILE", help="default: the file this installation uses")
    known = add_verb(verbs, "info", "version, digest and the date of every guideline", info)
    known.add_argument("file", metavar="FILE", nargs="?", help="default: the one that answers here")
    add_knowledge(known)
    checked = add_verb(verbs, "inspect", "check every invariant of the fact tables", inspect)
    checked.add_argument("source", metavar="DIR", nargs="?", default="knowledge-base", help="the fact tables")
    two = add_verb(verbs, "compare", "what a prescriber would notice between two versions", compare)
    two.add_argument("old", metavar="OLD", help="a compiled file")
    two.add_argument("new", metavar="NEW", help="a compiled file")


def compile_(arguments: argparse.Namespace) -> int:
    """Compiles the fact tables into one sealed file."""
    from starling.knowledge.base import BUNDLED
    from starling.knowledge.compile import compile_knowledge

    target = Path(arguments.output) if arguments.output else BUNDLED
    stamp = compile_knowledge(Path(arguments.source), target)
    sys.stdout.write(f"{target.name}: version {stamp.version}, as of {stamp.as_of}, sha256 {stamp.sha256}\n")
    return 0


def info(arguments: argparse.Namespace) -> int:
    """Prints version, digest and the date of every guideline."""
    from starling.knowledge.base import KnowledgeBase

    with KnowledgeBase.open(knowledge_path(arguments.file or arguments.knowledge)) as base:
        stamp, guidance = base.stamp, base.guidance
        rows = sum(len(guideline.rows) for guideline in guidance.guidelines)
        sys.stdout.write(
            f"version    {stamp.version}\nas of      {stamp.as_of}\nsha256     {stamp.sha256}\n"
            f"genes      {len(base.genes)}\ndrugs      {len(guidance.drugs)}\n"
            f"guidelines {len(guidance.guidelines)} with {rows} recommendations\n\n"
        )
        for guideline in sorted(guidance.guidelines, key=lambda each: (each.source, each.id)):
            sys.stdout.write(f"{guideline.latest_year or '-':<5} {guideline.source:<5} {guideline.id}\n")
    return 0


def inspect(arguments: argparse.Namespace) -> int:
    """Prints every violated invariant with file and row; 3 when there is one."""
    from starling.knowledge.inspect import check

    violations = check(Path(arguments.source))
    for violation in violations:
        sys.stdout.write(f"{violation}\n")
    sys.stdout.write(f"{len(violations)} violations\n" if violations else "all invariants hold\n")
    return INVALID if violations else 0


def compare(arguments: argparse.Namespace) -> int:
    """Prints what a prescriber would notice between two knowledge bases, most serious first."""
    from starling.knowledge.base import KnowledgeBase
    from starling.knowledge.compare import compare as clinical_changes

    with KnowledgeBase.open(Path(arguments.old)) as old, KnowledgeBase.open(Path(arguments.new)) as new:
        changes = clinical_changes(old, new)
    for change in changes:
        sys.stdout.write(f"{change}\n")
    if not changes:
        sys.stdout.write("no clinical difference\n")
    return 0
