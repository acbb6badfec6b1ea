"""What no request may exceed, shown over the wire: bytes, seconds, and how many."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY
from urllib.parse import quote

import httpx
import pytest
from msgspec import json

from starling.node import peers
from starling.node.demonstration import specimen_of
from starling.node.limits import Limits, Message, Rate
from starling.node.metrics import Metrics
from starling.node.settings import Settings
from tests.node.devices import PATIENCE, Device, serving, trusting
from tests.node.loops import run


@pytest.fixture(scope="module")
def narrow(bare: Callable[..., Path]) -> Iterator[Device]:
    """A node that allows few bytes."""
    with serving(bare(largest_upload_mb=1, largest_request_kb=1)) as found:
        yield found


@pytest.fixture(scope="module")
def hasty(bare: Callable[..., Path]) -> Iterator[Device]:
    """A node that waits for nobody."""
    with serving(bare(request_seconds=1, upload_seconds=2)) as found:
        yield found


@contextmanager
def laboratory(device: Device) -> Iterator[httpx.Client]:
    """Whoever may send files."""
    path = device.certificate(device.folder / "laboratory.pem", "laboratory", name="lab")
    headers = {"starling-specimen": quote(json.encode(specimen_of(1))), "starling-file": "x.vcf"}
    with device.client(path, **headers) as caller:
        yield caller


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def pieces(size: int, *, pause: float = 0.0, number: int = 20) -> Iterator[bytes]:
    for _ in range(number):
        yield bytes(size)
        time.sleep(pause)


def test_a_body_that_is_too_large_is_refused_by_what_it_says_and_by_what_it_is(narrow: Device) -> None:
    with laboratory(narrow) as lab:
        assert code_of(lab.post("/v1/logout", content=b"x" * 1_025)) == (413, "TOO_LARGE")
        with narrow.client() as nobody:
            assert code_of(nobody.post("/v1/login", content=pieces(100, number=20))) == (413, "TOO_LARGE")
            assert code_of(nobody.post("/v1/login", content=b"x" * 1_024)) == (400, "BAD_REQUEST")


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(narrow: Device) -> None:
    with laboratory(narrow) as lab:
        assert code_of(lab.post("/v1/jobs", content=bytes((1 << 20) + 1))) == (413, "TOO_LARGE")
        assert code_of(lab.post("/v1/jobs", content=pieces(1 << 16, number=17))) == (413, "TOO_LARGE")
        assert not [*narrow.node.layout.spool.iterdir()] and not lab.get("/v1/jobs").json()


@pytest.mark.parametrize("pause", [1.2, 0.4], ids=["stands still", "trickles"])
def test_a_file_that_does_not_arrive_is_not_waited_for(hasty: Device, pause: float) -> None:
    with laboratory(hasty) as lab:
        assert code_of(lab.post("/v1/jobs", content=pieces(9, pause=pause, number=7))) == (503, "TOO_SLOW")
        assert not [*hasty.node.layout.spool.iterdir()] and not hasty.node.records.unfinished()


def test_a_request_that_does_not_arrive_is_not_waited_for(hasty: Device) -> None:
    with hasty.client() as nobody:
        assert code_of(nobody.post("/v1/login", content=pieces(1, pause=0.3, number=6))) == (503, "TOO_SLOW")


def test_who_goes_on_sending_after_the_answer_is_cut_off(hasty: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "HEAD_SECONDS", 0.5)
    sent = []

    def body() -> Iterator[bytes]:
        for piece in pieces(1, pause=0.3, number=60):
            sent.append(piece)
            yield piece

    with hasty.client() as nobody, suppress(httpx.WriteError, httpx.ReadError):
        nobody.post("/v1/login", content=body())
    assert len(sent) < 60


def test_who_logs_in_again_and_again_waits(bare: Callable[..., Path]) -> None:
    login = {"name": "administrator", "password": "guessed", "code": "000000"}
    with serving(bare(logins_per_minute=3)) as device, device.client() as nobody:
        codes = [code_of(nobody.post("/v1/login", json=login)) for _ in range(5)]
    assert codes == [(401, "NOT_KNOWN")] * 3 + [(429, "TOO_MANY")] * 2


def test_who_asks_more_than_the_rate_waits_and_nobody_else_does(bare: Callable[..., Path], tmp_path: Path) -> None:
    with serving(bare(requests_per_minute=5)) as device:
        one = device.certificate(tmp_path / "one.pem", "prescriber", name="one")
        other = device.certificate(tmp_path / "other.pem", "prescriber", name="other")
        with device.client(one) as fast, device.client(other) as slow:
            codes = [fast.get("/v1/knowledge").status_code for _ in range(7)]
            assert codes == [200] * 5 + [429] * 2
            assert slow.get("/v1/knowledge").status_code == 200


def test_rate_fills_again_steadily_and_forgets_who_is_long_gone() -> None:
    clock = [0.0]
    rate = Rate(60, clock=lambda: clock[0])
    assert [rate.allows("a") for _ in range(61)] == [True] * 60 + [False]
    clock[0] = 1.0
    assert [rate.allows("a"), rate.allows("a")] == [True, False]
    assert all(rate.allows(str(number)) for number in range(10_001))
    assert rate.allows("a")


def test_a_connection_that_asks_nothing_is_closed(narrow: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "HEAD_SECONDS", 0.2)
    host, port = narrow.address.removeprefix("https://").split(":")
    for begun in (b"", b"GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: "):
        with (
            socket.create_connection((host, int(port)), timeout=PATIENCE) as plain,
            trusting(narrow.folder).wrap_socket(plain, server_hostname=host) as secured,
        ):
            secured.sendall(begun)
            try:
                assert secured.recv(100) == b""
            except (ConnectionResetError, OSError) as error:
                assert not isinstance(error, TimeoutError)


def test_one_request_too_many_at_a_time_is_asked_to_come_again(bare: Callable[..., Path], tmp_path: Path) -> None:
    with serving(bare(connections=2)) as device:
        shown = device.certificate(tmp_path / "lab.pem", "laboratory")
        with device.client(shown) as first, device.client(shown) as second:
            assert (first.get("/livez").status_code, second.get("/livez").status_code) == (200, 503)


def test_attack_idle_connections_of_one_address_keep_nobody_out(bare: Callable[..., Path], tmp_path: Path) -> None:
    with serving(bare(connections=8)) as device, ExitStack() as stack:
        known = stack.enter_context(device.client(device.certificate(tmp_path / "lab.pem", "laboratory")))
        assert known.get("/v1/jobs").status_code == 200
        idle = [stack.enter_context(device.client()) for _ in range(12)]
        assert [each.get("/livez").status_code for each in idle] == [200] * 12
        assert len(device.serving._server.server_state.connections) <= 3
        late = device.certificate(tmp_path / "late.pem", "laboratory", name="late")
        assert stack.enter_context(device.client(late)).get("/v1/jobs").status_code == 200
        assert known.get("/v1/jobs").status_code == 200


def test_attack_a_request_with_two_lengths_smuggles_no_other(narrow: Device) -> None:
    host, _, port = narrow.address.removeprefix("https://").partition(":")
    smuggled = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"
    lengths = "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    with (
        socket.create_connection((host, int(port)), timeout=PATIENCE) as plain,
        trusting(narrow.folder).wrap_socket(plain, server_hostname=host) as secured,
    ):
        secured.sendall(f"POST /v1/login HTTP/1.1\r\nhost: x\r\n{lengths}{smuggled}".encode())
        answer = b""
        while piece := secured.recv(65_536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 ") and b"two lengths" in answer and b"alive" not in answer


def test_small_answers_do_not_wait_for_each_other(narrow: Device) -> None:
    with narrow.client() as nobody:
        assert nobody.get("/livez").status_code == 200
        transports = [each.transport for each in narrow.serving._server.server_state.connections]
        told = [each.get_extra_info("socket").getsockopt(IPPROTO_TCP, TCP_NODELAY) for each in transports]
        assert told and all(told)


def test_every_answer_forbids_scripts_and_frames_and_storing(narrow: Device) -> None:
    with narrow.client() as nobody:
        answers = [nobody.get("/livez"), nobody.get("/nowhere"), nobody.post("/livez"), nobody.get("/v1/patients")]
    assert [each.status_code for each in answers] == [200, 404, 405, 401]
    for each in answers:
        assert "default-src 'none'" in each.headers["content-security-policy"]
        assert each.headers["cache-control"] == "no-store"
        assert each.headers["x-content-type-options"] == "nosniff"
        assert "server" not in each.headers
    assert answers[1].json()["code"] == "NOT_FOUND" and answers[2].json()["code"] == "NO_METHOD"


class Caller:
    """An ASGI server for one request of an application."""

    def __init__(self, path: str = "/") -> None:
        self.scope = {"type": "http", "path": path, "headers": [], "client": ("127.0.0.1", 1), "method": "GET"}
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        self.sent.append(message)


def test_a_stream_of_events_is_not_cut_off_and_anything_else_is() -> None:
    async def answers(kind: bytes, caller: Caller) -> None:
        async def app(scope: object, receive: object, send: Callable[[Message], object]) -> None:
            head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]}
            for message in (head, {"type": "http.response.body", "body": b"later"}):
                await send(message)  # type: ignore[misc]
                await asyncio.sleep(1.3)

        await Limits(app, Settings({"request_seconds": 1}), Metrics())(caller.scope, caller.receive, caller.send)

    stream, page = Caller(), Caller()
    run(answers(b"text/event-stream", stream))
    run(answers(b"text/html", page))
    assert (len(stream.sent), len(page.sent)) == (2, 1)


def test_a_defect_is_answered_and_tells_nothing() -> None:
    async def app(*_: object) -> None:
        raise KeyError("secret of Erika Musterfrau")

    caller, metrics = Caller(), Metrics()
    run(Limits(app, Settings(), metrics)(caller.scope, caller.receive, caller.send))
    assert caller.sent[0]["status"] == 500
    assert b"Musterfrau" not in caller.sent[1]["body"] and b"INTERNAL" in caller.sent[1]["body"]
    assert 'starling_requests_total{path="",status="500"} 1' in metrics.text({"starling_ready": 1.0})
