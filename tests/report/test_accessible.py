"""What a reader needs who does not see, does not point, or sees little: checked on the page, and by axe where it is.

axe-core is looked for under STARLING_AXE: a folder whose node_modules hold axe-core and puppeteer-core.  Nothing here
installs it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from starling.report.html import Extent, page
from tests.report.reader import Reader
from tests.report.sample_assessment import sample_assessment

AXE = Path(os.environ.get("STARLING_AXE", ""))
TOOLS = {"node": shutil.which("node"), "chromium": shutil.which("chromium")}
EXTENTS: tuple[Extent, ...] = ("short", "whole", "full")

SCRIPT = """
const fs = require('fs'), puppeteer = require('puppeteer-core');
(async () => {
  const browser = await puppeteer.launch({executablePath: process.argv[2], args: ['--no-sandbox', '--disable-gpu']});
  for (const scheme of ['light', 'dark']) for (const width of [1280, 360]) {
    const tab = await browser.newPage();
    await tab.setBypassCSP(true);
    await tab.setViewport({width, height: 900});
    await tab.emulateMediaFeatures([{name: 'prefers-color-scheme', value: scheme}]);
    await tab.goto('file://' + process.argv[3]);
    await tab.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
    const found = await tab.evaluate(async () => (await axe.run(document)).violations);
    const wide = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    for (const each of found) console.log(scheme, width, each.id, each.nodes[0].html);
    if (wide > 0) console.log(scheme, width, 'wider than the screen by', wide);
  }
  await browser.close();
})();
"""


@pytest.mark.parametrize("extent", EXTENTS)
def test_axe_finds_nothing(extent: Extent, tmp_path: Path) -> None:
    if not (AXE / "node_modules" / "axe-core").is_dir() or not all(TOOLS.values()):
        pytest.skip("needs node, chromium, and axe-core under STARLING_AXE")
    shown, script = tmp_path / "page.html", tmp_path / "axe.cjs"
    shown.write_text(page(sample_assessment(), extent=extent), encoding="utf-8")
    script.write_text(SCRIPT, encoding="utf-8")
    ended = subprocess.run(
        [str(TOOLS["node"]), str(script), str(TOOLS["chromium"]), str(shown)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env={**os.environ, "NODE_PATH": str(AXE / "node_modules")},
    )
    assert ended.stdout == ""


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
