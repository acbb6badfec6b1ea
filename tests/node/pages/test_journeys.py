"""What people do with the dashboard, from signing in to signing out; with the keyboard alone, and without a script."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from starling.node.identity import Sessions
from starling.node.pages.words import EVENTS
from starling.node.policy import ACTIONS
from starling.node.values import Order, Principal
from tests.node.pages.conftest import Board, Filling, Visitor, specimen


def test_somebody_is_enrolled_signs_in_with_password_and_code_and_out_again(board: Board, visit: Visitor) -> None:
    page = visit("/people", "administrator")
    page.get_by_label("Name").fill("dr.kleiber")
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a role")
    page.get_by_label("Prescriber").check()
    page.get_by_label("Same person as").fill("kleiber-laptop")
    page.get_by_role("button", name="Enrol").click()
    expect(page.locator("tr", has_text="dr.kleiber")).to_contain_text("also kleiber-laptop")
    told = page.locator(".told dd").all_inner_texts()
    page.get_by_label("Name").fill("dr.kleiber")
    page.get_by_label("Prescriber").check()
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("alert")).to_contain_text("There is an account dr.kleiber already")
    page = visit("/worklist", None)
    expect(page).to_have_url(re.compile("/sign-in$"))
    page.get_by_label("Name").fill("dr.kleiber")
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name, password or code are wrong")
    page.get_by_label("Name").fill("dr.kleiber")
    page.get_by_label("Password").fill(told[1])
    key = pyotp.parse_uri(told[3]).secret
    assert told[2].replace(" ", "") == key  # as people type it
    page.get_by_label("Code").fill(pyotp.TOTP(key).now())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(board.address + "/worklist")
    expect(page).to_have_url(re.compile("/sign-in$"))


def tab_to(page: Page, words: str) -> None:
    """Tab until what has these words has the focus, and it is seen to have it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused: str = page.evaluate(
            "() => { const it = document.activeElement; return it.innerText || it.labels?.[0]?.innerText || '' }"
        )
        if focused.strip() == words:
            assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no way to {words!r} with the keyboard")


def test_an_order_is_checked_and_overridden_with_the_keyboard_alone(board: Board, visit: Visitor) -> None:
    page = visit("/worklist", board.person("prescriber", name="dr.keyboard"))
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    tab_to(page, "Patient Number 1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Patient Number 1")
    tab_to(page, "Drug to be ordered")
    page.keyboard.type("voriconazole")
    tab_to(page, "What the patient takes already")
    page.keyboard.type("omeprazole")
    tab_to(page, "Check the order")
    page.keyboard.press("Enter")
    answer = page.get_by_role("region", name="Answer", exact=True)
    expect(answer).to_be_focused()
    expect(answer).to_contain_text("AVOID: voriconazole")
    expect(answer.locator("dl.facts").first).to_have_text(
        re.compile(r"Asked about\s*voriconazole\s*Takes\s*omeprazole")
    )
    expect(answer.locator(".sides h4")).to_have_text(["CPIC Moderate", "DPWG", "FDA Category 2"])
    tab_to(page, "Go on with voriconazole against this answer")
    page.keyboard.press("Enter")
    tab_to(page, "Your reason")
    page.keyboard.type("Aspergillosis, level tomorrow")
    tab_to(page, "Record this decision")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your decision is recorded, with its reason.")
    row = page.locator("#decisions tr", has_text="Aspergillosis, level tomorrow")
    expect(row).to_contain_text("dr.keyboard")
    expect(row).to_contain_text("Avoid")


def test_another_medicine_changes_the_answer_and_the_decision_against_it(
    board: Board, filling: Filling, visit: Visitor
) -> None:
    """A medicine makes codeine useless here; what is overridden is that answer, not the one without the medicine."""
    node, patient, prescriber = board.node, board.patients["hostile"], board.person("prescriber")
    codeine = Order(patient=patient, drugs=("codeine",))
    alone, with_it = (
        dict(node.questions.check(prescriber, order).actions)["codeine"]
        for order in (codeine, replace(codeine, medication=("paroxetine",)))
    )
    assert alone != with_it
    page = visit(f"/patients/{patient}", board.person("prescriber", name="dr.changed"))
    page.get_by_label("Drug to be ordered").fill("codeine")
    page.get_by_label("What the patient takes already").fill("paroxetine")
    page.get_by_role("button", name="Check the order").click()
    expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text("paroxetine")
    page.get_by_text("Go on with codeine against this answer").click()
    page.get_by_label("Your reason").fill("Paroxetine ends today")
    page.get_by_role("button", name="Record this decision").click()
    expect(page.get_by_role("status")).to_contain_text("recorded")
    made = node.records.overrides(patient)[0]
    assert (made.by, made.action) == ("dr.changed", with_it)


