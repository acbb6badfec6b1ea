"""Every command: its name, what it is for in one line, and the module that is imported when it is asked for.

A command's module says what it takes (`add_arguments`) and does it (`run`, or one function for each verb).  Nothing of
it is imported before: a prescriber's question must not wait for what makes populations.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final, NoReturn

from starling._version import __version__
from starling.cli.screen import width
from starling.errors import InputError

COMMANDS: Final[Mapping[str, str]] = {
    "report": "calls, phenotypes and advice for every drug",
    "check": "the prescriber's question: this drug, this patient",
    "cohort": "many people at once, and again when the knowledge changes",
    "dose": "a dose by a learned model, explained (warfarin)",
    "model": "inspect, verify and run dose models",
    "explain": "what is known of a gene, drug, rsid or allele",
    "genes": "the genes covered",
    "drugs": "the drugs covered",
    "simulate": "a synthetic patient with known truth",
    "knowledge": "compile, inspect and compare knowledge bases",
    "doctor": "is this installation sound?",
    "completion": "shell completion script",
}

_EXAMPLES: Final = """
examples:
  starling report patient.vcf.gz                        the report, on the screen
  starling report patient.vcf.gz -o report.html         one page to print or pass on
  starling check codeine patient.vcf.gz                 may this patient have codeine?
  starling check clopidogrel patient.g.vcf.gz -m omeprazole,paroxetine
  starling explain CYP2C19                              what is known of a gene, a drug, an rsid or an allele

exit codes: 0 done, 2 wrong input, 3 knowledge base, 4 defect, 5 nothing could be called, 6 dose model
Starling is not a medical device; its results need a professional's judgement.
"""


class Help(argparse.RawDescriptionHelpFormatter):
    """Texts as they are written, as wide as the screen; argparse asks for one whenever an option is added."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=width() - 2)


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line with a code, as every other error of the program."""

    def error(self, message: str) -> NoReturn:
        """Raises: InputError BAD_ARGUMENTS, the sender's."""
        raise InputError("BAD_ARGUMENTS", message, source=self.prog.removeprefix("starling").strip() or None)


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of one command; only its own module is imported.

    Raises: InputError BAD_ARGUMENTS on arguments that it does not take; SystemExit after --help and --version.
    """
    given = _spelled_out(argv)
    if given and given[0] in COMMANDS:
        return command_parser(given[0]).parse_args(given[1:])
    return whole_parser(with_arguments=False).parse_args(given)


def command_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    return _filled(Parser(prog=f"starling {name}", description=COMMANDS[name], formatter_class=Help), name)


def whole_parser(*, with_arguments: bool = True) -> argparse.ArgumentParser:
    """The parser of the whole command line; without arguments only what names the commands."""
    parser = Parser(
        prog="starling",
        description="From a patient's genotype data to prescribing advice, offline, explained and reproducible.",
        epilog=_EXAMPLES,
        formatter_class=Help,
    )
    parser.add_argument("--version", action="version", version=f"starling {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        own = commands.add_parser(name, help=summary, description=summary, formatter_class=Help)
        if with_arguments:
            _filled(own, name)
    return parser


def _filled(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    module = import_module(f"starling.cli.{name}")
    parser.set_defaults(run=getattr(module, "run", None))
    module.add_arguments(parser)
    return parser


def add_verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str, run: object, examples: str = ""
) -> argparse.ArgumentParser:
    """One verb of a command, such as `knowledge compile`."""
    parser = verbs.add_parser(name, help=summary, description=summary, epilog=examples or None, formatter_class=Help)
    parser.set_defaults(run=run)
    return parser


def _spelled_out(argv: Sequence[str]) -> list[str]:
    """The arguments with a bare `--absent-is-reference` spelled out, so that it cannot swallow a file name."""
    return ["--absent-is-reference=yes" if item == "--absent-is-reference" else item for item in argv]
