"""A proof is the text of C2SP tlog-proof, and anything else is refused with a reason."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import TrustError
from starling.trust.merkle import Frontier, leaf_hash, node_hash
from starling.trust.note import Checkpoint, sign_checkpoint, verifier_key
from starling.trust.proof import check_proof, dump_proof, read_proof
from tests.trust.logs import ORIGIN, SIGNER

KEY = Ed25519PrivateKey.from_private_bytes(SIGNER)
LINE = verifier_key(ORIGIN, KEY.public_key().public_bytes_raw())
EVENTS = [b"one", b"two", b"three"]
LEAVES = [leaf_hash(each) for each in EVENTS]


def root() -> bytes:
    tree = Frontier()
    for leaf in LEAVES:
        tree.add(leaf)
    return tree.root()


PROOF = dump_proof(2, [node_hash(*LEAVES[:2])], sign_checkpoint(Checkpoint(ORIGIN, 3, root()), KEY))


def test_a_proof_is_read_again_and_proves() -> None:
    assert read_proof(PROOF).index == 2 and len(read_proof(PROOF).steps) == 1
    assert check_proof(PROOF, b"three", LINE) == 2
    assert check_proof(PROOF.replace("\nindex", "\nextra AAAA\nindex"), b"three", LINE) == 2


@given(st.data())
def test_no_changed_byte_of_a_proof_is_believed(data: st.DataObject) -> None:
    raw = PROOF.encode()
    place, value = data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(0, 255))
    changed = raw[:place] + bytes([value]) + raw[place + 1 :]
    if changed != raw:
        with pytest.raises(TrustError):
            check_proof(changed.decode("utf-8", "replace"), b"three", LINE)


@given(st.text(alphabet=st.sampled_from(PROOF), max_size=200) | st.text(max_size=50))
def test_no_other_text_is_a_proof(text: str) -> None:
    for each in (text, PROOF.split("\n\n")[0] + text, PROOF.replace("index 2", text)):
        with pytest.raises(TrustError) as caught:
            check_proof(each, b"three", LINE)
        assert caught.value.code == "CHECKPOINT_REFUSED"


@pytest.mark.parametrize("number", ["3", "-1", "02x", "9" * 30, "²"])
def test_a_place_that_is_none(number: str) -> None:
    with pytest.raises(TrustError):
        check_proof(PROOF.replace("index 2", f"index {number}"), b"three", LINE)
