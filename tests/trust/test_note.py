"""A checkpoint is believed when this log's key signed these bytes, and in no other case."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import TrustError
from starling.trust.merkle import leaf_hash
from starling.trust.note import Checkpoint, read_checkpoint, read_verifier_key, sign_checkpoint, verifier_key
from tests.trust.logs import ORIGIN, SIGNER

KEY = Ed25519PrivateKey.from_private_bytes(SIGNER)
PUBLIC = KEY.public_key().public_bytes_raw()
CHECKPOINT = Checkpoint(ORIGIN, 20, leaf_hash(b"root"))
NOTE = sign_checkpoint(CHECKPOINT, KEY)
#: Name, seed and verifier key of the example in the specification's first implementation.
#: Source: golang.org/x/mod/sumdb/note, package documentation.
NAME, SEED = "PeterNeumann", base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
LINE = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def refused(text: str, origin: str = ORIGIN, public: bytes = PUBLIC) -> str:
    with pytest.raises(TrustError) as caught:
        read_checkpoint(text, origin, public)
    assert caught.value.code == "CHECKPOINT_REFUSED"
    return caught.value.message


def test_the_example_of_the_specification_has_our_verifier_key() -> None:
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    assert verifier_key(NAME, public) == LINE and read_verifier_key(LINE + "\n") == (NAME, public)


@given(st.integers(0, 10**18), st.binary(min_size=32, max_size=32), st.lists(st.from_regex(r"[ -~]+", fullmatch=True)))
def test_what_is_signed_is_read_again(size: int, root: bytes, more: list[str]) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root, tuple(more))
    assert read_checkpoint(sign_checkpoint(checkpoint, KEY), ORIGIN, PUBLIC) == checkpoint


@given(st.data())
def test_no_changed_byte_of_a_note_is_believed(data: st.DataObject) -> None:
    """Another spelling of the same signature is none of ours either."""
    raw = NOTE.encode()
    place, value = data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(0, 255))
    changed = raw[:place] + bytes([value]) + raw[place + 1 :]
    if changed != raw:
        refused(changed.decode("utf-8", "replace"))
    refused(raw[:place].decode("utf-8", "replace"))


@given(st.text(alphabet=st.sampled_from(f"{NOTE} +=— \x00é"), max_size=300))
def test_no_text_that_is_not_ours_is_believed(text: str) -> None:
    refused(text)


def test_another_key_another_log_and_nobody() -> None:
    stranger = Ed25519PrivateKey.generate()
    assert "not signed" in refused(sign_checkpoint(CHECKPOINT, stranger))
    assert "not of 'else/log'" in refused(NOTE, "else/log")
    assert "without a signature" in refused(CHECKPOINT.body() + "\n")
    assert "not signed" in refused(NOTE, public=stranger.public_key().public_bytes_raw())


def test_signatures_of_others_are_passed_over_but_must_be_such() -> None:
    other = NOTE + "— witness.example " + base64.b64encode(b"12345678").decode() + "\n"
    assert read_checkpoint(other, ORIGIN, PUBLIC) == CHECKPOINT
    assert "a line that should be a signature" in refused(NOTE + "— witness.example !\n")
    assert "a line that should be a signature" in refused(NOTE + "- witness.example MTIzNDU2Nzg=\n")


def test_a_second_signature_of_ours_that_does_not_fit_spoils_the_note() -> None:
    line = NOTE.splitlines()[-1].split(" ")[-1]
    wrong = base64.b64encode(base64.b64decode(line)[:-1] + b"?").decode()
    assert "does not fit" in refused(f"{NOTE}— {ORIGIN} {wrong}\n")


@pytest.mark.parametrize("size", ["-1", "01", "+1", "1.0", "", "9" * 20, "٣"])
def test_a_size_is_spelled_in_one_way(size: str) -> None:
    body = CHECKPOINT.body().replace("\n20\n", f"\n{size}\n")
    signed = base64.b64encode(base64.b64decode(NOTE.split(" ")[-1])[:4] + KEY.sign(body.encode())).decode()
    assert "a name, a size and a root" in refused(f"{body}\n— {ORIGIN} {signed}\n")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        "PeterNeumann",
        LINE[:-4],
        LINE.replace("c74f20a3", "c74f20a4"),
        LINE.replace("Peter", "Paul"),
        " " + LINE[1:],
    ],
)
def test_a_verifier_key_that_was_changed_is_none(line: str) -> None:
    with pytest.raises(TrustError) as caught:
        read_verifier_key(line)
    assert caught.value.code == "CHECKPOINT_REFUSED"
