"""The wheel, and the source distribution, alone in an empty environment without a network do the whole job."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.facts import DRUGS, GENES

#: what the two are built from
TREE = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", ".gitignore")
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def python_of(version: str) -> str | None:
    """A Python of this version that starts: this one, one on the PATH (maybe a shim that does not), or one of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    here = sys.executable if version == f"{sys.version_info[0]}.{sys.version_info[1]}" else None
    found = [here, shutil.which(f"python{version}")]
    found += [str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))]
    for python in found:
        if python is not None and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            return python
    return None


@pytest.fixture(scope="module")
def tree(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is built from: a build compiles the knowledge base of its tree, which other tests read."""
    copy = tmp_path_factory.mktemp("tree")
    for name in TREE:
        shutil.copy(root / name, copy / name)
    for name in ("src", "knowledge-base"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.kb"))
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tree, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tree, "sdist", tmp_path_factory.mktemp("sdist"))


def built(tree: Path, kind: str, target: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", target, cwd=tree)
    (found,) = target.iterdir()
    return found


def installed(python: str, wheel: Path, home: Path) -> Path:
    """The bin folder of an environment that holds the wheel and nothing else, not even pip."""
    run(python, "-m", "venv", "--without-pip", home, cwd=home.parent)
    own = home / "bin" / "python"
    run(*PIP, "--python", own, "install", "--no-deps", "--no-index", "--no-compile", wheel, cwd=home)
    return own.parent


@pytest.fixture(scope="module", params=PYTHONS)
def bare(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = python_of(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} on this machine")
    return installed(python, wheel, tmp_path_factory.mktemp("bare") / "env")


def make_a_report(bare: Path, root: Path, folder: Path) -> None:
    example = root / "src" / "starling" / "examples" / "example.vcf"
    run(bare / "starling", "report", example, "-o", "out.json", cwd=folder)
    document = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    assert document["schema"] == "starling.assessments/1"
    (assessment,) = document["assessments"]
    assert len(assessment["genes"]) == len(GENES)
    assert len(assessment["drugs"]) == len(DRUGS)
    assert any(gene["status"] == "called" for gene in assessment["genes"])
    assert any(drug["status"] == "advice" for drug in assessment["drugs"])


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_carries_its_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "starling/knowledge/starling.kb" in names
    assert "starling/knowledge/schema.sql" in names
    assert "starling/py.typed" in names
    assert "starling/examples/example.vcf" in names
    shipped = {"digest", "golden.jsonl", "model.onnx", "model.toml"}
    assert {f"starling/dosing/bundles/warfarin/{name}" for name in shipped} <= names
    assert any(name.endswith(".dist-info/licenses/NOTICE") for name in names)
    assert not [name for name in names if name.startswith("tests/") or name.endswith(".pyc")]


def test_the_wheel_asks_for_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    assert [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line] == []


def test_the_bare_wheel_turns_a_vcf_into_a_report(bare: Path, root: Path, tmp_path: Path) -> None:
    make_a_report(bare, root, tmp_path)


def test_the_bare_environment_holds_nothing_but_the_wheel(bare: Path, tmp_path: Path) -> None:
    script = "from importlib.metadata import distributions; print(sorted(d.name for d in distributions()))"
    assert run(bare / "python", "-I", "-c", script, cwd=tmp_path).stdout.strip() == "['starling-pgx']"


def test_a_bare_installation_is_sound_and_compares_its_files(bare: Path, tmp_path: Path) -> None:
    document = json.loads(run(bare / "python", "-I", "-m", "starling", "doctor", "--json", cwd=tmp_path).stdout)
    assert document["sound"] and document["files"]["kind"] == "installed"
    assert document["files"]["compared"] > 200
    assert not [name for packages in document["extras"].values() for name, version in packages.items() if version]


def test_the_source_distribution_gives_the_same_wheel_and_a_report(
    sdist: Path, wheel: Path, root: Path, tmp_path: Path
) -> None:
    """Installed as pip does it, with the build tools of this environment; the environment installed into is empty."""
    target = tmp_path / "wheel"
    run(*PIP, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", target, sdist, cwd=tmp_path)
    (again,) = target.iterdir()
    assert contents(again) == contents(wheel)
    make_a_report(installed(sys.executable, again, tmp_path / "env"), root, tmp_path)


def test_the_source_distribution_holds_no_test_and_nothing_compiled(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert "knowledge-base/genes.tsv" in names
    assert "hatch_build.py" in names
    assert not [name for name in names if name.startswith("tests/") or name.endswith(".pyc")]
