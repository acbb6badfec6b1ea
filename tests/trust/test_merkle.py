"""The tree is that of RFC 6962: known roots, a naive tree, and proofs that prove nothing else."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.trust.merkle import (
    EMPTY,
    Frontier,
    Nodes,
    completed,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root,
    verify_consistency,
    verify_inclusion,
)

#: Entries and roots of the first 1 to 8 of them.
#: Source: the reference implementation of certificate transparency, merkletree tests.
ENTRIES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
#: The proof of the first entry among all eight.  Source: as above.
FIRST_OF_EIGHT = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
)
KNOWN = [leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]


def naive(leaves: list[bytes]) -> bytes:
    """The definition, word for word.  Source: RFC 6962, section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + naive(leaves[:split]) + naive(leaves[split:])).digest()


def nodes_of(leaves: list[bytes]) -> Nodes:
    made: dict[tuple[int, int], bytes] = {}
    for index, leaf in enumerate(leaves):
        for level, each in enumerate(completed(index, leaf, lambda level, index: made[level, index])):
            made[level, index >> level] = each
    return lambda level, index: made[level, index]


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


def test_known_roots_and_a_known_proof() -> None:
    nodes = nodes_of(KNOWN)
    assert [root(size, nodes).hex() for size in range(1, 9)] == list(ROOTS)
    assert [step.hex() for step in prove_inclusion(0, 8, nodes)] == list(FIRST_OF_EIGHT)
    assert root(0, nodes) == EMPTY == naive([]) == Frontier().root()


@given(st.integers(0, 70))
def test_a_tree_that_grows_is_the_tree_of_the_definition(count: int) -> None:
    leaves, tree = leaves_of(count), Frontier()
    nodes = nodes_of(leaves)
    assert [tree.add(leaf) for leaf in leaves] == [completed(at, leaf, nodes) for at, leaf in enumerate(leaves)]
    assert tree.root() == root(count, nodes) == naive(leaves) and tree.size == count


@given(st.data())
def test_an_inclusion_proof_proves_that_leaf_at_that_place_in_that_tree(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    proof, top = prove_inclusion(index, size, nodes_of(leaves)), naive(leaves)
    assert verify_inclusion(index, size, leaves[index], proof, top)
    assert not verify_inclusion(index, size, leaf_hash(b"other"), proof, top)
    assert not verify_inclusion(index, size, leaves[index], proof, leaf_hash(b"other"))
    assert not verify_inclusion(index, size, leaves[index], [*proof, top], top)
    assert not verify_inclusion(index, size, leaves[index], proof[:-1], top) or not proof
    assert not verify_inclusion(size, size, leaves[index], proof, top)
    elsewhere = data.draw(st.integers(0, size - 1))
    assert verify_inclusion(elsewhere, size, leaves[index], proof, top) == (elsewhere == index)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:at], leaf_hash(proof[at]), *proof[at + 1 :]]
        assert not verify_inclusion(index, size, leaves[index], changed, top)


@given(st.data())
def test_a_consistency_proof_proves_that_a_list_only_grew(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    old = data.draw(st.integers(1, size))
    leaves = leaves_of(size)
    before, after = naive(leaves[:old]), naive(leaves)
    proof = prove_consistency(old, size, nodes_of(leaves))
    assert verify_consistency(old, size, before, after, proof)
    assert not verify_consistency(old, size, leaf_hash(before), after, proof)
    assert not verify_consistency(old, size, before, leaf_hash(after), proof)
    assert not verify_consistency(old, size, before, after, [*proof, before])
    assert not verify_consistency(old, size, before, after, proof[:-1]) or not proof
    changed = data.draw(st.integers(0, old - 1))
    other = naive([*leaves[:changed], leaf_hash(b"other"), *leaves[changed + 1 : old]])
    assert not verify_consistency(old, size, other, after, proof)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        assert not verify_consistency(old, size, before, after, [*proof[:at], leaf_hash(proof[at]), *proof[at + 1 :]])


@pytest.mark.parametrize(("old", "size"), [(0, 3), (4, 3), (-1, 3)])
def test_a_consistency_proof_of_nothing_or_of_more_proves_nothing(old: int, size: int) -> None:
    assert not verify_consistency(old, size, EMPTY, KNOWN[0], [KNOWN[0]])
    assert not verify_consistency(3, 5, EMPTY, KNOWN[0], [])


def test_a_leaf_is_never_taken_for_a_node() -> None:
    """Second preimage: an entry that is two hashes, as a node is made of two."""
    assert leaf_hash(KNOWN[0] + KNOWN[1]).hex() != ROOTS[1]
