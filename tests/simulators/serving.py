"""A server of a test in a thread of its own, until the test is done with it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseServer, TCPServer
from threading import Thread


@contextmanager
def served(server: BaseServer) -> Iterator[None]:
    """It answers meanwhile."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def over_tls(server: TCPServer, certificate: Path) -> None:
    """It shows this certificate; nobody who stops half-way through the first words stands in another's way."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
