"""`completion`: scripts for shells, made from the parser itself so that they cannot grow stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Final

from starling.cli.commands import whole_parser

_EXAMPLES: Final = "\nexample:\n  starling completion bash > ~/.local/share/bash-completion/completions/starling\n"
_BASH: Final = """\
_starling() {
    local word="${COMP_WORDS[COMP_CWORD]}" command="${COMP_WORDS[1]}" before="${COMP_WORDS[COMP_CWORD-1]}"
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "@COMMANDS@" -- "$word")); return
    fi
    if [ "$COMP_CWORD" -eq 2 ] && [ "$command" = check ]; then
        local IFS=$'\\n'; COMPREPLY=($(compgen -W "$(starling drugs --names)" -- "$word")); return
    fi
    case "$command $before" in
@VALUES@
    esac
    case "$command" in
@CASES@
    esac
}
complete -o default -F _starling starling
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")


def run(arguments: argparse.Namespace) -> int:
    """Prints a completion script for a shell."""
    sys.stdout.write(script(arguments.shell))
    return 0


def script(shell: str) -> str:
    """The completion script for bash, zsh or fish."""
    words = command_words()
    if shell == "fish":
        return _fish(words)
    cases = "\n".join(
        f'        {name}) COMPREPLY=($(compgen -W "{" ".join(options)}" -- "$word"));;'
        for name, options in words.items()
    )
    values = "\n".join(
        f'        \'{name} {option}\') COMPREPLY=($(compgen -W "{" ".join(choices)}" -- "$word")); return;;'
        for name, options in option_values().items()
        for option, choices in options.items()
    )
    bash = _BASH.replace("@COMMANDS@", " ".join(words)).replace("@CASES@", cases).replace("@VALUES@", values)
    return f"autoload -U +X bashcompinit && bashcompinit\n{bash}" if shell == "zsh" else bash


def command_words() -> Mapping[str, list[str]]:
    """Command -> the words that may follow it: options, and verbs where it has them."""
    return {name: sorted(_words(parser)) for name, parser in _children(whole_parser()).items()}


def option_values() -> Mapping[str, Mapping[str, list[str]]]:
    """Command -> option -> the words it takes, where they are counted."""
    return {name: _values(parser) for name, parser in _children(whole_parser()).items()}


def _values(parser: argparse.ArgumentParser) -> dict[str, list[str]]:
    found = {
        option: list(map(str, action.choices))
        for action in parser._actions
        if action.choices is not None
        for option in action.option_strings
        if option.startswith("--")
    }
    for verb in _children(parser).values():
        for option, choices in _values(verb).items():
            found[option] = list(dict.fromkeys([*found.get(option, ()), *choices]))
    return found


def _children(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


def _words(parser: argparse.ArgumentParser) -> set[str]:
    words = {option for action in parser._actions for option in action.option_strings if option.startswith("--")}
    for action in parser._actions:
        if not action.option_strings and action.choices is not None and not isinstance(action.choices, dict):
            words |= {str(word) for word in action.choices}
    for name, verb in _children(parser).items():
        words |= {name} | _words(verb)
    return words


def _fish(words: Mapping[str, list[str]]) -> str:
    lines = [f"complete -c starling -n __fish_use_subcommand -f -a '{' '.join(words)}'"]
    values = option_values()
    for name, options in words.items():
        seen = f"__fish_seen_subcommand_from {name}"
        for option in options:
            flag = f"-l {option[2:]}" if option.startswith("--") else f"-f -a {option}"
            if option in values[name]:
                flag += f" -x -a '{' '.join(values[name][option])}'"
            lines.append(f"complete -c starling -n '{seen}' {flag}")
    lines.append("complete -c starling -n '__fish_seen_subcommand_from check' -f -a '(starling drugs --names)'")
    return "\n".join(lines) + "\n"
