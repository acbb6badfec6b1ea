"""Coroutines in tests: the browser of other tests keeps a loop running in the thread that runs them all."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Given = TypeVar("Given")


def run(coroutine: Coroutine[Any, Any, Given]) -> Given:
    """What a coroutine gives, as `asyncio.run`, in a thread of its own."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, coroutine).result()
