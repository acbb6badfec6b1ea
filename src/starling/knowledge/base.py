"""The compiled knowledge base, opened read-only: values for the rooms above, look-ups for the faces.

A file is trusted after its seal is verified (see `starling.knowledge.compile`), and never written: SQLite opens it
with `mode=ro` and `immutable=1`, so that a read-only medium and several processes at once are fine.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from starling.assessment import KnowledgeStamp
from starling.definitions import Drug, GeneDefinition, GuidanceRules, Inhibitor
from starling.errors import InputError, KnowledgeError
from starling.knowledge.names import ATC_GROUP, plain_name
from starling.knowledge.seal import APPLICATION_ID, SCHEMA_VERSION, content_digest, seal_of
from starling.knowledge.values import definitions_of, drugs_of, guidance_of, inhibitors_of

#: the file that a wheel carries
BUNDLED: Final = Path(__file__).with_name("starling.kb")
_MAGIC: Final = b"SQLite format 3\x00"
_APPLICATION_ID_FIELD: Final = slice(68, 72)
_SCHEMA_VERSION_FIELD: Final = slice(60, 64)


class KnowledgeBase:
    """The facts of one compiled file.  Values are built on first use and kept; equal calls give equal objects."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self.path = path
        meta = dict(self._select("meta"))
        self.stamp = KnowledgeStamp(meta["version"], meta["sha256"], meta["as_of"])

    @classmethod
    def open(cls, path: Path | None = None) -> Self:
        """A knowledge base whose bytes are those that the compiler wrote; without a path, the bundled one.

        Raises: KnowledgeError when the file is missing, unreadable, damaged, or of another schema version.
        """
        path = path or BUNDLED
        _verify(_read(path), path.name)
        try:
            # check_same_thread: several threads may read; SQLite serialises them and nothing is ever written
            database = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            return cls(database, path)
        except (sqlite3.Error, KeyError) as error:
            raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{path.name}: not readable as a database ({error})") from error

    def close(self) -> None:
        """The file is released; values already built stay usable."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def definitions(self) -> Mapping[str, GeneDefinition]:
        """Every gene's definition table, by gene, alphabetical."""
        with _bulk():
            return definitions_of(self._select)

    @cached_property
    def guidance(self) -> GuidanceRules:
        """Phenotype rules, guidelines, drugs and inhibitors as one value."""
        with _bulk():
            return guidance_of(self._select)

    @cached_property
    def genes(self) -> tuple[str, ...]:
        """Every gene that a result can be given for, alphabetical."""
        return tuple(sorted({row[0] for row in self._select("trait")}))

    @cached_property
    def contigs(self) -> Mapping[str, tuple[str, str | None]]:
        """A chromosome's name in a file -> `chrN`, and the build that the name implies (None: either)."""
        return {name: (chromosome, build or None) for name, chromosome, build in self._select("contig")}

    @cached_property
    def contig_lengths(self) -> Mapping[str, Mapping[str, int]]:
        """Build -> `chrN` -> length in bases."""
        lengths: dict[str, dict[str, int]] = {}
        for build, chromosome, length in self._select("contig_length"):
            lengths.setdefault(build, {})[chromosome] = length
        return lengths

    def find_drug(self, name: str) -> Drug:
        """The drug of this ingredient, synonym, brand, RxNorm or ATC code, whatever its case and hyphens.

        Raises: InputError when no drug, or (an ATC group) more than one, answers to `name`.
        """
        found = self._drugs.get(plain_name(name))
        if found is not None:
            return found
        group = name.strip().upper()
        members = sorted({drug.name for code, drug in self._codes.items() if code.startswith(group)})
        if ATC_GROUP.fullmatch(group) and members:
            raise InputError("UNKNOWN_NAME", f"{group} is a group of drugs; name one of them: {', '.join(members)}")
        sentence = "not in this knowledge base; that is not a statement of safety"
        close = _closest(name, {plain_name(n): n for d in self._drug_list for n in (d.name, *d.names)})
        nearest = f" (nearest names: {', '.join(close)})" if close else ""
        raise InputError("UNKNOWN_DRUG", f"{name.strip()!r}: {sentence}{nearest}")

    def find_inhibitors(self, name: str) -> tuple[Inhibitor, ...]:
        """Every statement on the enzymes that this medicine inhibits or induces, by any of its names; () when none."""
        return self._inhibitors.get(plain_name(name), ())

    def knows_medicine(self, name: str) -> bool:
        """Whether the name is a drug or an inhibitor of this knowledge base."""
        plain = plain_name(name)
        return plain in self._drugs or plain in self._inhibitors

    def nearest_medicines(self, name: str) -> tuple[str, ...]:
        """Up to three medicine names that resemble this one, the most similar first."""
        spelled = {plain_name(n): n for d in self._drug_list for n in (d.name, *d.names)}
        spelled |= {plain_name(n): n for i in self._inhibitor_list for n in (i.ingredient, *i.names)}
        return _closest(name, spelled)

    def verify_content(self) -> bool:
        """Whether the rows of every table still give the digest of the stamp (a slow check, for diagnosis)."""
        names = [name for (name,) in self._database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        content = [(name, sorted(self._select(name))) for name in sorted(names) if name != "meta"]
        return content_digest(content) == self.stamp.sha256

    @cached_property
    def _drug_list(self) -> tuple[Drug, ...]:
        return self.guidance.drugs if "guidance" in self.__dict__ else drugs_of(self._select)

    @cached_property
    def _inhibitor_list(self) -> tuple[Inhibitor, ...]:
        return self.guidance.inhibitors if "guidance" in self.__dict__ else inhibitors_of(self._select)

    @cached_property
    def _codes(self) -> Mapping[str, Drug]:
        return {code: drug for drug in self._drug_list for code in drug.atc}

    @cached_property
    def _drugs(self) -> Mapping[str, Drug]:
        """Every plain name and code of one drug only; a code that several drugs share is in `_codes` alone."""
        named: dict[str, Drug] = {}
        for drug in self._drug_list:
            for text in (drug.name, *drug.names, drug.rxnorm, *drug.atc):
                if text:
                    named[plain_name(text)] = drug
        return named

    @cached_property
    def _inhibitors(self) -> Mapping[str, tuple[Inhibitor, ...]]:
        named: dict[str, tuple[Inhibitor, ...]] = {}
        for inhibitor in self._inhibitor_list:
            for text in (inhibitor.ingredient, *inhibitor.names):
                named[plain_name(text)] = (*named.get(plain_name(text), ()), inhibitor)
        return named

    def _select(self, table: str) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 -- own table names
        except sqlite3.Error as error:
            raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{self.path.name}: {table} is unreadable ({error})") from error


def _closest(name: str, spelled: Mapping[str, str]) -> tuple[str, ...]:
    """Up to three of the spelled names that resemble this one, the most similar first."""
    import difflib  # takes as long to load as the whole knowledge base to open

    return tuple(spelled[plain] for plain in difflib.get_close_matches(plain_name(name), spelled))


@contextmanager
def _bulk() -> Iterator[None]:
    """Garbage collection rests while tens of thousands of values, none of them garbage, are made: a third faster."""
    resting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if resting:
            gc.enable()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise KnowledgeError("KNOWLEDGE_NOT_FOUND", f"{path.name}: no such knowledge base") from error
    except OSError as error:
        raise KnowledgeError("KNOWLEDGE_NOT_FOUND", f"{path.name}: cannot be read ({error.strerror})") from error


def _verify(data: bytes, name: str) -> None:
    if not data.startswith(_MAGIC) or data[_APPLICATION_ID_FIELD] != APPLICATION_ID.to_bytes(4, "big"):
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{name}: not a compiled knowledge base")
    schema = int.from_bytes(data[_SCHEMA_VERSION_FIELD], "big")
    if schema != SCHEMA_VERSION:
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{name}: schema {schema}, this program reads {SCHEMA_VERSION}")
    try:
        stated, actual = seal_of(data)
    except ValueError as error:
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{name}: the digest of the file is missing") from error
    if stated != actual:
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{name}: the bytes do not give the digest that the file states")
