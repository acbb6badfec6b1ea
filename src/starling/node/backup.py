"""`starling node backup DIR FILE`: everything that a node cannot make anew, in one file, of a running node too.

The file is a plain tar.  The store in it is sealed as the node's is, files that wait to be read are sealed under keys
in that store, and the key of the store is wrapped: whoever has the file and not the key behind the wrapping has noise.
What says what belongs to it (`manifest.json`) carries a code under a key of the store, so that neither settings nor
certificates can be exchanged in a backup that is restored.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

import apsw
from msgspec import json

from starling._version import __version__
from starling.errors import InputError, TrustError
from starling.formats.write import replacing
from starling.node.administration import recorded
from starling.node.desk import now
from starling.node.editions import EDITION
from starling.node.layout import Layout
from starling.node.opening import AUDIT_KEY, holder_of, unsealed
from starling.node.private_file import private
from starling.node.records import Records
from starling.node.settings import Settings
from starling.node.values import Value
from starling.trust.holder import KeyHolder
from starling.trust.sealed import open_sealed

#: names in the file: what it holds, and the code over that
MANIFEST, CODE = "manifest.json", "manifest.code"
STORE, SPOOL, KNOWLEDGE = "store.db", "spool", "knowledge"
_SCHEMA: Final = "starling.backup/1"
#: small files that a node cannot make anew
SMALL: Final = ("settings.toml", "store.key", "ca.pem", "device.pem")
_PLAIN_KEY: Final = re.compile(rb"-----BEGIN (?!ENCRYPTED )(?:[A-Z0-9]+ )*PRIVATE KEY-----")
#: Files that are taken in and read while the store is copied can be gone: so often it is copied again (ours).
_ATTEMPTS: Final = 5
_PIECE: Final = 1 << 20


class Manifest(Value, frozen=True):
    """What a backup holds.  `events`: of the audit log.  `key`: as `fingerprint_of`.  `files`: name -> SHA-256."""

    schema: str
    made: str
    program: str
    site: str
    cipher: str
    events: int
    held_by: str
    key: str
    files: Mapping[str, str]


def fingerprint_of(holder: KeyHolder) -> str:
    """What tells keys of holders apart, and nothing of the key: digits of what it makes of 32 zero bytes."""
    return hashlib.sha256(holder.wrap(bytes(32))).hexdigest()[:16]


def back_up(folder: Path, file: Path) -> Manifest:
    """The backup is in the file, whole and on the disk; the audit log says that it was taken.

    Raises: TrustError PLAIN_KEY, when something in it would be a key that is not wrapped, and others, the security
    officer's; InputError NO_NODE, OUTPUT_UNWRITABLE, the administrator's.
    """
    with unsealed(folder) as (layout, settings, records, log), _writable(file) as temporary:
        log.compare().require()
        holder = holder_of(layout, settings)
        key = holder.unwrap(layout.store_key.read_bytes())
        small = {name: (layout.root / name).read_bytes() for name in SMALL}
        recorded(settings, records, log, "node.backup", {"key": fingerprint_of(holder)})
        small["checkpoint"] = log.checkpoint().encode()
        _refuse_plain_keys(layout, small, key)
        with ExitStack() as stack:
            parts, events = _parts(layout, settings, records, key, temporary.with_name(STORE), stack)
            for name, content in small.items():
                parts[name] = io.BytesIO(content)
            manifest = Manifest(
                schema=_SCHEMA, made=now(), program=__version__, site=settings.site, cipher=settings.cipher,
                events=events, held_by=holder.describe(), key=fingerprint_of(holder),
                files={name: _digest(parts[name]) for name in sorted(parts)},
            )  # fmt: skip
            _pack(temporary, manifest, code_of(records, json.encode(manifest)), parts)
    return manifest


def code_of(records: Records, manifest: bytes) -> bytes:
    """What only a store of this node can say of a manifest (HMAC-SHA-256)."""
    key = records.secret(AUDIT_KEY)
    assert key is not None
    return hmac.digest(key, f"{_SCHEMA}\n".encode() + manifest, hashlib.sha256)


def require_ours(records: Records, manifest: bytes, code: bytes, *, source: str) -> None:
    """The manifest is as the node of this store wrote it.  Raises: InputError BACKUP_REFUSED."""
    if not hmac.compare_digest(code_of(records, manifest), code):
        raise InputError("BACKUP_REFUSED", "is not as the node wrote it", source=source)


def _refuse_plain_keys(layout: Layout, small: Mapping[str, bytes], key: bytes) -> None:
    """Raises: TrustError PLAIN_KEY."""
    secrets = [key]
    if layout.file_key.exists():
        secrets.append(layout.file_key.read_bytes())
    for name, content in small.items():
        said = [form for each in secrets for form in (each, each.hex().encode())]
        if _PLAIN_KEY.search(content) or any(each and each in content for each in said):
            raise TrustError("PLAIN_KEY", f"{name}: holds a key that is not encrypted")


def _parts(
    layout: Layout, settings: Settings, records: Records, key: bytes, copy: Path, stack: ExitStack
) -> tuple[dict[str, IO[bytes]], int]:
    """The store as it was at one moment, and every sealed file that it knows the key of; the events in its log."""
    for _ in range(_ATTEMPTS):
        held = {path.name: stack.enter_context(path.open("rb")) for path in _waiting(layout, records)}
        known, events = _copied(settings, records, key, copy)
        for id_ in known - held.keys():
            if (layout.spool / id_).is_file():
                held[id_] = stack.enter_context((layout.spool / id_).open("rb"))
        if known <= held.keys():
            spooled = {f"{SPOOL}/{id_}": held[id_] for id_ in known}
            return {STORE: stack.enter_context(copy.open("rb")), **spooled, **_edition(layout, records, stack)}, events
        copy.unlink()
    raise InputError("NODE_RUNNING", "files come in faster than they can be kept: try again", source=str(layout.root))


def _edition(layout: Layout, records: Records, stack: ExitStack) -> dict[str, IO[bytes]]:
    """The edition of the knowledge that came through the API."""
    kept = records.secret(EDITION)
    path = layout.knowledge / f"{kept.decode()}.kb" if kept else None
    if path is None or not path.is_file():
        return {}
    return {f"{KNOWLEDGE}/{path.name}": stack.enter_context(path.open("rb"))}


def _waiting(layout: Layout, records: Records) -> Iterator[Path]:
    """Sealed files that may be read and gone in a moment."""
    for (id_,) in records.rows("SELECT id FROM job WHERE state = 'received'"):
        if (layout.spool / id_).is_file():
            yield layout.spool / id_


def _copied(settings: Settings, records: Records, key: bytes, copy: Path) -> tuple[set[str], int]:
    """A sealed copy of the store at one moment, while others go on writing.

    Returns the jobs whose files it can open, and the events in its log.
    """
    target = open_sealed(copy, key, cipher=settings.cipher, create=True)
    try:
        with records.lock, target.backup("main", records.connection, "main") as copying:
            while not copying.done:
                copying.step(-1)
        target.pragma("wal_checkpoint(truncate)")
        sealed = "SELECT id FROM job WHERE sealing IS NOT NULL AND state <> 'failed'"
        ((events,),) = target.execute("SELECT count(*) FROM audit_event")
        return {id_ for (id_,) in target.execute(sealed)}, events
    except apsw.Error as error:
        raise InputError("OUTPUT_UNWRITABLE", f"the store cannot be copied ({error})", source=str(copy)) from error
    finally:
        target.close()


def _digest(stream: Any) -> str:
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    return digest


def _pack(path: Path, manifest: Manifest, code: bytes, parts: Mapping[str, IO[bytes]]) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "wb") as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, part in (
                (MANIFEST, io.BytesIO(json.encode(manifest))), (CODE, io.BytesIO(code)), *sorted(parts.items()),
            ):  # fmt: skip
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = part.seek(0, io.SEEK_END), 0o600
                part.seek(0)
                tar.addfile(entry, part)
        stream.flush()


@contextmanager
def _writable(file: Path) -> Iterator[Path]:
    """A temporary path that becomes the file.  Raises: InputError OUTPUT_UNWRITABLE."""
    try:
        with replacing(file, keeps_mode=False) as temporary:
            yield temporary
    except OSError as error:
        raise InputError("OUTPUT_UNWRITABLE", f"cannot be written ({error.strerror})", source=str(file)) from error


# --- reading --------------------------------------------------------------------------------------------------------

_NAME: Final = re.compile(
    r"store\.db|settings\.toml|store\.key|ca\.pem|device\.pem|checkpoint|spool/j-[0-9a-f]{16}"
    r"|knowledge/[0-9a-f]{64}\.kb"
)


def unpack(file: Path, folder: Path) -> tuple[Manifest, bytes, bytes]:
    """What a backup holds lies in the folder, each file as its digest says: (manifest, its bytes, the code over it).

    Nothing is believed yet: whoever opens the store compares the code.
    Raises: InputError FILE_NOT_FOUND, BACKUP_REFUSED, the administrator's.
    """
    try:
        with tarfile.open(file, mode="r:") as tar:
            said, code = (_member(tar, name, 1 << 24) for name in (MANIFEST, CODE))
            manifest = json.decode(said, type=Manifest)
            _unpack(tar, manifest, folder)
    except FileNotFoundError as error:
        raise InputError("FILE_NOT_FOUND", "no such file", source=str(file)) from error
    except (OSError, ValueError, KeyError, EOFError, tarfile.TarError) as error:
        raise InputError("BACKUP_REFUSED", f"is no whole backup of a node ({error})", source=str(file)) from error
    return manifest, said, code


def put_key(layout: Layout, settings: Settings, key: Path) -> None:
    """What opens an unpacked backup is there.  `key`: the key file, or the library of the token that holds the key.

    A library is run before anything of a backup can be believed: so none that the backup alone names.
    Raises: InputError FILE_NOT_FOUND.
    """
    module = settings.token_module
    if module and Path(module).resolve() != key.resolve():
        said = f"a token holds the key of the backup, by the library {module}: if that is yours, name it with --key"
        raise InputError("FILE_NOT_FOUND", said, source=str(key))
    if not module:
        private(layout.file_key, _key_file(key))


def _key_file(path: Path) -> bytes:
    """Raises: InputError FILE_NOT_FOUND."""
    try:
        return path.read_bytes()
    except OSError as error:
        said = "the key file of the node is not in its backup: name it with --key"
        raise InputError("FILE_NOT_FOUND", said, source=str(path)) from error


def _member(tar: tarfile.TarFile, name: str, most: int) -> bytes:
    """Raises: KeyError, ValueError."""
    entry = tar.next()
    stream = tar.extractfile(entry) if entry is not None and entry.name == name and _is_plain(entry) else None
    if stream is None or entry is None or entry.size > most:
        raise ValueError(f"{name} is not where it should be")
    return stream.read()


def _unpack(tar: tarfile.TarFile, manifest: Manifest, folder: Path) -> None:
    """Raises: ValueError."""
    if manifest.schema != _SCHEMA:
        raise ValueError(f"it is of the kind {manifest.schema}")
    if not {STORE, "checkpoint", *SMALL} <= manifest.files.keys() or not all(map(_NAME.fullmatch, manifest.files)):
        raise ValueError("the names in it are not those of a node")
    for name in (SPOOL, KNOWLEDGE):
        (folder / name).mkdir(mode=0o700)
    wanted = dict(manifest.files)
    while entry := tar.next():
        digest = wanted.pop(entry.name, None)
        stream = tar.extractfile(entry) if digest is not None and _is_plain(entry) else None
        if stream is None or _written(stream, folder / entry.name) != digest:
            raise ValueError(f"{entry.name} is not what was kept")
    if wanted:
        raise ValueError(f"{min(wanted)} is missing")


def _is_plain(entry: tarfile.TarInfo) -> bool:
    """A file whose bytes are in the backup; one with holes says any length and fills the disk."""
    return entry.isreg() and not entry.issparse()


def _written(stream: Any, path: Path) -> str:
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as target:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()
