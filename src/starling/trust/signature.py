"""Ed25519 signatures (RFC 8032) as a small text file: which key, and what it signed with.

    starling.signature/1
    key 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29
    signature 92a009a9f0d4cab8720e820b5f642540...

What is signed begins with a purpose, so that a signature for one thing never counts for another.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from starling.errors import InputError
from starling.extras import need
from starling.values import dataclass

_SCHEMA: Final = "starling.signature/1"
_TEXT: Final = re.compile(rb"starling\.signature/1\nkey ([0-9a-f]{64})\nsignature ([0-9a-f]{128})\n")


@dataclass(frozen=True, slots=True)
class Signature:
    """`public`: the 32 bytes of the key that made it.  `value`: the 64 bytes of the signature."""

    public: bytes
    value: bytes

    def fits(self, purpose: str, content: bytes) -> bool:
        """Whether this key signed this content for this purpose.  Raises: InputError EXTRA_MISSING."""
        exceptions = _cryptography("exceptions")
        key = _ed25519().Ed25519PublicKey
        try:
            key.from_public_bytes(self.public).verify(self.value, _message(purpose, content))
        except (exceptions.InvalidSignature, ValueError):
            return False
        return True

    def text(self) -> bytes:
        """The file of this signature."""
        return f"{_SCHEMA}\nkey {self.public.hex()}\nsignature {self.value.hex()}\n".encode("ascii")


def read_signature(data: bytes) -> Signature | None:
    """The signature in a file; None when it is not exactly one: cut short, longer, or spelled in another way."""
    read = _TEXT.fullmatch(data)
    return Signature(bytes.fromhex(read[1].decode()), bytes.fromhex(read[2].decode())) if read else None


def sign(private_pem: Path, purpose: str, content: bytes, *, password: Callable[[], bytes]) -> Signature:
    """The signature of `content` with the private key in a PEM file; `password` is asked for one that is encrypted.

    Raises: InputError BAD_KEY when the file holds no Ed25519 private key, or the password is wrong; EXTRA_MISSING.
    """
    key = _private_key(private_pem, password)
    return Signature(key.public_key().public_bytes_raw(), key.sign(_message(purpose, content)))


def new_key() -> tuple[bytes, bytes]:
    """A new key: its private half as a PEM file (PKCS 8, not encrypted), and the 32 bytes of its public half."""
    serialization = _cryptography("hazmat.primitives.serialization")
    key = _ed25519().Ed25519PrivateKey.generate()
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem, key.public_key().public_bytes_raw()


def _private_key(path: Path, password: Callable[[], bytes]) -> Any:
    serialization = _cryptography("hazmat.primitives.serialization")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", f"cannot be read ({error.strerror})", source=str(path)) from error
    try:
        secret = password() if b"BEGIN ENCRYPTED PRIVATE KEY" in data else None
        key = serialization.load_pem_private_key(data, secret)
    except Exception as error:  # the library's own kinds, for damage, another format and a wrong password
        message = f"holds no private key that can be read here ({type(error).__name__})"
        raise InputError("BAD_KEY", message, source=str(path)) from error
    if not isinstance(key, _ed25519().Ed25519PrivateKey):
        raise InputError("BAD_KEY", "is a private key, and not of Ed25519", source=str(path))
    return key


def _message(purpose: str, content: bytes) -> bytes:
    return f"{_SCHEMA}\n{purpose}\n".encode("ascii") + content


def _ed25519() -> Any:
    return _cryptography("hazmat.primitives.asymmetric.ed25519")


def _cryptography(module: str) -> Any:
    need("cryptography", "trust")
    return import_module(f"cryptography.{module}")
