"""`check`: may this patient have this drug?  The prescriber's question, answered on one screen."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from starling.cli.arguments import (
    NOTHING_CALLED,
    add_knowledge,
    add_patient,
    add_reading,
    assessed,
    knowledge_path,
    named_drug,
)
from starling.cli.screen import uses_colour, width
from starling.engine import Engine
from starling.report.check import check_view

_EXAMPLES: Final = "\nexample:\n  starling check codeine patient.vcf.gz --medication paroxetine\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("drug", metavar="DRUG", help="ingredient, synonym, brand, RxNorm or ATC code")
    parser.add_argument("input", nargs="*", metavar="INPUT", help="VCF, gVCF, BCF, array or test results; - for stdin")
    add_knowledge(parser)
    add_reading(parser)
    add_patient(parser)


def run(arguments: argparse.Namespace) -> int:
    """Answers for everyone in the input; 5 when there was no result by which a source could be asked about anyone."""
    engine = Engine.open(knowledge_path(arguments.knowledge))
    drug = named_drug(engine, arguments, "check")
    answered = False
    for person in assessed(engine, arguments, drugs=(arguments.drug,)):
        sys.stdout.write(check_view(person, drug, colour=uses_colour(sys.stdout), width=width()))
        answered |= person.drug(drug).status != "no_result"
    return 0 if answered else NOTHING_CALLED
