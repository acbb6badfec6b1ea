"""A model on disk: a directory or zip of four files, believed only when everything about it is as stated.

model.onnx    the graph              golden.jsonl  inputs and the outputs they must give
model.toml    the card               digest        SHA-256 of the other three, one line each
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from starling.errors import ModelError, StarlingError
from starling.prediction import ModelStamp
from starling.runtime.card import Card, read_card
from starling.runtime.inputs import Factors, encode, outside
from starling.runtime.session import Session
from starling.values import dataclass

FILES: Final = ("golden.jsonl", "model.onnx", "model.toml")
DIGEST: Final = "digest"
#: No model of this room is larger; a larger file is not read.
LARGEST_BYTES: Final = 8 << 20
#: outputs must agree with the golden ones to this, in units of the output: fp32 on any processor stays below it
TOLERANCE: Final = 1e-3


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
        """The files at `path`, a directory or a zip.  Raises: ModelError when one is missing or too large."""
        try:
            reader = _from_directory if path.is_dir() else _from_zip
            return cls({name: reader(path, name) for name in (*FILES, DIGEST)}, source=path.name)
        except FileNotFoundError as error:
            raise ModelError("MODEL_NOT_FOUND", f"{path.name}: no such bundle, or a file of it is missing") from error
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise ModelError(
                "MODEL_DAMAGED", f"{path.name}: cannot be read as a bundle ({type(error).__name__})"
            ) from error

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
        return Session(self.files["model.onnx"], source=self.source)

    def run(self, batch: Sequence[Factors]) -> list[float]:
        """The model's raw outputs, one for each patient.  Raises: ModelError."""
        return self.session.run([encode(self.card.inputs, factors) for factors in batch])

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
        card = self.card
        wrong = [each.name for each in card.inputs if not each.admits(each.reference)]
        wrong += [each.name for each in card.inputs if each.missing == "assume" and each.assumed is None]
        holds = not wrong and 0 <= card.output.low < card.output.high
        return Check("card", holds, f"{len(card.inputs)} inputs" if holds else f"inputs or range wrong: {wrong}")

    def _graph_check(self) -> Check:
        width = sum(each.width for each in self.card.inputs)
        holds = self.session.width == width
        return Check("graph", holds, f"{width} numbers in" if holds else f"takes {self.session.width}, not {width}")

    def _golden_check(self) -> Check:
        vectors = self.golden()
        outputs = self.run([factors for factors, _ in vectors])
        worst = max((abs(a - expected) for a, (_, expected) in zip(outputs, vectors, strict=True)), default=1.0)
        unseen = [factors for factors, _ in vectors if outside(self.card.inputs, factors)]
        holds = worst <= TOLERANCE and not unseen
        return Check("golden", holds, f"{len(vectors)} vectors, largest difference {worst:.2g} {self.card.output.unit}")

    def golden(self) -> list[tuple[Factors, float]]:
        """The golden inputs and outputs.  Raises: ModelError when the file is not what it should be."""
        try:
            rows = [json.loads(line) for line in self.files["golden.jsonl"].decode("utf-8").splitlines()]
            return [(dict(row["inputs"]), float(row["output"])) for row in rows]
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError("MODEL_INVALID", f"{self.source}: golden.jsonl: {error}") from error


def digest_text(files: Mapping[str, bytes]) -> bytes:
    """The digest file for the other files of a bundle."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in FILES).encode("ascii")


def bundled(name: str) -> Path:
    """Where the bundle of that name came with the program."""
    return Path(__file__).parents[1] / "dosing" / "bundles" / name


def _from_directory(path: Path, name: str) -> bytes:
    file = path / name
    if file.stat().st_size > LARGEST_BYTES:
        raise OSError(f"{name} is too large")
    return file.read_bytes()


def _from_zip(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(name).file_size > LARGEST_BYTES:
            raise OSError(f"{name} is too large")
        return archive.read(name)
