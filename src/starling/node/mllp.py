"""HL7 v2 over MLLP and TLS: connections with a client certificate, frames in, acknowledgements out, in their order.

Who begins with ENQ is an instrument, whose line (ASTM E1381) is answered on the same port.
Whoever shows no certificate of our authority gets no connection.  A connection that is half open, sends half a frame or
a frame without end is closed; every other goes on.  Source: HL7 MLLP release 1; RFC 8446 (TLS 1.3).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event, Thread
from typing import Final

from starling.errors import UnknownCallerError
from starling.exchange.hl7.mllp import Frames, TooLongError, framed
from starling.exchange.line import ENQ, Line, LineTooLongError
from starling.node.callers import ended
from starling.node.identity import Shown, of_certificate, plain_subject, shown
from starling.node.interfaces import Interfaces
from starling.node.peers import showing
from starling.node.service import Node
from starling.node.settings import wrong_setting
from starling.node.values import Principal

#: bytes that are read at once; connections at a time; messages that are worked on at a time (all ours)
_PIECE, _CONNECTIONS, _WORKERS = 1 << 16, 64, 2
#: seconds until a connection that is asked to end is cut (ours)
_GRACE_S: Final = 5.0
#: who has a certificate of our authority that states no role of this node
_STRANGER: Final = Principal(name="stranger", role="system", site="")


class Listener:
    """Listens for interfaces of one node, in a thread of its own."""

    def __init__(self, node: Node, context: Callable[[], ssl.SSLContext]) -> None:
        """`context`: of TLS, as it is now, which asks for a certificate."""
        self._node = node
        self._context = context
        self._interfaces = Interfaces(node)
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="hl7")
        self._connections: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._serving = Event()
        self._failure: OSError | None = None
        self._thread = Thread(target=self._run, name="mllp", daemon=True)

    def start(self) -> None:
        """It listens when this returns.  Raises: InputError BAD_SETTING, when it cannot."""
        self._thread.start()
        self._serving.wait()
        if self._failure is not None:
            raise wrong_setting(f"exchange.mllp_port: {self._failure}")

    def stop(self) -> None:
        """A message that is being worked on is acknowledged; then every connection ends."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._workers.shutdown()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._listen())
        finally:
            self._serving.set()
            self._loop.close()

    async def _listen(self) -> None:
        settings, context = self._node.settings, self._context()
        context.verify_mode = ssl.CERT_REQUIRED
        showing(context, self._context)
        try:
            server = await asyncio.start_server(
                self._met, settings.host, settings.exchange_mllp_port, ssl=context, limit=_PIECE,
                ssl_handshake_timeout=settings.request_seconds, ssl_shutdown_timeout=_GRACE_S,
            )  # fmt: skip
        except OSError as error:
            self._failure = error
            return
        self._serving.set()
        async with server:
            await self._stop.wait()
            server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) <= _CONNECTIONS:
                certificate = writer.get_extra_info("ssl_object").getpeercert() or {}
                who = of_certificate(plain_subject(certificate))
                await self._talk(who, shown(certificate), reader, writer)
        except UnknownCallerError as error:
            self._node.record(_STRANGER, "hl7.write", "refused", "", {"reason": error.message})
        except (OSError, TimeoutError, TooLongError, LineTooLongError, asyncio.CancelledError):
            pass  # the sender has no acknowledgement, and sends again
        finally:
            self._connections.discard(task)
            writer.close()

    async def _talk(
        self, who: Principal, certificate: Shown, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Every frame is answered before the next is looked at.

        Raises: TimeoutError, TooLongError, OSError; UnknownCallerError, once the certificate is believed no more.
        """
        settings = self._node.settings
        largest = settings.exchange_mllp_largest_kb << 10
        spoken: _Frames | _Line = _Frames(Frames(largest), self._interfaces, who)
        ends: float | None = None
        begun = False
        while True:
            patience = settings.exchange_mllp_idle_seconds if ends is None else ends - self._loop.time()
            data = await asyncio.wait_for(reader.read(_PIECE), max(0.0, patience))
            if not data:
                return
            if not begun and data[:1] == ENQ:
                spoken = _Line(largest, self._interfaces, who)
            begun = True
            for answer in spoken.answers(data):
                ends = None
                why = ended(certificate, self._node.records)
                if why is not None:
                    raise UnknownCallerError("NOT_KNOWN", why)
                writer.write(await self._loop.run_in_executor(self._workers, answer))
                await asyncio.wait_for(writer.drain(), settings.request_seconds)
            if not spoken.is_waiting:
                ends = None
            elif ends is None:
                ends = self._loop.time() + settings.request_seconds


class _Frames:
    """What is said in frames of MLLP."""

    def __init__(self, frames: Frames, interfaces: Interfaces, who: Principal) -> None:
        self._frames, self._interfaces, self._who = frames, interfaces, who

    @property
    def is_waiting(self) -> bool:
        return self._frames.is_waiting

    def answers(self, data: bytes) -> Iterator[Callable[[], bytes]]:
        """What makes each answer, in their order.  Raises: TooLongError."""
        for message in self._frames.feed(data):
            yield partial(self._answered, message)

    def _answered(self, message: bytes) -> bytes:
        return framed(self._interfaces.answered(self._who, message))


class _Line:
    """What an instrument says on its line."""

    def __init__(self, largest: int, interfaces: Interfaces, who: Principal) -> None:
        self._line = Line(largest, lambda transmission: interfaces.taken(who, transmission))

    @property
    def is_waiting(self) -> bool:
        return self._line.is_waiting

    def answers(self, data: bytes) -> Iterator[Callable[[], bytes]]:
        """What makes the answer.  Raises: LineTooLongError."""
        yield partial(self._line.feed, data)
