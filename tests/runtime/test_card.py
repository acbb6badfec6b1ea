"""A card states its limits, and none beyond those of the house."""

from __future__ import annotations

import pytest

from starling.errors import ModelError
from starling.runtime.card import MOST_BYTES, MOST_THREADS, Limits, read_card
from tests.runtime.models import MIRROR


def test_what_a_card_does_not_limit_has_the_limits_of_the_house() -> None:
    assert read_card(MIRROR, source="test").limits == Limits(largest_bytes=8 << 20, threads=1, deadline_ms=None)


def test_a_card_states_its_own_limits() -> None:
    text = MIRROR + f"[limits]\nlargest_bytes = {MOST_BYTES}\nthreads = {MOST_THREADS}\ndeadline_ms = 250\n"
    assert read_card(text, source="test").limits == Limits(MOST_BYTES, MOST_THREADS, 250)


@pytest.mark.parametrize(
    "limit",
    [
        f"largest_bytes = {MOST_BYTES + 1}",
        "largest_bytes = 0",
        f"threads = {MOST_THREADS + 1}",
        "deadline_ms = 0",
        "deadline_ms = 'soon'",
        "patience = 3",
    ],
)
def test_a_limit_beyond_the_bound_or_of_another_kind_is_refused(limit: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_card(f"{MIRROR}[limits]\n{limit}\n", source="test")
    assert caught.value.code == "MODEL_INVALID"


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, "[[input]]", MIRROR + "[[input]]\nname = 'a'\n"])
def test_a_card_that_states_neither_or_both_ways_is_refused(text: str) -> None:
    with pytest.raises(ModelError):
        read_card(text, source="test")


def test_what_a_workload_adds_is_kept_for_it() -> None:
    card = read_card(
        MIRROR.replace('version = "0"', 'version = "0"\ndrug = "x"') + "[use]\nintended = 'y'\n", source="t"
    )
    assert (card.more, card.facts) == ({"drug": "x"}, {"use": {"intended": "y"}})
