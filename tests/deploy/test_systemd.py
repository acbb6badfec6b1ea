"""The unit is one that systemd takes, gives little away, and leaves a node what it needs."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.node.founding import found
from tests.conftest import ROOT
from tests.deploy.conftest import ENVIRONMENT, STATE, Started, Within

UNITS = ROOT / "deploy" / "systemd"
UNIT = UNITS / "starling-node.service"
#: what systemd says of how much a unit leaves open, from 0 to 10; below 2 is "OK" by its own words (ours)
MOST_EXPOSED = 2.0


def stated(name: str) -> list[str]:
    """Every value of a setting of the unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="session")
def analyze(tool: Callable[[str], str]) -> Callable[..., str]:
    """A function that runs systemd-analyze; it must have nothing to say against what it is given."""
    program = tool("systemd-analyze")

    def run(*words: str | Path) -> str:
        done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_systemd_takes_the_unit_with_and_without_the_tpm(analyze: Callable[..., str], tmp_path: Path) -> None:
    program = shutil.which("true")
    assert program is not None
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/starling/bin/starling", program), encoding="utf-8")
    analyze("verify", "--man=no", "--recursive-errors=no", unit)
    beside = tmp_path / f"{UNIT.name}.d"
    beside.mkdir()
    shutil.copy(UNITS / "tpm.conf", beside)
    analyze("verify", "--man=no", "--recursive-errors=no", unit)


def test_systemd_finds_little_that_is_left_open(analyze: Callable[..., str]) -> None:
    said = analyze("security", "--offline=true", "--no-pager", UNIT)
    (level,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert float(level) < MOST_EXPOSED


def test_everything_that_the_unit_must_take_away_is_taken_away() -> None:
    assert stated("User") == ["starling"]
    assert stated("ProtectSystem") == ["strict"] and stated("ReadWritePaths") == [STATE]
    for name in ("NoNewPrivileges", "MemoryDenyWriteExecute", "ProtectHome", "PrivateDevices", "RestrictNamespaces"):
        assert stated(name) == ["yes"], name
    assert stated("CapabilityBoundingSet") == [""]
    for name in ("LimitRTPRIO", "LimitMEMLOCK", "Delegate"):
        assert stated(name), name


def test_user_and_folder_of_the_unit_are_those_that_are_made() -> None:
    (user,) = re.findall(
        r"^u +(\S+) .* (\S+) +\S+$", (UNITS / "sysusers.conf").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert user == ("starling", STATE)
    made = re.findall(r"^d +(\S+) +(\d+) +(\S+)", (UNITS / "tmpfiles.conf").read_text(encoding="utf-8"), re.MULTILINE)
    assert (STATE, "0700", "starling") in made


@pytest.mark.parametrize(("program", "file"), [("systemd-sysusers", "sysusers"), ("systemd-tmpfiles", "tmpfiles")])
def test_systemd_makes_them(tool: Callable[[str], str], tmp_path: Path, program: str, file: str) -> None:
    """In a root of its own."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\nstarling:x:990:990::/:/bin/false\n")
    (tmp_path / "etc" / "group").write_text("root:x:0:\nstarling:x:990:\n")
    create = ["--create", "--prefix=/var/lib"] if file == "tmpfiles" else ["--dry-run"]
    command = [tool(program), f"--root={tmp_path}", *create, str(UNITS / f"{file}.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    if file == "tmpfiles":
        assert (tmp_path / "var/lib/starling").stat().st_mode & 0o777 == 0o700


def calls_of(analyze: Callable[..., str], names: list[str]) -> set[str]:
    """The system calls of groups."""
    listed = analyze("syscall-filter", "--no-pager", *names)
    found = {line.strip() for line in listed.splitlines() if line.startswith("    ") and "#" not in line}
    groups = sorted(each for each in found if each.startswith("@"))
    return (found - {*groups}) | (calls_of(analyze, groups) if groups else set())


def test_a_node_serves_with_what_the_unit_leaves_it_and_tells_systemd(
    analyze: Callable[..., str], within: Within, started: Started, tmp_path: Path
) -> None:
    """Its system calls, sockets and memory; files as `ProtectSystem=strict` shows them; nobody, without any right."""
    allowed, taken = stated("SystemCallFilter")
    calls = calls_of(analyze, allowed.split()) - calls_of(analyze, taken.removeprefix("~").split())
    assert "execve" in calls and "chroot" not in calls and "sched_setscheduler" in calls and "mlockall" in calls
    found(tmp_path / "node", demonstration=True, patients=1, settings={"port": 0})
    families = stated("RestrictAddressFamilies")[0].replace(" ", ",")
    confined = [sys.executable, str(Path(__file__).with_name("confined.py")), ",".join(sorted(calls)), families]
    (command,) = stated("ExecStart")
    words = [sys.executable, "-m", "starling", *command.split()[1:]]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "told"))
        told.settimeout(60)
        with started([*within(tmp_path), *confined, *words], NOTIFY_SOCKET=f"{STATE}/told") as process:
            assert process.stdout is not None
            address = process.stdout.readline()
            assert address.startswith("ready https://127.0.0.1:"), process.communicate()[1]
            assert told.recv(100) == b"READY=1"
            ask = [sys.executable, "-m", "starling", "node", "ready", str(tmp_path / "node"), "--port"]
            said = subprocess.run([*ask, address.strip().rpartition(":")[2]], env=ENVIRONMENT, capture_output=True)
            assert (said.returncode, said.stdout.count(b"sound")) == (0, 5)


def test_a_confined_program_is_confined(analyze: Callable[..., str], started: Started) -> None:
    """What the test above rests on."""
    calls = ",".join(calls_of(analyze, ["@system-service"]))
    tries = (
        "import ctypes, mmap, os, socket\n"
        "def refused(action):\n"
        "    try:\n"
        "        action()\n"
        "    except OSError as error:\n"
        "        return error.errno\n"
        "print(refused(lambda: os.chroot('/')), refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),\n"
        "      refused(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)))\n"
    )
    script = str(Path(__file__).with_name("confined.py"))
    with started([sys.executable, script, calls, "AF_INET", sys.executable, "-c", tries]) as process:
        out, err = process.communicate(timeout=60)
    executable = "None" if "cannot refuse" in err else "13"  # before Linux 6.3
    assert out.split() == ["1", "1", executable], err
