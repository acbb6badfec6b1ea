"""TLS of a node: who calls is verified by TLS itself, and the application is told whose certificate it was.

No ASGI server hands the peer certificate on yet; `PeerProtocol` does, with the few lines that it takes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from starling.node.identity import Shown, plain_subject, shown
from starling.node.layout import Layout
from starling.trust.certificates import Authority

#: seconds for the head of a request, and for the rest of one that was answered already (ours)
HEAD_SECONDS: Final = 20
#: one part in so many of the connections is for one address that shows no certificate (ours)
_SHARE: Final = 4


def context_of(layout: Layout, password: bytes, authority: bytes) -> ssl.SSLContext:
    """TLS 1.3 with the certificate of the device; a caller's certificate, if there is one, must be from our authority.

    `authority`: its private key, as the sealed store keeps it: that of another one in the folder is not believed, nor
    one more beside ours.  Raises: TrustError CERTIFICATE_REFUSED; OSError.

    People log in without one; whoever shows a wrong or an expired one gets no connection.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    ours = Authority.load(layout.authority.read_bytes(), authority)
    context.load_verify_locations(cadata=ours.pem.decode("ascii"))
    context.verify_mode = ssl.CERT_OPTIONAL
    load_device(context, layout, password)
    return context


def load_device(context: ssl.SSLContext, layout: Layout, password: bytes) -> None:
    """Key and certificate of the device, as they lie there now."""
    context.load_cert_chain(layout.device, password=password)


def showing(context: ssl.SSLContext, current: Callable[[], ssl.SSLContext]) -> None:
    """Every new connection is shown what is current at that moment; those that stand are not disturbed.

    A certificate that is loaded into a context in use is there a moment before its key: a connection that begins then
    fails.  So contexts are made apart, and one of them is chosen, whole, for each connection.
    """

    def chosen(connection: ssl.SSLObject, _name: str | None, _first: ssl.SSLContext) -> None:
        connection.context = current()

    context.sni_callback = chosen


class PeerProtocol(H11Protocol):
    """As uvicorn's own; every request of a connection knows the subject of the certificate that TLS verified.

    Whoever opens a connection and does not ask is sent away: uvicorn itself would wait for ever.
    """

    _patience: asyncio.TimerHandle | None = None
    #: when it last asked or was answered, by the clock of the loop
    _moved = 0.0
    #: whether it showed a certificate
    _is_known = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The certificate is asked for once a connection."""
        super().connection_made(transport)
        self._moved = self.loop.time()
        self._expect_request()
        secured = transport.get_extra_info("ssl_object")
        certificate = secured.getpeercert() if secured is not None else None
        if certificate:
            self._is_known = True
            self.app = _told(self.app, plain_subject(certificate), shown(certificate))
        self._make_room()

    def _make_room(self) -> None:
        """Where there are too many, who shows no certificate and asks nothing goes, the longest silent first.

        One address has a share of the connections without a certificate: what it has beyond that takes nobody's room.
        """
        most = self.limit_concurrency
        if most is None:
            return
        others = (each for each in self.connections if isinstance(each, PeerProtocol) and each is not self)
        strangers = [each for each in others if not each._is_known]
        own = [each for each in strangers if not self._is_known and _address(each) == _address(self)]
        is_too_much = len(own) >= max(1, most // _SHARE)
        if not is_too_much and len(self.connections) < most:
            return
        silent = [each for each in (own if is_too_much else strangers) if each._is_silent]
        if silent or is_too_much:
            gone = min(silent, key=lambda each: each._moved, default=self)
            self.connections.discard(gone)
            gone.transport.abort()

    @property
    def _is_silent(self) -> bool:
        """Whether nothing is asked, or all was answered."""
        return bool(getattr(self.cycle, "response_complete", True))

    def data_received(self, data: bytes) -> None:
        """The head of a request has the time of an idle connection to arrive, byte by byte or not."""
        super().data_received(data)
        self._moved = self.loop.time()
        if self.conn.their_state is h11.IDLE:
            self._expect_request()
        elif self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def on_response_complete(self) -> None:
        """Whoever was answered before all was sent has a while to read the answer and to stop.

        Closed at once, the connection would take the answer with it.
        """
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(HEAD_SECONDS, self._end_of, self.cycle)

    def _end_of(self, cycle: object) -> None:
        if self.cycle is cycle and self.conn.their_state is h11.SEND_BODY:
            self.transport.abort()

    def shutdown(self) -> None:
        """The node ends: who asks nothing is not waited for, and need not say goodbye."""
        is_idle = getattr(self.cycle, "response_complete", True)  # None before the first request
        if is_idle and not self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for."""
        super().connection_lost(exc)
        if self._patience is not None:
            self._patience.cancel()

    def _expect_request(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_SECONDS, self.transport.abort)


def _address(protocol: PeerProtocol) -> str:
    return protocol.client[0] if protocol.client else ""


def _told(app: Any, subject: dict[str, str], certificate: Shown) -> Any:
    async def told(scope: Any, receive: Any, send: Any) -> None:
        scope["starling.subject"] = subject
        scope["starling.certificate"] = certificate
        await app(scope, receive, send)

    return told
