"""Begins a program with no more than a unit of systemd leaves it: `confined.py CALLS FAMILIES COMMAND...`.

CALLS: names of system calls; every other fails with EPERM.  FAMILIES: of sockets.  No memory becomes executable.
Source: systemd.exec(5), SystemCallFilter=, RestrictAddressFamilies=, MemoryDenyWriteExecute=; PR_SET_MDWE(2const).
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import sys

import pyseccomp

_PR_SET_MDWE = 65
_REFUSE_EXEC_GAIN = 1


def main(calls: str, families: str, *command: str) -> None:
    """Ends as the command, or with the number of what the kernel does not know."""
    if ctypes.CDLL(None).prctl(_PR_SET_MDWE, _REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
        sys.stderr.write("this kernel cannot refuse executable memory\n")
    only = pyseccomp.SyscallFilter(defaction=pyseccomp.ERRNO(errno.EPERM))
    for name in set(calls.split(",")) - {"socket"}:
        try:
            only.add_rule(pyseccomp.ALLOW, name)
        except (OSError, ValueError, RuntimeError):
            continue  # of another processor
    for family in families.split(","):
        number = getattr(socket, family).value
        only.add_rule(pyseccomp.ALLOW, "socket", pyseccomp.Arg(0, pyseccomp.EQ, number))
    only.load()
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
