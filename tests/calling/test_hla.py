"""HLA typing read for five risk alleles.  Source: IPD-IMGT/HLA nomenclature; PMID 22378157, PMID 29392710."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.calling.genes.hla import RISK_ALLELES, is_of_other_gene, not_tested, parse_hla, presence_of


def of(*names: str, gene: str = "HLA-B") -> dict[str, str]:
    return dict(presence_of(gene, names))


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("HLA-B*57:01:01:02", "*57:01"),
        ("B*57:01", "*57:01"),
        ("*57:01", "*57:01"),
        ("57:01", "*57:01"),
        ("*15", "*15"),
        ("*15:ABCD", "*15"),
        ("*57:01:01G", "*57:01"),
        ("*07:02L", "*07:02"),
    ],
)
def test_two_fields_are_kept(name: str, read: str) -> None:
    assert str(parse_hla(name)) == read


@pytest.mark.parametrize("name", ["", "*", "DRB1*15:01", "*57-01", "reference", "*15:01/15:02"])
def test_other_names_are_not_read(name: str) -> None:
    assert parse_hla(name) is None


def test_positive_needs_one_allele() -> None:
    assert of("*57:01", "*07:02") == {
        "*15:02": "negative",
        "*15:11": "negative",
        "*57:01": "positive",
        "*58:01": "negative",
    }
    assert of("*57:01")["*57:01"] == "positive"


def test_negative_needs_two_alleles_at_two_fields() -> None:
    assert set(of("*07:02", "*08:01").values()) == {"negative"}
    assert set(of("*07:02").values()) == {"nocall"}
    assert set(of("*07:02", "*08").values()) == {"nocall"}
    assert set(of("*07:02", "*08:01", "*40:01").values()) == {"nocall"}
    assert set(of().values()) == {"nocall"}


def test_an_allele_that_is_not_expressed_does_not_count() -> None:
    assert of("*57:01N", "*07:02")["*57:01"] == "negative"
    assert of("*57:01:01:01N", "*57:01")["*57:01"] == "positive"


@pytest.mark.parametrize("name", ["*15", "*15:02:01G", "*15:02P", "*15:ABCD", "*15:XX"])
def test_what_could_contain_a_risk_allele_is_a_nocall_for_it(name: str) -> None:
    assert of(name, "*07:02")["*15:02"] == "nocall"


def test_a_group_of_another_name_excludes() -> None:
    assert of("*15:01:01G", "*07:02:01G")["*15:02"] == "negative"


def test_the_other_gene_is_not_read() -> None:
    assert set(of("A*31:01", "A*02:01").values()) == {"nocall"}
    assert of("A*31:01", "A*02:01", gene="HLA-A") == {"*31:01": "positive"}


@pytest.mark.parametrize(
    ("gene", "name", "foreign"),
    [
        ("HLA-B", "A*31:01", True),
        ("HLA-B", "*31:01", True),
        ("HLA-A", "*57:01", True),
        ("HLA-A", "B*02:01", True),
        ("HLA-B", "*57:01", False),
        ("HLA-A", "A*31:01", False),
        ("HLA-A", "no allele", False),
    ],
)
def test_names_of_the_other_gene(gene: str, name: str, *, foreign: bool) -> None:
    assert is_of_other_gene(gene, name) is foreign


def test_not_tested_is_never_negative() -> None:
    for gene, alleles in RISK_ALLELES.items():
        assert not_tested(gene).evidence.presence == tuple((allele, "nocall") for allele in alleles)


@given(st.lists(st.text(max_size=12), max_size=3))
def test_any_text_gives_an_answer_for_every_risk_allele(names: list[str]) -> None:
    assert tuple(of(*names)) == RISK_ALLELES["HLA-B"]


first_field = st.sampled_from(["07", "08", "15", "44", "57", "58"])
field = st.integers(1, 99).map("{:02}".format)


@given(st.lists(st.builds("*{}:{}".format, first_field, field), min_size=2, max_size=2), st.permutations([0, 1]))
def test_order_never_matters(names: list[str], order: list[int]) -> None:
    assert of(*names) == of(*(names[place] for place in order))
    assert all(state == ("positive" if allele in names else "negative") for allele, state in of(*names).items())
