"""The line of an instrument (ASTM E1381, CLSI LIS1): what is answered to it, byte by byte, without I/O.

    instrument  ENQ      <STX>1...<CR><ETX>5A<CR><LF>      ...      EOT
    answer           ACK                               ACK or NAK

A frame is acknowledged when its checksum is right; the one that ends a transmission (record L) when what it says was
taken: an instrument that is told NAK sends again, and shows its operator that nobody took the result.
Source: CLSI LIS1-A, 8.2 (establishment), 8.3 (transfer), 6.3.3 (frames and checksums).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

ENQ, EOT, ACK, NAK = b"\x05", b"\x04", b"\x06", b"\x15"
_FRAME: Final = re.compile(rb"\x02([0-7])([^\x02\x04\x05]*?)([\x03\x17])([0-9A-Fa-f]{2})\r?\n?", re.DOTALL)
#: what begins something new within a frame that was broken off
_BEGINS: Final = re.compile(rb"[\x02\x04\x05]")
#: the terminator record, at the beginning of a frame or within
_LAST: Final = re.compile(rb"(?:^|[\r\n])L\|")


class LineTooLongError(Exception):
    """A transmission goes on beyond what is taken: whoever sends it is not listened to any more."""


class Line:
    """One connection to an instrument.  `take`: told each transmission, as its frames came; whether it was taken."""

    def __init__(self, largest: int, take: Callable[[bytes], bool]) -> None:
        self._largest = largest
        self._take = take
        self._held = b""
        self._frames: list[bytes] = []
        self._text = b""

    @property
    def is_waiting(self) -> bool:
        """Whether a transmission has begun and not ended."""
        return bool(self._held or self._frames)

    def feed(self, data: bytes) -> bytes:
        """What is answered to these bytes.  Raises: LineTooLongError."""
        self._held += data
        if len(self._held) + sum(map(len, self._frames)) > self._largest:
            raise LineTooLongError(f"more than {self._largest:,} bytes")
        answer = b""
        while self._held:
            first = self._held[:1]
            if first in {ENQ, EOT}:
                self._frames, self._text, self._held = [], b"", self._held[1:]
                answer += ACK if first == ENQ else b""
            elif first == b"\x02":
                reply = self._frame()
                if reply is None:
                    return answer
                answer += reply
            else:
                self._held = self._held[1:]  # ends of lines, and noise between frames
        return answer

    def _frame(self) -> bytes | None:
        """ACK or NAK for the frame that the held bytes begin with; None while it has not come whole.

        Nothing is answered about a frame that its sender broke off.
        """
        found = _FRAME.match(self._held)
        if found is None:
            again = _BEGINS.search(self._held, 1)
            if again is None and b"\n" not in self._held:
                return None
            self._held = self._held[again.start() if again else self._held.index(b"\n") + 1 :]
            return b"" if again and again[0] != b"\x02" else NAK
        self._held = self._held[found.end() :]
        if sum(found[1] + found[2] + found[3]) % 256 != int(found[4], 16):
            return NAK
        return self._accepted(found[0].rstrip(b"\r\n") + b"\r\n", found[2])

    def _accepted(self, frame: bytes, text: bytes) -> bytes:
        if self._frames and frame == self._frames[-1]:
            return ACK  # sent again, because our answer was lost
        whole = self._text + text
        if _LAST.search(whole) and not self._take(ENQ + b"".join([*self._frames, frame]) + EOT):
            return NAK
        self._frames.append(frame)
        self._text = whole
        return ACK
