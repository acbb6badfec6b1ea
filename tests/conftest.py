"""What every test may ask for: the optional data folder, external tools, and deterministic property tests.

Data of real people are never part of this repository.  Tests that use them look in the folder that STARLING_DATA names
(default: ../shared/data beside the repository), skip visibly when it is not there, and are counted at the end.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("STARLING_DATA") or ROOT.parent / "shared" / "data")
CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}
#: where systems put the library of SoftHSM2
SOFTHSM = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
#: The files that need most of the time, in order.
LONGEST = (
    "tests/node/pages/test_looks.py",
    "tests/node/pages/test_journeys.py",
    "tests/cohort/test_same_as_report.py",
    "tests/cohort/test_summary.py",
    "tests/docs/test_how_to.py",
    "tests/properties/test_every_kind_every_command.py",
    "tests/knowledge/test_invariants.py",
    "tests/cohort/test_run.py",
    "tests/properties/test_mutations.py",
    "tests/packaging/test_bare_wheel.py",
    "tests/formats/test_vcf_guarantee.py",
    "tests/engine/test_engine.py",
    "tests/properties/test_one_person_many_files.py",
    "tests/node/test_intake.py",
    "tests/packaging/test_release.py",
    "tests/cli/test_commands.py",
    "tests/cohort/test_reanalyse.py",
    "tests/formats/battery/test_every_reader.py",
    "tests/cohort/test_command_line.py",
    "tests/conformance/test_real_people.py",
    "tests/exchange/fhir/test_validation.py",
    "tests/calling/test_properties.py",
    "tests/knowledge/test_origin.py",
    "tests/node/test_process.py",
    "tests/formats/test_order_attacks.py",
    "tests/formats/test_index.py",
    "tests/test_house_rules.py",
    "tests/node/test_fuzz.py",
    "tests/training/test_training.py",
)
MISSING_DATA = "missing data: "
MISSING_TOOL = "missing tool: "

# The same examples in every run: a failure is a finding, never bad luck.  HYPOTHESIS_PROFILE=search looks further (as
# `make exhaustive` does).
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True, max_examples=30)
settings.register_profile(
    "search", deadline=None, max_examples=5_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure(config: pytest.Config) -> None:
    """Processes that run tests are traced (`make coverage`); those that a test starts are as they are elsewhere."""
    if not config.getoption("numprocesses", None):
        os.environ.pop("COVERAGE_PROCESS_START", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tests marked `untraced` run at full speed where the others are traced."""
    measured = Coverage.current() if item.get_closest_marker("untraced") else None
    if measured is None:
        return (yield)
    measured.stop()
    try:
        return (yield)
    finally:
        measured.start()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; tests marked `needs_data` are skipped where a file that they name is not there.

    Whoever shares the tests then ends with short files, and at the same time.
    """
    first = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.nodeid.partition("::")[0], len(first)))
    for item in items:
        for marker in item.iter_markers("needs_data"):
            absent = [name for name in marker.args if not (DATA / name).exists()]
            if absent:
                item.add_marker(pytest.mark.skip(reason=MISSING_DATA + ", ".join(absent)))


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: it is not looked through for garbage, the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not tested, and why, stands last."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[text.removeprefix("Skipped: ")] += 1
    data = sum(count for reason, count in reasons.items() if reason.startswith(MISSING_DATA))
    terminalreporter.section("not tested")
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count:5}  {reason}")
    terminalreporter.write_line(f"{data:5}  skipped for missing data" + (f" (looked in {DATA})" if data else ""))


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def data_file() -> Callable[[str], Path]:
    """A function that gives the path of a file in the data folder, or skips the test and says which file is missing."""

    def find(name: str) -> Path:
        path = DATA / name
        if not path.exists():
            pytest.skip(MISSING_DATA + name)
        return path

    return find


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """A function that gives the path of a program; without it the test is skipped, or fails where CI is set."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and CI:
            pytest.fail(MISSING_TOOL + name, pytrace=False)
        if path is None:
            pytest.skip(MISSING_TOOL + name)
        return path

    return find


@pytest.fixture(scope="session")
def softhsm(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(PKCS #11 library, folder of tokens): SoftHSM2 with the tokens one, two, bare and ward, whose PIN is 1234.

    The library reads its settings once in a process, and sees no token that is made later.
    """
    folder = tmp_path_factory.mktemp("softhsm")
    os.environ["SOFTHSM2_CONF"] = str(made_tokens(tool("softhsm2-util"), folder, "one", "two", "bare", "ward"))
    return next(path for each in SOFTHSM if (path := Path(each)).exists()), folder / "tokens"


@pytest.fixture(scope="session")
def browser(tool: Callable[[str], str]) -> Iterator[Browser]:
    """A browser that shows pages."""
    from tests.browsing import chromium

    with chromium(tool("chromium")) as found:
        yield found


def made_tokens(utility: str, folder: Path, *labels: str) -> Path:
    """The settings of SoftHSM2 with these tokens in `folder / "tokens"`, whose PIN is 1234."""
    (folder / "tokens").mkdir()
    path = folder / "softhsm2.conf"
    settings = f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    path.write_text(settings, encoding="utf-8")
    for label in labels:
        command = [utility, "--init-token", "--free", "--label", label, "--pin", "1234", "--so-pin", "4321"]
        environment = {**os.environ, "SOFTHSM2_CONF": str(path)}
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=30)
    return path
