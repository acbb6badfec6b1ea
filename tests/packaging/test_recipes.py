"""The recipes say what the program is, and what they run does what they declare; see packaging/README.md."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from starling._version import __version__
from tests.commands import run as starling
from tests.conftest import ROOT
from tests.packaging.test_bare_wheel import run

PACKAGING: Final = ROOT / "packaging"
MODULE: Final = PACKAGING / "nf-core" / "modules" / "starling" / "report"
EXAMPLE: Final = ROOT / "src" / "starling" / "examples" / "example.vcf"
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: what Jinja would put in, as far as the recipe asks for it
FILLED: Final = {"PYTHON": "python", 'pin_subpackage(name, max_pin="x.x")': "starling-pgx"}


def conda_recipe() -> dict[str, Any]:
    text = (PACKAGING / "bioconda" / "meta.yaml").read_text(encoding="utf-8")
    stated = dict(re.findall(r'^{% set (\w+) = "([^"]*)" %}$', text, re.MULTILINE))
    text = re.sub(r"^{%.*%}$", "", text, flags=re.MULTILINE)
    found: dict[str, Any] = yaml.safe_load(re.sub(r"{{ (.*?) }}", lambda match: ({**stated, **FILLED})[match[1]], text))
    return found


def test_the_conda_recipe_is_the_distribution() -> None:
    recipe, project = conda_recipe(), PROJECT["project"]
    assert recipe["package"] == {"name": project["name"], "version": __version__}
    (script,) = recipe["build"]["entry_points"]
    assert script.split(" = ") == ["starling", project["scripts"]["starling"]]
    assert recipe["requirements"]["run"] == [f"python {project['requires-python']}"], "and no other dependency"
    assert project["dependencies"] == []
    (backend,) = PROJECT["build-system"]["requires"]
    assert backend.replace(">=", " >=") in recipe["requirements"]["host"]
    about = recipe["about"]
    assert (about["license"], about["license_file"]) == (project["license"], project["license-files"])
    assert (PACKAGING / "bioconda" / recipe["source"]["path"]).resolve() == ROOT
    assert "--no-index" in recipe["build"]["script"]


def test_what_the_conda_recipe_tries_works() -> None:
    for command in conda_recipe()["test"]["commands"]:
        words = shlex.split(command)
        assert words[0] == "starling"
        done = starling(*words[1:])
        assert done.code == 0, command + done.out + done.err


# --- the image --------------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = (PACKAGING / "oci" / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def test_the_image_runs_as_nobody_and_has_the_version_of_the_program() -> None:
    found = instructions()
    users = [words for name, words in found if name == "USER"]
    assert users == ["65532:65532"]
    assert found.index(("USER", users[0])) > max(place for place, (name, _) in enumerate(found) if name == "RUN")
    (label,) = (words for name, words in found if name == "LABEL")
    assert f'image.version="{__version__}"' in label
    assert ("ENTRYPOINT", '["starling"]') in found
    installs = [words for name, words in found if name == "RUN" and "pip install" in words]
    assert all("--require-hashes" in words or "--no-index" in words for words in installs)


def test_what_the_image_copies_makes_the_wheel(tmp_path: Path) -> None:
    copied = [words.split() for name, words in instructions() if name == "COPY" and "--from" not in words]
    for *sources, target in copied:
        for source in sources:
            there = tmp_path / target / source if target == "./" else tmp_path / target
            there.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, there, ignore=shutil.ignore_patterns("__pycache__", "*.kb"))
            else:
                shutil.copy(ROOT / source, there)
    (build,) = (words for name, words in instructions() if name == "RUN" and "hatchling" in words)
    command = build.replace("/wheels", str(tmp_path / "wheels")).split()
    run(sys.executable, *command[1:], cwd=tmp_path)
    (wheel,) = (tmp_path / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        assert "starling/knowledge/starling.kb" in archive.namelist()


@pytest.mark.parametrize("command", [("report", EXAMPLE), ("check", "clopidogrel", EXAMPLE), ("doctor",)])
def test_nothing_is_written_where_nothing_was_asked_for(command: tuple[str | Path, ...], tmp_path: Path) -> None:
    """So that a read-only image suffices; Python's own audit events say what is opened for writing."""
    script = (
        "import os, sys\n"
        "def told(event, args):\n"
        "    if event == 'open' and args[0] not in (os.devnull,) and isinstance(args[2], int):\n"
        "        if args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT): sys.stderr.write(f'WRITTEN {args[0]}\\n')\n"
        "    if event in ('os.mkdir', 'os.rename', 'os.remove', 'socket.connect', 'subprocess.Popen'):\n"
        "        sys.stderr.write(f'WRITTEN {event} {args}\\n')\n"
        "sys.addaudithook(told)\n"
        "from starling.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT / "src")}
    words = [str(word) for word in command]
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


# --- the module -------------------------------------------------------------------------------------------------------


def block(name: str) -> str:
    """What stands under a label of the process."""
    text = (MODULE / "main.nf").read_text(encoding="utf-8")
    found = re.search(rf"^    {name}:\n(.*?)(?=^    \w+:\n|^}})", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def written(kind: str, values: dict[str, str]) -> str:
    """The shell script of the process (`script` or `stub`), as Nextflow would write it."""
    found = re.search(r'"""\n(.*?)"""', block(kind), re.DOTALL)
    assert found is not None
    script = re.sub(r"(?<!\\)\$\{([\w.]+)\}", lambda match: values[match[1]], found[1]).replace("\\$", "$")
    return "\n".join(line.removeprefix("    ") for line in script.splitlines()) + "\n"


@pytest.mark.parametrize("kind", ["script", "stub"])
def test_the_scripts_of_the_module_make_what_it_declares(kind: str, tmp_path: Path) -> None:
    tools, work = tmp_path / "bin", tmp_path / "work"
    tools.mkdir()
    work.mkdir()
    (tools / "starling").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m starling "$@"\n')
    (tools / "starling").chmod(0o755)
    shutil.copy(EXAMPLE, work / "example.vcf")
    values = {"vcf": "example.vcf", "other": "", "args": "--source CPIC", "prefix": "ada", "task.process": "STARLING"}
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    command = ["bash", "-euo", "pipefail", "-c", written(kind, values)]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for pattern in re.findall(r'path\(?\s*"([^"]+)"', block("output")):
        assert len(list(work.glob(pattern))) == 1, pattern
    assert yaml.safe_load((work / "versions.yml").read_text()) == {"STARLING": {"starling": __version__}}


def test_the_module_describes_what_it_takes_and_gives() -> None:
    described = yaml.safe_load((MODULE / "meta.yml").read_text(encoding="utf-8"))
    emitted = re.findall(r"emit: (\w+)", block("output"))
    assert list(described["output"]) == emitted
    taken = [re.findall(r"(?:val|path)\((\w+)\)", line) for line in block("input").splitlines() if line.strip()]
    assert [[name for each in channel for name in each] for channel in described["input"]] == taken
    tested = (MODULE / "tests" / "main.nf.test").read_text(encoding="utf-8")
    assert 'process "STARLING_REPORT"' in tested and "-stub" in tested
    asserted = set(re.findall(r"process\.out\.(\w+)", tested))
    assert asserted <= set(emitted)


def test_the_module_names_one_version_of_one_package() -> None:
    environment = yaml.safe_load((MODULE / "environment.yml").read_text(encoding="utf-8"))
    assert environment["dependencies"] == [f"bioconda::{PROJECT['project']['name']}={__version__}"]
    named = re.findall(r"starling-pgx:([\w.]+)--", (MODULE / "main.nf").read_text(encoding="utf-8"))
    assert named == [__version__] * 2
