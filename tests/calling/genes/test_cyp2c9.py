"""CYP2C9 carries rs12777823 along for warfarin (PMID 28198005)."""

from __future__ import annotations

import pytest

from starling.vocabulary import Undetermined
from tests.calling.support import called, names

RS12777823 = 94645745


@pytest.mark.parametrize(("genotype", "copies"), [("G/G", 0), ("G/A", 1), ("A/G", 1), ("A/A", 2)])
def test_copies_of_rs12777823(genotype: str, copies: int) -> None:
    call = called("CYP2C9", {RS12777823: genotype})
    assert [(each.name, each.copies) for each in call.evidence.variants] == [("rs12777823", copies)]
    assert names(call) == ["*1/*1"], "it is no part of any allele"


@pytest.mark.parametrize("genotype", ["-", "."])
def test_not_called_is_not_zero(genotype: str) -> None:
    call = called("CYP2C9", {RS12777823: genotype})
    assert call.evidence.variants == ()
    assert call.evidence.missing == ()


def test_it_does_not_make_a_call() -> None:
    # NamedAlleleMatcherCyp2c9Test.extraPosition
    call = called("CYP2C9", {RS12777823: "G/A"}, otherwise="-")
    assert call.result == Undetermined("NOT_COVERED")
    assert call.evidence.variants[0].copies == 1
