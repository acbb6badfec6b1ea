"""The release kit, made and then installed as its INSTALL.txt says, line by line, in an empty folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.test_bare_wheel import TREE, run

COPIED = ("src", "knowledge-base", "workshop/src")
#: an indented line, with those that a backslash continues
STEP = re.compile(r"^    (\S(?:.*\\\n)*.*)$", re.MULTILINE)


def kit_of(root: Path, folder: Path, *words: str) -> Path:
    """The kit that a copy of this tree makes: making it compiles the knowledge base of its tree."""
    tree = folder / "tree"
    for name in COPIED:
        shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.kb"))
    for name in (*TREE, "workshop/pyproject.toml", "requirements/extras.txt", "tools/release.py"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, tree / name)
    run(sys.executable, "tools/release.py", "--output", folder / "kit", *words, cwd=tree)
    return folder / "kit"


@pytest.fixture(scope="module")
def kit(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kit_of(root, tmp_path_factory.mktemp("release"), "--without-extras")


def bare_environment() -> dict[str, str]:
    """Nothing that leads Python or pip elsewhere."""
    names = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "COV"))}
    return {**names, "PIP_CONFIG_FILE": os.devnull}


def type_what_it_says(kit: Path, home: Path) -> str:
    """The indented lines of INSTALL.txt, typed in a copy of the kit; what the last of them printed."""
    shutil.copytree(kit, home)
    tools = home.parent / "bin"
    tools.mkdir()
    (tools / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tools / "python3").chmod(0o755)
    environment = {**bare_environment(), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    steps = STEP.findall((home / "INSTALL.txt").read_text(encoding="utf-8"))
    said = ""
    for step in steps:
        done = subprocess.run(["bash", "-euc", step], cwd=home, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, step + done.stdout + done.stderr
        said += done.stdout
    return said


def test_the_kit_installs_as_it_says_without_a_network(kit: Path, tmp_path: Path) -> None:
    steps = STEP.findall((kit / "INSTALL.txt").read_text(encoding="utf-8"))
    assert all("--no-index" in step for step in steps if "pip install" in step)
    said = type_what_it_says(kit, tmp_path / "kit")
    assert "as they were installed" in said and "\nsound\n" in said
    assert "AVOID: clopidogrel" in said
    changed = tmp_path / "kit" / "starling" / "lib"
    (engine,) = changed.rglob("site-packages/starling/engine.py")
    engine.write_text(engine.read_text() + "\n")
    doctor = subprocess.run(
        [tmp_path / "kit" / "starling" / "bin" / "starling", "doctor"],
        env=bare_environment(),
        capture_output=True,
        text=True,
    )
    assert doctor.returncode == 3
    assert "CHANGED, reinstall: starling/engine.py" in doctor.stdout


def test_every_file_of_the_kit_has_its_sum(kit: Path) -> None:
    lines = [line.split("  ") for line in (kit / "SHA256SUMS").read_text().splitlines()]
    stated = {name: digest for digest, name in lines}
    there = {path.relative_to(kit).as_posix(): path for path in kit.rglob("*") if path.is_file()}
    assert stated.keys() == there.keys() - {"SHA256SUMS"}
    assert [
        name for name, digest in stated.items() if hashlib.sha256(there[name].read_bytes()).hexdigest() != digest
    ] == []
    assert {"INSTALL.txt", "sbom.cdx.json", "example.vcf"} < there.keys()
    assert sorted(path.suffix for path in (kit / "packages").iterdir()) == [".gz", ".whl", ".whl"]


def test_the_bill_of_materials_names_every_wheel_and_claims_no_index_for_ours(kit: Path) -> None:
    bill = json.loads((kit / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    main = bill["metadata"]["component"]
    assert (main["type"], main["purl"].partition("@")[0]) == ("application", "pkg:generic/starling-pgx")
    assert main["licenses"] == [{"expression": "Apache-2.0"}]
    named = {each["name"]: each for each in bill["components"]}
    assert set(named) == {"starling-pgx-workshop", "Starling knowledge base"}
    assert named["Starling knowledge base"]["type"] == "data"
    assert not [each for each in bill["components"] if str(each.get("purl")).startswith("pkg:pypi/starling")]
    refs = {each["bom-ref"] for each in (main, *bill["components"])}
    assert all({each["ref"], *each["dependsOn"]} <= refs for each in bill["dependencies"])


def test_the_kit_is_the_same_every_time(kit: Path, root: Path, tmp_path: Path) -> None:
    again = kit_of(root, tmp_path, "--without-extras")
    assert (again / "SHA256SUMS").read_text() == (kit / "SHA256SUMS").read_text()


@pytest.mark.exhaustive
def test_the_extras_install_from_the_kit_alone(root: Path, tmp_path: Path) -> None:
    """Fetches the wheels of every extra: some hundred megabytes."""
    kit = kit_of(root, tmp_path)
    bill = json.loads((kit / "sbom.cdx.json").read_text(encoding="utf-8"))
    wheels = {path.name for path in (kit / "wheelhouse").iterdir()}
    assert len(bill["components"]) == len(wheels) + 2
    said = type_what_it_says(kit, tmp_path / "typed")
    assert "extra htslib: pysam" in said.rpartition("sound\n")[0] and said.endswith("sound\n")
    assert "not installed" not in "".join(
        re.findall("^extra (?:htslib|models|cohort):.*$", said[said.rindex("starling 0") :], re.M)
    )
