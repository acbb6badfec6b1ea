"""What a process asks of the system so that a question does not wait, and what it was given: each thing or why not.

A node's own process and those that answer questions run before everything else (SCHED_FIFO), stay in memory, and do
not look for garbage among what they keep for ever.  The one that reads files runs when nobody else wants to.  Nothing
here is needed: where the system does not permit it the process runs on plainly, and says so.
"""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import resource
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from starling.node.settings import wrong_setting
from starling.values import dataclass

#: Where FIFO is not permitted but a better place among the others is (ours; RLIMIT_NICE, CAP_SYS_NICE).
_NICE: Final = -10
#: Place of what runs beside where questions do not go before it by right (ours: the last there is).
_LAST_NICE: Final = 19
#: From so much memory that may be locked it is as good as unlimited: a limit that is reached later ends the process
#: (ours: several times what a node takes).
_LOCKABLE: Final = 4 << 30
#: Source: sys/mman.h of Linux: MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT.
_CURRENT, _FUTURE, _ONFAULT = 1, 2, 4
#: Source: linux/prctl.h.
_PDEATHSIG, _DUMPABLE = 1, 4
#: Source: linux/capability.h.
_CAP_IPC_LOCK: Final = 14
#: ioprio_set(2): who = this process, class idle.  Source: linux/ioprio.h and the tables of system calls.
_IOPRIO_SET: Final = {"x86_64": 251, "aarch64": 30}
_IOPRIO_PROCESS, _IOPRIO_IDLE = 1, 3 << 13


@dataclass(frozen=True, slots=True)
class Grant:
    """One thing that was asked of the system: whether it was given, and what that means in words."""

    name: str
    given: bool
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a process asks for.

    `priority`: of SCHED_FIFO, 1 to 99; 0: none.  `cpus`: where it may run; empty: anywhere.  `locked`: its memory is
    never paged out.  `background`: it runs beside; `yields`: only when nobody else wants to.
    """

    priority: int = 0
    cpus: tuple[int, ...] = ()
    locked: bool = False
    background: bool = False
    yields: bool = False


def apply(plan: Plan) -> tuple[Grant, ...]:
    """This process, and every thread that it starts from now on, runs as planned, as far as that is permitted."""
    asked = [_before_others(plan.priority)]
    asked += [_pinned(0, plan.cpus)] if plan.cpus else []
    asked += [_locked()] if plan.locked else []
    return (*asked, _frozen())


def given_back() -> Callable[[], None]:
    """A function that puts this thread, and the memory of the process, back to where they are now."""
    policy, place, cpus = os.sched_getscheduler(0), os.sched_getparam(0), os.sched_getaffinity(0)
    nice = os.getpriority(os.PRIO_PROCESS, 0)

    def back() -> None:
        with suppress(OSError):  # a nicer place is not given back to whoever may not take it
            os.sched_setscheduler(0, policy, place)
            os.setpriority(os.PRIO_PROCESS, 0, nice)
        os.sched_setaffinity(0, cpus)
        ctypes.CDLL(None).munlockall()
        gc.unfreeze()

    return back


def put_behind(process: int, plan: Plan) -> tuple[Grant, ...]:
    """Another process of ours, which just began, runs beside; its place of ours is not inherited."""
    return (_behind(process, plan), *([_pinned(process, plan.cpus)] if plan.cpus else []))


def end_with_starter() -> None:
    """This process is killed when the thread that started it is gone: one that stands still would never notice."""
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def keep_to_itself() -> None:
    """The memory of this process holds keys and patients: it is never written to a disk when the process dies, and no
    other process of the same user looks into it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)


def told(grants: Iterable[Grant]) -> str:
    """What was given, and what not, in one line."""
    return "; ".join(each.text for each in grants)


def cpus_of(words: str) -> tuple[int, ...]:
    """The processors that a setting names, such as `1` or `2,3`.  Raises: InputError BAD_SETTING."""
    names = [each.strip() for each in words.split(",") if each.strip()]
    if not all(each.isascii() and each.isdigit() and len(each) < 5 for each in names):
        raise wrong_setting(f"question_cpus is a list such as 2,3, not {words!r}")
    return tuple(sorted({int(each) for each in names}))


def others_than(cpus: tuple[int, ...]) -> tuple[int, ...]:
    """The processors that are left for what runs beside; empty: none are, or nobody is pinned."""
    return tuple(sorted(os.sched_getaffinity(0) - {*cpus})) if cpus else ()


def _before_others(priority: int) -> Grant:
    if not priority:
        return Grant("fifo", given=False, text="plain priority (question_priority is 0)")
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _NICE)
            return Grant("fifo", given=False, text=f"nice {_NICE} (SCHED_FIFO: {error.strerror})")
        return Grant("fifo", given=False, text=f"plain priority (SCHED_FIFO: {error.strerror})")
    return Grant("fifo", given=True, text=f"SCHED_FIFO {priority}")


def _behind(process: int, plan: Plan) -> Grant:
    policy, nice = (os.SCHED_IDLE, _LAST_NICE) if plan.yields else (os.SCHED_BATCH, 0)
    name = "SCHED_IDLE" if plan.yields else "SCHED_BATCH"
    said = [f"nice {nice}"] if plan.yields else []
    with suppress(OSError):  # an inherited FIFO is given up by anybody; a nicer place always may be taken
        os.sched_setscheduler(process, policy, os.sched_param(0))
        said.insert(0, name)
    os.setpriority(os.PRIO_PROCESS, process, max(nice, os.getpriority(os.PRIO_PROCESS, process)))
    said += ["disk when idle"] if plan.yields and _idle_disk(process) else []
    return Grant("behind", given=name in said, text=", ".join(said))


def _idle_disk(process: int) -> bool:
    number = _IOPRIO_SET.get(platform.machine())
    return number is not None and ctypes.CDLL(None).syscall(number, _IOPRIO_PROCESS, process, _IOPRIO_IDLE) == 0


def _pinned(process: int, cpus: tuple[int, ...]) -> Grant:
    words = ",".join(map(str, cpus))
    try:
        os.sched_setaffinity(process, cpus)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        return Grant("pinned", given=False, text=f"on any processor ({words}: {said})")
    return Grant("pinned", given=True, text=f"on processor {words}")


def _locked() -> Grant:
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if limit != resource.RLIM_INFINITY and limit < _LOCKABLE and not _may_lock_all():
        said = f"memory not locked (LimitMEMLOCK is {limit} bytes, infinity is needed)"
        return Grant("locked", given=False, text=said)
    library = ctypes.CDLL(None, use_errno=True)
    if library.mlockall(_CURRENT | _FUTURE | _ONFAULT) != 0:
        said = f"memory not locked ({os.strerror(ctypes.get_errno())})"
        return Grant("locked", given=False, text=said)
    return Grant("locked", given=True, text="memory locked")


def _may_lock_all() -> bool:
    """Whether the limit does not hold for this process (CAP_IPC_LOCK)."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_IPC_LOCK & 1)
    return False


def _frozen() -> Grant:
    """What is there now is never garbage: a full collection does not walk through the knowledge base again."""
    gc.collect()
    gc.freeze()
    return Grant("frozen", given=True, text="garbage frozen")
