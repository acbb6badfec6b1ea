"""Interfaces of a hospital in tests: one that sends messages over MLLP and TLS, and one that takes results."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread

from starling.exchange.hl7.mllp import Frames, framed
from starling.formats.hl7 import Message, decoded, messages
from tests.node.devices import PATIENCE, trusting

GENES = {"CYP2C19": ("2621", "*2/*2"), "CYP2D6": ("2625", "*1/*4")}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def oru(
    control: str = "C-1", *, patient: tuple[str, ...] = ("4711", "H-4711"), gene: str = "CYP2C19", at: str = "20261128",
    processing: str = "P", specimen: str = "B-1", value: str = "",
) -> str:  # fmt: skip
    """A laboratory's result of one gene."""
    number, diplotype = GENES[gene]
    identifiers = "~".join(f"{each}^^^HOSPITAL^MR" for each in patient)
    return "\r".join([
        f"MSH|^~\\&|LIS|LAB|STARLING|here|{at}||ORU^R01^ORU_R01|{control}|{processing}|2.5.1||||||UNICODE UTF-8",
        f"PID|1||{identifiers}||Müller^Zoé||19800102|F", f"OBR|1||{specimen}|51969-4^Genetic analysis report^LN",
        f"OBX|1|CWE|48018-6^Gene studied^LN|1|HGNC:{number}^{gene}^HGNC||||||F",
        f"OBX|2|ST|84413-4^Genotype^LN|1|{value or diplotype}||||||F", "",
    ])  # fmt: skip


class Sender:
    """One connection to a node, which speaks MLLP."""

    def __init__(self, folder: Path, port: int, certificate: Path | None) -> None:
        context = trusting(folder)
        if certificate is not None:
            context.load_cert_chain(certificate)
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        try:
            self.socket = context.wrap_socket(plain, server_hostname="localhost")
        except OSError:
            plain.close()
            raise
        self._frames = Frames(1 << 20)
        self._waiting: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reply(self) -> Message:
        """The next acknowledgement.  Raises: EOFError when the node has ended the connection."""
        while not self._waiting:
            data = self.socket.recv(1 << 14)
            if not data:
                raise EOFError
            self._waiting += self._frames.feed(data)
        (found,) = messages(decoded(self._waiting.pop(0)), strict=True)
        return found

    def raw(self, size: int) -> bytes:
        """So many bytes of what is answered to an instrument."""
        found = b""
        while len(found) < size:
            data = self.socket.recv(size - len(found))
            if not data:
                raise EOFError
            found += data
        return found

    def ask(self, message: str) -> tuple[str, str, str]:
        """(MSA-1, MSA-2, what is said) of what is answered to a message."""
        self.send(framed(message))
        return said(self.reply())

    def close(self) -> None:
        self.socket.close()


def said(reply: Message) -> tuple[str, str, str]:
    answered = reply.first("MSA")
    return answered.text(1), answered.text(2), reply.first("ERR").text(8)


@contextmanager
def receiving(
    certificate: Path, authority: Path, answer: Callable[[Message], list[bytes]]
) -> Iterator[tuple[int, Queue[str]]]:
    """An interface that asks for a certificate: (its port, the messages that came in).  `answer`: what it sends."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate)
    came: Queue[str] = Queue()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as secured:
                    frames = Frames(1 << 24)
                    while data := secured.recv(1 << 16):
                        for frame in frames.feed(data):
                            text = decoded(frame)
                            came.put(text)
                            for part in answer(messages(text, strict=True)[0]):
                                secured.sendall(part)
            except OSError:
                plain.close()

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], came
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(PATIENCE)
