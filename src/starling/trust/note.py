"""Checkpoints: what a log was at a moment, signed, as a small text that other tools read too.

    starling.node/audit
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — starling.node/audit Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=

Source: C2SP tlog-checkpoint, signed-note (Ed25519, signature type 1).
"""

from __future__ import annotations

import base64
import binascii
import re
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from starling.errors import TrustError
from starling.trust.merkle import HASH_BYTES
from starling.values import dataclass

#: A note is small; more is not looked at (ours; the specification asks for a limit).
LARGEST_NOTE: Final = 1 << 16
_ED25519: Final = b"\x01"
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROLS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` entries of the log `origin` have this root.  `more`: lines that other logs add."""

    origin: str
    size: int
    root: bytes
    more: tuple[str, ...] = ()

    def body(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode("ascii"), *self.more)
        return "".join(f"{line}\n" for line in lines)


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note of a checkpoint, under the name of its log."""
    body = checkpoint.body()
    public = key.public_key().public_bytes_raw()
    signature = _key_id(checkpoint.origin, public) + key.sign(body.encode("utf-8"))
    return f"{body}\n— {checkpoint.origin} {base64.b64encode(signature).decode('ascii')}\n"


def read_checkpoint(text: str, origin: str, public: bytes) -> Checkpoint:
    """The checkpoint in a note, when this log's key signed it.  Signatures of others are passed over.

    Raises: TrustError CHECKPOINT_REFUSED with the reason.
    """
    body, signatures = _parts(text)
    checkpoint = _parsed(body)
    if checkpoint.origin != origin:
        raise _refused(f"of {checkpoint.origin!a}, not of {origin!a}")
    identity = _key_id(origin, public)
    own = [value for name, value in signatures if name == origin and value.startswith(identity)]
    if not own:
        raise _refused("not signed with the key of this log")
    if not all(_fits(public, value[len(identity) :], body.encode("utf-8")) for value in own):
        raise _refused("the signature does not fit what is signed")
    return checkpoint


def verifier_key(origin: str, public: bytes) -> str:
    """The line that an auditor keeps: name, number and public key.  Source: C2SP signed-note, "Verifier keys"."""
    return f"{origin}+{_key_id(origin, public).hex()}+{base64.b64encode(_ED25519 + public).decode('ascii')}"


def read_verifier_key(line: str) -> tuple[str, bytes]:
    """(name of the log, public key of 32 bytes).  Raises: TrustError CHECKPOINT_REFUSED."""
    name, _, rest = line.strip().partition("+")
    number, _, encoded = rest.partition("+")
    data = _decoded(encoded)
    if not _NAME.fullmatch(name) or len(data) != 1 + 32 or data[:1] != _ED25519:
        raise _refused("not a verifier key of Ed25519")
    if _key_id(name, data[1:]).hex() != number:
        raise _refused("the number of the verifier key is not that of its key")
    return name, data[1:]


def _parts(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The signed text with its last newline, and the signatures (name, bytes)."""
    if len(text) > LARGEST_NOTE or _CONTROLS.search(text) or not text.endswith("\n"):
        raise _refused("not a note: too long, cut short, or with bytes that no text has")
    # the last blank line, for the text itself may have blank lines
    body, blank, rest = text.rpartition("\n\n")
    if not blank or not rest:
        raise _refused("a note without a signature")
    found = []
    for line in rest.removesuffix("\n").split("\n"):
        read = _SIGNATURE.fullmatch(line)
        value = _decoded(read[2]) if read else b""
        if read is None or len(value) < 5:
            raise _refused("a line that should be a signature is none")
        found.append((read[1], value))
    return body + "\n", found


def _parsed(body: str) -> Checkpoint:
    lines = body.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise _refused("a checkpoint has a name, a size and a root")
    origin, size, encoded, *more = lines
    root = _decoded(encoded)
    if not _NAME.fullmatch(origin) or not _SIZE.fullmatch(size) or len(root) != HASH_BYTES:
        raise _refused("a checkpoint has a name, a size and a root")
    return Checkpoint(origin, int(size), root, tuple(more))


def _decoded(text: str) -> bytes:
    """Base 64, spelled in the one way; nothing for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if base64.b64encode(data).decode("ascii") == text else b""


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode("utf-8") + b"\n" + _ED25519 + public).digest()[:4]


def _fits(public: bytes, signature: bytes, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _refused(reason: str) -> TrustError:
    return TrustError("CHECKPOINT_REFUSED", f"checkpoint: {reason}")
