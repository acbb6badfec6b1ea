"""`starling node run DIR`: the node serves over TLS, and does what it does beside, until it is asked to end.

One process serves a node.  SIGTERM and SIGINT end it when the requests under way are answered; SIGHUP, or a new file,
makes it show another certificate to new connections.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

import uvicorn

from starling._version import __version__
from starling.errors import InputError, TrustError
from starling.node import presence, scheduling
from starling.node.api import Api
from starling.node.deadlines import Admission
from starling.node.desk import now
from starling.node.disk import on_disk
from starling.node.ehr import Ehr
from starling.node.ehr_results import ResultsWritten
from starling.node.every import Every
from starling.node.inbox import Inbox
from starling.node.intake import Intake
from starling.node.layout import Layout
from starling.node.listing import entries, write_list
from starling.node.mllp import Listener
from starling.node.obeying import Obeying
from starling.node.opening import AUTHORITY, DEVICE_PASSWORD, opened
from starling.node.peers import PeerProtocol, context_of, showing
from starling.node.processes import Processes
from starling.node.results import ResultsOut, mllps_exchange
from starling.node.sending import Sending, sender_to
from starling.node.service import Node
from starling.node.settings import wrong_setting
from starling.node.stated import record_changes
from starling.node.tidying import tidied

#: seconds that requests under way have when the node ends; a connection without a request is kept; how often the files
#: of the certificate and of the knowledge are looked at (all ours)
_GRACE_S, _KEEP_S, _FILES_S = 10, 15, 5.0
#: seconds until the list for when the node is down is written again, whatever happened (ours)
_LIST_S = 3_600.0


def run(folder: Path, *, port: int | None = None, ready: Callable[[str], object]) -> None:
    """Serves the node of a folder until it is asked to end.  `ready`: told the address once it serves.

    Raises: TrustError, the security officer's; InputError NO_NODE, NODE_RUNNING, BAD_SETTING and others, the
    administrator's.
    """
    scheduling.keep_to_itself()
    with on_disk(), only_one(Layout(folder)), opened(folder) as node:
        _must_be_awake(node)
        with Processes(node.settings, node.held.engine) as processes:
            processes.say()
            Serving(node, port=port, ready=ready, processes=processes).run()


def _must_be_awake(node: Node) -> None:
    """Raises: TrustError NODE_DORMANT, after it was recorded."""
    found = presence.seen_again(node.records, node.settings)
    if found.needs_administrator:
        node.record(node.itself, "node.start", "refused", "", {"asleep": str(found)})
        node.checkpoint()
        raise presence.asleep(found, node.layout.root)


@contextmanager
def only_one(layout: Layout) -> Iterator[None]:
    """No other process serves this node meanwhile.  Raises: InputError NO_NODE, NODE_RUNNING."""
    if not layout.settings.exists():
        raise InputError("NO_NODE", "holds no node", source=str(layout.root))
    handle = os.open(layout.lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise InputError("NODE_RUNNING", "is served by another process", source=str(layout.root)) from error
    finally:
        os.close(handle)


class Serving:
    """An open node, and everything that runs while it serves."""

    def __init__(
        self, node: Node, *, port: int | None = None, ready: Callable[[str], object], processes: Processes | None = None
    ) -> None:
        """`processes`: who does what takes long; None: this one.

        Raises: InputError BAD_SETTING, when there is no listening there; TrustError CERTIFICATE_REFUSED."""
        settings = node.settings
        self._node = node
        self._current = _context(node)
        self._shown = _mark(node.layout.device)
        self._edition = _mark(Path(settings.knowledge))
        self._api = Api(node)  # which refuses a wrong setting before anything listens
        self._socket = _listening(settings.host, settings.port if port is None else port)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        self.address = f"https://{host}:{self._socket.getsockname()[1]}"
        self._admission = Admission(self._api.deadlines, int, int)
        if processes is not None:
            self._join(processes)
        config = uvicorn.Config(
            self._api.application(), http=PeerProtocol, ws="none", lifespan="off", loop="asyncio",
            log_config=None, log_level="error", access_log=False, server_header=False, proxy_headers=False,
            limit_concurrency=settings.connections, timeout_keep_alive=_KEEP_S, timeout_graceful_shutdown=_GRACE_S,
        )  # fmt: skip
        config.load()
        config.ssl = _context(node)
        showing(config.ssl, lambda: self._current)
        self._server = _Server(
            config, told=lambda: ready(self.address), renew=self.renew, watch=self._api.deadlines.watch
        )

    def _join(self, processes: Processes) -> None:
        """What takes long is done by these; who reads files stands still while questions are late."""
        processes.serve(self._node)
        beside, api = processes.beside, self._api
        self._admission = Admission(api.deadlines, beside.pause, beside.resume)
        api.processes = processes.told()
        api.metrics.more += [processes.lines, self._admission.lines]

    def run(self) -> None:
        """Serves, until `stop` or a signal; what is done beside it has ended, too, and the log is signed."""
        node = self._node
        with ExitStack() as beside:
            beside.callback(self._ended)
            beside.callback(self._api.close)
            intake = Intake(node)
            beside.callback(intake.stop)
            node.happened("node.start", {"program": __version__})
            record_changes(node)
            intake.start()
            # one by one: what `_beside` leaves to be done at the end is done before the stop of what it gave
            for each in chain([beside.enter_context(tidied(node))], self._beside(beside)):
                beside.callback(each.stop)
                each.start()
            beside.callback(self._admission.stop)
            self._admission.start()
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """It ends as on SIGTERM."""
        self._server.should_exit = True

    def renew(self) -> None:
        """New connections are shown the certificate that lies there now; one that cannot be read changes nothing.

        Raises: TrustError CERTIFICATE_REFUSED.
        """
        self._shown = _mark(self._node.layout.device)
        self._current = _context(self._node)

    def _beside(self, stack: ExitStack) -> Iterator[Every | Listener]:
        node = self._node
        yield Every("checkpoint", self._checkpoint)
        yield Every("presence", self._present)
        yield Every("others", self._others)
        yield Every("certificate", self._certificate, again_s=_FILES_S)
        if node.settings.knowledge:
            yield Every("knowledge", self._knowledge)
        if node.outbox is not None:
            sender = sender_to(node.settings)
            obeying = Obeying(node, sender, self.stop)
            outbox = Every("outbox", Sending(node.outbox, node.records.lock, sender, obeying).send)
            node.tell_hub = outbox.wake
            yield outbox
        yield from self._interfaces()
        if node.settings.emergency_list:
            listed = Every("list", self._list)
            node.list_again = listed.wake
            yield listed
        if node.settings.inbox:
            inbox = Inbox(node)
            yield Every("inbox", inbox.watch)
            stack.callback(inbox.stopped.set)

    def _interfaces(self) -> Iterator[Every | Listener]:
        """What speaks to the hospital: results that are sent or written, messages that come in."""
        node = self._node
        if node.results is not None:
            yield self._told("results", ResultsOut(node, mllps_exchange(node.settings)).send)
        if node.ehr_results is not None:
            yield self._told("ehr", ResultsWritten(node, Ehr(node.settings).ask).send)
        if node.settings.exchange_mllp_port:
            yield Listener(node, lambda: _context(node))

    def _told(self, name: str, send: Callable[[], float]) -> Every:
        """What sends, and is woken when a result waits."""
        sending, before = Every(name, send), self._node.tell_hub

        def tell() -> None:
            before()
            sending.wake()

        self._node.tell_hub = tell
        return sending

    def _checkpoint(self) -> float:
        self._node.checkpoint()
        return float(self._node.settings.checkpoint_minutes * 60)

    def _present(self) -> float:
        """The node was here; after too long a sleep it ends, and a clock that moved is said."""
        node = self._node
        if presence.is_too_long(node.records, node.settings):
            self.stop()
        found = presence.seen_again(node.records, node.settings)
        said = str(found) if found.needs_administrator else ""
        if said and said != node.asleep:
            node.record(node.itself, "node.clock", "failed", "", {"asleep": said})
        node.asleep = said
        return presence.EVERY_S

    def _others(self) -> float:
        """Another process may have erased somebody: no answer is kept of them, and the list is made again."""
        node = self._node
        if node.records.changed_by_others():
            node.kept.clear()
            node.list_again()
            node.tell_hub()
        return _FILES_S

    def _certificate(self) -> float:
        if _mark(self._node.layout.device) != self._shown:
            self.renew()
        return _FILES_S

    def _list(self) -> float:
        """The list for when the node is down is that of now."""
        node, site = self._node, self._node.settings.site
        people = tuple(entries(node.records, site))
        with node.records.lock:  # nothing is written once the hub had the node wiped
            if node.layout.wiped.exists():
                return _LIST_S
            write_list(Path(node.settings.emergency_list), people, site, now())
        node.happened("patient.list", {"as": "list for when the node is down"})
        return _LIST_S

    def _knowledge(self) -> float:
        """Another file in the place of the edition that the settings name is taken when it is sound."""
        path = Path(self._node.settings.knowledge)
        mark = _mark(path)
        if mark not in {self._edition, None}:
            self._node.take_knowledge(self._node.itself, path)
            self._edition = mark
        return _FILES_S

    def _ended(self) -> None:
        self._socket.close()
        self._node.happened("node.stop", {})
        self._node.checkpoint()


class _Server(uvicorn.Server):
    """As uvicorn's own; says when it serves, and SIGTERM is no failure."""

    def __init__(
        self, config: uvicorn.Config, *, told: Callable[[], object], renew: Callable[[], object],
        watch: Callable[[], Coroutine[object, object, None]],
    ) -> None:  # fmt: skip
        super().__init__(config)
        self._told = told
        self._renew = renew
        self._watch = watch
        self._watching: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """It serves from here on."""
        await super().startup(sockets)
        self._watching = asyncio.get_running_loop().create_task(self._watch())
        self._told()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests under way are answered."""
        if self._watching is not None:
            self._watching.cancel()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are those of the main thread; afterwards they mean what they did before."""
        if current_thread() is not main_thread():
            yield
            return
        before = {
            signal.SIGTERM: signal.signal(signal.SIGTERM, self.handle_exit),
            signal.SIGINT: signal.signal(signal.SIGINT, self.handle_exit),
            signal.SIGHUP: signal.signal(signal.SIGHUP, lambda *_: self._renewed()),
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _renewed(self) -> None:
        try:
            self._renew()
        except TrustError as error:
            uvicorn.server.logger.error(error.message)


def _context(node: Node) -> ssl.SSLContext:
    layout, records = node.layout, node.records
    password, authority = (records.secret(name) or b"" for name in (DEVICE_PASSWORD, AUTHORITY))
    try:
        return context_of(layout, password, authority)
    except (OSError, ssl.SSLError) as error:
        raise TrustError("CERTIFICATE_REFUSED", f"{layout.device.name}: key or certificate cannot be read") from error


def _mark(path: Path) -> Any:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _listening(host: str, port: int) -> socket.socket:
    """Raises: InputError BAD_SETTING."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named, or asyncio does not know it for TCP and lets small answers wait for each other (Nagle)
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except (OSError, OverflowError) as error:
        found.close()
        raise wrong_setting(f"cannot listen on {host}:{port} ({error})") from error
    return found
