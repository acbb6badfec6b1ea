"""Linked sites: the strand is told by the letters or stated, never guessed."""

from __future__ import annotations

import pytest

from starling.dosing.linked import derive, on_the_gene
from starling.errors import InputError


@pytest.mark.parametrize(
    ("site", "stated", "found"),
    [
        ("rs9934438", "C/T", "C/T"), ("rs9934438", "T|C", "C/T"), ("rs9934438", "g/a", "C/T"),
        ("rs9934438", "G/A+", "C/T"), ("rs9934438", "C/T-", "C/T"), ("rs9934438", "plus:A/A", "T/T"),
        ("rs2359612", "A/A", "T/T"), ("rs2359612", "minus: C/C", "C/C"),
        ("rs8050894", "G/C", "C/G"), ("rs8050894", "C/G+", "C/G"), ("rs8050894", "G/G+", "C/C"),
        ("rs8050894", "G/G-", "G/G"), ("rs8050894", "C/C(+)", "G/G"), ("rs8050894", "plus:C/C+", "G/G"),
    ],
)  # fmt: skip
def test_a_genotype_on_the_gene_s_own_strand(site: str, stated: str, found: str) -> None:
    assert on_the_gene(site, stated) == found


@pytest.mark.parametrize("stated", ["G/G", "C/C", "g|g"])
def test_c_and_g_alone_do_not_tell_the_strand_and_the_answer_says_how_to(stated: str) -> None:
    with pytest.raises(InputError) as caught:
        on_the_gene("rs8050894", stated)
    assert "strand must be stated" in caught.value.message and f"{stated}+" in caught.value.message


@pytest.mark.parametrize(
    ("site", "stated"),
    [("rs1", "C/C"), ("rs9934438", "C"), ("rs9934438", "C/G"), ("rs9934438", "A/C"), ("rs9934438", "C/T+"),
     ("rs9934438", "G/A-"), ("rs9934438", "plus:A/A-"), ("rs8050894", "A/G"), ("rs8050894", ""),
     ("rs9934438", "C/T/T"), ("rs9934438", "C/T++")],
)  # fmt: skip
def test_what_the_site_cannot_have_is_refused(site: str, stated: str) -> None:
    with pytest.raises(InputError) as caught:
        on_the_gene(site, stated)
    assert caught.value.code == "BAD_OPTION"


def test_sites_that_agree_are_used_and_those_that_contradict_each_other_are_not() -> None:
    agreeing = derive({"rs9934438": "T/T", "rs8050894": "C/C"}, "white")
    assert (agreeing.genotype, agreeing.from_, agreeing.why) == ("A/A", "rs9934438", ())
    torn = derive({"rs9934438": "T/T", "rs8050894": "G/G"}, "white")
    assert torn.genotype is None and "contradict" in torn.why[0]


@pytest.mark.parametrize("ancestry", ["black", "unknown"])
def test_a_site_of_weak_linkage_is_left_aside_and_named(ancestry: str) -> None:
    alone = derive({"rs8050894": "G/G"}, ancestry)
    assert alone.genotype is None and "rs8050894 not used" in alone.why[0]
    beside = derive({"rs8050894": "G/G", "rs9934438": "T/T"}, ancestry)
    assert (beside.genotype, beside.from_) == ("A/A", "rs9934438")
