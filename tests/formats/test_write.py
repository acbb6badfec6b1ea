"""A report is on the disk whole or not at all."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from starling.errors import InputError
from starling.formats.write import file_name_for, write_atomically
from starling.report.document import document, parse
from tests.report.sample_assessment import sample_assessment


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: what a full disk does, without filling one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_new_file_holds_exactly_the_text(tmp_path: Path) -> None:
    write_atomically(tmp_path / "report.tsv", "µ\r\n\n")
    assert (tmp_path / "report.tsv").read_bytes() == "µ\r\n\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["report.tsv"]


def test_an_old_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    target.chmod(0o600)
    write_atomically(str(target), "new")
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(target)
    write_atomically(link, "text")
    assert link.is_symlink()
    assert target.read_text() == "text"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    with largest_file(1000), pytest.raises(InputError) as refused:
        write_atomically(target, "x" * 5000)
    assert refused.value.code == "OUTPUT_UNWRITABLE"
    assert refused.value.source == str(target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_missing_directory_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "missing" / "report.json", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_not_a_place_for_a_text(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        write_atomically(tmp_path, "text")
    assert refused.value.code == "OUTPUT_UNWRITABLE"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError):
        write_atomically(tmp_path / "file" / "report.json", "text")


def test_a_name_too_long_for_the_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_atomically(tmp_path / ("n" * 300), "text")
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_atomically(pipe, "text")
    reader.join()
    assert read == ["text"]
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_device_is_named() -> None:
    with pytest.raises(InputError, match="No space left"):
        write_atomically("/dev/full", "text")


def test_an_undecodable_file_name_survives_the_json_document(tmp_path: Path) -> None:
    person = sample_assessment(sample="Zo\udceb")
    write_atomically(tmp_path / "report.json", document([person]))
    assert parse((tmp_path / "report.json").read_text(encoding="utf-8")) == (person,)


def test_parts_are_written_one_after_another_and_nothing_is_left_when_one_fails(tmp_path: Path) -> None:
    def parts() -> Iterator[str]:
        yield "first "
        raise InputError("BAD_RECORD", "not a record", source="patient.vcf", line=7)

    write_atomically(tmp_path / "whole", ["first ", "second"])
    assert (tmp_path / "whole").read_text() == "first second"
    with pytest.raises(InputError, match=r"patient\.vcf:7"):
        write_atomically(tmp_path / "half", parts())
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


WRITER = """
import sys
from starling.formats.write import write_atomically

def parts():
    yield "what is known of a patient" * 10_000
    print("in the middle", flush=True)
    yield sys.stdin.readline()

write_atomically(sys.argv[1], parts())
"""


@contextmanager
def writing(target: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that stays in the middle of writing `target` until it is sent a line."""
    command = [sys.executable, "-c", WRITER, str(target)]
    source = str(Path(__file__).resolve().parents[2] / "src")
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": source}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        yield process


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    with writing(tmp_path / "killed.html") as killed:
        killed.kill()
    (left,) = tmp_path.iterdir()
    assert b"patient" in b"".join(path.read_bytes() for path in left.iterdir())
    with writing(tmp_path / "alive.html") as alive:
        (its_own,) = set(tmp_path.iterdir()) - {left}
        write_atomically(tmp_path / "next.html", "text")
        assert {path.name for path in tmp_path.iterdir()} == {"next.html", its_own.name}
        alive.communicate("the end")
    assert alive.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alive.html", "next.html"]
    assert (tmp_path / "alive.html").read_text().endswith("patientthe end")


def test_only_leftovers_of_ours_are_removed(tmp_path: Path) -> None:
    """Neither what is only named alike, nor what a link in a leftover's place leads to."""
    folder, elsewhere = tmp_path / "reports", tmp_path / "elsewhere"
    for path in (folder / ".starling-notes.part", folder / ".starling-0123456789abcdef.part.old", elsewhere):
        path.mkdir(parents=True)
        (path / "kept").touch()
    (folder / ".starling-0123456789abcdef.part").touch()
    (folder / ".starling-fedcba9876543210.part").symlink_to(elsewhere)
    (folder / ".report.html.tmp").touch()
    before = sorted(tmp_path.rglob("*"))
    (folder / ".starling-00112233aabbccdd.part").mkdir()
    write_atomically(folder / "report.html", "text")
    assert sorted(tmp_path.rglob("*")) == sorted([*before, folder / "report.html"])


AWKWARD = ("", ".", "..", "../x", "a/b", "-rf", ".hidden", "nul", "COM1", "é", "x" * 300, "a\0b")


@pytest.mark.parametrize("sample", AWKWARD, ids=ascii)
def test_a_sample_name_never_leaves_the_directory_or_hides(sample: str, tmp_path: Path) -> None:
    name = file_name_for(sample, ".html")
    write_atomically(tmp_path / name, "text")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert name[0] not in ".-"
    assert name.isascii()


def test_different_samples_have_different_files() -> None:
    names = ["a b", "a_b", "a?b", "a/b", "x" * 300, "x" * 301, "", "sample"]
    assert len({file_name_for(name, ".html") for name in names}) == len(names)
    assert file_name_for("PATIENT-7", ".html") == "PATIENT-7.html"
