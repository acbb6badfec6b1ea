"""Who holds the key that wraps all others: a token that never gives it away, or a file.

Keys are wrapped with AES key wrap (RFC 3394), in a token as in a file: a wrapped key that was changed is not unwrapped.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from starling.errors import TrustError
from starling.extras import need

__all__ = ["FileKey", "KeyHolder", "TokenKey"]

_KEY_BYTES: Final = 32
#: Name of our key in a token.
_LABEL: Final = "starling"


class KeyHolder(Protocol):
    """Wraps keys and unwraps them; all of it raises TrustError KEY_UNAVAILABLE, the security officer's."""

    def wrap(self, key: bytes) -> bytes:
        """The key (a multiple of 8 bytes, 16 at least), as it may lie on a disk."""
        ...

    def unwrap(self, blob: bytes) -> bytes:
        """The key that was wrapped."""
        ...

    def describe(self) -> str:
        """One line for a person: where the key is, and what that protects from."""
        ...


class FileKey:
    """A key of 32 bytes in a file that nobody else may read: the default of a device without a token."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> FileKey:
        """A new key in a new file."""
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
                stream.write(secrets.token_bytes(_KEY_BYTES))
        except OSError as error:
            raise _unavailable(f"{path.name}: cannot be made ({error.strerror})") from error
        return cls(path)

    def wrap(self, key: bytes) -> bytes:
        """As `KeyHolder.wrap`."""
        return aes_key_wrap(self._key(), key)

    def unwrap(self, blob: bytes) -> bytes:
        """As `KeyHolder.unwrap`."""
        try:
            return aes_key_unwrap(self._key(), blob)
        except (InvalidUnwrap, ValueError) as error:
            raise _unavailable(f"{self.path.name}: another key, or the wrapped key was damaged") from error

    def describe(self) -> str:
        """As `KeyHolder.describe`."""
        return f"the file {self.path.name}: whoever copies this disk has the key as well; a token would keep it"

    def _key(self) -> bytes:
        try:
            mode = self.path.stat().st_mode
            data = self.path.read_bytes()
        except OSError as error:
            raise _unavailable(f"{self.path.name}: cannot be read ({error.strerror})") from error
        if stat.S_IMODE(mode) & 0o077:
            raise _unavailable(f"{self.path.name}: others may read it (chmod 600), and may have done so")
        if len(data) != _KEY_BYTES:
            raise _unavailable(f"{self.path.name}: not a key of {_KEY_BYTES} bytes")
        return data


class TokenKey:
    """An AES key inside a PKCS #11 token, which wraps and unwraps there and never gives it away.

    `module`: the library of the token's maker.  `token`: its label.
    """

    def __init__(self, module: Path, token: str, pin: str) -> None:
        self.module = module
        self.token = token
        self._pin = pin

    @classmethod
    def create(cls, module: Path, token: str, pin: str) -> TokenKey:
        """A new key in the token, which must not have one of ours yet."""
        holder = cls(module, token, pin)
        with holder._session(writing=True) as session:
            library = need("pkcs11", "hsm")
            attribute = library.Attribute
            if [*session.get_objects({attribute.CLASS: library.ObjectClass.SECRET_KEY, attribute.LABEL: _LABEL})]:
                raise _unavailable(f"token {token}: there is a key of ours already")
            session.generate_key(
                library.KeyType.AES,
                _KEY_BYTES * 8,
                label=_LABEL,
                store=True,
                capabilities=library.MechanismFlag.WRAP | library.MechanismFlag.UNWRAP,
                template={attribute.EXTRACTABLE: False, attribute.SENSITIVE: True},
            )
        return holder

    def wrap(self, key: bytes) -> bytes:
        """As `KeyHolder.wrap`."""
        library = need("pkcs11", "hsm")
        attribute = library.Attribute
        with self._session() as session:
            passing = session.create_object(
                {
                    attribute.CLASS: library.ObjectClass.SECRET_KEY,
                    attribute.KEY_TYPE: library.KeyType.GENERIC_SECRET,
                    attribute.TOKEN: False,
                    attribute.EXTRACTABLE: True,
                    attribute.VALUE: key,
                }
            )
            found: bytes = self._key(session).wrap_key(passing, mechanism=library.Mechanism.AES_KEY_WRAP)
            return found

    def unwrap(self, blob: bytes) -> bytes:
        """As `KeyHolder.unwrap`."""
        library = need("pkcs11", "hsm")
        attribute = library.Attribute
        with self._session() as session:
            passing = self._key(session).unwrap_key(
                library.ObjectClass.SECRET_KEY,
                library.KeyType.GENERIC_SECRET,
                blob,
                mechanism=library.Mechanism.AES_KEY_WRAP,
                store=False,
                template={attribute.EXTRACTABLE: True, attribute.SENSITIVE: False},
            )
            found: bytes = passing[attribute.VALUE]
            return found

    def describe(self) -> str:
        """As `KeyHolder.describe`."""
        return f"the token {self.token}: the key does not leave it, and without it nothing in the store can be read"

    def _key(self, session: Any) -> Any:
        library = need("pkcs11", "hsm")
        return session.get_key(library.ObjectClass.SECRET_KEY, library.KeyType.AES, _LABEL)

    @contextmanager
    def _session(self, *, writing: bool = False) -> Iterator[Any]:
        """A session that ends; what the library says of a token that is not there, said as KEY_UNAVAILABLE."""
        library = need("pkcs11", "hsm")
        try:
            token = library.lib(str(self.module)).get_token(token_label=self.token)
            with token.open(rw=writing, user_pin=self._pin) as session:
                yield session
        except (library.exceptions.PKCS11Error, RuntimeError) as error:
            raise _unavailable(f"token {self.token}: {type(error).__name__}") from error


def _unavailable(message: str) -> TrustError:
    return TrustError("KEY_UNAVAILABLE", message)
