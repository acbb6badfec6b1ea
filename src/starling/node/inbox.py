"""Files that are dropped into DIR/inbox: each with a note beside it that says whose it is, taken in and then gone.

    patient.vcf.gz
    patient.vcf.gz.json     a `Specimen`: identifier, second_identifier, specimen, laboratory, ...

A file is taken when its note is there and neither has changed between two looks; hidden files, `.tmp` and `.part` are
left alone.  Of a file that is not taken, `patient.vcf.gz.rejected` says why; it is looked at again when it changes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final

from msgspec import DecodeError, json

from starling.errors import InputError, StarlingError
from starling.formats.write import replacing
from starling.node.service import Node
from starling.node.values import Principal, Specimen

NOTE, REJECTED = ".json", ".rejected"
_LEFT_ALONE: Final = (".tmp", ".part", NOTE, REJECTED)
_PIECE: Final = 1 << 20
#: a note is small (ours)
_LARGEST_NOTE: Final = 1 << 16

#: what tells whether a file is still the same: length, time of change, and which file it is
Mark = tuple[int, int, int]


class Inbox:
    """The inbox of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._folder = node.layout.inbox
        self._who = Principal(name="inbox", role="system", site=node.settings.site, way="process")
        self._seen: dict[str, tuple[Mark, Mark]] = {}
        self._refused: dict[str, tuple[Mark, Mark]] = {}
        self.stopped = Event()

    def look(self) -> int:
        """Files that did not change since the last look are taken in; returns how many."""
        found = dict(self._pairs())
        still = [name for name, marks in found.items() if self._seen.get(name) == marks != self._refused.get(name)]
        self._seen = found
        self._refused = {name: marks for name, marks in self._refused.items() if name in found}
        return sum(self._taken(name, found[name]) for name in sorted(still))

    def watch(self) -> float:
        """Looks whenever something changes, and every few seconds, until it is stopped; returns a pause."""
        seconds = self._node.settings.inbox_poll_seconds
        try:
            self._watch(seconds)
        except (ImportError, OSError, RuntimeError):  # no changes are announced here, such as on a network drive
            while not self.stopped.wait(seconds):
                self.look()
        return 0.0

    def _watch(self, seconds: int) -> None:
        from watchfiles import watch

        for _ in watch(
            self._folder, recursive=False, stop_event=self.stopped, rust_timeout=seconds * 1_000, step=seconds * 500,
            debounce=seconds * 1_000, yield_on_timeout=True, raise_interrupt=False,
        ):  # fmt: skip
            self.look()

    def _pairs(self) -> Iterator[tuple[str, tuple[Mark, Mark]]]:
        for path in self._folder.iterdir():
            if path.name.startswith(".") or path.name.endswith(_LEFT_ALONE):
                continue
            file, note = _mark(path), _mark(self._folder / f"{path.name}{NOTE}")
            if file and note:
                yield path.name, (file, note)

    def _taken(self, name: str, marks: tuple[Mark, Mark]) -> bool:
        path, note = self._folder / name, self._folder / f"{name}{NOTE}"
        try:
            specimen = json.decode(b"".join(_pieces(note, _LARGEST_NOTE, marks[1])), type=Specimen)
            largest = self._node.settings.largest_upload_mb << 20
            self._node.files.submit(self._who, name, _pieces(path, largest, marks[0]), specimen)
        except (StarlingError, DecodeError, UnicodeDecodeError) as error:
            self._refused[name] = marks
            said = error.message if isinstance(error, StarlingError) else f"{note.name}: {error}"
            self._say(name, said)
            self._node.rejected(self._who, error.code if isinstance(error, StarlingError) else "BAD_SPECIMEN")
            return False
        for each, mark in ((path, marks[0]), (note, marks[1])):
            if _mark(each) == mark:  # else another came in its place meanwhile
                each.unlink(missing_ok=True)
        with suppress(OSError):
            (self._folder / f"{name}{REJECTED}").unlink(missing_ok=True)
        return True

    def _say(self, name: str, said: str) -> None:
        """Why it was not taken, beside it: never through a link, and never waiting for who reads.

        Where the name leaves no room, or a folder lies there, the log alone says so; it keeps no other file waiting.
        """
        with suppress(OSError), replacing(self._folder / f"{name}{REJECTED}", keeps_mode=False) as temporary:
            temporary.write_bytes(f"{said}\n".encode("utf-8", "backslashreplace"))


def _mark(path: Path) -> Mark | None:
    """None for what is no plain file: a link may lead anywhere."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return _marked(found)


def _marked(found: os.stat_result) -> Mark | None:
    return (found.st_size, found.st_mtime_ns, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _pieces(path: Path, largest: int, mark: Mark) -> Iterator[bytes]:
    """Raises: InputError TOO_LARGE, FILE_UNREADABLE, also when it is not, or no longer, what was looked at."""
    try:
        # not waiting: somebody may have put a pipe in its place
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            if os.fstat(stream.fileno()).st_size > largest:
                raise InputError("TOO_LARGE", f"more than {largest} bytes", source=path.name)
            while _marked(os.fstat(stream.fileno())) == mark:
                piece = stream.read(_PIECE)
                if not piece:
                    return
                yield piece
    except OSError as error:
        raise InputError("FILE_UNREADABLE", f"cannot be read ({error.strerror})", source=path.name) from error
    raise InputError("FILE_UNREADABLE", "was changed while it was read", source=path.name)
