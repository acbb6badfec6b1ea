"""Files that are dropped: taken when they are whole, left alone while they grow, and said when they are not taken."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from msgspec import json

from starling.errors import InputError
from starling.node.every import Every
from starling.node.inbox import Inbox, _mark, _pieces
from starling.node.intake import Intake
from starling.node.opening import opened
from starling.node.service import Node
from starling.node.values import Principal, Specimen, Submitted
from tests.node.devices import asker, new_patient


@pytest.fixture
def node(copied: Path) -> Iterator[Node]:
    with opened(copied) as found:
        yield found


def dropped(node: Node, folder: Path, number: int = 5, name: str = "patient.vcf") -> Path:
    """A file in the inbox, with its note."""
    path, specimen = new_patient(node, number, folder)
    target = node.layout.inbox / name
    (node.layout.inbox / f"{name}.json").write_bytes(json.encode(specimen))
    target.write_bytes(path.read_bytes())
    return target


def names(node: Node) -> list[str]:
    return sorted(path.name for path in node.layout.inbox.iterdir())


def test_a_file_with_its_note_is_taken_once_and_is_gone(node: Node, tmp_path: Path) -> None:
    dropped(node, tmp_path)
    inbox = Inbox(node)
    assert [inbox.look(), inbox.look(), inbox.look()] == [0, 1, 0]
    assert names(node) == []
    Intake(node).work_off()
    job = node.files.jobs(asker("laboratory"))[0]
    assert (job.state, job.file, job.events[0].by) == ("called", "patient.vcf", "inbox")


def test_a_file_that_grows_or_has_no_note_is_left_alone(node: Node, tmp_path: Path) -> None:
    path, inbox = dropped(node, tmp_path), Inbox(node)
    for _ in range(3):
        assert inbox.look() == 0
        with path.open("ab") as stream:
            stream.write(b"\n")
    (node.layout.inbox / "alone.vcf").write_bytes(path.read_bytes())
    assert [inbox.look(), inbox.look(), inbox.look()] == [0, 1, 0]
    assert names(node) == ["alone.vcf"]


@pytest.mark.parametrize("name", [".patient.vcf", "patient.vcf.tmp", "patient.vcf.part"])
def test_hidden_and_temporary_files_are_left_alone(node: Node, tmp_path: Path, name: str) -> None:
    dropped(node, tmp_path, name=name)
    inbox = Inbox(node)
    assert [inbox.look(), inbox.look()] == [0, 0]


def test_a_link_is_not_followed(node: Node, tmp_path: Path) -> None:
    path = dropped(node, tmp_path)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    os.mkfifo(node.layout.inbox / "pipe.vcf")
    (node.layout.inbox / "pipe.vcf.json").write_text("{}")
    inbox = Inbox(node)
    assert [inbox.look(), inbox.look()] == [0, 0]


@pytest.mark.parametrize(
    ("note", "said"),
    [(b"{", "patient.vcf.json"), (b"\xff", "patient.vcf.json"), (b"[1]", "patient.vcf.json"),
     (b'{"identifier":"a","second_identifier":"a","specimen":"s","laboratory":"l"}', "the two identifiers")],
)  # fmt: skip
def test_what_is_not_taken_is_said_and_looked_at_again_when_it_changes(
    node: Node, tmp_path: Path, note: bytes, said: str
) -> None:
    path, inbox = dropped(node, tmp_path), Inbox(node)
    beside = node.layout.inbox / "patient.vcf.json"
    good = beside.read_bytes()
    beside.write_bytes(note)
    size = node.log.size
    assert [inbox.look(), inbox.look(), inbox.look()] == [0, 0, 0]
    assert said in (node.layout.inbox / "patient.vcf.rejected").read_text(encoding="utf-8")
    assert node.log.size == size + 1 and node.log.events(limit=1)[0][1]["outcome"] == "8"
    beside.write_bytes(good)
    assert [inbox.look(), inbox.look()] == [0, 1]
    assert names(node) == [] and not path.exists()


def test_a_file_that_is_too_large_is_said(copied: Path, tmp_path: Path) -> None:
    (copied / "settings.toml").write_text("largest_upload_mb = 1\n", encoding="utf-8")
    with opened(copied) as node:
        path, inbox = dropped(node, tmp_path), Inbox(node)
        path.write_bytes(bytes((1 << 20) + 1))
        assert [inbox.look(), inbox.look()] == [0, 0]
        assert "more than 1048576 bytes" in (node.layout.inbox / "patient.vcf.rejected").read_text(encoding="utf-8")
        assert not [*node.layout.spool.iterdir()]


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "polled"])
def test_the_inbox_is_watched_while_the_node_runs(
    copied: Path, tmp_path: Path, announced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copied / "settings.toml").write_text("inbox_poll_seconds = 1\n", encoding="utf-8")
    if not announced:
        monkeypatch.setattr(Inbox, "_watch", _no_announcements)
    with opened(copied) as node:
        inbox = Inbox(node)
        watching = Every("inbox", inbox.watch)
        watching.start()
        dropped(node, tmp_path)
        while names(node):
            assert watching.goes_on
            inbox.stopped.wait(0.05)
        inbox.stopped.set()
        watching.stop()
        assert len(node.records.unfinished()) == 1


def _no_announcements(*_: object) -> None:
    """As on a file system that announces nothing."""
    raise OSError("inotify limit reached")


@pytest.mark.parametrize("name", ["a" * 248, "a\udcff.vcf", "a.vcf"])
def test_attack_a_file_whose_refusal_cannot_be_written_keeps_no_other_from_being_taken(
    node: Node, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dropped(node, tmp_path, name="z.vcf")
    (node.layout.inbox / name).write_bytes(b"x")
    (node.layout.inbox / f"{name}.json").write_bytes(b"no note")
    if name == "a.vcf":
        os.mkfifo(node.layout.inbox / "a.vcf.rejected")  # whoever writes into it waits for a reader
    inbox = Inbox(node)
    assert [inbox.look(), inbox.look()] == [0, 1]
    assert "z.vcf" not in names(node) and capsys.readouterr().err == ""


def test_attack_a_link_where_the_refusal_is_written_destroys_no_key(node: Node) -> None:
    (node.layout.inbox / "a.vcf").write_bytes(b"x")
    (node.layout.inbox / "a.vcf.json").write_bytes(b"no note")
    (node.layout.inbox / "a.vcf.rejected").symlink_to(node.layout.store_key)
    before, inbox = node.layout.store_key.read_bytes(), Inbox(node)
    assert [inbox.look(), inbox.look()] == [0, 0]
    assert node.layout.store_key.read_bytes() == before
    assert not (node.layout.inbox / "a.vcf.rejected").is_symlink()


def test_attack_a_file_that_is_exchanged_while_it_is_taken_is_not_taken_by_half_nor_removed_unread(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, inbox = dropped(node, tmp_path), Inbox(node)
    submit = node.files.submit

    def meanwhile(who: Principal, name: str, chunks: Iterable[bytes], specimen: Specimen) -> Submitted:
        pieces = iter(chunks)
        first = next(pieces)
        path.write_bytes(first + b"\n")
        return submit(who, name, chain([first], pieces), specimen)

    monkeypatch.setattr(node.files, "submit", meanwhile)
    assert [inbox.look(), inbox.look()] == [0, 0]
    assert "was changed while it was read" in path.with_name("patient.vcf.rejected").read_text(encoding="utf-8")
    monkeypatch.undo()
    assert [inbox.look(), inbox.look()] == [0, 1]


def test_attack_a_pipe_in_the_place_of_a_file_stops_nobody(node: Node, tmp_path: Path) -> None:
    path, inbox = dropped(node, tmp_path, name="a.vcf"), Inbox(node)
    inbox.look()
    mark = _mark(path)
    path.unlink()
    os.mkfifo(path)
    assert mark is not None
    with pytest.raises(InputError, match="changed while it was read"):
        list(_pieces(path, 1_000, mark))
