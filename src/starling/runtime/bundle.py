"""A model on disk: a directory or zip of four files, believed only when everything about it is as stated.

model.onnx    the graph              golden.jsonl  inputs and the outputs they must give
model.toml    the card               digest        SHA-256 of the other three, one line each

A fifth, `signature`, may say who vouches for the digest (see `standing`).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from math import inf, isfinite
from pathlib import Path
from typing import Any, Final

from starling.errors import ModelError, StarlingError
from starling.prediction import ModelStamp
from starling.runtime.apart import Apart
from starling.runtime.card import LARGEST_BYTES, Card, Tabular, read_card
from starling.runtime.golden import TOLERANCE, Vector, difference, read_vectors
from starling.runtime.inputs import Factors, encode, outside
from starling.runtime.session import Graph, Session
from starling.runtime.tensors import Tensor, Tensors
from starling.values import dataclass

FILES: Final = ("golden.jsonl", "model.onnx", "model.toml")
DIGEST: Final = "digest"
SIGNATURE: Final = "signature"
#: No signature is as long (ours); the rest of a longer file is not read.
_LONGEST_SIGNATURE: Final = 4096


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, whether it holds, and what was found; not `looked`: it could not be, and why."""

    name: str
    holds: bool
    detail: str
    looked: bool = True


class Bundle:
    """The files of a model, not yet believed: `verify` says what holds, `load` insists that all of it does.

    `pinned`: digests of bundles that were looked at when the program was made; only their graphs run in this process.
    """

    def __init__(self, files: Mapping[str, bytes], *, source: str, pinned: Container[str] = ()) -> None:
        self.files = files
        self.source = source
        self._pinned = pinned
        self._stopped_by: StarlingError | None = None

    @classmethod
    def read(cls, path: Path, *, pinned: Container[str] = ()) -> Bundle:
        """The files at `path`, a directory or a zip.

        Raises: ModelError when one is missing, or larger than the card allows (a card that cannot be read allows
        `LARGEST_BYTES`).
        """
        reader = _from_directory if path.is_dir() else _from_zip
        files: dict[str, bytes] = {}
        bundle = cls(files, source=path.name, pinned=pinned)
        try:
            files["model.toml"] = reader(path, "model.toml", LARGEST_BYTES)
            most = bundle._largest_bytes()
            files |= {name: reader(path, name, most) for name in (*FILES, DIGEST) if name not in files}
            with suppress(FileNotFoundError, KeyError):
                files[SIGNATURE] = reader(path, SIGNATURE, _LONGEST_SIGNATURE)
        except FileNotFoundError as error:
            raise ModelError("MODEL_NOT_FOUND", f"{path.name}: no such bundle, or a file of it is missing") from error
        except (OSError, KeyError, ValueError) as error:
            said = str(error) if isinstance(error, OSError) and error.errno is None else type(error).__name__
            message = f"{path.name}: cannot be read as a bundle ({said})"
            raise ModelError("MODEL_DAMAGED", message) from error
        return bundle

    def _largest_bytes(self) -> int:
        try:
            return self.card.limits.largest_bytes
        except ModelError:
            return LARGEST_BYTES

    @cached_property
    def card(self) -> Card:
        """The card.  Raises: ModelError."""
        try:
            return read_card(self.files["model.toml"].decode("utf-8"), source=self.source)
        except UnicodeDecodeError as error:
            raise ModelError("MODEL_INVALID", f"{self.source}: model.toml is not UTF-8") from error

    @property
    def sha256(self) -> str:
        """The digest of the bundle: SHA-256 over its digest file."""
        return hashlib.sha256(self.files[DIGEST]).hexdigest()

    @property
    def stamp(self) -> ModelStamp:
        """Name, version and digest."""
        return ModelStamp(self.card.name, self.card.version, self.sha256)

    @property
    def is_pinned(self) -> bool:
        """Whether these very files were looked at when the program was made."""
        return self.sha256 in self._pinned and self.digest_check().holds

    @cached_property
    def session(self) -> Graph:
        """The graph, loaded: here when the program holds its digest, else in a process apart.  Raises: ModelError."""
        kind = Session if self.is_pinned else Apart
        return kind(self.files["model.onnx"], source=self.source, limits=self.card.limits)

    @property
    def tabular(self) -> Tabular:
        """The factors of the card.  Raises: ModelError when this model takes tensors."""
        if self.card.tabular is None:
            raise ModelError("MODEL_INVALID", f"{self.source}: takes tensors, not factors")
        return self.card.tabular

    def run(self, tensors: Tensors) -> dict[str, Any]:
        """The model's outputs by name.  Raises: ModelError."""
        return self.session.run(tensors)

    def predict(self, batch: Sequence[Factors]) -> list[float]:
        """The raw outputs of a tabular model, one finite number for each patient.  Raises: ModelError."""
        rows = [encode(self.tabular.inputs, factors) for factors in batch]
        (output,) = self.run({self.session.takes[0].name: rows}).values()
        values = [float(value) for value in output.reshape(-1)]
        if len(values) != len(rows) or not all(map(isfinite, values)):
            raise ModelError("MODEL_DAMAGED", f"{self.source}: the graph does not give a number for each patient")
        return values

    def verify(self) -> Iterator[Check]:
        """Everything that must hold, in order; stops at what makes the rest meaningless."""
        digest = self.digest_check()
        yield digest
        if not digest.holds:
            return
        for name, check in (("card", self._card_check), ("graph", self._graph_check), ("golden", self._golden_check)):
            found = self._checked(name, check)
            yield found
            if not found.holds:
                return

    def load(self) -> Bundle:
        """This bundle, believed.  Raises: ModelError when anything is off."""
        for check in self.verify():
            if not check.holds:
                error = self._stopped_by
                if error is not None and error.code in {"MODEL_RUNTIME_MISSING", "MODEL_TOO_SLOW"}:
                    raise error  # says more than that a check failed
                raise ModelError("MODEL_DAMAGED", f"{self.source}: {check.name}: {check.detail}")
        return self

    def _checked(self, name: str, check: Callable[[], Check]) -> Check:
        """What the check found; whatever stops it is found too."""
        try:
            return check()
        except StarlingError as error:
            self._stopped_by = error
            looked = error.code != "MODEL_RUNTIME_MISSING"
            detail = error.message if looked else f"not checked: {error.message}"
            return Check(name, holds=False, detail=detail, looked=looked)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:  # files that do not fit each other
            return Check(name, holds=False, detail=f"the files do not fit together: {type(error).__name__} {error}")

    def digest_check(self) -> Check:
        """Whether the files are those of the digest."""
        wanted = digest_text({name: self.files[name] for name in FILES})
        holds = self.files[DIGEST] == wanted
        return Check("digest", holds, self.sha256 if holds else "files are not those of the digest")

    def _card_check(self) -> Check:
        tabular = self.card.tabular
        if tabular is None:
            return Check("card", holds=True, detail=f"{len(self.card.takes)} tensors in, {len(self.card.gives)} out")
        wrong = [each.name for each in tabular.inputs if not each.admits(each.reference)]
        wrong += [each.name for each in tabular.inputs if each.missing == "assume" and each.assumed is None]
        holds = not wrong and 0 <= tabular.output.low < tabular.output.high
        return Check("card", holds, f"{len(tabular.inputs)} inputs" if holds else f"inputs or range wrong: {wrong}")

    def _graph_check(self) -> Check:
        session, tabular = self.session, self.card.tabular
        if tabular is not None:
            holds = _is_tabular(session, tabular.width)
            taken = ", ".join(map(str, session.takes))
            return Check("graph", holds, f"{tabular.width} numbers in" if holds else f"takes {taken}")
        holds = (session.takes, session.gives) == (self.card.takes, self.card.gives)
        found = f"{_listed(session.takes)} -> {_listed(session.gives)}"
        return Check("graph", holds, found if holds else f"is {found}, which the card does not say")

    def _golden_check(self) -> Check:
        vectors, tabular = self.golden(), self.card.tabular
        if tabular is None:
            differences = [difference(self.run(each.inputs), each.output) for each in vectors]
        else:
            outputs = self.predict([each.inputs for each in vectors])
            differences = [abs(found - each.output) for found, each in zip(outputs, vectors, strict=True)]
        unseen = tabular is not None and any(outside(tabular.inputs, each.inputs) for each in vectors)
        worst, unit = max(differences, default=inf), tabular.output.unit if tabular else ""
        holds = bool(vectors) and all(each <= TOLERANCE for each in differences) and not unseen
        return Check("golden", holds, f"{len(vectors)} vectors, largest difference {worst:.2g} {unit}".rstrip())

    def golden(self) -> list[Vector]:
        """The golden inputs and outputs.  Raises: ModelError when the file is not what it should be."""
        is_tabular = self.card.tabular is not None
        return read_vectors(self.files["golden.jsonl"], tabular=is_tabular, source=self.source)


