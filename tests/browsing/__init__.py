"""A browser for tests: Debian's Chromium, what axe-core 4.14.1 (Deque Systems, MPL 2.0) finds, and pictures to look at.

`axe.min.js` is the file of the npm package axe-core, unchanged; its licence lies beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from tests.effort import WHOLE

_AXE: Final = Path(__file__).with_name("axe.min.js").read_text(encoding="utf-8")
#: Nothing of what is as it should be is told, which takes half of the time.
_RUN: Final = """async ([exclude, rules]) => {
    const told = {resultTypes: ['violations'], selectors: false, ancestry: false, ...rules};
    return (await axe.run({include: [['html']], exclude}, told)).violations;
}"""


#: The rules that ask for colours: they look at every word, which takes most of the time.
_COLOURS: Final = ("color-contrast", "link-in-text-block")
#: View -> the rules that may find something that no view before it shows: in the dark nothing changes but colours, and
#: on a narrow screen they do not.
_RULES: Final[dict[str, dict[str, Any]]] = {
    "light": {},
    "dark": {"runOnly": {"type": "rule", "values": list(_COLOURS)}},
    "narrow": {"rules": {rule: {"enabled": False} for rule in _COLOURS}},
}


class View(NamedTuple):
    """How a page is looked at.  `width` in CSS pixels."""

    name: str
    scheme: Literal["light", "dark"]
    width: int


#: 320 CSS pixels: 1280 enlarged four times.  Source: WCAG 2.2, success criterion 1.4.10.
VIEWS: Final = (View("light", "light", 1280), View("dark", "dark", 1280), View("narrow", "light", 320))


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """The browser, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def seen_in(page: Page, view: View) -> None:
    """The page is shown as the view says."""
    page.emulate_media(color_scheme=view.scheme)
    page.set_viewport_size({"width": view.width, "height": 900})


def axe(page: Page, view: View, *, without: str = "") -> list[str]:
    """What axe finds on a page as it is shown now: rule, element and how to mend it.  `without`: what is left out.

    All rules in the first view, in the others those that their difference concerns; all in all with `make exhaustive`.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE)
    found: list[dict[str, Any]] = page.evaluate(
        _RUN, [[[without]] if without else [], {} if WHOLE else _RULES[view.name]]
    )
    return [f"{each['id']}: {node['html'][:160]} {node['failureSummary']}" for each in found for node in each["nodes"]]


def wider(page: Page) -> int:
    """By how many CSS pixels a page is wider than the screen."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))
