"""`starling dose` and `starling model` as real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dosing.people import EXAMPLE

SRC = Path(__file__).resolve().parents[2] / "src"
FACTS = ("--age", "67", "--weight", "80", "--height", "175")


def starling(*words: str, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SRC), "COLUMNS": "100", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "starling", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.usefixtures("runtime")
def test_dose_on_the_screen_as_json_and_on_the_page(tmp_path: Path) -> None:
    shown = starling("dose", "warfarin", str(EXAMPLE), *FACTS, folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "not guideline advice" in shown.stdout and "IWPC pharmacogenetic formula" in shown.stdout
    assert "WHY (exact Shapley values)" in shown.stdout and max(map(len, shown.stdout.splitlines())) <= 100
    asked = starling("dose", "warfarin", str(EXAMPLE), *FACTS, "--json", "-m", "amiodarone", folder=tmp_path)
    document = json.loads(asked.stdout)
    assert (document["schema"], document["method"]) == ("starling.prediction/1", "model")
    page = starling("dose", "warfarin", str(EXAMPLE), *FACTS, "-o", "out.html", folder=tmp_path)
    assert page.returncode == 0 and 'id="dose-model"' in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("warfarin", str(EXAMPLE), "--age", "67", "--weight", "80"), "DOSE_INPUT_MISSING"),
        (("codeine", str(EXAMPLE), *FACTS), "NO_DOSE_MODEL"),
        (("warfarin", str(EXAMPLE), *FACTS, "--linked", "rs9934438"), "BAD_OPTION"),
        (("warfarin", str(EXAMPLE), *FACTS, "--site", "nothing.json"), "FILE_NOT_FOUND"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_code(words: tuple[str, ...], code: str, tmp_path: Path) -> None:
    done = starling("dose", *words, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and f"[{code}]" in done.stderr


@pytest.mark.usefixtures("runtime")
def test_model_info_verify_and_run(tmp_path: Path, files: dict[str, bytes]) -> None:
    info = starling("model", "info", folder=tmp_path)
    assert info.returncode == 0 and "hospital_left_out" in info.stdout and "Not a medical device" in info.stdout
    assert starling("model", "verify", "warfarin", folder=tmp_path).returncode == 0
    golden = files["golden.jsonl"].decode()
    ran = starling("model", "run", "warfarin", "-", folder=tmp_path, stdin=golden)
    expected = [json.loads(line)["output"] for line in golden.splitlines()]
    assert [float(line) for line in ran.stdout.split()] == pytest.approx(expected, abs=2e-3)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "model.toml").write_bytes(files["model.toml"] + b"\n")
    wrong = starling("model", "verify", str(tmp_path), folder=tmp_path)
    assert wrong.returncode == 6 and "WRONG" in wrong.stdout
    refused = starling("model", "run", str(tmp_path), "-", folder=tmp_path, stdin=golden)
    assert refused.returncode == 6 and "[MODEL_DAMAGED]" in refused.stderr


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("row", ['{"age_decade": 6}', "nonsense", "[]"])
def test_run_refuses_rows_that_are_not_whole(row: str, tmp_path: Path) -> None:
    done = starling("model", "run", "warfarin", "-", folder=tmp_path, stdin=row)
    assert done.returncode == 2 and "[BAD_JSON]" in done.stderr


@pytest.mark.usefixtures("runtime")
def test_a_calibration_from_outcomes_to_a_dose_and_back(tmp_path: Path) -> None:
    outcomes = [word for dose in range(20, 40, 2) for word in ("--outcome", str(dose), str(dose * 1.2))]
    few = starling("model", "calibrate", "site.json", *outcomes[:27], folder=tmp_path)
    assert few.returncode == 0 and "no proposal below 10" in few.stdout
    early = starling("model", "calibrate", "site.json", "--activate", "Dr Hahn", folder=tmp_path)
    assert early.returncode == 2 and "[CALIBRATION_REFUSED]" in early.stderr
    more = starling("model", "calibrate", "site.json", *outcomes[27:], folder=tmp_path)
    assert "proposed" in more.stdout and "not in force" in more.stdout
    ask = ("dose", "warfarin", str(EXAMPLE), *FACTS, "--site", "site.json")
    assert "Local calibration" not in starling(*ask, folder=tmp_path).stdout
    assert starling("model", "calibrate", "site.json", "--activate", "Dr Hahn", folder=tmp_path).returncode == 0
    assert "activated by Dr Hahn" in starling(*ask, folder=tmp_path).stdout
    assert starling("model", "calibrate", "site.json", "--revert", "Dr Hahn", folder=tmp_path).returncode == 0
    assert "Local calibration" not in starling(*ask, folder=tmp_path).stdout
