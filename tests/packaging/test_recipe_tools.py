"""The recipes as their own tools read them, where these are installed; packaging/README.md says what was run.

None of them is needed to build or test the program: a test without its tool is skipped, and named at the end.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import yaml

from tests.conftest import MISSING_TOOL, ROOT

PACKAGING: Final = ROOT / "packaging"
MODULE: Final = PACKAGING / "nf-core" / "modules" / "starling" / "report"


def program(name: str) -> str:
    """The path of a program; without it the test is skipped."""
    return shutil.which(name) or pytest.skip(MISSING_TOOL + name)


def library(name: str) -> Any:
    """A module of a library; without it the test is skipped."""
    if find_spec(name.partition(".")[0]) is None:
        pytest.skip(MISSING_TOOL + name.partition(".")[0])
    return importlib.import_module(name)


def test_hadolint_finds_nothing_in_the_containerfile() -> None:
    command = [program("hadolint"), str(PACKAGING / "oci" / "Containerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.exhaustive
def test_the_image_is_built_and_answers_without_a_network() -> None:
    """Minutes, root, and Debian's packages: see the script."""
    for name in ("buildah", "mmdebstrap", "unshare"):
        program(name)
    if os.geteuid() != 0:
        pytest.skip(MISSING_TOOL + "root")
    done = subprocess.run([str(PACKAGING / "oci" / "try.sh")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "AVOID: clopidogrel" in done.stdout and done.stdout.endswith("built and used: localhost/starling\n")


def test_souschef_reads_the_conda_recipe() -> None:
    recipe = library("souschef.recipe").Recipe(load_file=str(PACKAGING / "bioconda" / "meta.yaml"))
    assert list(recipe.keys()) == ["package", "source", "build", "requirements", "test", "about"]
    assert [str(each) for each in recipe["requirements"]["run"] if str(each)] == ["python >=3.11"]


def of_nf_core(folder: Path) -> Any:
    """The module as nf-core reads it, in a repository of modules."""
    component = library("nf_core.components.nfcore_component").NFCoreComponent
    there = folder / "modules" / "nf-core" / "starling" / "report"
    shutil.copytree(MODULE, there)
    return component("starling/report", None, there, "modules", folder, "modules", remote_component=False)


def test_nf_core_reads_what_the_module_takes_and_gives(tmp_path: Path) -> None:
    module = of_nf_core(tmp_path)
    module.get_inputs_from_main_nf()
    module.get_outputs_from_main_nf()
    described = yaml.safe_load((MODULE / "meta.yml").read_text(encoding="utf-8"))
    taken = [[next(iter(each)) for each in channel] for channel in module.inputs]
    assert taken == [[next(iter(each)) for each in channel] for channel in described["input"]]
    assert list(module.outputs) == list(described["output"])


def test_nf_core_finds_nothing_in_the_process(tmp_path: Path) -> None:
    """Its checks of main.nf, up to those that start Nextflow, which has to be fetched."""
    module = of_nf_core(tmp_path)
    lint = library("nf_core.modules.lint.main_nf")
    try:
        lint.main_nf(SimpleNamespace(registry="quay.io"), module, False, ("quay.io",), None)
    except RuntimeError as error:
        assert re.search("nextflow", str(error))
    assert len(module.passed) >= 14
    assert (module.warned, module.failed) == ([], [])
