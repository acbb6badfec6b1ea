"""Prescribers who ask a node over mutual TLS: so many at a time, or so many questions a second, and how long each took.

Questions that are asked at a rate count from the moment at which they were due: a node that stands still does not make
its own times look better by being asked less.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

#: seconds that anybody waits for an answer
PATIENCE = 30.0


@dataclass
class Heard:
    """What came back: seconds of every answer, how many of which status (or which error), and how long it all took."""

    seconds: list[float] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    whole: float = 0.0

    @property
    def errors(self) -> int:
        """Everything but an answer."""
        return self.said.total() - self.said["200"]

    def share(self, share: float) -> float:
        """The time within which this share of the answers came, in milliseconds."""
        times = sorted(self.seconds)
        return times[min(len(times) - 1, int(share * len(times)))] * 1e3 if times else float("nan")


def question(address: str, order: Mapping[str, object]) -> bytes:
    """The bytes of one request."""
    body = json.dumps(order).encode()
    host = urlsplit(address).netloc
    return (
        f"POST /v1/check HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body


def known_as(folder: Path, role: str) -> ssl.SSLContext:
    """Whoever has the demonstration's certificate of that role."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "clients" / f"{role}.pem")
    return context


async def ask(
    address: str, context: ssl.SSLContext, questions: Sequence[bytes], *,
    seconds: float, clients: int = 1, rate: float | None = None,
) -> Heard:  # fmt: skip
    """Each asks one question after another, or all together `rate` a second; `questions` from the first on."""
    heard, numbers = Heard(), count()
    pipes = [await _connected(address, context) for _ in range(clients)]
    begun = perf_counter()
    turns = [_turns(begun, seconds, number, clients, rate) for number in range(clients)]
    await asyncio.gather(
        *(_prescriber(*pipe, questions, numbers, each, heard) for pipe, each in zip(pipes, turns, strict=True))
    )
    heard.whole = perf_counter() - begun
    for _, writer in pipes:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in pipes), return_exceptions=True)
    return heard


async def _connected(address: str, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(address)
    return await asyncio.open_connection(place.hostname, place.port, ssl=context)


def _turns(begun: float, seconds: float, number: int, clients: int, rate: float | None) -> Iterator[float | None]:
    """When each question of one prescriber is due (None: now), until the time is over."""
    if rate is None:
        while perf_counter() - begun < seconds:
            yield None
        return
    for turn in range(number, int(seconds * rate), clients):
        yield begun + turn / rate


async def _prescriber(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, questions: Sequence[bytes], numbers: Iterator[int],
    turns: Iterator[float | None], heard: Heard,
) -> None:  # fmt: skip
    for due in turns:
        now = perf_counter()
        started = due if due is not None and due < now else None
        if due is not None and due > now:
            await asyncio.sleep(due - now)
        started = started or perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                status = await _answered(reader, writer, questions[next(numbers) % len(questions)])
        except (OSError, EOFError, TimeoutError) as error:
            heard.said[type(error).__name__] += 1
            return
        heard.seconds.append(perf_counter() - started)
        heard.said[status] += 1


async def _answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question_: bytes) -> str:
    writer.write(question_)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length))
    return head[9:12].decode()
