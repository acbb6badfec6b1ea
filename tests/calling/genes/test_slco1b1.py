"""SLCO1B1: rs4149056 alone, when no diplotype fits (CPIC statins, PMID 35152405)."""

from __future__ import annotations

import pytest

from starling.vocabulary import Ambiguous, Undetermined, Why
from tests.calling.support import called, codes, names

RS4149056 = 21178615
#: two variants that no named allele carries on one haplotype
UNKNOWN = {21176804: "A|A", 21176879: "C|A", 21222355: "C|T"}


@pytest.mark.parametrize(("genotype", "deciding"), [("T|T", "*1/*1"), ("T|C", "*1/*5"), ("C/C", "*5/*5")])
def test_the_function_rests_on_rs4149056_alone(genotype: str, deciding: str) -> None:
    call = called("SLCO1B1", {**UNKNOWN, RS4149056: genotype})
    assert call.result == Ambiguous(())
    assert str(call.evidence.deciding) == deciding
    assert call.evidence.variants[0].copies == genotype.count("C")
    assert "RS4149056_ALONE" in codes(call)
    assert call.evidence.doubts, "never certain"


def test_an_undocumented_variant_elsewhere_leaves_rs4149056() -> None:
    call = called("SLCO1B1", {21176804: "A/C", RS4149056: "T/C"})
    assert str(call.evidence.deciding) == "*1/*5"
    assert call.evidence.doubts == (Why.UNDOCUMENTED_VARIANT,)


@pytest.mark.parametrize("genotype", ["-", ".", "C/.", "T/A", "C"])
def test_without_rs4149056_there_is_no_call(genotype: str) -> None:
    call = called("SLCO1B1", {**UNKNOWN, RS4149056: genotype})
    assert isinstance(call.result, Undetermined)
    assert call.evidence.deciding is None


def test_a_diplotype_that_fits_is_reported_as_such() -> None:
    call = called("SLCO1B1", {RS4149056: "T/C"})
    assert (names(call), call.evidence.deciding, codes(call)) == (["*1/*5"], None, [])
