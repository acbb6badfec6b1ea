"""Every page as people see it: nothing that axe finds, nothing cut off, in light, dark and at 320 pixels; pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from starling.node.values import Role
from tests import effort
from tests.browsing import VIEWS, axe, seen_in, wider
from tests.node.pages.conftest import Board, Visitor

SCREENSHOTS = Path("build/screenshots")
#: The pages on which a whole result is looked at: it is the same on all, so each run looks at the first.
WHOLE = frozenset({"patient", "job-called"} if effort.WHOLE else {"patient"})
#: those of which a picture shows the first screen
LONG = {"patient", "job-called", "emergency-opened"}

#: picture -> who looks, and where; `{NAME}` is a job or a patient of the board
PAGES: dict[str, tuple[Role | None, str]] = {
    "sign-in": (None, "/sign-in"),
    "worklist": ("pharmacist", "/worklist"),
    "worklist-prescriber": ("prescriber", "/worklist"),
    "patient": ("prescriber", "/patients/{patient_released}"),
    "patient-hostile": ("pharmacist", "/patients/{patient_hostile}"),
    "patient-without-result": ("pharmacist", "/patients/{patient_called}"),
    "files": ("laboratory", "/files"),
    "send": ("laboratory", "/files/new"),
    "job-received": ("laboratory", "/jobs/{received}"),
    "job-called": ("laboratory", "/jobs/{called}"),
    "job-reviewed": ("pharmacist", "/jobs/{reviewed}"),
    "job-released": ("pharmacist", "/jobs/{released}"),
    "job-quarantined": ("laboratory", "/jobs/{quarantined}"),
    "job-failed": ("laboratory", "/jobs/{failed}"),
    "audit": ("auditor", "/audit"),
    "people": ("administrator", "/people"),
    "knowledge": ("prescriber", "/knowledge"),
    "refused": ("prescriber", "/audit"),
    "missing": ("prescriber", "/patients/p-nobodyatall"),
    "nowhere": (None, "/no/such/page"),
}


def place(board: Board, path: str) -> str:
    return path.format(**board.jobs, **{f"patient_{name}": id_ for name, id_ in board.patients.items()})


def looked_at(page: Page, name: str, part: str = "") -> None:
    """The page in every view: a picture, what axe finds, and whether it is as wide as the screen.

    A whole result is the same on every page: it is looked at on the first ones, and elsewhere taken out before axe
    looks, which walks through all that is there.  `part`: what the picture shows.
    """
    seen = page.locator("#result").count() > 0 and name not in WHOLE
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for view in VIEWS:
        seen_in(page, view)
        picture = SCREENSHOTS / f"{name}-{view.name}.jpeg"
        if part:
            page.locator(part).screenshot(path=picture, type="jpeg", quality=70)
        else:
            page.screenshot(path=picture, type="jpeg", quality=70, full_page=not seen and name not in LONG)
        assert (view.name, wider(page)) == (view.name, 0)
    if seen:
        page.evaluate("() => document.querySelector('#result').replaceChildren()")
    for view in VIEWS:
        seen_in(page, view)
        assert (view.name, axe(page, view, without="#result" if seen else "")) == (view.name, [])


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_is_cut_off(board: Board, visit: Visitor, name: str) -> None:
    role, path = PAGES[name]
    looked_at(visit(place(board, path), role), name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("patient", "Patient Number 1 · born 1 April 1961 · identifier H-0001"),
        ("job-called", "Patient Number 4 · file EDTA-4.vcf"),
    ],
)
def test_every_printed_sheet_names_the_patient(board: Board, visit: Visitor, name: str, said: str) -> None:
    """The head of a table stands on every sheet that the table takes."""
    role, path = PAGES[name]
    page = visit(place(board, path), role)
    page.emulate_media(media="print")
    shown = "each => getComputedStyle(document.querySelector(each)).display"
    assert [page.evaluate(shown, each) for each in ("body", ".running")] == ["table", "table-header-group"]
    assert page.locator(".running").inner_text().strip() == said


def test_an_order_that_nobody_asked_about_is_not_printed_as_a_question(board: Board, visit: Visitor) -> None:
    page = visit(place(board, PAGES["patient"][1]), "prescriber")
    page.emulate_media(media="print")
    assert not page.get_by_text("Is this order safe?").is_visible()


def test_an_answer_looks_as_good_as_the_question(board: Board, visit: Visitor) -> None:
    page = visit(place(board, PAGES["patient"][1]), "prescriber")
    page.get_by_label("Drug to be ordered").fill("voriconazole, codeine")
    page.get_by_label("What the patient takes already").fill("paroxetine, omeprazole")
    page.get_by_role("button", name="Check the order").click()
    page.get_by_role("region", name="Answer", exact=True).wait_for()
    page.get_by_text("Go on with voriconazole against this answer").click()
    looked_at(page, "answer", "#order")


def test_what_is_wrong_with_a_form_is_seen_and_heard(board: Board, visit: Visitor) -> None:
    page = visit(place(board, PAGES["patient"][1]), "prescriber")
    page.get_by_label("Drug to be ordered").fill("no such drug")
    page.get_by_role("button", name="Check the order").click()
    page.get_by_role("alert").wait_for()
    looked_at(page, "order-wrong", "#order")


def test_an_emergency_looks_like_one(board: Board, visit: Visitor) -> None:
    elsewhere = board.person("prescriber", name="from.south", site="south")
    page = visit(place(board, PAGES["patient"][1]), elsewhere)
    looked_at(page, "emergency")
    page.get_by_label("Reason").fill("Unconscious, needs codeine")
    page.get_by_role("button", name="Open the record").click()
    page.get_by_text("Opened in an emergency.").wait_for()
    looked_at(page, "emergency-opened")
    looked_at(visit("/audit", "auditor"), "audit-emergency")


def test_what_is_told_once_can_be_read(visit: Visitor) -> None:
    page = visit("/people", "administrator")
    page.get_by_label("Name").fill("dr.meise")
    page.get_by_label("Pharmacist").check()
    page.get_by_role("button", name="Enrol").click()
    page.get_by_text("dr.meise may sign in").wait_for()
    looked_at(page, "people-enrolled")


def test_new_knowledge_can_be_read(board: Board, visit: Visitor, another_edition: Path) -> None:
    before = board.node.held
    try:
        board.node.replace_knowledge(board.person("administrator"), another_edition)
        looked_at(visit("/knowledge", "prescriber"), "knowledge-changed")
    finally:
        board.node.held = before
