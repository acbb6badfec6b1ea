"""A body is read as it is asked for, and never further."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from starling.errors import InputError
from starling.node.uploads import Uploads, arriving
from tests.node.loops import run


def test_no_piece_is_taken_before_the_one_before_it_was_used() -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1_000):
            taken += 1
            yield bytes(10)

    async def served() -> int:
        loop = asyncio.get_running_loop()

        def used() -> int:
            for count, _ in enumerate(arriving(body(), loop, piece_s=30, whole_s=30), 1):
                assert taken == count
            return taken

        return await loop.run_in_executor(None, used)

    assert run(served()) == 1_000


@pytest.mark.parametrize(("piece_s", "whole_s"), [(0.05, 30), (30, 0.05)])
def test_a_body_that_stands_still_is_given_up(piece_s: float, whole_s: float) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.sleep(60)

    async def served() -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, list, arriving(body(), loop, piece_s=piece_s, whole_s=whole_s))

    with pytest.raises(InputError) as refused:
        run(served())
    assert refused.value.code == "TOO_SLOW"


def test_attack_whoever_sends_much_and_slowly_keeps_no_other_sender_waiting() -> None:
    uploads, free = Uploads(), threading.Event()

    async def served() -> str:
        slow = [asyncio.create_task(uploads.taken("slow", free.wait, 30)) for _ in range(40)]
        await asyncio.sleep(0)
        other = await asyncio.wait_for(uploads.taken("other", lambda: "taken"), 30)
        assert not any(each.done() for each in slow)
        free.set()
        assert all(await asyncio.gather(*slow))
        assert not uploads._senders
        return other

    assert run(served()) == "taken"
    uploads.close()
