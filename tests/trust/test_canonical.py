"""Equal values have one spelling, that of RFC 8785."""

from __future__ import annotations

import json
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from starling.trust.canonical import canonical

_NAMES = st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=8)
_TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
_PLAIN = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXTS
VALUES = st.recursive(_PLAIN, lambda each: st.lists(each, max_size=4) | st.dictionaries(_NAMES, each, max_size=4))


@given(st.dictionaries(_NAMES, VALUES, max_size=5))
def test_canonical_is_rfc_8785_and_says_the_same(value: dict[str, Any]) -> None:
    made = canonical(value)
    assert made == rfc8785.dumps(value) and json.loads(made) == value
    assert canonical(dict(reversed(value.items()))) == made


def test_controls_quotes_and_signs_are_spelled_as_the_standard_says() -> None:
    value = {"b": '\x00\x08\t\n\x0c\r\x1f\x7f"\\/é€😀\u2028', "a": [1, True, None]}
    assert canonical(value) == rfc8785.dumps(value)
