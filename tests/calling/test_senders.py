"""What is said once of outside results: who wrote them, and what of them was passed over."""

from __future__ import annotations

from starling.calling.senders import sender_notices
from starling.vocabulary import OutsideCall


def said(*calls: OutsideCall) -> list[tuple[str, str]]:
    return [(notice.code, notice.message) for notice in sender_notices(calls, ("CYP2D6", "DPYD"), "P1")]


def test_words_for_no_result_are_named_in_the_provenance() -> None:
    assert said(OutsideCall("DPYD", diplotype="NO_MATCH/NO_MATCH", file="lab.tsv")) == [
        ("OUTSIDE_NO_CALL", "lab.tsv: no result, and passed over: DPYD (NO_MATCH/NO_MATCH).")
    ]
    assert said(OutsideCall("DPYD", phenotype="No Result")) == [
        ("OUTSIDE_NO_CALL", "no result, and passed over: DPYD (No Result).")
    ]


def test_what_states_something_else_is_no_such_word() -> None:
    assert said(OutsideCall("DPYD", diplotype="NO_MATCH", activity_score="1")) == []
    assert said(OutsideCall("DPYD", diplotype="Unknown", phenotype="Poor Metabolizer")) == []
    assert said(OutsideCall("DPYD")) == []


def test_genes_that_are_not_covered_are_named_and_passed_over() -> None:
    assert said(OutsideCall("BRCA1", diplotype="x")) == [
        ("GENES_NOT_COVERED", "not covered here and passed over: BRCA1 (x).")
    ]
