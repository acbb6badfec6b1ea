"""A node that was away, or whose clock moved: it asks for an administrator, and for nobody less."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest

from starling.node import presence
from starling.node.dormancy import Sighting, Waking
from starling.node.founding import Founded, found
from starling.node.opening import opened, unsealed
from starling.node.values import Enrolled
from tests import commands
from tests.node.devices import PATIENCE, asker, serving
from tests.node.test_process import ENVIRONMENT

DAY = 86_400


@pytest.fixture
def made(tmp_path: Path) -> Founded:
    """A node with its first administrator."""
    return found(tmp_path / "node")


def last_seen(folder: Path, days: float, *, boot: str = "another boot") -> None:
    """The node ran so many days ago."""
    with unsealed(folder) as (_, _, records, _), records.transaction():
        now = presence.sighting()
        presence.keep(records, Sighting(now.wall_s - days * DAY, now.boot_s - days * DAY, boot or now.boot))


def factors(of: Enrolled) -> tuple[str, str]:
    return of.password, pyotp.TOTP(pyotp.parse_uri(of.totp_uri).secret).now()


@pytest.mark.parametrize(
    ("days", "boot", "said"),
    [(31, "another boot", "was off for longer"), (31, "", "was off for longer"), (-1, "another boot", "set back")],
)
def test_a_node_that_was_away_too_long_asks_for_an_administrator(
    made: Founded, days: float, boot: str, said: str
) -> None:
    folder = made.layout.root
    last_seen(folder, days, boot=boot)
    for _ in range(2):  # asking again does not help
        told = commands.run("node", "run", folder, "--port", "0")
        assert (told.code, told.err.endswith("[NODE_DORMANT]\n"), said in told.err) == (7, True, True)
    password, code = factors(made.administrator)
    wrong = commands.run("node", "unlock", folder, stdin=f"{password}x\n{code}\n")
    assert (wrong.code, wrong.err.endswith("[NOT_KNOWN]\n")) == (7, True)
    done = commands.run("node", "unlock", folder, stdin=f"{password}\n{code}\n")
    assert done.code == 0 and "unlocked" in done.out
    with serving(folder) as device:
        assert device.node.health().ready
    with opened(folder) as node:
        events = [event for _, event in node.log.events(limit=50)]
    said_ = [(each["subtype"][0]["code"], each["outcome"]) for each in events]
    assert [each for each in said_ if each[0] == "node.unlock"] == [("node.unlock", "0"), ("node.unlock", "4")]


def test_attack_whoever_locks_the_administrator_from_the_network_does_not_keep_a_sleeping_node_from_being_unlocked(
    made: Founded,
) -> None:
    folder = made.layout.root
    last_seen(folder, 40)
    with unsealed(folder) as (_, _, records, _), records.transaction():
        records.connection.execute("UPDATE account SET failures = 10")
    password, code = factors(made.administrator)
    assert commands.run("node", "unlock", folder, stdin=f"{password}x\n{code}\n").err.endswith("[NOT_KNOWN]\n")
    assert commands.run("node", "unlock", folder, stdin=f"{password}\n{code}\n").code == 0


def test_only_an_administrator_unlocks(made: Founded) -> None:
    folder = made.layout.root
    with opened(folder) as node:
        doctor = node.enrol(asker("administrator"), "dr-lee", "prescriber", "here")
    last_seen(folder, 40)
    password, code = factors(doctor)
    told = commands.run("node", "unlock", folder, "--name", "dr-lee", stdin=f"{password}\n{code}\n")
    assert told.err.endswith("[NOT_PERMITTED]\n")
    assert commands.run("node", "run", folder, "--port", "0").err.endswith("[NODE_DORMANT]\n")


def test_within_the_time_or_with_zero_days_nobody_is_asked(made: Founded) -> None:
    folder = made.layout.root
    last_seen(folder, 29)
    with serving(folder) as device:
        assert device.node.asleep == ""
    last_seen(folder, 4_000)
    (folder / "settings.toml").write_text("longest_absence_days = 0\n", encoding="utf-8")
    with serving(folder) as device:
        assert device.node.health().ready


def test_a_clock_that_moves_while_the_node_runs_is_said_and_recorded(made: Founded) -> None:
    folder = made.layout.root
    with serving(folder) as device:
        node = device.node
        for hours, said in ((5, "clock-back"), (-5, "clock-forward")):
            now = presence.sighting()
            with node.records.transaction():
                presence.keep(node.records, Sighting(now.wall_s + hours * 3_600, now.boot_s, now.boot))
            device.serving._present()
            assert (node.asleep, node.health().checks["clock"], node.health().ready) == (said, said, False)
            assert device.events()[0]["subtype"][0]["code"] == "node.clock"
        with node.records.transaction():
            presence.keep(node.records, presence.sighting())  # as `unlock` does
        device.serving._present()
        assert node.health().ready
        with node.records.transaction():
            slept = presence.sighting()
            presence.keep(node.records, Sighting(slept.wall_s - 31 * DAY, slept.boot_s - 31 * DAY, slept.boot))
        device.serving._present()
        assert device.serving._server.should_exit


@pytest.fixture
def moved_clock() -> Iterator[Callable[[str, Path], subprocess.CompletedProcess[str]]]:
    """A function that starts the node with another clock."""
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        pytest.skip("missing tool: libfaketime")

    def run(shift: str, folder: Path) -> subprocess.CompletedProcess[str]:
        moved = {**ENVIRONMENT, "LD_PRELOAD": str(library), "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        command = [sys.executable, "-m", "starling", "node", "run", str(folder), "--port", "0"]
        return subprocess.run(command, env=moved, capture_output=True, text=True, timeout=PATIENCE, check=False)

    yield run


@pytest.mark.parametrize(("shift", "said"), [("-50y", "set back"), ("+20y", "set forward")])
def test_attack_the_clock_of_the_machine_is_set_back_50_years_or_forward_20(
    made: Founded, moved_clock: Callable[[str, Path], subprocess.CompletedProcess[str]], shift: str, said: str
) -> None:
    told = moved_clock(shift, made.layout.root)
    assert (told.returncode, said in told.stderr, "[NODE_DORMANT]" in told.stderr) == (7, True, True), told.stderr
    with opened(made.layout.root) as node:  # the right clock is back
        assert presence.seen_again(node.records, node.settings) is Waking.AWAKE
        assert node.log.verify().sound


def test_the_error_says_what_to_do() -> None:
    error = presence.asleep(Waking.DORMANT, Path("ward-3"))
    assert "starling node unlock" in error.advice
