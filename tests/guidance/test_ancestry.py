"""Words of ancestry as people state them; a word that nobody knows is never silently "not stated"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.guidance.ancestry import KNOWN, WORDS, Group, group_of
from starling.guidance.flows.warfarin import ancestry_of

AFRICAN = WORDS["black"] | {"african-american", "afro-caribbean", "sub-saharan african"}
OTHER = WORDS["asian"] | WORDS["white"] | WORDS["other"]
WORD_AND_GROUP = [(word, group) for group, words in WORDS.items() for word in sorted(words)]


@pytest.mark.parametrize(("word", "group"), WORD_AND_GROUP)
def test_every_word_is_known_however_it_is_spelled(word: str, group: Group) -> None:
    for spelled in (word, word.upper(), word.replace(" ", "_"), word.replace(" ", "-"), f"  {word.title()} "):
        assert group_of(spelled) == group


@pytest.mark.parametrize(
    ("said", "group"),
    [("Black/African American", "black"), ("black, african american", "black"), ("White (Caucasian)", "white"),
     ("white and asian", "mixed"), ("White/Black", "mixed"), ("Hispanic or Latino", "other"),
     ("Native Hawaiian or Other Pacific Islander", "other"), ("East Asian / Chinese", "asian")],
)  # fmt: skip
def test_several_words_are_one_group_or_mixed(said: str, group: Group) -> None:
    assert group_of(said) == group


@given(st.sampled_from([word for word, _ in WORD_AND_GROUP]), st.sampled_from(["martian", "whit", "x1", "blac"]))
def test_a_word_that_is_not_known_is_none_and_spoils_the_rest(word: str, odd: str) -> None:
    assert group_of(odd) is None and group_of(f"{word}/{odd}") is None and group_of(f"{odd} and {word}") is None
    assert group_of("") is None and group_of("/") is None


def test_every_word_that_is_offered_is_known() -> None:
    offered = KNOWN.replace(" or one of:", "").replace(";", ",").replace(" or ", ", ").split(",")
    assert [word for word in offered if group_of(word) is None] == []


def test_no_word_stands_in_two_groups() -> None:
    assert len({word for word, _ in WORD_AND_GROUP}) == len(WORD_AND_GROUP)


def test_the_figure_of_the_guideline_knows_the_same_words() -> None:
    assert ancestry_of({"ancestry": "Black/African American"}) == "african"
    assert all(ancestry_of({"ancestry": word}) == "african" for word in AFRICAN)
    assert all(ancestry_of({"ancestry": word}) == "other" for word in OTHER)
    assert ancestry_of({}) == ancestry_of({"ancestry": "white and black"}) == "unknown"
