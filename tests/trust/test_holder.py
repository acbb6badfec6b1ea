"""A wrapped key comes back from its holder alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.errors import TrustError
from starling.trust.holder import FileKey, KeyHolder, TokenKey
from starling.trust.sealed import open_sealed
from tests.conftest import made_tokens
from tests.trust.logs import KEY


def refused(holder: KeyHolder, blob: bytes) -> str:
    with pytest.raises(TrustError) as caught:
        holder.unwrap(blob)
    assert caught.value.code == "KEY_UNAVAILABLE"
    return caught.value.message


@pytest.fixture
def file_key(tmp_path: Path) -> FileKey:
    return FileKey.create(tmp_path / "file.key")


@pytest.fixture(scope="session")
def token_key(softhsm: tuple[Path, Path]) -> TokenKey:
    return TokenKey.create(softhsm[0], "one", "1234")


def test_file_key_wraps_and_unwraps_and_says_what_it_is_worth(file_key: FileKey) -> None:
    blob = file_key.wrap(KEY)
    assert KEY not in blob and FileKey(file_key.path).unwrap(blob) == KEY
    assert "whoever copies this disk" in file_key.describe()
    assert file_key.path.stat().st_mode & 0o777 == 0o600


def test_file_key_that_others_may_read_is_not_used(file_key: FileKey) -> None:
    blob = file_key.wrap(KEY)
    file_key.path.chmod(0o640)
    assert "chmod 600" in refused(file_key, blob)


def test_file_key_missing_short_another_or_in_the_way(file_key: FileKey, tmp_path: Path) -> None:
    blob = file_key.wrap(KEY)
    assert "another key" in refused(FileKey.create(tmp_path / "other.key"), blob)
    with pytest.raises(TrustError, match="cannot be made"):
        FileKey.create(file_key.path)
    file_key.path.write_bytes(b"short")
    assert "32 bytes" in refused(file_key, blob)
    file_key.path.unlink()
    assert "cannot be read" in refused(file_key, blob)


@pytest.mark.parametrize("attack", ["flip", "cut", "longer", "empty"])
def test_wrapped_key_that_was_changed_is_not_unwrapped(file_key: FileKey, token_key: TokenKey, attack: str) -> None:
    for holder in (file_key, token_key):
        blob = holder.wrap(KEY)
        changed = {"flip": blob[:9] + bytes([blob[9] ^ 4]) + blob[10:], "cut": blob[:-8], "longer": blob + bytes(8)}
        refused(holder, changed.get(attack, b""))
        assert holder.unwrap(blob) == KEY


def test_token_key_opens_a_store(token_key: TokenKey, softhsm: tuple[Path, Path], tmp_path: Path) -> None:
    blob = token_key.wrap(KEY)
    open_sealed(tmp_path / "s.db", KEY, create=True).close()
    again = TokenKey(softhsm[0], "one", "1234")
    open_sealed(tmp_path / "s.db", again.unwrap(blob)).close()
    assert "does not leave it" in again.describe() and "1234" not in again.describe()


def test_token_never_gives_its_key_away(token_key: TokenKey, softhsm: tuple[Path, Path]) -> None:
    import pkcs11

    token = pkcs11.lib(str(softhsm[0])).get_token(token_label="one")
    with token.open(rw=True, user_pin="1234") as session:
        key = session.get_key(pkcs11.ObjectClass.SECRET_KEY, pkcs11.KeyType.AES, "starling")
        assert isinstance(key, pkcs11.WrapMixin)
        assert not key[pkcs11.Attribute.EXTRACTABLE] and key[pkcs11.Attribute.NEVER_EXTRACTABLE]
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]
        with pytest.raises(pkcs11.exceptions.KeyUnextractable):
            key.wrap_key(key, mechanism=pkcs11.Mechanism.AES_KEY_WRAP)
    assert len(token_key.wrap(KEY)) == 40


def test_token_with_a_wrong_pin_another_token_or_none(token_key: TokenKey, softhsm: tuple[Path, Path]) -> None:
    module = softhsm[0]
    blob = token_key.wrap(KEY)
    assert "PinIncorrect" in refused(TokenKey(module, "one", "9999"), blob)
    assert "GeneralError" in refused(TokenKey.create(module, "two", "1234"), blob)
    assert "NoSuchKey" in refused(TokenKey(module, "bare", "1234"), blob)
    assert "NoSuchToken" in refused(TokenKey(module, "never made", "1234"), blob)
    refused(TokenKey(Path("/nowhere/library.so"), "one", "1234"), blob)
    with pytest.raises(TrustError, match="a key of ours already"):
        TokenKey.create(module, "one", "1234")


#: In a process of its own: after a token was taken away, SoftHSM2 finds no other in that process either.
REMOVED = """
import shutil, sys
from pathlib import Path
from starling.errors import TrustError
from starling.trust.holder import TokenKey
module, tokens, pocket = map(Path, sys.argv[1:])
holder = TokenKey.create(module, "lost", "1234")
blob = holder.wrap(bytes(32))
print(holder.unwrap(blob) == bytes(32))
shutil.move(next(tokens.iterdir()), pocket)
try:
    holder.unwrap(blob)
except TrustError as error:
    print(error.code)
"""


def test_token_removed_while_it_is_in_use(
    softhsm: tuple[Path, Path], tool: Callable[[str], str], tmp_path: Path, root: Path
) -> None:
    settings = made_tokens(tool("softhsm2-util"), tmp_path, "lost")
    command: list[str | Path] = [sys.executable, "-c", REMOVED, softhsm[0], tmp_path / "tokens", tmp_path / "pocket"]
    environment = {**os.environ, "SOFTHSM2_CONF": str(settings), "PYTHONPATH": str(root / "src")}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    assert told.split() == ["True", "KEY_UNAVAILABLE"]
