"""What a reader needs who does not see, does not point, or sees little: checked on the page, and by axe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from starling.report.html import Extent, page
from tests.browsing import VIEWS, axe, seen_in, wider
from tests.report.reader import Reader
from tests.report.sample_assessment import sample_assessment

EXTENTS: tuple[Extent, ...] = ("short", "whole", "full")


@pytest.mark.parametrize("extent", EXTENTS)
def test_axe_finds_nothing_and_nothing_is_cut_off(extent: Extent, tmp_path: Path, browser: Browser) -> None:
    shown = tmp_path / "page.html"
    shown.write_text(page(sample_assessment(), extent=extent), encoding="utf-8")
    with browser.new_context(bypass_csp=True) as context:
        tab = context.new_page()
        tab.goto(shown.as_uri())
        for view in VIEWS:
            seen_in(tab, view)
            assert (view.name, axe(tab, view), wider(tab)) == (view.name, [], 0)


@pytest.mark.parametrize("extent", EXTENTS)
def test_the_page_has_one_main_part_named_ways_and_nothing_that_cannot_be_read_out(extent: Extent) -> None:
    text = page(sample_assessment(), extent=extent)
    reader = Reader(text)
    assert len(reader.named("main")) == 1
    assert [place for place in reader.named("nav") if not place.get("aria-label")] == []
    assert reader.named("html") == [{"lang": "en"}]
    assert reader.named("title") == [{}]
    assert all(drawing.get("aria-hidden") == "true" for drawing in reader.named("svg"))
    tables = re.findall(r"<table[^>]*>(.*?)</table>", text, flags=re.DOTALL)
    assert all("<thead>" in one and 'scope="row"' in one for one in tables)


def test_every_control_has_a_label_and_every_folded_block_says_what_is_in_it() -> None:
    text = page(sample_assessment())
    controls = re.findall(r"<label>(<input[^>]*>)([^<]+)</label>", text)
    assert len(controls) == text.count("<input") == 2
    assert all(words.strip() for _, words in controls)
    assert text.count("<fieldset><legend>") == 1
    folded = re.findall(r"<details[^>]*><summary>(.*?)</summary>", text)
    assert len(folded) == text.count("<details")
    assert all(re.sub("<[^>]*>", "", one).strip() for one in folded)


def test_a_sign_is_never_the_only_word_of_certainty() -> None:
    text = page(sample_assessment(), extent="short")
    marks = re.findall(r'<li><span class="mark [a-z]+" aria-hidden="true">.</span>(.*?)</li>', text)
    assert len(marks) == len(sample_assessment().genes)
    assert all(re.search(r'<span class="spoken"> \((certain|not certain|no result)\)</span>$', one) for one in marks)


def test_the_picture_of_a_dose_takes_the_colour_of_the_text() -> None:
    from starling.prediction import Contribution
    from starling.report.dose_picture import bars

    drawn = bars((Contribution("age", "70", -3.0),), "mg/week")
    for element in ("text", "line"):
        found = re.findall(rf"<{element} [^>]*>", drawn)
        assert found and all("currentColor" in one for one in found)
