"""The wheel alone, in an empty environment without a network, does the whole job."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.facts import DRUGS, GENES


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target, cwd=root)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds the wheel and nothing else, not even pip."""
    home = tmp_path_factory.mktemp("bare") / "env"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check"]
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=home)
    return python.parent


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
    example = root / "src" / "starling" / "examples" / "example.vcf"
    run(bare / "starling", "report", example, "-o", "out.json", cwd=tmp_path)
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert document["schema"] == "starling.assessments/1"
    (assessment,) = document["assessments"]
    assert len(assessment["genes"]) == len(GENES)
    assert len(assessment["drugs"]) == len(DRUGS)
    assert any(gene["status"] == "called" for gene in assessment["genes"])
    assert any(drug["status"] == "advice" for drug in assessment["drugs"])


def test_the_bare_environment_holds_nothing_but_the_wheel(bare: Path, tmp_path: Path) -> None:
    script = "from importlib.metadata import distributions; print(sorted(d.name for d in distributions()))"
    assert run(bare / "python", "-I", "-c", script, cwd=tmp_path).stdout.strip() == "['starling-pgx']"
