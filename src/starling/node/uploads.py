"""A body that arrives piece by piece, read by a thread that seals it: never whole in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

from starling.errors import InputError


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
