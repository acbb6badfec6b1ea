"""Several outside results for one gene: each adds what the others leave out, and no difference is lost."""

from __future__ import annotations

from functools import reduce

import pytest

from starling.calling.statements import together
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import Diplotype, GeneCall, Why
from tests.calling.support import stated


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return KnowledgeBase.open()


def as_one(*calls: GeneCall) -> GeneCall:
    return reduce(together, calls)


def test_two_outside_calls_that_differ(knowledge: KnowledgeBase) -> None:
    first = stated(knowledge, "CYP2C19", "*1/*2")
    assert as_one(first, stated(knowledge, "CYP2C19", "*1/*3")).evidence.conflict == (
        "another outside result states *1/*2"
    )


@pytest.mark.parametrize(
    ("first", "later", "said"),
    [
        ({"diplotype": "*1/*1"}, {"diplotype": "*2/*2"}, "states *1/*1"),
        ({"phenotype": "PM"}, {"phenotype": "UM"}, "states Poor Metabolizer"),
        ({"activity_score": "1"}, {"activity_score": "2"}, "states activity score 1.0"),
        ({"diplotype": "*1/*999"}, {"diplotype": "*1/*2"}, "names alleles that cannot be read"),
        ({"diplotype": "*1/*2"}, {"diplotype": "*1/*999"}, "names alleles that cannot be read"),
    ],
)
def test_two_outside_rows_never_pass_in_silence(
    knowledge: KnowledgeBase, first: dict[str, str], later: dict[str, str], said: str
) -> None:
    both = as_one(stated(knowledge, "CYP2D6", **first), stated(knowledge, "CYP2D6", **later))
    assert both.evidence.conflict == f"another outside result {said}"
    assert both.evidence.doubts == (Why.STATED,)


def test_a_conflict_survives_a_third_row(knowledge: KnowledgeBase) -> None:
    rows = [stated(knowledge, "CYP2C19", diplotype) for diplotype in ("*1/*2", "*1/*3", "*1/*3")]
    call = as_one(*rows)
    assert (call.evidence.conflict, call.evidence.doubts) == ("another outside result states *1/*2", (Why.STATED,))


def test_rows_that_complete_each_other_are_one_statement(knowledge: KnowledgeBase) -> None:
    rows = stated(knowledge, "CYP2C9", "*1/*2"), stated(knowledge, "CYP2C9", phenotype="IM", activity_score="1.5")
    for first, later in (rows, rows[::-1]):
        both = as_one(first, later)
        assert both.result == Diplotype(("*1", "*2"))
        assert both.evidence.stated_phenotype == "Intermediate Metabolizer"
        assert (both.evidence.conflict, both.evidence.doubts) == (None, ())


def test_two_hla_lines_that_contradict_each_other(knowledge: KnowledgeBase) -> None:
    first = stated(knowledge, "HLA-B", phenotype="*57:01 positive")
    both = as_one(first, stated(knowledge, "HLA-B", "*07:02/*08:01"))
    assert dict(both.evidence.presence)["*57:01"] == "nocall"
    assert both.evidence.conflict == "another outside result states *57:01 positive"
    assert both.result == Diplotype(("*07:02", "*08:01"))


def test_two_hla_lines_add_up(knowledge: KnowledgeBase) -> None:
    first = stated(knowledge, "HLA-B", phenotype="*57:01 positive")
    both = as_one(first, stated(knowledge, "HLA-B", phenotype="*15:02 negative"))
    assert dict(both.evidence.presence) == {
        "*15:02": "negative",
        "*15:11": "nocall",
        "*57:01": "positive",
        "*58:01": "nocall",
    }
