"""Public keys, and the file of a site that names those it trusts; both are text that a person can read.

A public key is a PEM file of RFC 8410 (`openssl pkey -pubout`).  The file of a site has a line for each key:

    ed25519 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29 pharmacy
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.values import dataclass

#: names the file of trusted keys
TRUST_VARIABLE: Final = "STARLING_TRUST"
#: A public key in DER before its 32 bytes.  Source: RFC 8410, sections 4 and 10.1.
_DER_HEAD: Final = bytes.fromhex("302a300506032b6570032100")
_PEM: Final = re.compile(r"\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)-----END PUBLIC KEY-----\s*")
_LINE: Final = re.compile(r"ed25519 ([0-9a-f]{64}) (\S(?:.*\S)?)")
#: A file of keys is small; more is not read (ours).
LARGEST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """An Ed25519 public key (32 bytes) under the name that the site gave it."""

    name: str
    public: bytes

    @property
    def fingerprint(self) -> str:
        """As `fingerprint` gives it."""
        return fingerprint(self.public)


def fingerprint(public: bytes) -> str:
    """What two people compare by telephone: the first 16 digits of a public key's SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def trust_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where this site keeps its trusted keys: `STARLING_TRUST`, else `starling/trusted-keys` among its settings."""
    named = environment.get(TRUST_VARIABLE, "").strip()
    if named:
        return Path(named)
    settings = environment.get("XDG_CONFIG_HOME", "").strip()
    return (Path(settings) if settings else Path.home() / ".config") / "starling" / "trusted-keys"


def read_trusted(path: Path) -> tuple[TrustedKey, ...]:
    """The keys in a site's file; none when there is no such file.

    Raises: InputError BAD_KEY with the line that is not a key: a list of whom to trust is whole, or it is not used.
    """
    if not path.exists():
        return ()
    lines = _text_of(path).splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        read = _LINE.fullmatch(line.rstrip())
        if read is None or not read[2].isprintable():
            raise InputError("BAD_KEY", "is not `ed25519 KEY NAME`", source=str(path), line=number)
        found.append(TrustedKey(read[2], bytes.fromhex(read[1])))
    return tuple(found)


def dump_trusted(keys: Iterable[TrustedKey], *, what: str = "models run", command: str = "model trust") -> str:
    """The text of a site's file; `what`: for what the keys are trusted, `command`: what writes it."""
    head = f"# Keys whose {what} here.  Written by `starling {command}`; a line may be taken away by hand.\n"
    return head + "".join(f"ed25519 {key.public.hex()} {key.name}\n" for key in keys)


def with_key(keys: Iterable[TrustedKey], added: TrustedKey) -> tuple[TrustedKey, ...]:
    """The keys and one more.  Raises: InputError BAD_KEY when the name is taken by another key, or cannot be shown."""
    kept = tuple(keys)
    if not added.name.strip() or added.name != added.name.strip() or not added.name.isprintable():
        raise InputError("BAD_KEY", f"{added.name!a} is not a name that can be shown")
    if any(key.name == added.name and key.public != added.public for key in kept):
        raise InputError("BAD_KEY", f"another key is already trusted as {added.name!r}; choose another --name")
    return (*(key for key in kept if key.public != added.public), added)


def read_public_key(path: Path) -> bytes:
    """The 32 bytes of the Ed25519 public key in a PEM file.

    Raises: InputError BAD_KEY when it holds something else, above all a private key.
    """
    text = _text_of(path)
    if "PRIVATE KEY" in text:
        said = "holds a private key, which nobody else may have; name the public one (openssl pkey -pubout)"
        raise InputError("BAD_KEY", said, source=str(path))
    read = _PEM.fullmatch(text)
    try:
        data = base64.b64decode("".join(read[1].split()), validate=True) if read else b""
    except binascii.Error:
        data = b""
    if len(data) != len(_DER_HEAD) + 32 or not data.startswith(_DER_HEAD):
        raise InputError("BAD_KEY", "is not the PEM file of an Ed25519 public key", source=str(path))
    return data[len(_DER_HEAD) :]


def public_pem(public: bytes) -> str:
    """The PEM file of a public key.  Source: RFC 8410, section 10.1."""
    encoded = base64.b64encode(_DER_HEAD + public).decode("ascii")
    return f"-----BEGIN PUBLIC KEY-----\n{encoded}\n-----END PUBLIC KEY-----\n"


def _text_of(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise InputError("BAD_KEY", "is not a file", source=str(path))
        with path.open("rb") as stream:
            data = stream.read(LARGEST_BYTES + 1)
        if len(data) > LARGEST_BYTES:
            raise InputError("BAD_KEY", "is too large for a file of keys", source=str(path))
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("BAD_KEY", "is not UTF-8 text", source=str(path)) from error
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", f"cannot be read ({error.strerror})", source=str(path)) from error
