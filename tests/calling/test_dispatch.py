"""Which rule a gene follows, and what every call says about the positions a test should cover."""

from __future__ import annotations

import pytest

from starling.calling.dispatch import RULES
from starling.vocabulary import Undetermined
from tests.calling.support import called, codes, definitions, names


def test_every_rule_is_that_of_some_gene() -> None:
    assert set(RULES) == {definition.rule for definition in definitions().values()}


@pytest.mark.parametrize("gene", sorted(definitions()))
def test_every_call_names_its_gene(gene: str) -> None:
    assert called(gene).gene == gene


@pytest.mark.parametrize("gene", [name for name, each in definitions().items() if each.tier1_positions])
def test_a_tier_1_position_that_was_not_called_is_said(gene: str) -> None:
    position = min(definitions()[gene].tier1_positions)
    call = called(gene, {position: "-"})
    if call.result != Undetermined("NOT_COVERED"):  # VKORC1 has but one
        assert "TIER1_NOT_CALLED" in codes(call)
        assert "RARE_ALLELES_NOT_EXCLUDED" not in codes(call)


def test_with_tier_1_called_rarer_alleles_are_not_excluded() -> None:
    assert codes(called("CYP2C9", {_rare("CYP2C9"): "-"})) == ["RARE_ALLELES_NOT_EXCLUDED"]


def test_without_a_tier_list_nothing_is_claimed_about_it() -> None:
    (notice,) = called("CFTR", {_rare("CFTR"): "-"}).evidence.notices
    assert notice.code == "RARE_ALLELES_NOT_EXCLUDED"
    assert "tier" not in notice.message


def test_everything_called_needs_no_notice() -> None:
    assert codes(called("CYP2C9")) == []


def test_combinations_are_described_only_when_asked_for() -> None:
    phased = {94842866: "G/G", 94775367: "A|G", 94781859: "G|A", 94761900: "C|T"}
    assert called("CYP2C19", phased).result == Undetermined("NO_MATCH")
    call = called("CYP2C19", phased, combinations=True)
    assert names(call) == ["*1/[*2 + g.94761900C>T]"]
    assert call.evidence.research_only


def test_combinations_never_replace_a_call() -> None:
    call = called("CYP2C19", {94842866: "G/G"}, combinations=True)
    assert (names(call), call.evidence.research_only) == (["*1/*1"], False)


def _rare(gene: str) -> int:
    tier1 = definitions()[gene].tier1_positions
    return next(site.position for site in definitions()[gene].sites if site.position not in tier1)
