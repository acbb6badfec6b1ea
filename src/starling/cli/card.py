"""`card`: a card for the wallet with a signed code, the key that signs it, and whose cards are believed here."""

from __future__ import annotations

import argparse
import stat
import sys
from pathlib import Path
from typing import Final

from starling.cli.arguments import (
    NOTHING_CALLED,
    add_knowledge,
    add_patient,
    add_reading,
    anything_called,
    assessed,
    knowledge_path,
)
from starling.cli.commands import is_there
from starling.cli.model import change_trust, make_key
from starling.cli.output import only_one, write_bytes
from starling.engine import Engine
from starling.errors import InputError
from starling.report.text import visible

_EXAMPLES: Final = """
examples:
  starling card key ward-3                         ward-3.pem, ward-3.pub.pem
  starling card patient.vcf --key ward-3.pem -o card.pdf
      --subject name="Ann Example" --subject birth_date=1980-02-01
  starling card trust ward-3.pub.pem               whose cards are believed here
  starling card trust --list
  starling card trust --remove ward-3
  starling verify-card code.txt                    is a card genuine?

A file of the name key or trust is written ./key or ./trust.  The key is a
file that its owner alone may read.  Needs the extras [print] and [trust].
"""
#: first words that are verbs, unless a file has that name
_VERBS: Final = frozenset({"key", "trust"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("input", nargs="*", metavar="INPUT", help="as for report; or: key NAME, trust KEYFILE")
    parser.add_argument("-o", "--output", metavar="FILE", help="the card, PDF")
    parser.add_argument("--key", metavar="FILE", help="the private key that signs, PEM, Ed25519")
    parser.add_argument("--font", metavar="FILE", help="a TrueType file for letters that the built-in font lacks")
    trust = parser.add_argument_group("trust")
    trust.add_argument("--name", metavar="NAME", help="whose key it is (default: the name of the file)")
    trust.add_argument("--list", action="store_true", help="the keys whose cards are believed here")
    trust.add_argument("--remove", metavar="NAME", help="believe this key no more")
    add_knowledge(parser)
    add_reading(parser)
    add_patient(parser)


def run(arguments: argparse.Namespace) -> int:
    """Writes the card of one person, or does what the verb says; 5 when nothing could be called."""
    verb = arguments.input[0] if arguments.input else ""
    if verb in _VERBS and not is_there(verb):
        return _verb(verb, arguments)
    if arguments.name or arguments.list or arguments.remove:
        raise InputError("BAD_ARGUMENTS", "--name, --list and --remove are for: card trust", source="card")
    return _card(arguments)


def _verb(verb: str, arguments: argparse.Namespace) -> int:
    from starling.printing.keys import card_keys

    words = arguments.input[1:]
    if verb == "key":
        if len(words) != 1:
            raise InputError("BAD_ARGUMENTS", "card key takes one NAME", source="card key")
        arguments.name = words[0]
        return make_key(arguments)
    if len(words) > 1:
        raise InputError("BAD_ARGUMENTS", "card trust takes one KEYFILE", source="card trust")
    arguments.keyfile = words[0] if words else None
    return change_trust(arguments, card_keys(), "card trust", "cards are believed")


def _card(arguments: argparse.Namespace) -> int:
    from starling.extras import need

    if not arguments.output or not arguments.key:
        said = "name the card with -o FILE.pdf, and the key that signs it with --key FILE (starling card key NAME)"
        raise InputError("BAD_ARGUMENTS", said, source="card")
    key = _private(Path(arguments.key))
    need("fpdf", "print")
    need("segno", "print")
    from starling.printing.card import card_of, payloads
    from starling.printing.wallet import wallet

    engine = Engine.open(knowledge_path(arguments.knowledge))
    (person,) = only_one(assessed(engine, arguments), "a card is one person's")
    if not anything_called(person):
        sys.stderr.write("starling: no card was written: no gene could be called, and silence would look like safety\n")
        return NOTHING_CALLED
    card = card_of(person)
    codes = payloads(card, key)
    write_bytes(Path(arguments.output), wallet(card, codes, font=Path(arguments.font) if arguments.font else None))
    left = next((each.field("left") for each in codes if each.field("left")), "")
    said = f"{arguments.output}: card of {card.name}, signed by key {codes[0].key}"
    lines = (said, *((f"left out of the code: {left}",) if left else ()))
    sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    return 0


def _private(path: Path) -> Path:
    """The file of a key that nobody else may read.  Raises: InputError BAD_KEY, the sender's."""
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise InputError("BAD_KEY", "others may read it (chmod 600), and may have done so", source=str(path))
    return path
