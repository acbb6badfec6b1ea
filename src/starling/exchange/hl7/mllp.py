"""Frames of MLLP: however the bytes arrive (split, glued, repeated, cut off), whole messages come out of them.

Source: HL7 v2, transport specification MLLP, release 1: <VT> message <FS> <CR>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

START, END, AFTER = b"\x0b", b"\x1c", b"\r"
#: what may stand between two frames without meaning anything
_BETWEEN: Final = b"\r\n"


class TooLongError(Exception):
    """A frame goes on beyond what is taken: whoever sends it is not listened to any more."""


class Frames:
    """The bytes of one connection -> the messages in it."""

    def __init__(self, largest: int) -> None:
        """`largest`: bytes of a message that are taken."""
        self._largest = largest
        self._held = bytearray()
        self._inside = False
        self.dropped = 0

    @property
    def is_waiting(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._inside

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Every message that ends in these bytes.

        What stands before a frame is dropped and counted (`dropped`), and so is a frame in which another begins: its
        sender began again.  Raises: TooLongError.
        """
        self._held += data
        while True:
            if not self._inside and not self._begun():
                return
            end = self._held.find(END)
            again = self._held.rfind(START, 0, end if end >= 0 else len(self._held))
            if again >= 0:
                self.dropped += again
                del self._held[: again + 1]
                continue
            if (end if end >= 0 else len(self._held)) > self._largest:
                raise TooLongError(f"more than {self._largest:,} bytes")
            if end < 0:
                return
            message = bytes(self._held[:end])
            del self._held[: end + 1]
            self._inside = False
            yield message

    def _begun(self) -> bool:
        """Whether a frame begins in what is held; what stands before it is dropped."""
        start = self._held.find(START)
        before = bytes(self._held if start < 0 else self._held[:start])
        self.dropped += len(before.strip(_BETWEEN))
        del self._held[: len(before) + (start >= 0)]
        self._inside = start >= 0
        return self._inside


def framed(message: str) -> bytes:
    """A message as it goes over the connection."""
    return START + message.encode() + END + AFTER
