"""A backup of a node that goes on writing, restored: the log verifies and the answers are the same."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import tarfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from threading import Event, Thread

import pytest

from starling.errors import InputError, TrustError
from starling.node import administration
from starling.node.backup import back_up, fingerprint_of
from starling.node.demonstration import specimen_of
from starling.node.founding import found
from starling.node.layout import Layout
from starling.node.opening import holder_of, opened
from starling.node.restoring import restore
from starling.node.server import only_one
from starling.node.service import Node
from starling.node.values import Order
from tests import commands
from tests.node.devices import asker, new_patient, serving, settled, upload

DRUGS = ("codeine", "clopidogrel")


def answers(node: Node) -> dict[str, tuple[str, str]]:
    """Identifier -> (pseudonym, the words of an answer), of everybody with a result."""
    return {
        each.identifier: (each.id, node.questions.check(asker(), Order(patient=each.id, drugs=DRUGS)).text)
        for each in node.records.patients("here")
        if each.released
    }


@pytest.fixture
def kept(copied: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A backup, and the key that it needs."""
    key = tmp_path / "kept.key"
    shutil.copy(copied / "file.key", key)
    back_up(copied, tmp_path / "kept.tar")
    return tmp_path / "kept.tar", key


def changed(file: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """The backup with another content under a name."""
    other = file.with_name(f"changed-{file.name}")
    with tarfile.open(file) as old, tarfile.open(other, "w") as new:
        for entry in old:
            stream = old.extractfile(entry)
            assert stream is not None
            content = change(stream.read()) if entry.name == name else stream.read()
            entry.size = len(content)
            new.addfile(entry, BytesIO(content))
    return other


def refused(file: Path, folder: Path, *, key: Path | None = None, over: str = "") -> str:
    with pytest.raises((InputError, TrustError)) as caught:
        restore(file, folder, key=key, over=over)
    assert not folder.with_name(f".{folder.name}.restoring").exists()
    return caught.value.code


def test_a_backup_under_writes_is_restored_and_answers_the_same(copied: Path, tmp_path: Path) -> None:
    stop = Event()
    with serving(copied) as device:
        before = answers(device.node)
        patient = device.patients[specimen_of(1).identifier].id

        def ask() -> None:
            while not stop.is_set():
                device.node.questions.check(asker(), Order(patient=patient, drugs=DRUGS))

        asking = Thread(target=ask)
        asking.start()
        try:
            with device.client("laboratory") as lab:
                jobs = [upload(lab, *new_patient(device.node, n, tmp_path)).json()["job"]["id"] for n in (5, 6)]
            made = back_up(copied, tmp_path / "kept.tar")
        finally:
            stop.set()
            asking.join()
        for job in jobs:
            assert settled(device.node, job).state == "called"
    shutil.move(copied / "file.key", tmp_path / "file.key")
    shutil.rmtree(copied)
    restored = restore(tmp_path / "kept.tar", copied, key=tmp_path / "file.key")
    assert (restored.aside, restored.events) == (None, made.events + 1)
    assert administration.verify(copied).require().seen == restored.events
    with serving(copied) as device:
        assert answers(device.node) == before
        for job in jobs:  # what was taken in is there, and goes on
            assert settled(device.node, job).state == "called"
    assert {path.stat().st_mode & 0o077 for path in (copied, *copied.rglob("*"))} <= {0, 0o044}


def test_the_command_says_which_key_is_needed_and_the_file_holds_none(copied: Path, tmp_path: Path) -> None:
    told = commands.run("node", "backup", copied, tmp_path / "kept.tar")
    assert told.code == 0, told.err
    with opened(copied) as node:
        holder = holder_of(node.layout, node.settings)
        assert fingerprint_of(holder) in told.out and "file.key" in told.out
        secrets = [
            (copied / "file.key").read_bytes(), holder.unwrap((copied / "store.key").read_bytes()),
            *(value for (value,) in node.records.rows("SELECT value FROM secret")),
        ]  # fmt: skip
    content = (tmp_path / "kept.tar").read_bytes()
    assert (tmp_path / "kept.tar").stat().st_mode & 0o077 == 0
    assert [secret for secret in secrets if secret in content and len(secret) > 8] == []
    assert b"Musterfrau" not in content and specimen_of(1).identifier.encode() not in content
    assert re.search(rb"BEGIN (?!ENCRYPTED|CERTIFICATE)", content) is None
    (tmp_path / "other").mkdir()
    shutil.copy(copied / "file.key", tmp_path / "ward.key")
    back = commands.run("node", "restore", tmp_path / "kept.tar", tmp_path / "other", "--key", tmp_path / "ward.key")
    assert back.code == 0 and "the log verifies" in back.out
    none = commands.run("node", "restore", tmp_path / "kept.tar", tmp_path / "third")
    assert none.err.endswith("[FILE_NOT_FOUND]\n") and "--key" in none.err


def test_attack_a_plain_key_among_the_files_is_not_carried_away(copied: Path, tmp_path: Path) -> None:
    device = (copied / "device.pem").read_bytes()
    key = (copied / "file.key").read_bytes()
    client = (copied / "clients" / "prescriber.pem").read_bytes()
    for name, content in (
        ("device.pem", client),
        ("ca.pem", device + key),
        ("settings.toml", b"# " + key.hex().encode()),
    ):
        before = (copied / name).read_bytes()
        (copied / name).write_bytes(content)
        with pytest.raises(TrustError, match=name) as caught:
            back_up(copied, tmp_path / "kept.tar")
        assert caught.value.code == "PLAIN_KEY" and not (tmp_path / "kept.tar").exists()
        (copied / name).write_bytes(before)
    with pytest.raises(InputError, match="cannot be written"):
        back_up(copied, tmp_path / "no" / "kept.tar")


def test_attack_a_backup_that_was_changed_takes_no_place(kept: tuple[Path, Path], copied: Path, tmp_path: Path) -> None:
    file, key = kept
    before = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    flipped = {
        "store.db": lambda content: content[:9000] + bytes([content[9000] ^ 1]) + content[9001:],
        "settings.toml": lambda content: content + b'hub = "https://elsewhere"\n',
        "manifest.json": lambda content: content.replace(b'"site":"here"', b'"site":"nowh"'),
        "manifest.code": lambda content: content[:-1],
        "checkpoint": lambda content: b"",
    }
    for name, change in flipped.items():
        assert refused(changed(file, name, change), copied, key=key) == "BACKUP_REFUSED", name
    for at in (0, 700, 9_000, -20_000):
        (tmp_path / "short.tar").write_bytes(file.read_bytes()[:at])
        assert refused(tmp_path / "short.tar", copied, key=key) == "BACKUP_REFUSED"
    assert {path: path.read_bytes() for path in before if path.suffix != ".db-shm"} == before
    assert refused(tmp_path / "none.tar", copied, key=key) == "FILE_NOT_FOUND"
    other = tmp_path / "other.key"
    other.write_bytes(bytes(32))
    assert refused(file, copied, key=other) == "KEY_UNAVAILABLE"


def test_attack_a_name_that_leads_out_of_the_folder(kept: tuple[Path, Path], tmp_path: Path) -> None:
    file, key = kept
    with tarfile.open(file, "a") as tar:
        entry = tarfile.TarInfo("../escaped")
        tar.addfile(entry, BytesIO())
    assert refused(file, tmp_path / "new", key=key) == "BACKUP_REFUSED"
    assert not (tmp_path / "escaped").exists() and not (tmp_path / "new").exists()


def test_a_newer_node_is_set_aside_for_a_reason_alone(kept: tuple[Path, Path], copied: Path, tmp_path: Path) -> None:
    file, _ = kept
    with opened(copied) as node:
        node.questions.patients(asker())
        size = node.log.size
    assert refused(file, copied) == "NODE_NEWER"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    assert refused(file, tmp_path / "full") == "FOLDER_TAKEN"
    with opened(copied) as node:
        gone = node.subjects.erase(asker("administrator"), node.records.patients("here")[0].id, "asked for")
    told = commands.run("node", "restore", file, copied, "--over", "the disk failed")
    assert f"is back: starling node erase {copied} {gone.patient} --reason" in told.out
    assert told.code == 0 and f"{copied}.set-aside-1" in told.out
    with opened(Path(f"{copied}.set-aside-1")) as old, opened(copied) as node:
        assert old.log.size >= size
        assert "the disk failed" in str(node.log.events(limit=1))
    with only_one(Layout(copied)):
        assert refused(file, copied) == "NODE_RUNNING"
    (copied / "store.db").write_bytes(b"damaged")
    assert refused(file, copied) == "NODE_NEWER"
    assert restore(file, copied, over="damaged").aside == Path(f"{copied}.set-aside-2")


def test_a_second_place_that_saw_more_is_newer_too(tmp_path: Path) -> None:
    folder, key = tmp_path / "node", tmp_path / "key"
    found(folder, settings={"witness": str(tmp_path / "witness")})
    back_up(folder, tmp_path / "kept.tar")
    shutil.copy(folder / "file.key", key)
    with opened(folder) as node:
        node.checkpoint()
        node.questions.patients(asker())
        node.checkpoint()
    shutil.rmtree(folder)
    assert refused(tmp_path / "kept.tar", folder, key=key) == "NODE_NEWER"
    restore(tmp_path / "kept.tar", folder, key=key, over="the disk failed")
    assert (tmp_path / "witness.set-aside-1").exists()
    assert administration.verify(folder).require().seen


def killed_while_restoring(file: Path, folder: Path, seconds: float) -> None:
    child = os.fork()
    if child == 0:
        try:
            restore(file, folder, over="a test")
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_killed_at_any_moment_the_node_is_the_old_one_or_the_new_one(kept: tuple[Path, Path], copied: Path) -> None:
    file, key = kept
    with opened(copied) as node:
        before = answers(node)
    for point in range(6):
        killed_while_restoring(file, copied, 0.03 * point)
        if not copied.exists():  # between two renamings
            restore(file, copied, key=key)
        assert administration.verify(copied).sound
    restore(file, copied, over="at last")
    with opened(copied) as node:
        assert answers(node) == before
    assert not copied.with_name(f".{copied.name}.restoring").exists()


def test_a_key_in_a_token_restores_without_a_key_file(softhsm: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("1234\n", encoding="utf-8")
    token = {"token_module": str(softhsm[0]), "token": "ward", "token_pin_file": str(tmp_path / "pin")}
    found(tmp_path / "node", settings=dict(token))
    assert "token ward" in back_up(tmp_path / "node", tmp_path / "kept.tar").held_by
    restore(tmp_path / "kept.tar", tmp_path / "node", over="once more")  # the node that is there names the library
    shutil.rmtree(tmp_path / "node")
    restore(tmp_path / "kept.tar", tmp_path / "node", key=softhsm[0])
    with opened(tmp_path / "node") as node:
        assert node.health().ready


def test_attack_a_backup_names_a_library_that_would_be_run_before_anything_is_believed(
    kept: tuple[Path, Path], tmp_path: Path
) -> None:
    file, key = kept
    library = tmp_path / "theirs.so"
    library.write_bytes(b"none that could be loaded")
    said = f'token_module = "{library}"\ntoken = "ward"\ntoken_pin_file = "{key}"\n'.encode()
    settings = changed(file, "settings.toml", lambda _: said)
    digest = hashlib.sha256(said).hexdigest().encode()
    named = re.compile(rb'(?<="settings.toml":")[0-9a-f]{64}')
    forged = changed(settings, "manifest.json", lambda old: named.sub(digest, old))
    for opener in (None, key):
        assert refused(forged, tmp_path / "new", key=opener) == "FILE_NOT_FOUND"
    told = commands.run("node", "list", forged, "--key", key)
    assert told.err.endswith("[FILE_NOT_FOUND]\n") and str(library) in told.err
    assert refused(forged, tmp_path / "new", key=library) == "KEY_UNAVAILABLE"  # whoever names it has it run


def test_attack_a_backup_of_holes_does_not_fill_the_disk(kept: tuple[Path, Path], tmp_path: Path) -> None:
    file, key = kept
    hollow = tmp_path / "hollow.tar"
    with tarfile.open(file) as old, tarfile.open(hollow, "w", format=tarfile.PAX_FORMAT) as new:
        for entry in old:
            stream = old.extractfile(entry)
            assert stream is not None
            content = stream.read()
            if entry.name == "store.db":
                content = b"1\n0\n1\n".ljust(512, b"\0") + b"x"
                entry.pax_headers = {
                    "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "store.db",
                    "GNU.sparse.realsize": str(1 << 40),
                }  # fmt: skip
            entry.size = len(content)
            new.addfile(entry, BytesIO(content))
    with tarfile.open(hollow) as made:
        assert any(each.issparse() and each.size == 1 << 40 for each in made)
    assert refused(hollow, tmp_path / "new", key=key) == "BACKUP_REFUSED"
