"""The table of actions: what every face, every order and every notice takes from it."""

from __future__ import annotations

from starling.assessment import WHY
from starling.definitions import ACTION_WORDS, ACTIONS, action_words, seriousness
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import Why


def test_an_unknown_action_keeps_its_name_and_is_the_most_serious() -> None:
    assert action_words("something_new") == "something new"
    assert min((*ACTIONS, "something_new"), key=seriousness) == "something_new"
    assert sorted(ACTIONS, key=seriousness) == list(ACTION_WORDS)


def test_every_action_of_the_knowledge_base_is_known() -> None:
    used = {row.advice.action for guideline in KnowledgeBase.open().guidance.guidelines for row in guideline.rows}
    assert used <= set(ACTIONS)


def test_every_reason_of_doubt_has_words() -> None:
    assert set(WHY) == set(Why)
    assert all(words.brief and words.clause for words in WHY.values())
