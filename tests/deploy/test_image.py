"""The image is a node that serves, as nobody, where nothing can be written but its folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from starling._version import __version__
from starling.extras import EXTRAS
from tests.conftest import ROOT
from tests.deploy.conftest import ENVIRONMENT, NOBODY, STATE, Started, Within

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
STARLING = "/opt/starling/bin/starling"


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.strip().partition(" ")[::2] for line in text.splitlines() if line.strip()]
    starts = [place for place, (name, _) in enumerate(lines) if name == "FROM"]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def said(name: str) -> list[str]:
    """Every value of an instruction of the image itself."""
    return [words for each, words in stages()[-1] if each == name]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_image_is_nobody_and_holds_what_was_pinned() -> None:
    image = stages()[-1]
    assert said("USER") == [f"{NOBODY}:{NOBODY}"]
    place = image.index(("USER", f"{NOBODY}:{NOBODY}"))
    assert [name for name, _ in image[place:] if name in {"RUN", "COPY", "ADD"}] == []
    assert said("VOLUME") == said("WORKDIR") == [STATE]
    assert f'image.version="{__version__}"' in said("LABEL")[0]
    installs = [words for stage in stages() for name, words in stage if name == "RUN" and "pip install" in words]
    assert all("--require-hashes" in words or "--no-index" in words for words in installs)
    assert [words for stage in stages() for name, words in stage if name == "FROM"] == ["${BASE} AS build", "${BASE}"]


def test_what_is_pinned_for_the_image_is_what_the_extras_need() -> None:
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements/node.txt").read_text("utf-8"), re.MULTILINE))
    everywhere = (ROOT / "requirements/extras.txt").read_text("utf-8")
    assert {*EXTRAS["node"], *EXTRAS["hsm"]} <= pinned.keys()
    assert [name for name, version in pinned.items() if f"\n{name}=={version}" not in everywhere] == []


@pytest.fixture(
    scope="module", params=["this environment", pytest.param("as the image installs it", marks=pytest.mark.exhaustive)]
)
def opt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Path:
    """What lies in /opt of the image: the very steps, done; in short, a command of that name in this environment."""
    folder = tmp_path_factory.mktemp("opt")
    if request.param == "this environment":
        program = folder / "starling" / "bin" / "starling"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m starling "$@"\n')
        program.chmod(0o755)
    else:
        built(folder, tmp_path_factory.mktemp("build"), tool("bwrap"))
    return folder


def built(opt: Path, build: Path, bwrap: str) -> None:
    """Every step of the first stage in a machine that is read-only but /build and /opt."""
    environment: list[str] = []
    for name, words in stages()[0]:
        if name == "ENV":
            environment = [part for pair in shlex.split(words) for part in ("--setenv", *pair.split("=", 1))]
        elif name == "COPY":
            copied(words.split(), build)
        elif name == "RUN":
            place = ["--tmpfs", "/tmp", "--bind", str(opt), "/opt", "--tmpfs", "/mnt", "--bind", str(build), "/mnt"]
            line = words.replace("/build/", "/mnt/").replace("python -m venv", f"{sys.executable} -m venv", 1)
            machine = [bwrap, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *place]
            run(*machine, *environment, "--chdir", "/mnt", "--unsetenv", "PYTHONPATH", "--", "sh", "-ec", line)


def copied(words: list[str], build: Path) -> None:
    """As COPY does."""
    *sources, target = words
    for source in sources:
        there = build / target / Path(source).name if target.endswith("/") else build / target
        there.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, there, ignore=shutil.ignore_patterns("__pycache__", "*.kb"))
        else:
            shutil.copy(ROOT / source, there)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_the_image_serves_read_only_as_nobody_and_its_own_check_asks_it(
    within: Within, started: Started, opt: Path, tmp_path: Path, free_port: int
) -> None:
    (entry,), (command,), (check,) = said("ENTRYPOINT"), said("CMD"), said("HEALTHCHECK")
    state = tmp_path / "state"
    state.mkdir()
    bare = ["--unsetenv", "PYTHONPATH"] if (opt / "starling" / "pyvenv.cfg").exists() else []
    machine = within(state, *bare, hidden=("/tmp", "/opt"))
    place = machine.index("--bind")
    machine[place:place] = ["--ro-bind", str(opt), "/opt"]
    ask = [*machine, *json.loads(check.partition("CMD ")[2])]
    made = subprocess.run(
        [*machine, *json.loads(entry), "init", f"{STATE}/node", "--set", f"port={free_port}"],
        env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    silent = subprocess.run(ask, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (silent.returncode, silent.stderr.endswith("[NO_ANSWER]\n")) == (2, True)
    with started([*machine, *json.loads(entry), *json.loads(command)]) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line == f"ready https://127.0.0.1:{free_port}\n", process.communicate()[1]
        asked = subprocess.run(ask, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert (asked.returncode, asked.stdout.count("sound")) == (0, 5), asked.stderr


def test_where_it_is_read_only_nothing_can_be_written(within: Within, tmp_path: Path) -> None:
    """What the test above rests on."""
    tries = f"id -u; for each in /etc /opt /usr {ROOT}; do touch $each/written 2>/dev/null || echo no; done; touch here"
    done = subprocess.run([*within(tmp_path), "sh", "-c", tries], env=os.environ, capture_output=True, text=True)
    assert done.stdout.split() == [NOBODY, "no", "no", "no", "no"]
    assert (tmp_path / "here").exists()
