"""NAT2: required positions and the priorities of unphased data (PMID 38951680; PharmCAT 3.1)."""

from __future__ import annotations

import pytest

from starling.calling.table import match_table
from starling.vocabulary import Ambiguous, Undetermined
from tests.calling.support import called, codes, definitions, names, others

NAT2 = definitions()["NAT2"]
ALLELES = {allele.name: allele for allele in match_table(NAT2).alleles}


def unphased(first: str, second: str, separator: str = "/") -> dict[int, str]:
    """The genotypes of a person with these two alleles."""
    changes = {}
    for number, site in enumerate(NAT2.sites):
        one, other = (dict(ALLELES[name].cells).get(number, (site.ref,))[0] for name in (first, second))
        changes[site.position] = f"{one}{separator}{other}"
    return changes


def test_there_are_29_priorities() -> None:
    assert len(NAT2.priorities) == 29


@pytest.mark.parametrize(("pick", "among"), NAT2.priorities, ids=[pick for pick, _ in NAT2.priorities])
def test_priority(pick: str, among: frozenset[str]) -> None:
    for member in among:  # every member of a row has the same unphased genotypes
        call = called("NAT2", unphased(*member.split("/")))
        assert names(call) == [pick], member
        assert among - {pick} <= set(others(call)), "what was not picked stays among the alternatives"
        assert codes(call) == ["NAT2_PRIORITY"]


@pytest.mark.parametrize(("pick", "among"), NAT2.priorities, ids=[pick for pick, _ in NAT2.priorities])
def test_phased_data_need_no_priority(pick: str, among: frozenset[str]) -> None:
    for member in among:
        first, second = member.split("/")
        call = called("NAT2", unphased(first, second, separator="|"))
        assert (names(call), codes(call)) == ([member], [])


@pytest.mark.parametrize("position", sorted(NAT2.required_positions))
@pytest.mark.parametrize("text", ["-", ".", "A/."])
def test_required_positions(position: int, text: str) -> None:
    assert called("NAT2", {position: text}).result == Undetermined("REQUIRED_POSITION_MISSING")


def test_another_position_is_not_required() -> None:
    position = next(site.position for site in NAT2.sites if site.position not in NAT2.required_positions)
    assert names(called("NAT2", {position: "-"})) == ["*1/*1"]


def test_without_one_priority_everything_that_fits_is_reported() -> None:
    # Only the required positions were assayed: two rows of priorities fit (*4/*5 and *4/*69), so neither decides.
    assayed = {site.position: "-" for site in NAT2.sites if site.position not in NAT2.required_positions}
    call = called("NAT2", unphased("*4", "*5") | assayed)
    assert isinstance(call.result, Ambiguous)
    assert {"*1/*16", "*4/*5", "*4/*69", "*5/*27"} <= set(names(call))
    assert "NAT2_PRIORITY" not in codes(call)


def test_one_heterozygous_position_is_as_good_as_phased() -> None:
    assert (names(called("NAT2", unphased("*4", "*16"))), codes(called("NAT2", unphased("*4", "*16")))) == (
        ["*4/*16"],
        [],
    )


def test_an_unphased_half_call_is_read_over_its_completions() -> None:
    (half,) = [
        NAT2.sites[number]
        for number, bases in ALLELES["*10"].cells
        if NAT2.sites[number].position not in NAT2.required_positions
    ]
    call = called("NAT2", unphased("*5", "*10") | {half.position: f"{half.alts[0]}/."})
    assert names(call) == ["*5/*10"], "nothing else explains the base that was read"
