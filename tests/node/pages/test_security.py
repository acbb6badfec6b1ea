"""Attacks on the dashboard, and what they meet."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Request

from starling.node.callers import COOKIE
from starling.node.pages.door import FORM_COOKIE
from starling.node.pages.views import VIEWS
from starling.node.values import Principal, Role
from tests.node.pages.conftest import HOSTILE, SITE, Board, Visitor

#: role -> what it must not open
FORBIDDEN: dict[Role, tuple[str, ...]] = {
    "prescriber": ("/files", "/people", "/audit", "/jobs/{called}"),
    "pharmacist": ("/audit",),
    "laboratory": ("/audit",),
    "administrator": ("/audit", "/patients/{patient}"),
    "auditor": ("/worklist", "/files", "/jobs/{called}", "/patients/{patient}"),
}
#: a form -> who may not send it, and what with
REFUSED: dict[str, tuple[Role, dict[str, str]]] = {
    "/patients/{patient}/check": ("auditor", {"drugs": "codeine"}),
    "/patients/{patient}/override": (
        "laboratory",
        {"drugs": "codeine", "drug": "codeine", "reason": "because I say so"},
    ),
    "/people": ("auditor", {"name": "me", "role": "prescriber", "site": "north"}),
    "/jobs/{called}/review": ("prescriber", {}),
    "/jobs/{reviewed}/release": ("prescriber", {}),
    "/jobs/{reviewed}/refuse": ("administrator", {"reason": "because I say so"}),
    "/jobs/{quarantined}/resolve": ("administrator", {"decision": "accept", "reason": "because I say so"}),
}


class Browser:
    """What a browser sends, without one."""

    def __init__(self, board: Board, who: Principal | None = None) -> None:
        self.board = board
        session = board.node.sessions.open(who) if who else None
        self.csrf = session.csrf if session else ""
        self._client = httpx.Client(
            base_url=board.address, verify=False, cookies={COOKIE: session.token} if session else {}, timeout=30
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._client.get(self._place(path), **more)

    def post(self, path: str, form: dict[str, str], **more: Any) -> httpx.Response:
        return self._client.post(self._place(path), data={"csrf": self.csrf, **form}, **more)

    def _place(self, path: str) -> str:
        return path.format(**self.board.jobs, patient=self.board.patients["released"])


Known = Callable[..., Browser]


@pytest.fixture
def known(board: Board) -> Iterator[Known]:
    """A function that gives the browser of somebody who is signed in."""
    with ExitStack() as stack:
        yield lambda who: stack.enter_context(closing(Browser(board, who)))


@pytest.fixture
def stranger(board: Board) -> Iterator[Browser]:
    with closing(Browser(board)) as browser:
        yield browser


@pytest.fixture
def pharmacist(board: Board, known: Known) -> Browser:
    return known(board.person("pharmacist"))


def changed(board: Board) -> Iterator[object]:
    """What a form could have changed."""
    with board.node.records.lock:
        yield from board.node.records.rows("SELECT state, body FROM job ORDER BY id")
        yield from board.node.records.rows("SELECT id FROM override ORDER BY id")
        yield from board.node.records.rows("SELECT name FROM account ORDER BY name")


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in VIEWS])
def test_a_stranger_sees_nothing(stranger: Browser, method: str, path: str) -> None:
    place = path.replace("{job}", "{called}")
    answer = stranger.get(place) if method == "GET" else stranger.post(place, {"drugs": "codeine"})
    assert (answer.status_code, answer.headers["location"], answer.content) == (303, "/sign-in", b"")


def test_a_stranger_gets_no_events(stranger: Browser) -> None:
    assert stranger.get("/jobs/{received}/events").status_code == 303


def test_who_may_not_see_a_file_gets_no_events_of_it(board: Board, known: Known) -> None:
    answer = known(board.person("prescriber")).get("/jobs/{received}/events")
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in FORBIDDEN.items() for path in paths])
def test_another_role_is_refused_and_that_is_recorded(board: Board, known: Known, role: Role, path: str) -> None:
    before = board.node.log.size
    answer = known(board.person(role)).get(path)
    assert answer.status_code == 403
    assert "Not permitted" in answer.text
    assert [event["outcome"] for _, event in board.node.log.events(limit=board.node.log.size - before)] == ["4"]


@pytest.mark.parametrize("path", REFUSED)
def test_the_form_of_another_role_is_refused_and_changes_nothing(board: Board, known: Known, path: str) -> None:
    role, form = REFUSED[path]
    before = [*changed(board)]
    assert known(board.person(role)).post(path, form).status_code == 403
    assert [*changed(board)] == before


@pytest.mark.parametrize("token", ["", "x" * 43, "\N{GREEK SMALL LETTER ALPHA}"])
@pytest.mark.parametrize("path", [path for method, path, _ in VIEWS if method == "POST"])
def test_a_forged_form_without_the_token_is_refused(board: Board, pharmacist: Browser, path: str, token: str) -> None:
    before = [*changed(board)]
    answer = pharmacist.post(path.replace("{job}", "{called}"), {"csrf": token, "drugs": "codeine", "reason": "forged"})
    assert answer.status_code == 401
    assert [*changed(board)] == before


def test_a_token_of_another_session_is_refused(board: Board, known: Known, pharmacist: Browser) -> None:
    other = known(board.person("pharmacist"))
    assert pharmacist.post("/worklist", {"csrf": other.csrf}).status_code == 401


#: what a browser says with a form of another site; an old one says `Origin` alone
ELSEWHERE: tuple[dict[str, str], ...] = (
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "https://127.0.0.1"},  # another port is another site
    {"origin": "http://{host}"},
    {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
)


def said_with(board: Board, headers: dict[str, str]) -> dict[str, str]:
    host = board.address.removeprefix("https://")
    return {name: value.format(host=host) for name, value in headers.items()}


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_a_form_from_another_site_is_refused(board: Board, pharmacist: Browser, headers: dict[str, str]) -> None:
    assert pharmacist.post("/worklist", {}, headers=said_with(board, headers)).status_code == 401


@pytest.fixture
def enrolled(board: Board) -> Iterator[Callable[[], dict[str, str]]]:
    """A function that gives name, password and code of an account that its owner does not mind others to use."""
    made = board.node.enrol(board.person("administrator"), f"attacker-{secrets.token_hex(4)}", "pharmacist", SITE)
    seed = dict(parse_qsl(urlsplit(made.totp_uri).query))["secret"]
    yield lambda: {"name": made.account.name, "password": made.password, "code": pyotp.TOTP(seed).now()}


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_attack_a_page_of_another_site_signs_a_victim_in_as_the_attacker(
    board: Board, stranger: Browser, enrolled: Callable[[], dict[str, str]], headers: dict[str, str]
) -> None:
    """Login forgery: with an account of the attacker's own and a form token that the attacker was given."""
    stranger.get("/sign-in")
    token = stranger._client.cookies[FORM_COOKIE]
    form = stranger.post("/sign-in", {**enrolled(), "csrf": token}, headers=said_with(board, headers))
    assert (form.status_code, COOKIE in form.cookies) == (401, False)
    for kind in ("application/json", "text/plain"):
        more = {**said_with(board, headers), "content-type": kind}
        sent = stranger._client.post("/v1/login", content=json.dumps(enrolled()), headers=more)
        assert (sent.status_code, sent.json()["code"], COOKIE in sent.cookies) == (401, "NOT_KNOWN", False)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_attack_a_form_that_looks_like_json_is_no_login(
    stranger: Browser, enrolled: Callable[[], dict[str, str]], kind: str
) -> None:
    """What a page of another site may send without asking, from a browser that says nothing of where it comes from."""
    answer = stranger._client.post("/v1/login", content=json.dumps(enrolled()), headers={"content-type": kind})
    assert (answer.status_code, COOKIE in answer.cookies) == (400, False)


