"""A file sent from a browser: with the script and without, with the keyboard, and by who may not."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pyotp
import pytest
from playwright.sync_api import Page, expect

from starling.errors import UnknownCallerError
from starling.node.callers import COOKIE
from starling.node.values import Role
from tests.node.pages.conftest import Board, Filling, Visitor
from tests.node.pages.test_journeys import tab_to
from tests.node.pages.test_looks import looked_at
from tests.node.pages.test_security import Browser


@pytest.fixture
def file(filling: Filling, tmp_path: Path) -> Path:
    """The file of a patient whom nobody knows yet."""
    path = tmp_path / "new one.vcf"
    path.write_bytes(filling.content(11))
    return path


def fill_in(page: Page, number: int) -> None:
    said = {"Identifier of the patient": f"S-{number}", "Second identifier": f"T-{number}",
            "Specimen": f"EDTA-{number}", "Laboratory": "North laboratory"}  # fmt: skip
    for label, text in said.items():
        page.get_by_label(label).fill(text)


@pytest.mark.parametrize("script", [True, False], ids=["with the script", "without a script"])
def test_a_laboratory_sends_a_file(board: Board, visit: Visitor, file: Path, *, script: bool) -> None:
    page = visit("/files", "laboratory", java_script_enabled=script)
    page.get_by_role("link", name="Send a file").click()
    fill_in(page, 90 + script)
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose the file to be sent")
    expect(page.get_by_label("Identifier of the patient")).to_have_value(f"S-{90 + script}")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Second identifier").fill(f"S-{90 + script}")
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("alert")).to_contain_text("two different identifiers")
    page.get_by_label("Second identifier").fill(f"T-{90 + script}")
    page.get_by_label("Date of birth").fill("1961")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("alert")).to_contain_text("Give the date of birth as 1961-04-30")
    page.get_by_label("Date of birth").fill("1961-04-30")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("status")).to_contain_text("The file was taken in")
    job = board.node.records.job(page.url.rpartition("/")[2].partition("?")[0])
    assert job is not None and (job.file, job.bytes) == (file.name, file.stat().st_size)
    assert job.specimen == f"EDTA-{90 + script}"
    assert job.events[0].by == "laboratory.tester"


def test_progress_is_seen_and_heard_while_a_file_is_sent(visit: Visitor, tmp_path: Path) -> None:
    large = tmp_path / "large.vcf"
    large.write_bytes(b"##fileformat=VCFv4.2\n" + b"#" * 8_000_000)
    page = visit("/files/new", "laboratory")
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 3_000_000}
    client.send("Network.emulateNetworkConditions", slow)
    fill_in(page, 95)
    page.get_by_label("File", exact=True).set_input_files(large)
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"Sending: [1-9]0 percent"))
    looked_at(page, "send-progress", "form.card")
    expect(page.get_by_role("heading", level=1)).to_have_text("large.vcf")


def test_the_form_is_filled_in_with_the_keyboard_alone(visit: Visitor) -> None:
    page = visit("/files/new", "laboratory")
    for label in ("Identifier of the patient", "Second identifier", "Specimen", "Laboratory"):
        tab_to(page, label)
        page.keyboard.type("K-97" if label != "Second identifier" else "K-98")
    tab_to(page, "File")
    tab_to(page, "Send the file")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Choose the file")
    looked_at(page, "send-wrong")


def posted(browser: Browser, csrf: str, **headers: str) -> httpx.Response:
    fields: Any = {"csrf": (None, csrf), "identifier": (None, "F-1"), "second_identifier": (None, "F-2"),
              "specimen": (None, "s"), "laboratory": (None, "l"),
              "file": ("f.vcf", b"##fileformat=VCFv4.2\n")}  # fmt: skip
    return browser._client.post("/files/new", files=fields, headers=headers)


def test_attack_a_file_from_another_page_another_role_or_nobody(board: Board) -> None:
    def jobs() -> int:
        return int(board.node.records.row("SELECT count(*) FROM job")[0])

    before = jobs()
    with closing(Browser(board)) as stranger, closing(Browser(board, board.person("laboratory"))) as lab:
        assert posted(stranger, "x").headers["location"] == "/sign-in"
        assert posted(lab, "forged").status_code == 401
        assert posted(lab, lab.csrf, **{"sec-fetch-site": "cross-site"}).status_code == 401
        assert lab._client.post("/files/new", data={"csrf": lab.csrf}).status_code == 400
        roles: tuple[Role, ...] = ("prescriber", "pharmacist", "administrator", "auditor")
        for role in roles:
            with closing(Browser(board, board.person(role))) as other:
                assert posted(other, other.csrf).status_code == 403
                assert other.get("/files/new").status_code == 403
        assert jobs() == before
        assert posted(lab, lab.csrf, **{"sec-fetch-site": "same-origin"}).status_code == 303
    assert jobs() == before + 1


def test_attack_slow_files_keep_nobody_waiting_who_asks(board: Board) -> None:
    lab = Browser(board, board.person("laboratory"))
    address, context = urlsplit(board.address), ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    head = (
        f"POST /files/new HTTP/1.1\r\nhost: {address.netloc}\r\ncontent-length: 100000\r\n"
        "content-type: multipart/form-data; boundary=x\r\n"
        f"cookie: {COOKIE}={lab._client.cookies[COOKIE]}\r\n\r\n--x\r\n"
    )
    with closing(lab), closing(Browser(board, board.person("prescriber"))) as asking, ExitStack() as stack:
        for _ in range(44):  # more than there are threads for pages
            plain = stack.enter_context(socket.create_connection((address.hostname, address.port)))
            stack.enter_context(context.wrap_socket(plain)).sendall(head.encode())
        asking._client.timeout = httpx.Timeout(10)
        for _ in range(5):
            assert asking.get("/worklist").status_code == 200


def test_an_administrator_unlocks_disables_and_retires_a_second_factor(board: Board, visit: Visitor) -> None:
    node, administrator = board.node, board.person("administrator")
    made = node.enrol(administrator, "dr.amsel", "prescriber", "north")
    secret = pyotp.parse_uri(made.totp_uri).secret
    with node.records.transaction():
        node.records.connection.execute("UPDATE account SET failures = 10 WHERE name = 'dr.amsel'")
    page = visit("/people", "administrator")
    row = page.get_by_role("row").filter(has_text="dr.amsel")
    expect(row).to_contain_text("Locked")
    looked_at(page, "people-locked")
    page.get_by_role("button", name="Unlock dr.amsel").click()
    expect(page.get_by_role("heading", name="dr.amsel: may sign in")).to_be_focused()
    session = node.login("dr.amsel", made.password, pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Disable dr.amsel").click()
    expect(row).to_contain_text("Disabled")
    assert node.sessions.of(session.token) is None
    with pytest.raises(UnknownCallerError):
        node.login("dr.amsel", made.password, pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Let in again dr.amsel").click()
    expect(row).to_contain_text("May sign in")
    page.get_by_role("button", name="New second factor for dr.amsel").click()
    uri = page.locator(".told dd").last.inner_text()
    looked_at(page, "people-second-factor")
    with pytest.raises(UnknownCallerError):
        node.login("dr.amsel", made.password, pyotp.TOTP(secret).now())
    code = pyotp.TOTP(pyotp.parse_uri(uri).secret).now()
    assert node.login("dr.amsel", made.password, code).principal.name == "dr.amsel"
    written = [event for _, event in node.log.events(limit=60) if event["subtype"][0]["code"] == "account.write"]
    details = [{each["type"]: each["valueString"] for each in event["entity"][-1]["detail"]} for event in written]
    changes = [each["change"] for each in reversed(details) if "change" in each]
    assert changes == ["unlock", "disable", "enable", "second_factor"]
    expect(visit("/people", "auditor").get_by_role("button", name="Disable dr.amsel")).to_have_count(0)


def test_nobody_disables_themselves_and_nobody_is_no_account(board: Board) -> None:
    node = board.node
    node.enrol(board.person("administrator"), "admin.two", "administrator", "north")
    with closing(Browser(board, board.person("administrator", name="admin.two"))) as browser:
        refused = browser.post("/people/change", {"name": "admin.two", "change": "disable"})
        assert refused.status_code == 422 and "another administrator does" in refused.text
        assert browser.post("/people/change", {"name": "nobody", "change": "unlock"}).status_code == 404
        assert browser.post("/people/change", {"name": "admin.two", "change": "promote"}).status_code == 422
