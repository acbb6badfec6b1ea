"""A model on disk: a directory or zip of four files, believed only when everything about it is as stated.

model.onnx    the graph              golden.jsonl  inputs and the outputs they must give
model.toml    the card               digest        SHA-256 of the other three, one line each
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import inf, isfinite
from pathlib import Path
from typing import Any, Final

from starling.errors import ModelError, StarlingError
from starling.prediction import ModelStamp
from starling.runtime.card import LARGEST_BYTES, Card, Tabular, read_card
from starling.runtime.golden import TOLERANCE, Vector, difference, read_vectors
from starling.runtime.inputs import Factors, encode, outside
from starling.runtime.session import Session
from starling.runtime.tensors import Tensor, Tensors
from starling.values import dataclass

FILES: Final = ("golden.jsonl", "model.onnx", "model.toml")
DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, whether it holds, and what was found."""

    name: str
    holds: bool
    detail: str


class Bundle:
    """The files of a model, not yet believed: `verify` says what holds, `load` insists that all of it does."""

    def __init__(self, files: Mapping[str, bytes], *, source: str) -> None:
        self.files = files
        self.source = source

    @classmethod
    def read(cls, path: Path) -> Bundle:
        """The files at `path`, a directory or a zip.

        Raises: ModelError when one is missing, or larger than the card allows (a card that cannot be read allows
        `LARGEST_BYTES`).
        """
        reader = _from_directory if path.is_dir() else _from_zip
        files: dict[str, bytes] = {}
        bundle = cls(files, source=path.name)
        try:
            files["model.toml"] = reader(path, "model.toml", LARGEST_BYTES)
            most = bundle._largest_bytes()
            files |= {name: reader(path, name, most) for name in (*FILES, DIGEST) if name not in files}
        except FileNotFoundError as error:
            raise ModelError("MODEL_NOT_FOUND", f"{path.name}: no such bundle, or a file of it is missing") from error
        except (OSError, KeyError, ValueError) as error:
            message = f"{path.name}: cannot be read as a bundle ({type(error).__name__})"
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

    @cached_property
    def session(self) -> Session:
        """The graph, loaded.  Raises: ModelError."""
        return Session(self.files["model.onnx"], source=self.source, limits=self.card.limits)

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
        digest = self._digest_check()
        yield digest
        if not digest.holds:
            return
        for name, check in (("card", self._card_check), ("graph", self._graph_check), ("golden", self._golden_check)):
            try:
                found = check()
            except StarlingError as error:
                found = Check(name, holds=False, detail=error.message)
            except (KeyError, TypeError, ValueError, ArithmeticError) as error:  # files that do not fit each other
                found = Check(
                    name, holds=False, detail=f"the files do not fit together: {type(error).__name__} {error}"
                )
            yield found
            if not found.holds:
                return

    def load(self) -> Bundle:
        """This bundle, believed.  Raises: ModelError when anything is off."""
        for check in self.verify():
            if not check.holds:
                self._reraise_missing_runtime()
                raise ModelError("MODEL_DAMAGED", f"{self.source}: {check.name}: {check.detail}")
        return self

    def _reraise_missing_runtime(self) -> None:
        try:
            _ = self.session
        except ModelError as error:
            if error.code == "MODEL_RUNTIME_MISSING":
                raise

    def _digest_check(self) -> Check:
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


def _is_tabular(session: Session, width: int) -> bool:
    """Rows of so many numbers in, and one tensor out."""
    if len(session.takes) != 1 or len(session.gives) != 1:
        return False
    (taken,) = session.takes
    return taken.kind == "float32" and taken.shape[-1:] == (width,)


def _listed(tensors: Sequence[Tensor]) -> str:
    return ", ".join(map(str, tensors))


def _from_directory(path: Path, name: str, most: int) -> bytes:
    file = path / name
    if file.stat().st_size > most:
        raise OSError(f"{name} is too large")
    return file.read_bytes()


def _from_zip(path: Path, name: str, most: int) -> bytes:
    from zipfile import ZipFile

    try:
        with ZipFile(path) as archive:
            if archive.getinfo(name).file_size > most:
                raise OSError(f"{name} is too large")
            return archive.read(name)
    except (FileNotFoundError, KeyError):
        raise
    except Exception as error:  # damage shows in many ways: in zlib, lzma, struct, as a wrong length or a password
        raise OSError("is not a zip that can be read") from error
