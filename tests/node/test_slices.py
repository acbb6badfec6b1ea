"""What runs beside is bounded by a control group, where the system lets us make one; where not, that is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from starling.node.slices import Group, Slice, own_group
from tests.node.devices import PATIENCE


def of_the_system() -> Group:
    """A real one that may be written, or the test is skipped."""
    group = own_group()
    if group is None or not os.access(group.path, os.W_OK) or group.version == 2:
        pytest.skip("no control group here (v1) that may be written")
    return group


def test_who_is_taken_in_is_bounded_by_the_system_itself() -> None:
    group = of_the_system()
    (group.path / "starling-4194305-background").mkdir()  # of a process that cannot exist: killed
    bounded = Slice(30, group=group)
    if not bounded.is_capped:
        pytest.skip(f"not permitted here: {bounded.text}")
    folder = group.path / f"starling-{os.getpid()}-background"
    quota, period = (int((folder / f"cpu.cfs_{each}_us").read_text()) for each in ("quota", "period"))
    assert quota / period == pytest.approx(0.3 * (os.cpu_count() or 1), rel=0.01)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True) as process:
        bounded.take_in(process.pid)
        assert f"{process.pid}" in (folder / "cgroup.procs").read_text().split()
        bounded.remove()  # somebody is in it
        assert folder.exists()
        process.communicate("\n", timeout=PATIENCE)
    bounded.remove()
    assert not folder.exists() and not (group.path / "starling-4194305-background").exists()
    assert bounded.text == "at most 30 % of the processors (cgroup v1)"


def test_the_files_of_version_2_are_written_as_it_reads_them(tmp_path: Path) -> None:
    bounded = Slice(50, group=Group(2, tmp_path))
    folder = tmp_path / f"starling-{os.getpid()}-background"
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu"
    assert (folder / "cpu.max").read_text() == f"{10_000 * (os.cpu_count() or 1)} 20000"
    bounded.take_in(4711)
    assert (folder / "cgroup.procs").read_text() == "4711"
    assert bounded.text == "at most 50 % of the processors (cgroup v2)"


def test_attack_a_group_that_takes_nobody_in_ends_no_node(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").touch()
    bounded = Slice(50, group=Group(2, tmp_path))
    folder = next(tmp_path.glob("starling-*"))
    (folder / "cgroup.procs").mkdir()  # nothing can be written there, not even by root
    bounded.take_in(4711)
    assert not bounded.is_capped and "no cap" in bounded.text


def test_without_a_group_nothing_is_bounded_and_that_is_said(tmp_path: Path) -> None:
    assert Slice(50, group=None).text == "no cap (no control group)"
    assert Slice(100, group=Group(1, tmp_path)).text == "no cap (background_percent is 100)"
    missing = Slice(50, group=Group(1, tmp_path / "gone"))
    assert (missing.is_capped, missing.text) == (False, "no cap (cgroup v1: No such file or directory)")
    missing.take_in(1)
    missing.remove()


@pytest.mark.parametrize(
    ("memberships", "mounts", "found"),
    [
        ("0::/ward\n", "9 1 0:1 / /sys/fs/cgroup rw - cgroup2 none rw,nsdelegate", (2, "/sys/fs/cgroup/ward")),
        (
            "3:cpuacct,cpu:/a/b\n0::/a\n",
            "9 1 0:1 / /u rw - cgroup2 none rw\n9 1 0:2 /a /c rw - cgroup none rw,cpuacct,cpu",
            (1, "/c/b"),
        ),
        ("0::/\n", "9 1 0:1 / / rw - ext4 /dev/vda rw", None),
        ("0::/elsewhere\n", "9 1 0:1 /here /c rw - cgroup2 none rw", (2, "/c")),
    ],
)  # fmt: skip
def test_where_this_process_is_among_the_groups(
    tmp_path: Path, memberships: str, mounts: str, found: tuple[int, str] | None
) -> None:
    (tmp_path / "cgroup").write_text(memberships)
    (tmp_path / "mountinfo").write_text(f"{mounts}\n")
    group = own_group(tmp_path)
    assert (group and (group.version, str(group.path))) == found