def digest_text(files: Mapping[str, bytes]) -> bytes:
    """The digest file for the other files of a bundle."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in FILES).encode("ascii")


def _is_tabular(session: Graph, width: int) -> bool:
    """Rows of so many numbers in, and one tensor out."""
    if len(session.takes) != 1 or len(session.gives) != 1:
        return False
    (taken,) = session.takes
    return taken.kind == "float32" and taken.shape[-1:] == (width,)


def _listed(tensors: Sequence[Tensor]) -> str:
    return ", ".join(map(str, tensors))


def _from_directory(path: Path, name: str, most: int) -> bytes:
    """A file of a directory: a link leads out of what was handed over, and a pipe or device has no end."""
    file = path / name
    if file.is_symlink():
        raise OSError(f"{name} is a link")
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(f"{name} is not a file")
        data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(f"{name} is too large")
    return data


def _from_zip(path: Path, name: str, most: int) -> bytes:
    """A file of a zip, which is read and never unpacked."""
    from zipfile import ZipFile

    if path.exists() and not path.is_file():
        raise OSError("is neither a directory nor a file")
    try:
        with ZipFile(path) as archive:
            _check_names(archive.namelist())
            if archive.getinfo(name).file_size > most:
                raise _RefusedError(f"{name} is too large")
            return archive.read(name)
    except (FileNotFoundError, KeyError, _RefusedError):
        raise
    except Exception as error:  # damage shows in many ways: in zlib, lzma, struct, as a wrong length or a password
        raise OSError("is not a zip that can be read") from error


class _RefusedError(OSError):
    """A zip that says one thing to us and another to whoever unpacks it."""


def _check_names(names: Sequence[str]) -> None:
    """Raises: _RefusedError when a name stands twice, or leads out of the folder it is unpacked to."""
    if len(names) > _MOST_NAMES:
        raise _RefusedError("holds too many files")
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
            raise _RefusedError(f"{name!a} leads out of the bundle")
        if names.count(name) > 1:
            raise _RefusedError(f"{name!a} stands twice")


#: More files than a bundle can have, with whatever its author adds (ours).
_MOST_NAMES: Final = 100
