"""Another edition of the knowledge through the API: signed by a key that this site trusts, or not taken.

The file lies in `knowledge/`, named by its SHA-256; which of them answers stands in the sealed store, written with the
event in the log.  A file that was exchanged on the disk is therefore not opened.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from starling.assessment import KnowledgeStamp
from starling.engine import Engine
from starling.errors import InputError, KnowledgeError
from starling.knowledge.compare import compare
from starling.knowledge.seal import SIGNED_FOR
from starling.node import answers
from starling.node.desk import Desk, now
from starling.node.private_file import private
from starling.node.settings import Settings
from starling.node.values import ClinicalChange, Principal
from starling.trust.keys import TrustedKey, read_trusted, trust_file
from starling.trust.signature import read_signature

if TYPE_CHECKING:
    from starling.node.layout import Layout
    from starling.node.records import Records

#: names the edition that answers, among the facts of the node itself
EDITION: Final = "knowledge"


def changes_between(old: Engine, new: Engine) -> tuple[ClinicalChange, ...]:
    """What a prescriber would notice."""
    found = compare(old.knowledge, new.knowledge)
    return tuple(ClinicalChange(rank=each.rank, about=each.about, text=each.text) for each in found)


def is_older(new: KnowledgeStamp, old: KnowledgeStamp) -> bool:
    """Whether alleles, guidelines or their last check are of an earlier day.  Days are ISO 8601."""
    return new.as_of < old.as_of or new.checked_on < old.checked_on


def edition_of(layout: Layout, settings: Settings, records: Records) -> Path | None:
    """The file that answers; None: the one of this installation.

    Raises: KnowledgeError KNOWLEDGE_DAMAGED, when it is not the one that was taken.
    """
    if settings.knowledge:
        return Path(settings.knowledge)
    kept = records.secret(EDITION)
    if kept is None:
        return None
    path = layout.knowledge / f"{kept.decode()}.kb"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KnowledgeError("KNOWLEDGE_NOT_FOUND", f"{path.name}: cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != kept.decode():
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{path.name}: is not the edition that was taken")
    return path


class Editions:
    """The editions of one node."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()

    def offered(
        self, who: Principal, content: bytes, signature: bytes, *, preview: bool = False, older: bool = False
    ) -> tuple[ClinicalChange, ...]:
        """The edition answers from now on; gives what a prescriber would notice.  `preview`: and is not taken.

        A signature is good for ever: an edition that is older than the one that answers is taken only where that is
        meant (`older`).  Questions under way finish on the old one; results that it changes get amended reports.
        Raises: ForbiddenError; InputError KNOWLEDGE_REFUSED, after it was recorded.
        """
        desk = self._desk
        desk.may(who, "knowledge.replace")
        with self._lock:
            try:
                signer = self._signer(content, signature)
                name = hashlib.sha256(content).hexdigest()
                path = self._written(name, content)
                return self._taken(who, path, signer, preview=preview, older=older)
            except InputError as error:
                desk.record(who, "knowledge.replace", "failed", "", {"code": error.code})
                raise
            finally:
                self._tidy()

    def _signer(self, content: bytes, text: bytes) -> TrustedKey:
        """The key of this site that signed it.  Raises: InputError KNOWLEDGE_REFUSED."""
        settings = self._desk.settings
        if settings.knowledge:
            raise _refused("the settings name the file of the knowledge: replace that file, or leave the setting empty")
        signature = read_signature(text)
        if signature is None:
            raise _refused("it has no signature")
        keys = read_trusted(Path(settings.trusted_keys) if settings.trusted_keys else trust_file())
        known = next((key for key in keys if key.public == signature.public), None)
        if known is None:
            raise _refused("this site trusts no key that signed it")
        if not signature.fits(SIGNED_FOR, content):
            raise _refused("it is not what was signed")
        return known

    def _written(self, name: str, content: bytes) -> Path:
        folder = self._desk.layout.knowledge
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{name}.kb"
        private(path, content)
        return path

    def _taken(
        self, who: Principal, path: Path, signer: TrustedKey, *, preview: bool, older: bool
    ) -> tuple[ClinicalChange, ...]:
        desk = self._desk
        try:
            engine = answers.sound_engine(path)
        except KnowledgeError as error:
            raise _refused(error.message) from error
        old, stamp = desk.held.engine, engine.knowledge.stamp
        changes = changes_between(old, engine)
        if preview:
            return changes
        if is_older(stamp, old.knowledge.stamp) and not older:
            raise _refused(f"{stamp.version} is older than the one that answers; older=yes says that it is meant")
        said = {"version": stamp.version, "sha256": stamp.sha256, "key": f"{signer.fingerprint} {signer.name}"}
        with desk.records.transaction(durable=True):
            desk.records.keep_secret(EDITION, path.stem.encode())
            desk.append(who, "knowledge.replace", "success", "", said, durable=True)
        desk.hold(answers.Held(engine, now(), old.knowledge.stamp.version, changes))
        return changes

    def _tidy(self) -> None:
        """Files of editions that do not answer are gone; what still answers a question has its file open."""
        kept = self._desk.records.secret(EDITION)
        for path in self._desk.layout.knowledge.glob("*.kb"):
            if kept is None or path.stem != kept.decode():
                with suppress(FileNotFoundError):
                    path.unlink()


def _refused(why: str) -> InputError:
    return InputError("KNOWLEDGE_REFUSED", why)
