"""A proof that an event is in the log, as a text that is checked anywhere, without the log and without a network.

Source: C2SP tlog-proof version 1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Final

from starling.errors import TrustError
from starling.trust.merkle import HASH_BYTES, Frontier, leaf_hash, verify_inclusion
from starling.trust.note import read_checkpoint, read_verifier_key
from starling.values import dataclass

_HEAD: Final = "c2sp.org/tlog-proof@v1"
#: Steps of a proof in a log of any size that is counted here.
_MOST_STEPS: Final = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """The steps from an event to the root of a checkpoint."""

    index: int
    steps: tuple[bytes, ...]
    note: str


def dump_proof(index: int, steps: Sequence[bytes], note: str) -> str:
    """The text of a proof."""
    lines = (_HEAD, f"index {index}", *(base64.b64encode(step).decode("ascii") for step in steps))
    return "\n".join(lines) + "\n\n" + note


def read_proof(text: str) -> Proof:
    """The proof in a text.  Raises: TrustError CHECKPOINT_REFUSED when it is none."""
    head, blank, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    if lines and lines[0].startswith("extra "):
        lines = lines[1:]
    word, _, number = lines[0].partition(" ") if lines else ("", "", "")
    known = first == _HEAD and blank and word == "index" and number.isascii() and number.isdigit()
    if not known or len(number) > 19 or len(lines) > 1 + _MOST_STEPS:
        raise _refused("not one of C2SP tlog-proof version 1")
    return Proof(int(number), tuple(map(_hash, lines[1:])), note)


def check_proof(proof: str, event: bytes, verifier_key: str) -> int:
    """The place of the event in the log that this key speaks for.  Raises: TrustError CHECKPOINT_REFUSED."""
    read = read_proof(proof)
    checkpoint = read_checkpoint(read.note, *read_verifier_key(verifier_key))
    if not verify_inclusion(read.index, checkpoint.size, leaf_hash(event), read.steps, checkpoint.root):
        raise _refused("this event is not the one that it is of")
    return read.index


def check_export(lines: Iterable[bytes], note: str, verifier_key: str) -> int:
    """How many events a checkpoint vouches for, all of which are these lines, in their order.

    Lines after them are passed over: the log went on.  Raises: TrustError LOG_TAMPERED, CHECKPOINT_REFUSED.
    """
    checkpoint = read_checkpoint(note, *read_verifier_key(verifier_key))
    tree = Frontier()
    for line in lines:
        if tree.size == checkpoint.size:
            break
        tree.add(leaf_hash(line))
    if tree.size < checkpoint.size:
        raise TrustError("LOG_TAMPERED", f"export: {tree.size} of {checkpoint.size} events are there")
    if tree.root() != checkpoint.root:
        raise TrustError("LOG_TAMPERED", "export: the events are not those that the checkpoint is of")
    return tree.size


def _hash(line: str) -> bytes:
    try:
        data = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != HASH_BYTES:
        raise _refused("a step is no hash")
    return data


def _refused(reason: str) -> TrustError:
    return TrustError("CHECKPOINT_REFUSED", f"proof: {reason}")
