"""Copies of CYP2D6 beside alleles read from small variants: one call where the two leave one, else what they leave."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.calling.combine import combine
from starling.calling.partial import CopyCount, SampleCall
from starling.guidance.phenotype import interpret
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import Ambiguous, Consistent, Diplotype, Evidence, GeneCall, Undetermined, Why
from tests.calling.support import called, codes, names, others

GENE: Final = "CYP2D6"
KNOWLEDGE: Final = KnowledgeBase.open()


def pair(text: str) -> Diplotype:
    return Diplotype(tuple(text.split("/")))


def own(*read: str, **more: object) -> GeneCall:
    diplotypes = tuple(map(pair, read))
    result = diplotypes[0] if len(diplotypes) == 1 else Ambiguous(diplotypes)
    return GeneCall(GENE, result, Evidence(copy_number="not_assessed", **more))  # type: ignore[arg-type]


def with_copies(call: GeneCall, *copies: int) -> GeneCall:
    counts = [CopyCount(KNOWLEDGE.definitions[call.gene], each) for each in copies]
    return combine([SampleCall(call), *counts])[call.gene]


@pytest.mark.parametrize(
    ("read", "copies", "told", "possible"),
    [
        ("*4/*4", 1, ["*4/*5"], []),
        ("*1/*4", 2, ["*1/*4"], []),
        ("*4/*4", 2, ["*4/*4"], ["*4x2/*5"]),
        ("*1/*1", 3, ["*1/*1x2"], ["*1x>=3/*5"]),
        ("*1/*4", 3, ["*1/*4x2", "*1x2/*4"], []),
        ("*1/*1", 4, ["*1/*1x>=3", "*1x2/*1x2"], ["*1x>=3/*5"]),
        ("*41/*41", 4, ["*41/*41x3", "*41x2/*41x2"], ["*5/*41x4"]),
    ],
)
def test_alleles_and_copies(read: str, copies: int, told: list[str], possible: list[str]) -> None:
    call = with_copies(own(read), copies)
    assert (sorted(names(call)), list(others(call))) == (told, possible)
    assert set(others(call).values()) <= {"copy_number"}
    assert (call.evidence.copy_number, call.evidence.conflict, codes(call)) == ("assessed", None, ["COPIES_COUNTED"])


@pytest.mark.parametrize(("read", "copies"), [("*1/*4", 1), ("*1/*4", 0), ("*1/*1", 0)])
def test_fewer_copies_than_the_alleles_need_are_a_conflict(read: str, copies: int) -> None:
    call = with_copies(own(read), copies)
    assert (names(call), call.evidence.copy_number, call.evidence.doubts) == (
        [read],
        "not_assessed",
        (Why.COPY_NUMBER,),
    )
    assert call.evidence.conflict == f"copies were counted as {copies}, but the sample's own data read {read}"


def test_counts_that_differ_are_not_used() -> None:
    call = with_copies(own("*1/*4"), 3, 2)
    assert (names(call), call.evidence.copy_number) == (["*1/*4"], "not_assessed")
    assert call.evidence.conflict == "copies were counted as 2 and as 3"


def test_a_gene_that_is_absent_is_not_covered() -> None:
    nothing = GeneCall(GENE, Undetermined("NOT_COVERED"), Evidence(cannot_exclude=("*4",), copy_number="not_assessed"))
    call = with_copies(nothing, 0)
    assert (names(call), call.evidence.copy_number, call.evidence.cannot_exclude) == (["*5/*5"], "assessed", ())


@pytest.mark.parametrize("copies", [0, 1, 2])
def test_bases_that_no_allele_explains_stay_undetermined(copies: int) -> None:
    call = with_copies(GeneCall(GENE, Undetermined("NO_MATCH")), copies)
    assert call.result == Undetermined("NO_MATCH")


def test_a_count_can_tell_which_reading_is_right() -> None:
    """*1/*4 needs two copies, *10/*10 does not."""
    assert names(with_copies(own("*1/*4", "*10/*10"), 1)) == ["*5/*10"]


def test_what_else_fits_has_its_copies_too() -> None:
    consistent = (Consistent(pair("*10/*10"), Why.PHASE), Consistent(pair("*2/*4"), Why.NOT_ASSAYED))
    call = with_copies(own("*4/*4", consistent=consistent), 1)
    assert (names(call), others(call)) == (["*4/*5"], {"*5/*10": "phase"})


def test_research_descriptions_are_not_multiplied() -> None:
    assert names(with_copies(own("*1/[*6 + *14]", research_only=True), 3)) == ["*1/[*6 + *14]"]


def test_a_count_says_nothing_of_a_gene_without_copy_number_alleles() -> None:
    call = GeneCall("CYP2C19", pair("*1/*2"))
    counted = with_copies(call, 3)
    assert (counted.result, codes(counted)) == (call.result, ["COPY_COUNT_NOT_USED"])


def test_a_real_call_loses_its_caution_and_is_certain() -> None:
    """*1/*4 of unknown copies may be *1x2/*4 or more; with two copies counted it is Intermediate, certain."""
    read = called(GENE, {42128945: "C/T", 42126611: "C/C"})
    assert "COPY_NUMBER_NOT_ASSESSED" in codes(read)
    definition, rules = KNOWLEDGE.definitions[GENE], KNOWLEDGE.guidance.phenotypes[GENE]
    before = interpret(read, definition, rules)
    after = interpret(with_copies(read, 2), definition, rules)
    assert (before.phenotype_certain, after.copy_number) == (False, "assessed")
    assert "COPY_NUMBER_NOT_ASSESSED" not in {each.code for each in after.warnings}
    assert after.phenotype == before.phenotype


@given(st.sampled_from(["*1", "*2", "*4", "*10", "*41"]), st.sampled_from(["*1", "*4", "*17"]), st.integers(0, 6))
def test_every_arrangement_has_the_copies_that_were_counted(one: str, other: str, copies: int) -> None:
    """Up to `>=3`, which names no number."""
    call = with_copies(own("/".join(sorted((one, other)))), copies)
    if call.evidence.conflict is not None:
        assert copies < (1 if one == other else 2)
        return
    for name in [*names(call), *others(call)]:
        assert {allele.partition("x")[0] for allele in name.split("/")} - {"*5"} <= {one, other}
        if ">=" not in name:
            assert sum(0 if each == "*5" else int(each.partition("x")[2] or 1) for each in name.split("/")) == copies


@pytest.mark.parametrize("read", ["*4/*5", "*5/*5", "*2x2/*4", "*4/*68+*4", "*1"])
@pytest.mark.parametrize("copies", [-1, 1, 2, 3])
def test_a_count_never_counts_copies_that_are_stated_already(read: str, copies: int) -> None:
    call = with_copies(own(read), copies)
    assert (call.result, call.evidence.doubts) == (pair(read), (Why.COPY_NUMBER,))
    assert call.evidence.conflict is not None and call.evidence.copy_number == "not_assessed"
