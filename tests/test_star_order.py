"""Star order: what a person reads first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.star_order import diplotype_of, in_star_order, name_key
from starling.vocabulary import Diplotype

NAMES = ["*1", "*2", "*10", "*80", "*80+*28", "[*6 + *14]", "Reference", "c.85T>C (*9A)", "g.94781859G>A"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("*2", "*10"),  # numbers as numbers, not as text
        ("Reference", "c.61C>T"),
        ("c.61C>T", "c.1129-5923C>G"),
        ("*80", "*80+*28"),
        ("*99", "[*6 + *14]"),  # combinations last
        ("*1", "*1x2"),
        ("rs9923231 reference (C)", "rs9923231 variant (T)"),
    ],
)
def test_star_order(earlier: str, later: str) -> None:
    assert name_key(earlier) < name_key(later)
    assert diplotype_of(later, earlier) == Diplotype((earlier, later))


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))))
def test_diplotypes_are_unordered_pairs_sorted_and_distinct(pairs: list[tuple[str, str]]) -> None:
    diplotypes = in_star_order(diplotype_of(*pair) for pair in pairs)
    assert diplotypes == in_star_order(diplotype_of(other, one) for one, other in reversed(pairs))
    assert len(set(diplotypes)) == len(diplotypes) == len({frozenset(pair) for pair in pairs})


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_two_names_can_be_compared(one: str, other: str) -> None:
    assert (name_key(one) < name_key(other)) + (name_key(other) < name_key(one)) == (name_key(one) != name_key(other))
