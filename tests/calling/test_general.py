"""The general rule as a gene call: reasons, evidence and notices."""

from __future__ import annotations

import pytest

from starling.vocabulary import Ambiguous, Diplotype, Locus, Undetermined, Why
from tests.calling.support import called, codes, definitions, names, toy

TOY = toy("101 102\n*1 N | A C\n*2 D | T .\n*3 D | . T")


@pytest.mark.parametrize("gene", definitions())
def test_no_called_position_is_no_call(gene: str) -> None:
    call = called(gene, otherwise="-")
    assert call.result == Undetermined("NOT_COVERED")
    assert len(call.evidence.missing) == len(definitions()[gene].sites)


@pytest.mark.parametrize("gene", definitions())
def test_only_no_calls_are_no_call(gene: str) -> None:
    assert called(gene, otherwise=".").result == Undetermined("NOT_COVERED")


@pytest.mark.parametrize("gene", definitions())
def test_all_reference_is_the_reference_and_nothing_else(gene: str) -> None:
    definition = definitions()[gene]
    call = called(gene)
    copies = 1 if gene == "MT-RNR1" else 2
    assert call.result == Diplotype((definition.reference,) * copies)
    assert call.evidence.consistent == ()
    assert call.evidence.cannot_exclude == ()
    assert call.evidence.doubts == ()


def test_unexplained_bases_are_no_match() -> None:
    assert called(TOY, {101: "A|T", 102: "C|T"}).result == Undetermined("NO_MATCH")


def test_an_undocumented_base_is_named_as_the_reason() -> None:
    call = called(TOY, {101: "A/G"})
    assert call.result == Undetermined("UNDOCUMENTED_VARIANT")
    assert codes(call) == ["UNDOCUMENTED_VARIANT"]


def test_too_many_half_calls_are_an_answer_not_an_exception() -> None:
    sites = definitions()["CYP2C19"].sites[:9]
    call = called("CYP2C19", {site.position: f"{site.alts[0]}/." for site in sites})
    assert call.result == Undetermined("TOO_AMBIGUOUS")


def test_one_diplotype_is_a_call_and_several_are_ambiguous() -> None:
    assert called(TOY, {101: "A/T"}).result == Diplotype(("*1", "*2"))
    twins = toy("1\n*1 N | A\n*2 D | T\n*3 D | T")
    assert called(twins, {1: "A/T"}).result == Ambiguous((Diplotype(("*1", "*2")), Diplotype(("*1", "*3"))))


def test_evidence_names_what_was_missing_and_what_is_not_excluded() -> None:
    evidence = called(TOY, {102: "."}).evidence
    assert evidence.missing == (Locus("chr1", 102),)
    assert evidence.cannot_exclude == ("*3",)


def test_a_no_call_still_says_what_was_missing() -> None:
    evidence = called(TOY, {101: "G/G", 102: "-"}).evidence
    assert evidence.missing == (Locus("chr1", 102),)
    assert evidence.cannot_exclude == ("*3",)


def test_a_half_call_alone_is_covered() -> None:
    call = called(TOY, {101: "T/."}, otherwise="-")
    assert names(call) == ["*1/*2", "*2/*2"]


def test_read_as_reference_is_a_call_and_a_doubt() -> None:
    call = called("TPMT", {18130687: "T/N"})
    assert names(call) == ["*1/*1"]
    assert call.evidence.doubts == (Why.UNDOCUMENTED_VARIANT,)
