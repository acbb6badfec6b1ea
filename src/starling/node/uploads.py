"""A body that arrives piece by piece, read by a thread that seals it: never whole in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from starling.errors import InputError

Given = TypeVarTuple("Given")
R = TypeVar("R")
#: files that are sealed at a time, of all senders and of one (ours): most of a thread's time is waiting for who sends
_AT_A_TIME, _OF_ONE = 16, 4


class Uploads:
    """Files that are sealed while they arrive, in threads of their own.

    Whoever sends slowly, or much at a time, keeps waiting who sends under the same name, and nobody else.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="upload")
        self._senders: dict[str, tuple[asyncio.Semaphore, int]] = {}

    async def taken(self, sender: str, work: Callable[[*Given], R], *given: *Given) -> R:
        """What `work` gives, in a thread, when it is the turn of this sender."""
        turn, waiting = self._senders.get(sender, (asyncio.Semaphore(_OF_ONE), 0))
        self._senders[sender] = (turn, waiting + 1)
        try:
            async with turn:
                return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)
        finally:
            turn, waiting = self._senders[sender]
            self._senders[sender] = (turn, waiting - 1)
            if waiting == 1:
                del self._senders[sender]

    def close(self) -> None:
        """Files that are being sealed are sealed to their end."""
        self._threads.shutdown()


def arriving(
    stream: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop, *, piece_s: float, whole_s: float
) -> Iterator[bytes]:
    """The pieces of a body, for a thread beside the loop that they arrive in.

    Raises: InputError TOO_SLOW when a piece takes longer than `piece_s`, or all of them longer than `whole_s`.
    """
    ends = time.monotonic() + whole_s
    while True:
        piece = asyncio.run_coroutine_threadsafe(_next(stream), loop)
        try:
            found = piece.result(max(0.0, min(piece_s, ends - time.monotonic())))
        except TimeoutError as error:
            piece.cancel()
            raise InputError("TOO_SLOW", "the file took longer to arrive than the settings allow") from error
        if found is None:
            return
        yield found


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)
