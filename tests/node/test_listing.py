"""The list for when the node is down: right, readable, and never mistaken for a statement of safety."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from starling.definitions import seriousness
from starling.errors import InputError
from starling.node.demonstration import specimen_of
from starling.node.downtime import people_of
from starling.node.listing import READ_FIRST, Entry, as_html, as_text
from starling.node.opening import opened
from starling.node.values import Patient
from starling.report.glance import at_a_glance
from tests import commands
from tests.browsing import VIEWS, axe, wider
from tests.node.devices import PATIENCE, asker, new_patient, serving, settled, upload


def test_everybody_stands_on_it_with_what_their_result_says(copied: Path) -> None:
    text = commands.run("node", "list", copied).out
    with opened(copied) as node:
        assert [event["subtype"][0]["code"] for _, event in node.log.events(limit=1)] == ["patient.list"]
        for patient in node.records.patients("here"):
            part = next(each for each in text.split("-" * 100) if patient.identifier in each)
            assert patient.name in part and patient.second_identifier in part
            plain = re.sub(r"\s+", " ", part)
            assessment = node.questions.assessment(asker(), patient.id)
            for line in (*at_a_glance(assessment).acting, *at_a_glance(assessment).testing):
                marks = [*(["not certain"] if line.doubts else []), *([line.drug.harm.level] if line.drug.harm else [])]
                said = re.escape(f" ({', '.join(marks)})") if marks else r"(?! \()"
                assert re.search(rf"{re.escape(line.words.word)}:[^:]*\b{re.escape(line.drug.drug)}{said}", plain)
    for said in READ_FIRST:
        assert said in re.sub(r"\s+", " ", text)


def test_the_most_serious_action_comes_first_for_everybody(copied: Path) -> None:
    for entry in people_of(copied).people:
        actions = [seriousness(words.action) for words, _ in entry.rows]
        assert actions == sorted(actions)


def test_who_has_no_result_is_not_left_out(copied: Path, tmp_path: Path) -> None:
    with serving(copied) as device, device.client("laboratory") as lab:
        path, specimen = new_patient(device.node, 5, tmp_path)
        settled(device.node, upload(lab, path, specimen).json()["job"]["id"])
    found = people_of(copied)
    part = next(each for each in as_text(found.people, found.head).split("-" * 100) if specimen.identifier in each)
    assert "No released result: nothing is known." in part


def test_from_a_backup_with_its_key_alone_and_it_says_that_nothing_was_recorded(copied: Path, tmp_path: Path) -> None:
    assert commands.run("node", "backup", copied, tmp_path / "kept.tar").code == 0
    shutil.move(copied / "file.key", tmp_path / "file.key")
    shutil.rmtree(copied)
    before = (tmp_path / "kept.tar").read_bytes()
    told = commands.run(
        "node", "list", tmp_path / "kept.tar", "--key", tmp_path / "file.key", "-o", tmp_path / "a.html"
    )
    assert told.code == 0 and "NOT RECORDED" in told.out
    said = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert specimen_of(1).identifier in said and "NOT RECORDED" in said
    assert (tmp_path / "a.html").stat().st_mode & 0o077 == 0
    assert (tmp_path / "kept.tar").read_bytes() == before
    without = commands.run("node", "list", tmp_path / "kept.tar")
    assert without.err.endswith("[FILE_NOT_FOUND]\n") and "--key" in without.err
    assert commands.run("node", "list", tmp_path / "none").err.endswith("[NO_NODE]\n")
    assert not [path for path in Path("/dev/shm").glob("starling-*/store.db")]


@pytest.mark.skipif(os.geteuid() != 0, reason="missing tool: root, to mount")
def test_from_a_disk_that_cannot_be_written(copied: Path, tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "--bind", copied, copied], check=False).returncode == 0
    if not mounted:
        pytest.skip("missing tool: the right to mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", copied], check=True)
        found = people_of(copied)
        assert len(found.people) == 4 and not found.is_recorded and "NOT RECORDED" in found.head
    finally:
        subprocess.run(["umount", copied], check=True)


def test_a_node_writes_it_after_each_release_where_its_settings_say(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (copied / "settings.toml").write_text(f'emergency_list = "{tmp_path / "share"}"\n', encoding="utf-8")
    pages = [tmp_path / "share" / "here.html", tmp_path / "share" / "here.txt"]
    with serving(copied) as device:
        node = device.node
        path, specimen = new_patient(node, 5, tmp_path)
        with device.client("laboratory") as lab:
            job = upload(lab, path, specimen).json()["job"]["id"]
        assert settled(node, job).state == "called"
        node.files.review(asker("laboratory", "one"), job)
        node.files.release(asker("laboratory", "two"), job)
        until(lambda: all(page.exists() and specimen.identifier in page.read_text(encoding="utf-8") for page in pages))
        patient = node.records.job(job)
        assert patient is not None
        node.subjects.erase(asker("administrator"), patient.patient, "asked for")
        until(lambda: all(specimen.identifier not in page.read_text(encoding="utf-8") for page in pages))


def until(done: Callable[[], bool]) -> None:
    from time import monotonic, sleep

    ends = monotonic() + 60
    while not done():
        assert monotonic() < ends
        sleep(0.02)


def test_a_hostile_name_is_text(copied: Path) -> None:
    name = "<script>alert(1)</script>\u202e\n----"
    patient = Patient(id="p-x", site="here", identifier="a", second_identifier="b", name=name, birth_date="", sex="")
    page, text = as_html([Entry(patient)], "here"), as_text([Entry(patient)], "here")
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert "\u202e" not in page + text and "\\n----" in text


def test_it_looks_as_it_should_on_paper_on_a_screen_and_at_320_pixels(copied: Path, browser: Browser) -> None:
    found = people_of(copied)
    pictures = Path("build/screenshots")
    pictures.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 320, "height": 700})
    page.set_content(as_html(found.people, found.head))
    assert (axe(page, VIEWS[0]), wider(page)) == ([], 0)
    page.set_viewport_size({"width": 1_000, "height": 900})
    assert (axe(page, VIEWS[0]), wider(page)) == ([], 0)
    page.screenshot(path=pictures / "list.jpeg", type="jpeg", quality=70)
    page.emulate_media(media="print")
    page.screenshot(path=pictures / "list-print.jpeg", type="jpeg", quality=70)
    page.close()


def test_a_folder_that_cannot_be_written_is_named(copied: Path, tmp_path: Path) -> None:
    from starling.node.listing import write_list

    with pytest.raises(InputError, match=r"here\.html: cannot be written"):
        write_list(tmp_path / "none", [], "here", "2026-05-28T10:00:00Z")


def test_a_line_that_is_wrapped_stands_under_its_own(copied: Path) -> None:
    found = people_of(copied)
    lines = as_text(found.people, found.head).split("-" * 100)[1].splitlines()[2:]
    assert len(lines) > 4 and all(line.startswith("  ") for line in lines if line)
    assert any(line.startswith("    ") for line in lines)


def test_attack_a_killed_list_of_a_backup_leaves_neither_store_nor_key_in_memory(tmp_path: Path) -> None:
    script = "from starling.node.spool import watched_folder\nwith watched_folder() as f: print(f, flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        (folder / "file.key").write_bytes(bytes(32))
        os.killpg(process.pid, signal.SIGKILL)
    ends = time.monotonic() + PATIENCE
    while folder.exists():
        assert time.monotonic() < ends
        time.sleep(0.01)
