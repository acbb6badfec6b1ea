"""An EHR that is a page in a browser asks a node of another origin: discovery, an order, what became of its card."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from starling.node.founding import Founded
from tests.node.hooked import Hooked, hooked
from tests.simulators.ehr import SERVICES, call, order, taken
from tests.simulators.serving import served

PATIENT = "DEMO-0001"
ASK = """async ([url, headers, body]) => {
    const asked = {method: body ? 'POST' : 'GET', headers, body: body ? JSON.stringify(body) : undefined};
    if (body) { asked.headers['content-type'] = 'application/json'; }
    const answer = await fetch(url, asked);
    return [answer.status, await answer.json()];
}"""


class Elsewhere(BaseHTTPRequestHandler):
    """A page of another origin."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>EHR</title>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def board(founded: Founded, tmp_path: Path) -> Iterator[Hooked]:
    with hooked(founded, tmp_path) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The EHR, in a browser that trusts the node's certificate."""
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    with served(server), browser.new_context(ignore_https_errors=True) as context:
        shown = context.new_page()
        shown.goto(f"http://127.0.0.1:{server.server_port}/")
        yield shown


def test_a_page_of_another_origin_is_an_ehr_by_its_token_alone(board: Hooked, page: Page) -> None:
    def fetched(path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        status, said = page.evaluate(ASK, [board.device.address + path, headers, body])
        return status, said

    service = f"{SERVICES}/starling-order-sign"
    assert fetched(SERVICES, **board.demo.signed(SERVICES))[1]["services"][2]["id"] == "starling-order-sign"
    medicines = (taken("paroxetine 20 MG Oral Tablet", patient=PATIENT),)
    body = call("order-sign", PATIENT, order("tramadol 50 MG Oral Tablet", patient=PATIENT), medicines=medicines)
    status, said = fetched(service, body, **board.demo.signed(service))
    assert status == 200 and said["cards"][0]["summary"].startswith("Tramadol: avoid")
    assert fetched(service, body)[0] == 401  # an error can be read, too
    told = {"feedback": [{"card": said["cards"][0]["uuid"], "outcome": "overridden"}]}
    assert fetched(f"{service}/feedback", told, **board.demo.signed(f"{service}/feedback")) == (200, {"feedback": 1})
    with pytest.raises(Exception, match="Failed to fetch"):
        fetched("/v1/patients")  # nothing else of a node is for pages of other origins
