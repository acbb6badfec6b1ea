"""Every command: its name, what it is for in one line, and the module that is imported when it is asked for.

A command's module says what it takes (`add_arguments`) and does it (`run`, or one function for each verb).  Nothing of
it is imported before: a prescriber's question must not wait for what makes populations.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

from starling._version import __version__
from starling.cli.screen import width
from starling.errors import InputError

COMMANDS: Final[Mapping[str, str]] = {
    "report": "calls, phenotypes and advice for every drug",
    "check": "the prescriber's question: this drug, this patient",
    "card": "a card for the wallet, with a signed code",
    "verify-card": "is a card genuine, and of this edition?",
    "cohort": "many people at once, and again when the knowledge changes",
    "dose": "a dose by a learned model, explained (warfarin)",
    "model": "inspect, verify and run dose models",
    "node": "the device at the bedside: init, run, audit",
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
  starling report patient.vcf.gz                  the report, on the screen
  starling report patient.vcf.gz -o report.html   one page to print or pass on
  starling report patient.vcf.gz -o report.json   for programs
  starling check codeine patient.vcf.gz           may this patient have codeine?
  starling check clopidogrel patient.g.vcf.gz -m omeprazole,paroxetine
  starling dose warfarin patient.vcf.gz --age 67 --height 175 --weight 80
  starling cohort call genomes/ -o calls.parquet  many people, each pattern once
  starling node init demo --demo                  a device that serves others
  starling explain CYP2C19                        a gene, drug, rsid or allele
  starling COMMAND --help                         examples of each command

exit codes: 0 done, 2 wrong input, 3 knowledge base, 4 defect,
            5 nothing could be called, 6 dose model, 7 keys, store, audit log
Starling is not a medical device; its results need a professional's judgement.
"""


#: No line of a help text is wider, whatever the screen: it is read in narrow windows and pasted into mails.
WIDEST_HELP: Final = 80


class Help(argparse.RawDescriptionHelpFormatter):
    """Texts as they are written, as wide as the screen up to 80 columns.

    argparse asks for one whenever an option is added.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(WIDEST_HELP, width()) - 2)

    def add_argument(self, action: argparse.Action) -> None:
        """The names of commands are indented once more than argparse makes room for."""
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):
            longest = max(map(len, action.choices), default=0)
            self._action_max_length = max(self._action_max_length, longest + 2 * self._indent_increment)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Examples (indented) as they stand; a sentence that is too long is wrapped."""
        return "\n".join(line if line.startswith(" ") else _wrapped(line, width) for line in text.splitlines())

    def _format_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any) -> str:
        """One option with many words is wrapped too; argparse breaks between options only."""
        lines = super()._format_usage(usage, actions, groups, prefix).split("\n")
        return "\n".join(_wrapped(line, self._width) for line in lines)


def _wrapped(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    import textwrap

    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line with a code, and where it can the word that was meant."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse; an option that nobody knows is named first, for what follows it is then misread.

        Raises: InputError BAD_ARGUMENTS, the sender's.
        """
        given = list(args or ())
        known = sorted(_options(self))
        for word in given[: given.index("--")] if "--" in given else given:
            name = word.partition("=")[0]
            if name.startswith("--") and not any(option.startswith(name) for option in known):
                self.error(f"there is no option {name}{meant(name, known)}")
        found, left = self.parse_known_args(given, namespace)
        files = getattr(found, "input", None)
        if isinstance(files, list) and not any(word.startswith("-") and word != "-" for word in left):
            files += left  # argparse ends a list of files at the first option between them
            return found
        if left:
            self.error(f"{' '.join(left)} is not understood{meant(left[0], known)}")
        return found

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """A word that is none of an option's.  Raises: InputError BAD_ARGUMENTS, the sender's."""
        if action.choices is None or value in action.choices:
            return
        words = list(map(str, action.choices))
        name = action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest)
        self.error(f"{name}: {str(value)!r} is none of {', '.join(words)}{meant(str(value), words)}")

    def error(self, message: str) -> NoReturn:
        """Raises: InputError BAD_ARGUMENTS, the sender's."""
        if message.endswith("required: VERB"):
            verbs = (each.choices for each in self._actions if isinstance(each, argparse._SubParsersAction))
            message = f"no verb was named; there are: {', '.join(name for each in verbs for name in each)}"
        raise InputError("BAD_ARGUMENTS", message, source=self.prog.removeprefix("starling").strip() or None)


def meant(word: str, words: Iterable[str]) -> str:
    """The end of a sentence that does not know `word`: the one of `words` that was probably meant.

    >>> meant("M", ["male", "female"]), meant("reprot", ["report", "check"]), meant("x", ["male"])
    ('; did you mean male?', '; did you mean report?', '')
    """
    import difflib

    spelled = {each.casefold(): each for each in words if each != word}
    begun = [each for plain, each in spelled.items() if plain.startswith(word.casefold())] if word else []
    near = begun if len(begun) == 1 else [spelled[one] for one in difflib.get_close_matches(word.casefold(), spelled)]
    return f"; did you mean {near[0]}?" if near else ""


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of one command; only its own module is imported.

    Raises: InputError BAD_ARGUMENTS on arguments that it does not take; SystemExit after --help and --version, and
    after the help that is shown to whoever names nothing.
    """
    given = _spelled_out(argv)
    if not given:
        whole_parser(with_arguments=False).print_help()
        raise SystemExit(0)
    if given[0] in COMMANDS:
        found: argparse.Namespace = command_parser(given[0]).parse_args(given[1:])
        return found
    if not given[0].startswith("-"):
        raise InputError("BAD_ARGUMENTS", _no_command(given[0]))
    whole: argparse.Namespace = whole_parser(with_arguments=False).parse_args(given)
    return whole


def is_there(word: str) -> bool:
    """Whether a word of the command line is a path that exists; one too long for a path is none."""
    try:
        return bool(word) and Path(word).exists()
    except OSError:
        return False


def _no_command(word: str) -> str:
    if is_there(word):
        return f"{word} is a file; the command comes first: starling report {word}"
    return f"{word!r} is not a command{meant(word, COMMANDS) or '; there are: ' + ', '.join(COMMANDS)}"


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every long option of a parser and of its verbs."""
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield from _options(verb)


def command_parser(name: str) -> Parser:
    """The parser of one command."""
    return _filled(Parser(prog=f"starling {name}", description=COMMANDS[name], formatter_class=Help), name)


def whole_parser(*, with_arguments: bool = True) -> Parser:
    """The parser of the whole command line; without arguments only what names the commands."""
    parser = Parser(
        prog="starling",
        description="From a patient's genotype data to prescribing advice, offline, explained and reproducible.",
        epilog=_EXAMPLES,
        formatter_class=Help,
    )
    parser.add_argument("--version", action="version", version=f"starling {__version__}")
    commands = parser.add_subparsers(parser_class=Parser, title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        own = commands.add_parser(name, help=summary, description=summary, formatter_class=Help)
        if with_arguments:
            _filled(own, name)
    return parser


def _filled(parser: Parser, name: str) -> Parser:
    module = import_module(f"starling.cli.{name.replace('-', '_')}")
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