def test_what_is_missing_is_asked_for_at_its_field_and_nothing_typed_is_lost(board: Board, visit: Visitor) -> None:
    page = visit(f"/patients/{board.patients['released']}", "prescriber")
    page.get_by_label("Drug to be ordered").fill("codeine")
    page.get_by_text("More about the patient").click()
    page.get_by_label("Age in years").fill("old")
    page.get_by_role("button", name="Check the order").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Give the age as a number of years from 0 to 150")
    expect(alert).to_be_focused()
    expect(page.get_by_label("Drug to be ordered")).to_have_value("codeine")
    expect(page.get_by_label("Age in years")).to_have_attribute("aria-invalid", "true")
    alert.get_by_role("link").click()
    expect(page.get_by_label("Age in years")).to_be_focused()


def test_a_refusal_in_the_middle_of_a_page_takes_its_whole_place(board: Board, visit: Visitor) -> None:
    page = visit(f"/patients/{board.patients['released']}", "prescriber")
    page.get_by_label("Drug to be ordered").fill("codeine")
    page.context.add_cookies([board.cookie(board.person("auditor"))])  # type: ignore[list-item]
    page.get_by_role("button", name="Check the order").click()
    expect(page.locator("main h1")).to_have_text("Nobody knows who asks")
    expect(page.locator("#order")).to_have_count(0)


def test_everything_works_without_a_script(board: Board, visit: Visitor) -> None:
    page = visit("/worklist", "pharmacist", java_script_enabled=False)
    page.get_by_label("Name, date of birth or identifier").fill("number 1961-04-03")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#people tbody tr")).to_have_count(1)
    page.get_by_role("searchbox").fill("nobody")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#people")).to_contain_text("Nobody here has that name")
    page.goto(f"{board.address}/patients/{board.patients['released']}")
    page.get_by_label("Drug to be ordered").fill("clopidogrel")
    page.get_by_role("button", name="Check the order").click()
    expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text("AVOID: clopidogrel")
    page.get_by_text("Go on with clopidogrel against this answer").click()
    page.get_by_label("Your reason").fill("no")
    page.get_by_role("button", name="Record this decision").click()
    expect(page.get_by_role("alert")).to_contain_text("Give a reason of at least 4 letters")
    expect(page.get_by_label("Your reason")).to_have_value("no")


def test_a_result_is_reviewed_by_one_person_and_released_by_another(
    board: Board, filling: Filling, visit: Visitor
) -> None:
    job = filling.called(filling.content(9), specimen(7))
    patient = board.node.records.job(job).patient  # type: ignore[union-attr]
    first, second = board.person("laboratory", name="ina"), board.person("pharmacist", name="otto")
    assert "No result of this patient is released" in visit(f"/patients/{patient}", "prescriber").content()
    page = visit(f"/jobs/{job}", first)
    expect(page.get_by_role("heading", name="Drugs at a glance")).to_be_visible()
    page.get_by_label("Note").fill("CYP2D6 looked at")
    page.get_by_role("button", name="I have reviewed this result").click()
    expect(page.get_by_role("status")).to_contain_text("Your review is recorded")
    expect(page.locator("main")).to_contain_text("You reviewed this result; a second person releases it.")
    expect(page.get_by_role("button", name="Release this result")).to_have_count(0)
    page = visit(f"/jobs/{job}", second)
    expect(page.locator("main")).to_contain_text("Reviewed by ina")
    page.get_by_role("button", name="Release this result").click()
    expect(page.get_by_role("status")).to_contain_text("The result is released")
    page = visit(f"/patients/{patient}", "prescriber")
    expect(page.get_by_role("heading", name="Is this order safe?")).to_be_visible()


