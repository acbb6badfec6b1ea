"""A definition as masks: every bit says what the cells say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.calling.table import bits, match_table
from starling.masks import masks_of
from tests.calling.oracle import Oracle
from tests.calling.support import definitions, toy

TOY = toy(
    """
           101  102  103
    *1 N |  A    C    G
    *2 D |  T    .    .
    *3 D |  .    C/T  A
    *4 N |  .    T    .
    """
)


def test_undefined_cells_accept_what_the_reference_row_accepts() -> None:
    table = match_table(TOY)
    assert [dict(masks) for masks in table.accept] == [
        {"A": 0b1101, "T": 0b0010},
        {"C": 0b0111, "T": 0b1100},
        {"G": 0b1011, "A": 0b0100},
    ]


def test_core_cells_exclude_the_reference_and_wobbles_have_several_bases() -> None:
    table = match_table(TOY)
    assert table.core == (0, 0b001, 0b100, 0b010)
    assert table.wobble == (0, 0, 0b010, 0)
    assert table.carriers == (0b0010, 0b1000, 0b0100)
    assert table.plain == 0b0001


def test_the_reference_row_counts_every_site() -> None:
    assert match_table(TOY).defined == (0b111, 0b001, 0b110, 0b010)


def test_alleles_of_equal_function_form_a_class() -> None:
    assert match_table(TOY).classes == (0b1001, 0b0110)


def test_equal_function_with_another_activity_is_another_class() -> None:
    alleles = tuple(replace(allele, function="Decreased function") for allele in toy("1\n*1 1 | A\n*2 0.5 | T").alleles)
    definition = replace(toy("1\n*1 1 | A\n*2 0.5 | T"), alleles=alleles)
    assert len(match_table(definition).classes) == 2


def test_structural_and_ignored_alleles_have_no_bit() -> None:
    alleles = (*TOY.alleles[:3], replace(TOY.alleles[3], is_structural=True))
    definition = replace(TOY, alleles=alleles, ignored_alleles=frozenset({"*2"}))
    assert [allele.name for allele in match_table(definition).alleles] == ["*1", "*3"]


@given(st.sets(st.integers(0, 400)))
def test_bits_are_the_set_bits_lowest_first(positions: set[int]) -> None:
    assert list(bits(sum(1 << position for position in positions))) == sorted(positions)


@pytest.mark.parametrize("gene", definitions())
def test_masks_of_real_genes_say_what_the_cells_say(gene: str) -> None:
    table, oracle = match_table(definitions()[gene]), Oracle(definitions()[gene])
    assert [allele.name for allele in table.alleles] == [allele.name for allele in oracle.alleles]
    for number, masks in enumerate(table.accept):
        assert masks.keys() == oracle.known[number]
        for base, mask in masks.items():
            fitting = [allele.name for allele in oracle.alleles if base in oracle.accepts[allele.name][number]]
            assert [table.alleles[bit].name for bit in bits(mask)] == fitting
    for allele, core in zip(table.alleles, table.core, strict=True):
        assert all((core >> number & 1) == oracle._hidden(allele, {number}) for number in range(len(table.loci)))


@pytest.mark.parametrize("gene", definitions())
def test_masks_made_with_the_knowledge_are_those_of_its_cells(gene: str) -> None:
    definition = definitions()[gene]
    assert definition.compiled is not None
    assert definition.compiled.masks == masks_of(definition.sites, definition.alleles, definition.ignored_alleles)
    assert match_table(definition).accept is definition.compiled.masks.accept


def test_masks_of_a_definition_that_was_changed_since_are_made_anew() -> None:
    definition = definitions()["TPMT"]
    fewer = replace(definition, alleles=definition.alleles[:4])
    assert len(match_table(fewer).alleles) == 4
    ignoring = replace(definition, ignored_alleles=frozenset({"*2"}))
    assert "*2" not in {allele.name for allele in match_table(ignoring).alleles}
