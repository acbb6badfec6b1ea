"""`verify-card`: whether the text in a card's code is what somebody whom this site trusts has signed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from starling.cli.arguments import add_knowledge, knowledge_path
from starling.engine import Engine
from starling.errors import InputError
from starling.report.text import visible

_EXAMPLES: Final = """
examples:
  starling verify-card code.txt            the text, as any scanner gives it
  zbarimg -q --raw card.png | starling verify-card -
  starling verify-card code.txt --key ward-3.pub.pem
                                           by this key alone

exit codes: 0 genuine; 2 not the whole text of a card's code; 7 changed, or
signed by a key that nobody here trusts (the key is named).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("file", metavar="FILE", help="the text of the code; - for stdin")
    parser.add_argument("--key", metavar="FILE", help="the public key that must have signed it, PEM, Ed25519")
    add_knowledge(parser)


def run(arguments: argparse.Namespace) -> int:
    """Shows what was signed, by whom, and whether the knowledge behind it is the one of this program."""
    from starling.printing.card import believed, read_payload
    from starling.printing.keys import card_keys
    from starling.trust.keys import TrustedKey, read_public_key, read_trusted

    found = read_payload(_data(arguments.file))
    if arguments.key:
        path = Path(arguments.key)
        trusted: tuple[TrustedKey, ...] = (TrustedKey(path.name, read_public_key(path)),)
    else:
        trusted = read_trusted(card_keys())
    payload, key = believed(found, trusted)
    lines = [*payload.body.rstrip("\n").split("\n"), "", f"GENUINE: signed by {key.name}, key {key.fingerprint}."]
    lines.append("Compare name and birth date with the person before you.")
    if payload.field("parts") != "1":
        lines.append(f"This is code {payload.field('part')} of {payload.field('parts')}: the others say more.")
    own = Engine.open(knowledge_path(arguments.knowledge)).knowledge.stamp.version
    if own != payload.field("version"):
        said = f"OTHER EDITION: made with knowledge {payload.field('version')}, and this program has {own}"
        lines.append(f"{said}; have the card made again.")
    sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    return 0


def _data(name: str) -> bytes:
    """Raises: InputError FILE_NOT_FOUND, the sender's."""
    from starling.printing.card import LARGEST

    if name == "-":
        return sys.stdin.buffer.read(LARGEST + 1)
    try:
        with Path(name).open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", f"cannot be read ({error.strerror})", source=name) from error
