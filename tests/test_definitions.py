"""The table of actions, and rows that are made when somebody asks for them."""

from __future__ import annotations

from starling.assessment import WHY, Advice
from starling.definitions import ACTION_WORDS, ACTIONS, Key, Row, RowTable, action_words, seriousness
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


def test_a_row_is_made_when_it_is_asked_for_and_once() -> None:
    made: list[int] = []

    def make(table: RowTable, number: int) -> Row:
        made.append(number)
        (term,) = table.keys[number]
        advice = Advice(f"A{number}", "standard", "As usual.")
        return Row(table.drug, table.population, "", (Key("TPMT", term),), advice)

    table = RowTable("azathioprine", "general", ("TPMT",), [("Normal Metabolizer",), ("n/a",)], make, ["standard"] * 2)
    assert len(table) == 2 and made == []
    assert table[1] is table[1] and made == [1]
    assert [row.when[0].key for row in table.rows] == ["Normal Metabolizer", "n/a"] and made == [1, 0]
    assert table == RowTable(table.drug, table.population, table.genes, table.keys, make, table.actions)
    assert table != RowTable("thioguanine", table.population, table.genes, table.keys, make, table.actions)
    assert table != list(table.rows)
