"""Events on their way to the hub: batches until nothing waits, with pauses while the hub is not there."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from starling.node.outbox import Outbox, Refused, Sender, Undelivered, https_sender, next_attempt_s
from starling.node.settings import Settings, wrong_setting

#: events in a batch; one that is refused is halved until the event that is the reason stands alone (ours)
_MOST: Final = 200
#: seconds until somebody looks for new events (ours)
LOOK_AGAIN_S: Final = 10.0


class Sending:
    """Sends what waits in an outbox.  `lock`: of the store, held while it is read and written, never while sending."""

    def __init__(
        self, outbox: Outbox, lock: AbstractContextManager[object], sender: Sender,
        ordered: Callable[[bytes], object] = bytes,
    ) -> None:  # fmt: skip
        """`ordered`: told what the hub answered."""
        self._outbox = outbox
        self._lock = lock
        self._sender = sender
        self._ordered = ordered
        self._most = _MOST
        self._failures = 0

    def send(self) -> float:
        """All that waits is sent, as far as the hub takes it; returns the seconds until the next attempt."""
        while True:
            with self._lock:
                numbers, packed = self._outbox.batch(most=self._most)
            if not numbers:
                return LOOK_AGAIN_S
            try:
                answer = self._sender(packed) or b""
            except Refused:
                self._smaller(numbers)
            except Undelivered:
                self._failures += 1
                return next_attempt_s(self._failures)
            else:
                self._failures, self._most = 0, min(_MOST, self._most * 2)
                self._ordered(answer)  # before it counts as sent: an order that could not be obeyed comes again
                with self._lock:
                    self._outbox.acknowledged(numbers)

    def _smaller(self, numbers: tuple[int, ...]) -> None:
        """One event that is refused stands in nobody's way."""
        if len(numbers) > 1:
            self._most = len(numbers) // 2
            return
        with self._lock:
            self._outbox.set_aside(numbers[0])


def sender_to(settings: Settings) -> Sender:
    """A sender to the hub of the settings.  Raises: InputError BAD_SETTING, the administrator's."""
    try:
        context = ssl.create_default_context(cafile=settings.hub_authority or None)
        if settings.hub_certificate:
            context.load_cert_chain(settings.hub_certificate)
        return https_sender(settings.hub, context)
    except (OSError, ValueError) as error:
        raise wrong_setting(f"hub: {error}") from error