def test_a_result_is_refused_below_it_for_a_reason_and_stays_so(board: Board, filling: Filling, visit: Visitor) -> None:
    job = filling.called(
        filling.content(13), specimen(8, identifier="H-0013", second_identifier="INS-0013", specimen="EDTA-13")
    )
    page = visit(f"/jobs/{job}", "laboratory")
    result = page.locator("#result").bounding_box()
    for name in ("I have reviewed this result", "Refuse this result"):
        button = page.get_by_role("button", name=name).bounding_box()
        assert result is not None and button is not None and button["y"] > result["y"] + result["height"]
    page.get_by_label("Reason").fill("no")
    page.get_by_role("button", name="Refuse this result").click()
    expect(page.get_by_role("alert")).to_contain_text("Give a reason of at least 4 letters")
    page.get_by_label("Reason").fill("The tube was mixed up")
    page.get_by_role("button", name="Refuse this result").click()
    expect(page.get_by_role("status")).to_contain_text("It will never be released")
    expect(page.locator(".caveats").first).to_contain_text("The tube was mixed up")
    for name in ("I have reviewed this result", "Release this result", "Refuse this result"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_who_comes_too_late_is_told_so(board: Board, filling: Filling, visit: Visitor) -> None:
    job = filling.called(filling.content(10), specimen(8))
    page = visit(f"/jobs/{job}", board.person("laboratory", name="late"))
    filling.node.files.review(filling.second, job)
    page.get_by_role("button", name="I have reviewed this result").click()
    expect(page.get_by_role("alert")).to_contain_text("is reviewed, not called")


def test_somebody_decides_about_a_file_in_quarantine(board: Board, filling: Filling, visit: Visitor) -> None:
    job = filling.called(filling.content(11), specimen(1, sex="female", specimen="EDTA-11"))
    page = visit(f"/jobs/{job}", "laboratory")
    rows = page.locator("#whose tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_contain_text(re.compile(r"H-0001\s*H-0001\s*Same"))
    expect(rows.nth(3)).to_contain_text(re.compile(r"female\s*male\s*Differs"))
    expect(page.locator("#genotypes")).to_contain_text("too many for one person")
    page.get_by_label("Reason").fill("Asked the ward")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose what is to be done with the file")
    page.get_by_label("It is not, or nobody can say: refuse the file").check()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("status")).to_contain_text("Your decision about the file is recorded.")
    assert board.node.records.job(job).state == "failed"  # type: ignore[union-attr]


def test_progress_is_seen_as_it_happens(board: Board, filling: Filling, visit: Visitor) -> None:
    job = filling.received(filling.content(12), specimen(9))
    page = visit(f"/jobs/{job}", "laboratory")
    progress = page.locator("#progress")
    expect(progress).to_contain_text("Received")
    expect(page.locator("[aria-current=step]")).to_contain_text("Read")
    page.evaluate("() => { window.stayed = true }")
    filling.intake.take(job)
    expect(page.locator("#progress")).to_contain_text("Waits for a review")
    expect(page.get_by_role("button", name="I have reviewed this result")).to_be_visible()
    assert page.evaluate("() => window.stayed")  # nothing was loaded again


def test_a_page_left_open_makes_way_when_the_session_ends(board: Board, visit: Visitor) -> None:
    who = board.person("prescriber", name="dr.away")
    page = visit(f"/patients/{board.patients['released']}", who)
    token = next(each["value"] for each in page.context.cookies())
    board.node.sessions.close(token)
    page.evaluate("() => htmx.ajax('GET', '/session', {swap: 'none'})")
    expect(page).to_have_url(re.compile("/sign-in$"))


def test_to_ask_whether_a_session_lasts_does_not_make_it_last() -> None:
    clock = [1_000.0]
    sessions = Sessions(1, lambda: clock[0])
    session = sessions.open(Principal(name="dr.away", role="prescriber", site="north"))
    clock[0] += 59
    assert sessions.seen(session.token) == session
    clock[0] += 2
    assert sessions.seen(session.token) is None
    assert sessions.of(session.token) is None


def test_the_audit_view_goes_back_to_the_first_event(board: Board, visit: Visitor) -> None:
    page = visit("/audit", "auditor")
    expect(page.get_by_role("region", name="Signed checkpoint")).to_contain_text("starling.node/audit")
    while page.get_by_role("link", name="Older events").count():
        page.get_by_role("link", name="Older events").click()
        expect(page.get_by_role("heading", name="Older events")).to_be_visible()
    expect(page.locator("tbody tr").last.locator("th")).to_contain_text(re.compile(r"^0 Node founded\s*node\.found"))
    assert set(ACTIONS) <= set(EVENTS)


def test_new_knowledge_shows_what_a_prescriber_would_notice(
    board: Board, visit: Visitor, another_edition: Path
) -> None:
    before = board.node.held
    administrator = Principal(name="admin", role="administrator", site="north")
    try:
        board.node.replace_knowledge(administrator, another_edition)
        page = visit("/knowledge", "prescriber")
        rows = page.locator("tbody tr")
        expect(rows.first).to_contain_text("abacavir")
        expect(rows.first).to_contain_text("avoid → contraindicated")
        expect(page.locator("main")).to_contain_text("the gravest first")
    finally:
        board.node.held = before


def test_a_node_that_is_not_sound_says_so(board: Board, visit: Visitor) -> None:
    kept = board.node.layout.checkpoint
    board.node.checkpoint()
    signed = kept.read_bytes()
    try:
        kept.write_bytes(signed.replace(b"starling.node/audit", b"starling.node/other"))
        page = visit("/knowledge", "prescriber")
        expect(page.get_by_role("alert")).to_contain_text("The audit of this node is not sound")
    finally:
        kept.write_bytes(signed)


def test_a_page_is_printed_without_its_controls(board: Board, visit: Visitor) -> None:
    page = visit(f"/patients/{board.patients['released']}", "prescriber")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Check the order")).to_be_hidden()
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("heading", name="Drugs at a glance")).to_be_visible()
    expect(page.get_by_role("heading", name="What this file could not show")).to_be_visible()
