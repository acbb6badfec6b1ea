"""A control group (cgroup v1 or v2) that bounds what runs beside the questions, where the system lets us make one.

    v1    CPU/<ours>/starling-PID-background                cpu.cfs_quota_us, cpu.shares
    v2    <ours>/starling-PID-background                    cpu.max, cpu.weight; needs Delegate=yes in the unit

Source: Linux, Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst ("No Internal Process Constraint").
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from starling.values import dataclass

#: microseconds in which a share is counted: short, so that what is over its share stands still only briefly (ours)
_PERIOD_US: Final = 20_000
#: weight against others that want to run, as everybody's, and a quarter of that where questions do not go before it by
#: right; with less a busy machine would take minutes for a file (ours).  Source: the defaults of cgroup v1 and v2.
_SHARES, _WEIGHT = {False: 1_024, True: 256}, {False: 100, True: 25}


@dataclass(frozen=True, slots=True)
class Group:
    """The control group of this process in the hierarchy that bounds processors."""

    version: Literal[1, 2]
    path: Path


class Slice:
    """A group of our own for what runs beside.  `text`: what it bounds, or why there is none."""

    def __init__(self, percent: int, *, group: Group | None, yields: bool = True) -> None:
        """`percent`: of all processors.  `group`: where it is made.  `yields`: others go before it."""
        self._folder: Path | None = None
        self._is_refused = False
        if percent >= 100 or group is None:
            self.text = "no cap (background_percent is 100)" if percent >= 100 else "no cap (no control group)"
            return
        quota = _PERIOD_US * percent * (os.cpu_count() or 1) // 100
        try:
            self._folder = _made(group, quota, yields=yields)
            self.text = f"at most {percent} % of the processors (cgroup v{group.version})"
        except OSError as error:
            self.text = f"no cap (cgroup v{group.version}: {error.strerror})"

    @property
    def is_capped(self) -> bool:
        """Whether whoever joins is bounded."""
        return self._folder is not None and not self._is_refused

    def take_in(self, process: int) -> None:
        """The process is bounded from now on, where the system lets it be; else it runs on, and `text` says why."""
        if self._folder is None:
            return
        try:
            (self._folder / "cgroup.procs").write_text(str(process), encoding="ascii")
        except OSError as error:
            self._is_refused, self.text = True, f"no cap (nobody may be taken into the control group: {error.strerror})"

    def remove(self) -> None:
        """The group goes, once nobody is in it."""
        if self._folder is not None:
            with suppress(OSError):  # somebody is: it goes with the unit, or at the next start
                self._folder.rmdir()


def own_group(processes: Path = Path("/proc/self")) -> Group | None:
    """Where this process is, in the hierarchy that bounds processors; None: in none that can be seen."""
    memberships = dict(_memberships((processes / "cgroup").read_text(encoding="utf-8")))
    found: Group | None = None
    for kind, options, root, place in _mounts((processes / "mountinfo").read_text(encoding="utf-8")):
        name = "cpu" if kind == "cgroup" and "cpu" in options else "" if kind == "cgroup2" else None
        if name is None or name not in memberships:
            continue
        inside = os.path.relpath(memberships[name], root)
        path = place if inside.startswith("..") else place / inside
        if name == "cpu":
            return Group(1, path)  # where v1 bounds processors, v2 cannot
        found = Group(2, path)
    return found


def _memberships(text: str) -> Iterator[tuple[str, str]]:
    """Controller (empty: of v2) -> path."""
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        yield from ((name, path) for name in controllers.split(","))


def _mounts(text: str) -> Iterator[tuple[str, list[str], str, Path]]:
    """(kind, options of the hierarchy, its root, where it is).  Source: proc_pid_mountinfo(5)."""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), after.split(" ", 2)
        if kind.startswith("cgroup"):
            yield kind, options.split(","), fields[3], Path(fields[4])


def _made(group: Group, quota: int, *, yields: bool) -> Path:
    """Raises: OSError."""
    _clear(group.path)
    folder = group.path / f"starling-{os.getpid()}-background"
    if group.version == 1:
        folder.mkdir()
        values: dict[str, str | int] = {
            "cpu.cfs_period_us": _PERIOD_US,
            "cpu.cfs_quota_us": quota,
            "cpu.shares": _SHARES[yields],
        }
    else:
        _let_divide(group.path)
        folder.mkdir()
        values = {"cpu.max": f"{quota} {_PERIOD_US}", "cpu.weight": _WEIGHT[yields]}
    try:
        for name, value in values.items():
            (folder / name).write_text(f"{value}", encoding="ascii")
    except OSError:
        folder.rmdir()
        raise
    return folder


def _let_divide(path: Path) -> None:
    """Processors are divided among the groups in this one, which then has no process itself.  Raises: OSError."""
    control = path / "cgroup.subtree_control"
    try:
        control.write_text("+cpu", encoding="ascii")
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        ours = path / f"starling-{os.getpid()}-questions"
        ours.mkdir()
        (ours / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        control.write_text("+cpu", encoding="ascii")


def _clear(path: Path) -> None:
    """What a node that was killed left behind."""
    for each in path.glob("starling-*-*"):
        process = each.name.split("-")[1]
        if process.isdigit() and not Path("/proc", process).exists():
            with suppress(OSError):
                each.rmdir()
