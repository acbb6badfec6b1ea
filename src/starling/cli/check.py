"""`check`: may this patient have this drug?  The prescriber's question, answered on one screen."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from starling.cli.arguments import NOTHING_CALLED, add_knowledge, add_patient, add_reading, assessed, knowledge_path
from starling.cli.screen import uses_colour, width
from starling.engine import Engine
from starling.errors import InputError
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
    drug = _drug(engine, arguments.drug)
    answered = False
    for person in assessed(engine, arguments, drugs=(drug,)):
        sys.stdout.write(check_view(person, drug, colour=uses_colour(sys.stdout), width=width()))
        answered |= person.drug(drug).status != "no_result"
    return 0 if answered else NOTHING_CALLED


def _drug(engine: Engine, name: str) -> str:
    """The drug under the name of the knowledge base.

    Raises: InputError, the sender's; when the name is a file's or a gene's, with the command that was meant.
    """
    try:
        return engine.knowledge.find_drug(name).name
    except InputError as error:
        gene = {known.casefold(): known for known in engine.knowledge.genes}.get(name.strip().casefold())
        if gene is not None:
            said = f"{gene} is a gene: starling report --gene {gene} INPUT, or starling explain {gene}"
        elif Path(name).is_file():
            said = f"{name} is a file; the drug comes first: starling check DRUG {name}"
        else:
            raise
        raise InputError("BAD_ARGUMENTS", said) from error
