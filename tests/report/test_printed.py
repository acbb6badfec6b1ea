"""How many sheets of paper a report takes, as the browser prints it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from starling.assessment import Assessment, Question
from starling.report.html import Extent, page
from starling.vocabulary import OutsideCall
from tests.bundled import bundled_engine

#: Somebody with a finding in nearly every gene, who takes seven medicines.
FINDINGS = {
    "ABCG2": "rs2231142 variant (T)/rs2231142 variant (T)", "CYP2B6": "*6/*6", "CYP2C19": "*2/*2", "CYP2C9": "*2/*3",
    "CYP2D6": "*1/*2x2", "CYP3A5": "*1/*1", "DPYD": "Reference/c.1905+1G>A (*2A)", "HLA-A": "*31:01/*02:01",
    "HLA-B": "*15:02/*57:01", "NAT2": "*5/*6", "NUDT15": "*1/*3", "SLCO1B1": "*5/*5", "TPMT": "*3A/*3A",
    "UGT1A1": "*28/*28", "VKORC1": "rs9923231 variant (T)/rs9923231 variant (T)",
}  # fmt: skip
TAKEN = ("Plavix", "paroxetine", "simvastatin", "metoprolol", "codeine", "warfarin", "omeprazole")


@pytest.fixture(scope="module")
def person() -> Assessment:
    outside = tuple(OutsideCall(gene, diplotype) for gene, diplotype in FINDINGS.items())
    return bundled_engine().assess(None, Question(outside=outside, medication=TAKEN))


@pytest.mark.parametrize(
    ("extent", "everything", "most"), [("short", False, 1), ("whole", False, 1), ("whole", True, 12)]
)
def test_the_first_page_is_one_sheet_and_the_whole_at_most_twelve(
    extent: Extent, everything: bool, most: int, person: Assessment, tmp_path: Path, browser: Browser
) -> None:
    shown = tmp_path / "page.html"
    shown.write_text(page(person, extent=extent), encoding="utf-8")
    tab = browser.new_page()
    tab.goto(shown.as_uri())
    if everything:
        tab.check("#print-whole")
    printed = tab.pdf(prefer_css_page_size=True)
    tab.close()
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= most


@pytest.mark.parametrize(
    ("genes", "taken"),
    [
        (("CYP2C19", "CYP2C9", "HLA-B", "NAT2", "NUDT15", "VKORC1"), TAKEN[:5]),
        (("CYP2B6", "CYP2C9", "CYP3A5", "DPYD", "HLA-A", "NAT2", "NUDT15", "TPMT", "UGT1A1", "VKORC1"), TAKEN[:2]),
        (tuple(FINDINGS), TAKEN[:4]),
    ],
    ids=["six and five", "ten and two", "all and four"],
)
def test_long_texts_in_few_rows_stay_on_one_sheet(
    genes: tuple[str, ...], taken: tuple[str, ...], tmp_path: Path, browser: Browser
) -> None:
    outside = tuple(OutsideCall(gene, FINDINGS[gene]) for gene in genes)
    someone = bundled_engine().assess(None, Question(outside=outside, medication=taken))
    shown = tmp_path / "page.html"
    shown.write_text(page(someone, extent="short"), encoding="utf-8")
    tab = browser.new_page()
    tab.goto(shown.as_uri())
    printed = tab.pdf(prefer_css_page_size=True)
    tab.close()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_a_long_group_of_drugs_goes_on_over_the_page_and_leaves_none_half_empty(
    person: Assessment, tmp_path: Path, browser: Browser
) -> None:
    shown = tmp_path / "page.html"
    shown.write_text(page(person), encoding="utf-8")
    tab = browser.new_page()
    tab.emulate_media(media="print")
    tab.goto(shown.as_uri())
    breaks = "[...document.querySelectorAll('.group')].map(one => getComputedStyle(one).breakInside)"
    found = tab.evaluate(breaks)
    tab.close()
    assert found and set(found) == {"auto"}
