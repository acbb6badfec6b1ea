"""A node that serves its dashboard over TLS on the loopback, with files in every state, and a browser to look at it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from starling.knowledge.compile import compile_knowledge
from starling.node import founding
from starling.node.api import Api
from starling.node.callers import COOKIE
from starling.node.intake import Intake
from starling.node.opening import AUTHORITY, DEVICE_PASSWORD, opened
from starling.node.peers import PeerProtocol, context_of
from starling.node.service import Node
from starling.node.values import Principal, Role, Specimen
from starling.values import dataclass
from starling_workshop.simulation import Layout, Request, simulate, write_vcf
from tests.knowledge.small import SOURCE
from tests.knowledge.test_invariants import Defect, damage

#: a name that would run, hide what follows it and break the line, if it were not written out
HOSTILE = "<script>document.title='owned'</script>\"'><img src=x onerror=alert(1)>\u202eevil"
SITE = "north"


@dataclass(frozen=True, slots=True)
class Board:
    """The dashboard of a node that serves.  `jobs`: state -> a job in it; `patients`: what is tested -> pseudonym."""

    address: str
    node: Node
    jobs: dict[str, str]
    patients: dict[str, str]

    def person(self, role: Role, *, name: str = "", site: str = SITE) -> Principal:
        """Somebody who may sign in."""
        return Principal(name=name or f"{role}.tester", role=role, site=site, way="account")

    def cookie(self, who: Principal) -> dict[str, Any]:
        """The cookie of a session of theirs, for a browser."""
        token = self.node.sessions.open(who).token
        return {"name": COOKIE, "value": token, "url": self.address, "secure": True, "httpOnly": True}


def specimen(number: int, **said: Any) -> Specimen:
    """What is said of the material of one of the patients."""
    facts = {
        "identifier": f"H-{number:04}", "second_identifier": f"INS-{number:04}", "specimen": f"EDTA-{number}",
        "laboratory": "North laboratory", "name": f"Patient Number {number}", "birth_date": "1961-04-0" + str(number),
        "sex": "male",
    }  # fmt: skip
    return Specimen(**(facts | said))


class Filling:
    """Files for a node, taken as far as a test needs them."""

    def __init__(self, node: Node, folder: Path) -> None:
        self.node = node
        self.intake = Intake(node)
        self.folder = folder
        self.laboratory = Principal(name="lab.one", role="laboratory", site=SITE)
        self.second = Principal(name="lab.two", role="laboratory", site=SITE)

    def content(self, seed: int) -> bytes:
        """The file of a synthetic patient."""
        knowledge = self.node.held.engine.knowledge
        path = self.folder / f"patient-{seed}.vcf"
        person = simulate(knowledge.definitions, Request(sample=f"S{seed}", seed=seed, sex="male"))
        write_vcf(person, path, Layout(), knowledge.contig_lengths)
        return path.read_bytes()

    def received(self, content: bytes, of: Specimen, name: str = "") -> str:
        """A job that nobody works on yet."""
        return self.node.files.submit(self.laboratory, name or f"{of.specimen}.vcf", [content], of).job.id

    def called(self, content: bytes, of: Specimen, name: str = "") -> str:
        """A job as far as it gets without a person."""
        job = self.received(content, of, name)
        self.intake.take(job)
        return job

    def reviewed(self, content: bytes, of: Specimen) -> str:
        """A job that waits for its release."""
        job = self.called(content, of)
        self.node.files.review(self.laboratory, job)
        return job

    def released(self, content: bytes, of: Specimen) -> str:
        """A job whose result answers questions."""
        job = self.reviewed(content, of)
        self.node.files.release(self.second, job, "Second look at CYP2C19")
        return job


@pytest.fixture(scope="session")
def filling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filling]:
    """An open node without a file."""
    folder = tmp_path_factory.mktemp("pages")
    founding.found(
        folder / "node",
        settings={"site": SITE, "requests_per_minute": 600_000, "session_minutes": 600, "logins_per_minute": 6_000},
    )
    with opened(folder / "node") as node:
        yield Filling(node, folder)


@pytest.fixture(scope="session")
def board(filling: Filling) -> Iterator[Board]:
    """A node that serves, with a file in every state."""
    node = filling.node
    sources_differ, other, third = map(filling.content, (7, 5, 8))
    jobs = {
        "released": filling.released(sources_differ, specimen(1)),
        "hostile": filling.released(other, specimen(2, name=HOSTILE)),
        "reviewed": filling.reviewed(sources_differ, specimen(3)),
        "called": filling.called(sources_differ, specimen(4)),
        "quarantined": filling.called(third, specimen(1, sex="female")),
        "failed": filling.called(b"this is no genotype\n", specimen(5)),
        "received": filling.received(other, specimen(6)),
    }
    patients = {state: node.records.job(id_).patient for state, id_ in jobs.items()}  # type: ignore[union-attr]
    config = uvicorn.Config(
        Api(node).application(), port=0, http=PeerProtocol, log_level="warning", timeout_graceful_shutdown=2
    )
    config.load()
    password, authority = (node.records.secret(name) or b"" for name in (DEVICE_PASSWORD, AUTHORITY))
    config.ssl = context_of(node.layout, password, authority)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Board(f"https://127.0.0.1:{port}", node, jobs, patients)
    server.should_exit = True
    thread.join()


Visitor = Callable[..., Page]


@pytest.fixture
def visit(board: Board, browser: Browser) -> Iterator[Visitor]:
    """A function that opens a page as somebody; without a role as a stranger.  Any error of the page fails the test."""
    contexts, errors = [], list[str]()

    def open_page(path: str, who: Principal | Role | None = "pharmacist", **options: Any) -> Page:
        context = browser.new_context(ignore_https_errors=True, **options)
        contexts.append(context)
        context.set_default_timeout(15_000)
        if who is not None:
            person = who if isinstance(who, Principal) else board.person(who)
            context.add_cookies([board.cookie(person)])  # type: ignore[list-item]
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(board.address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    refused = "Failed to load resource: the server responded with a status of 4"
    assert [each for each in errors if not each.startswith(refused)] == []


@pytest.fixture(scope="session")
def another_edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The knowledge base with one drug ruled out that was to be avoided."""
    folder = tmp_path_factory.mktemp("edition")
    source = Path(shutil.copytree(SOURCE, folder / "source"))
    damage(source, Defect("advice", "A0001", {"action": "contraindicated"}, message=""))
    compile_knowledge(source, folder / "another.kb")
    return folder / "another.kb"
