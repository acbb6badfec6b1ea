"""A signature fits one key, one purpose and one content, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from starling.errors import InputError
from starling.trust.keys import public_pem, read_public_key
from starling.trust.signature import Signature, new_key, read_signature, sign
from tests.dosing.people import require

PURPOSE, CONTENT = "a purpose", b"content"


@pytest.fixture(autouse=True)
def extra() -> None:
    """The [trust] extra."""
    require("cryptography")


def no_password() -> bytes:
    raise AssertionError("the key is not encrypted")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key; its public half lies beside it."""
    private, public = new_key()
    (tmp_path / "k.pem").write_bytes(private)
    (tmp_path / "k.pub.pem").write_text(public_pem(public))
    return tmp_path / "k.pem"


def test_what_was_signed_is_believed_and_survives_its_file(key: Path) -> None:
    made = sign(key, PURPOSE, CONTENT, password=no_password)
    assert made.public == read_public_key(key.with_suffix(".pub.pem"))
    read = read_signature(made.text())
    assert read == made and read.fits(PURPOSE, CONTENT)


def test_nothing_else_is_believed(key: Path) -> None:
    made = sign(key, PURPOSE, CONTENT, password=no_password)
    assert not made.fits(PURPOSE, CONTENT + b"!")
    assert not made.fits("another purpose", CONTENT)
    assert not made.fits("a", b"purpose\ncontent")
    assert not Signature(made.public, bytes(64)).fits(PURPOSE, CONTENT)
    assert not Signature(new_key()[1], made.value).fits(PURPOSE, CONTENT)
    assert not Signature(b"\xff" * 32, made.value).fits(PURPOSE, CONTENT)


def test_every_single_bit_of_a_signature_counts(key: Path) -> None:
    made = sign(key, PURPOSE, CONTENT, password=no_password)
    for bit in range(0, 512, 37):
        value = bytearray(made.value)
        value[bit // 8] ^= 1 << bit % 8
        assert not Signature(made.public, bytes(value)).fits(PURPOSE, CONTENT)


def test_a_signature_that_is_not_exactly_one_is_none(key: Path) -> None:
    text = sign(key, PURPOSE, CONTENT, password=no_password).text()
    for wrong in (b"", text[:-1], text[:-2] + b"\n", text + b"\n", text.upper(), text.replace(b"/1", b"/2"), b"\xff"):
        assert read_signature(wrong) is None


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\xff"])
def test_what_is_no_private_key_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(content)
    with pytest.raises(InputError) as caught:
        sign(tmp_path / "k", PURPOSE, CONTENT, password=no_password)
    assert caught.value.code == "BAD_KEY"
    with pytest.raises(InputError):
        sign(tmp_path / "nothing", PURPOSE, CONTENT, password=no_password)


def test_a_key_of_another_kind_is_refused_and_an_encrypted_one_asks_for_its_password(key: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    other = X25519PrivateKey.generate().private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )  # fmt: skip
    (tmp_path / "other.pem").write_bytes(other)
    with pytest.raises(InputError, match="not of Ed25519"):
        sign(tmp_path / "other.pem", PURPOSE, CONTENT, password=no_password)
    plain = form.load_pem_private_key(key.read_bytes(), None)
    locked = plain.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(b"word"))
    (tmp_path / "locked.pem").write_bytes(locked)
    made = sign(tmp_path / "locked.pem", PURPOSE, CONTENT, password=lambda: b"word")
    assert made == sign(key, PURPOSE, CONTENT, password=no_password)
    with pytest.raises(InputError):
        sign(tmp_path / "locked.pem", PURPOSE, CONTENT, password=lambda: b"guess")