def test_a_login_of_our_own_page_or_of_a_program_is_taken(
    board: Board, stranger: Browser, enrolled: Callable[[], dict[str, str]]
) -> None:
    own = {"sec-fetch-site": "same-origin", "origin": board.address}
    assert stranger._client.post("/v1/login", json=enrolled(), headers=own).status_code == 200
    assert COOKIE in stranger._client.cookies


def test_a_form_that_is_none_is_refused(pharmacist: Browser) -> None:
    assert pharmacist.post("/worklist", {}, headers={"content-type": "text/plain"}).status_code == 400


def test_a_forged_sign_in_without_its_cookie_is_refused(stranger: Browser) -> None:
    answer = stranger.post("/sign-in", {"name": "a", "password": "b", "code": "123456", "csrf": "x"})
    assert answer.status_code == 401
    assert COOKIE not in answer.cookies


def test_a_certificate_alone_opens_no_page(board: Board, stranger: Browser) -> None:
    """A browser shows a certificate with every request, forged ones too: people sign in."""
    assert stranger.get("/worklist").headers["location"] == "/sign-in"


def test_no_policy_of_ours_is_unsafe(pharmacist: Browser, stranger: Browser) -> None:
    for answer in (pharmacist.get("/worklist"), stranger.get("/sign-in"), pharmacist.get("/audit")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|<[^>]*\son\w+=|<[^>]*\sstyle=|javascript:", answer.text)


def test_cookies_are_for_this_host_over_tls_and_not_for_scripts(stranger: Browser) -> None:
    said = stranger.get("/sign-in").headers["set-cookie"]
    assert said.startswith(FORM_COOKIE)
    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(said.split("; "))


def test_no_browser_keeps_a_page_and_every_browser_may_keep_a_file(pharmacist: Browser) -> None:
    page = pharmacist.get("/worklist")
    assert page.headers["cache-control"] == "no-store"
    style = re.search(r'href="(/static/[^"]+css)"', page.text)
    assert style is not None
    assert pharmacist.get(style[1]).headers["cache-control"] == "private, max-age=31536000, immutable"
    assert pharmacist.get("/static/0000000000000000/starling.css").status_code == 404
    assert pharmacist.get(style[1].replace("starling.css", "..%2fdoor.py")).status_code == 404


def test_nothing_that_identifies_stands_in_an_address(board: Board, pharmacist: Browser) -> None:
    """Of any page: a link, a form or a file that it names."""
    names = ("H-000", "INS-000", "Number", "1961", "codeine")
    pages = ["/worklist", "/files", "/patients/{patient}", "/jobs/{called}"]
    answers = [*map(pharmacist.get, pages), pharmacist.post("/patients/{patient}/check", {"drugs": "codeine"})]
    places = [place for each in answers for place in re.findall(r'(?:href|action|src|hx-\w+)="([^"]*)"', each.text)]
    assert len(places) > 100
    assert [place for place in places if any(name in place for name in names)] == []


def test_a_hostile_name_is_text_on_every_page(board: Board, visit: Visitor) -> None:
    for path in ("/worklist", f"/patients/{board.patients['hostile']}", f"/jobs/{board.jobs['hostile']}"):
        page = visit(path, "pharmacist")
        assert "owned" not in page.title()
        assert page.locator("img").count() == 0
        assert "\u202e" not in page.content()
        assert HOSTILE.replace("\u202e", r"\u202e") in page.locator("main").inner_text()


def test_hostile_medicines_and_drugs_are_text_in_the_answer(board: Board, visit: Visitor) -> None:
    page = visit(f"/patients/{board.patients['released']}", "prescriber")
    page.get_by_label("Drug to be ordered").fill("codeine")
    page.get_by_label("What the patient takes already").fill('"><img src=x onerror=alert(1)>\u202e')
    page.get_by_role("button", name="Check the order").click()
    page.get_by_role("region", name="Answer", exact=True).wait_for()
    assert page.locator("img").count() == 0
    assert "<img src=x onerror=alert(1)>" in page.get_by_role("region", name="Answer", exact=True).inner_text()
    page.get_by_label("Drug to be ordered").fill("<script>alert(1)</script>")
    page.get_by_role("button", name="Check the order").click()
    assert "<script>alert(1)</script>" in page.get_by_role("alert").inner_text()


def test_a_hostile_reason_is_text_in_the_record_and_in_the_audit(board: Board, known: Known, visit: Visitor) -> None:
    reason = "<b onmouseover=alert(1)>pain</b> {{ 7 * 7 }}"
    browser = known(board.person("prescriber"))
    assert (
        browser.post(
            "/patients/{patient}/override", {"drugs": "codeine", "drug": "codeine", "reason": reason}
        ).status_code
        == 303
    )
    page = visit(f"/patients/{board.patients['released']}#decisions", "prescriber")
    assert reason in page.locator("#decisions").inner_text()
    assert page.locator("#decisions b").count() == 0


def test_an_emergency_opens_one_record_of_another_site_for_a_reason(board: Board, known: Known) -> None:
    elsewhere = known(board.person("prescriber", name="from.south", site="south"))
    refused = elsewhere.get("/patients/{patient}")
    assert refused.status_code == 403
    assert "Open this record in an emergency" in refused.text
    assert elsewhere.post("/patients/{patient}/emergency", {"reason": "no"}).status_code == 422
    assert elsewhere.get("/patients/{patient}").status_code == 403
    opened = elsewhere.post("/patients/{patient}/emergency", {"reason": "Unconscious, needs codeine"})
    assert opened.status_code == 303
    shown = elsewhere.get("/patients/{patient}")
    assert shown.status_code == 200
    assert "Opened in an emergency." in shown.text
    assert elsewhere.post("/patients/{patient}/check", {"drugs": "codeine"}).status_code == 200
    assert elsewhere.get(f"/patients/{board.patients['hostile']}").status_code == 403
    loud = known(board.person("auditor")).get("/audit").text
    assert "Unconscious, needs codeine" in loud


def test_a_first_load_is_small(board: Board, browser: Chromium) -> None:
    """All that a browser fetches for the largest page when it has nothing yet, as it comes over the wire."""
    asked: list[Request] = []
    with browser.new_context(ignore_https_errors=True) as context:
        context.add_cookies([board.cookie(board.person("pharmacist"))])  # type: ignore[list-item]
        page = context.new_page()
        page.on("requestfinished", lambda each: asked.append(each))
        page.goto(f"{board.address}/patients/{board.patients['hostile']}", wait_until="networkidle")
        bodies = {each.url.rpartition("/")[2]: each.sizes()["responseBodySize"] for each in asked}
    assert {"starling.css", "htmx.min.js"} < bodies.keys()
    assert min(bodies.values()) > 0
    assert sum(bodies.values()) < 150_000


def test_a_decision_about_an_answer_that_is_another_one_now_is_not_recorded(board: Board, known: Known) -> None:
    browser = known(board.person("prescriber"))
    form = {"drugs": "codeine, clopidogrel", "drug": "codeine", "reason": "no alternative", "shown": "0" * 64}
    before = [*changed(board)]
    refused = browser.post("/patients/{patient}/override", form)
    assert refused.status_code == 409 and "The answer is not the one that you saw" in refused.text
    assert "no alternative" in refused.text and [*changed(board)] == before
    shown = re.search(r'name="shown" value="([0-9a-f]{64})"', refused.text)
    assert shown is not None
    again = browser.post("/patients/{patient}/override", {**form, "shown": shown[1]})
    assert again.status_code == 303
    (body,) = board.node.records.row("SELECT body FROM override ORDER BY id DESC LIMIT 1")
    assert shown[1].encode() in body and b"clopidogrel" in body
