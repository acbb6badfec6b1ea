"""`check`: may this patient have these drugs?  The prescriber's question, answered on one screen."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from starling.assessment import Assessment, DrugResult
from starling.cli.arguments import (
    Tally,
    add_knowledge,
    add_patient,
    add_reading,
    assessed,
    knowledge_path,
    named_drug,
)
from starling.cli.commands import is_there
from starling.cli.output import format_of, write, write_pages
from starling.cli.screen import uses_colour, width
from starling.engine import Engine
from starling.errors import InputError
from starling.report.check import checks_view

FORMATS: Final = ("text", "html", "json")
_BY_SUFFIX: Final = {".html": "html", ".htm": "html", ".json": "json", ".txt": "text"}
#: columns of text that is written to a file
_FILE_WIDTH: Final = 100
_EXAMPLES: Final = """
examples:
  starling check codeine patient.vcf.gz --medication paroxetine
  starling check codeine,tramadol patient.vcf.gz        several drugs
  starling check codeine tramadol patient.vcf.gz        the same
  starling check --drug codeine --drug tramadol patient.vcf.gz
  starling check codeine patient.vcf.gz -o codeine.html
      format by suffix: .html .json .txt

Words before the first file are drugs; a file that bears a drug's name is
named with its folder (./codeine), or its drugs with --drug.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "drug", nargs="?", metavar="DRUG[,DRUG]", help="ingredient, synonym, brand, RxNorm or ATC code; or several"
    )
    parser.add_argument("input", nargs="*", metavar="INPUT", help="VCF, gVCF, BCF, array or test results; - for stdin")
    parser.add_argument(
        "--drug", action="append", default=[], dest="drugs", metavar="DRUG", help="a drug; may be repeated"
    )
    parser.add_argument("-o", "--output", metavar="FILE|DIR", help="where to write (default: the screen)")
    parser.add_argument("--format", choices=FORMATS, help="default: by the suffix of the output")
    add_knowledge(parser)
    add_reading(parser)
    add_patient(parser)


def run(arguments: argparse.Namespace) -> int:
    """Answers for everyone in the input; 5 when there was no result by which a source could be asked about anyone."""
    output = Path(arguments.output) if arguments.output else None
    folder = bool(arguments.output) and arguments.output.endswith("/")
    format_ = format_of(arguments.format, output, _BY_SUFFIX, folder=folder)
    engine = Engine.open(knowledge_path(arguments.knowledge))
    asked = _sorted_out(engine, arguments)
    names = tuple(dict.fromkeys(engine.knowledge.find_drug(drug).name for drug in asked))
    tally = Tally(lambda person: any(_is_given(person.drug(name)) for name in names))
    people = tally(assessed(engine, arguments, drugs=asked))
    if format_ == "html":
        from starling.report.check_page import checks_page

        write_pages(people, output, lambda person: checks_page(person, names))
    elif format_ == "json":
        from starling.report.check_json import checks_parts

        write(checks_parts(people, names), output)
    else:
        write(_texts(people, names, output), output)
    return tally.exit_code


def _is_given(answer: DrugResult) -> bool:
    return answer.is_answered or answer.headline_action is not None


def _texts(people: Iterable[Assessment], drugs: Sequence[str], output: Path | None) -> Iterator[str]:
    colour = output is None and uses_colour(sys.stdout)
    columns = width() if output is None else _FILE_WIDTH
    for number, person in enumerate(people):
        between = "\n" if number and len(drugs) > 1 else ""
        yield between + checks_view(person, drugs, colour=colour, width=columns)


def _sorted_out(engine: Engine, arguments: argparse.Namespace) -> tuple[str, ...]:
    """The drugs asked about, every one of them known; `arguments.input` then holds the files alone.

    Raises: InputError, the sender's, before any file is opened.
    """
    words = [*([arguments.drug] if arguments.drug is not None else []), *arguments.input]
    drugs = [name for text in arguments.drugs for name in _names(engine, text)]
    if not drugs and not words:
        raise InputError("BAD_ARGUMENTS", "no DRUG was named: starling check DRUG INPUT", source="check")
    _all_known(engine, drugs, arguments, words)
    while words and (not drugs or _is_drug(engine, words[0])):
        named = _names(engine, words.pop(0))
        _all_known(engine, named, arguments, words)
        drugs += named
    arguments.input = words
    _refuse_words(engine, words, all_named=bool(arguments.drugs))
    return tuple(drugs)


def _all_known(engine: Engine, drugs: Sequence[str], arguments: argparse.Namespace, rest: list[str]) -> None:
    """Raises: InputError, the sender's, on the first name that is not a drug's; `rest`: the words behind it."""
    for name in drugs:
        arguments.drug = name
        arguments.input = rest if _looks_like_file(name) else []  # an unknown drug is not taken for a file
        named_drug(engine, arguments, "check")


def _is_drug(engine: Engine, word: str) -> bool:
    """Whether the word is a known drug, or several, and no file."""
    return not _may_be_file(word) and all(_knows(engine, name) for name in _names(engine, word))


def _may_be_file(word: str) -> bool:
    return word == "-" or is_there(word)


def _looks_like_file(word: str) -> bool:
    return _may_be_file(word) or bool({".", "/", "\\"} & set(word))


def _knows(engine: Engine, name: str) -> bool:
    try:
        engine.knowledge.find_drug(name)
    except InputError:
        return False
    return True


def _names(engine: Engine, text: str) -> list[str]:
    """The names between commas; a strength behind a comma (`codeine, 30 mg`) belongs to the name before it."""
    names: list[str] = []
    for part in text.split(","):
        if names and part.strip()[:1].isdigit() and not _knows(engine, part):
            names[-1] += f",{part}"
        elif part.strip():
            names.append(part.strip())
    return names or [text]


def _refuse_words(engine: Engine, words: Sequence[str], *, all_named: bool) -> None:
    """What follows the drugs and is no file and does not look like one was meant as a drug.

    Raises: InputError UNKNOWN_DRUG, or BAD_ARGUMENTS for a drug behind a file.
    """
    for word in words:
        if all_named or _looks_like_file(word):
            continue
        for name in _names(engine, word):
            engine.knowledge.find_drug(name)
        raise InputError("BAD_ARGUMENTS", f"{word} is a drug, and no file has that name; drugs stand before the files")
