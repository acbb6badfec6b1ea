"""`starling dose` and `starling model`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Finished, run
from tests.dosing.people import EXAMPLE

FACTS = ("--age", "67", "--weight", "80", "--height", "175")


def starling(*words: str, folder: Path, stdin: str = "") -> Finished:
    return run(*words, cwd=folder, stdin=stdin, env={"COLUMNS": "100", "NO_COLOR": "1"})


@pytest.mark.usefixtures("runtime")
def test_dose_on_the_screen_as_json_and_on_the_page(tmp_path: Path) -> None:
    shown = starling("dose", "warfarin", str(EXAMPLE), *FACTS, folder=tmp_path)
    assert shown.code == 0, shown.err
    assert "not guideline advice" in shown.out and "IWPC pharmacogenetic formula" in shown.out
    assert "WHY: mg/week that each fact adds or takes away (exact Shapley values)" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 100
    asked = starling("dose", "warfarin", str(EXAMPLE), *FACTS, "--json", "-m", "amiodarone", folder=tmp_path)
    document = json.loads(asked.out)
    assert (document["schema"], document["method"]) == ("starling.prediction/1", "model")
    page = starling("dose", "warfarin", str(EXAMPLE), *FACTS, "-o", "out.html", folder=tmp_path)
    assert page.code == 0 and 'id="dose-model"' in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("warfarin", str(EXAMPLE), "--age", "67", "--weight", "80"), "DOSE_INPUT_MISSING"),
        (("codeine", str(EXAMPLE), *FACTS), "NO_DOSE_MODEL"),
        (("warfarin", str(EXAMPLE), *FACTS, "--linked", "rs9934438"), "BAD_OPTION"),
        (("warfarin", str(EXAMPLE), *FACTS, "--site", "nothing.json"), "FILE_NOT_FOUND"),
        (("warfarin", str(EXAMPLE), *FACTS, "--linked", "rs9934438=C/T", "--linked", "rs9934438=C/C"), "BAD_OPTION"),
        (("warfarin", str(EXAMPLE), *FACTS, "--linked", "rs8050894=G/G"), "BAD_OPTION"),
        (("warfarin", str(EXAMPLE), *FACTS, "--ancestry", "martian"), "BAD_OPTION"),
        (("warfarin", str(EXAMPLE), *FACTS, "--ancestry", "white", "--subject", "ancestry=black"), "BAD_OPTION"),
        (("warfarin", str(EXAMPLE), "--age", "67", "--weight", "176", "--height", "175"), "BAD_OPTION"),
        (("warfarin", str(EXAMPLE), "--age", "nan", "--weight", "80", "--height", "175"), "BAD_OPTION"),
        (("warfarin", str(EXAMPLE), "--age", "old", "--weight", "80", "--height", "175"), "BAD_OPTION"),
        (("warfarin", str(EXAMPLE), "--age", "17"), "NO_DOSE_MODEL"),
        (("warfarin", str(EXAMPLE), *FACTS, "--subject", "birth_date=2015-01-01"), "BAD_OPTION"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_code(words: tuple[str, ...], code: str, tmp_path: Path) -> None:
    done = starling("dose", *words, folder=tmp_path)
    assert done.code == 2
    assert done.err.count("\n") == 1 and f"[{code}]" in done.err


@pytest.mark.usefixtures("runtime")
def test_model_info_verify_and_run(tmp_path: Path, files: dict[str, bytes]) -> None:
    info = starling("model", "info", folder=tmp_path)
    assert info.code == 0 and "hospital_left_out" in info.out and "Not a medical device" in info.out
    assert starling("model", "verify", "warfarin", folder=tmp_path).code == 0
    golden = files["golden.jsonl"].decode()
    ran = starling("model", "run", "warfarin", "-", folder=tmp_path, stdin=golden)
    expected = [json.loads(line)["output"] for line in golden.splitlines()]
    assert [float(line) for line in ran.out.split()] == pytest.approx(expected, abs=2e-3)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "model.toml").write_bytes(files["model.toml"] + b"\n")
    wrong = starling("model", "verify", str(tmp_path), folder=tmp_path)
    assert wrong.code == 6 and "WRONG" in wrong.out
    refused = starling("model", "run", str(tmp_path), "-", folder=tmp_path, stdin=golden)
    assert refused.code == 6 and "[MODEL_DAMAGED]" in refused.err


def test_what_is_missing_is_asked_for_in_one_line(tmp_path: Path) -> None:
    done = starling("dose", "warfarin", str(EXAMPLE), folder=tmp_path)
    assert done.code == 2 and all(word in done.err for word in ("age (years)", "height (cm)", "weight (kg)"))


def test_a_stated_ancestry_holds_for_the_report_too(tmp_path: Path) -> None:
    asked = ("dose", "warfarin", str(EXAMPLE), *FACTS, "--ancestry", "Black/African American")
    done = starling(*asked, "-o", "p.html", folder=tmp_path)
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert done.code == 0 and "Ancestry is not stated" not in page


@pytest.mark.usefixtures("runtime")
def test_run_refuses_what_is_no_text_and_values_that_are_none(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "rows").write_bytes(b"\xff\xfe\x00")
    done = starling("model", "run", "warfarin", "rows", folder=tmp_path)
    assert done.code == 2 and "UTF-8" in done.err and "[BAD_JSON]" in done.err
    row = json.loads(files["golden.jsonl"].splitlines()[0])["inputs"]
    for value in ([6], {"a": 1}, None, True):
        done = starling(
            "model", "run", "warfarin", "-", folder=tmp_path, stdin=json.dumps({**row, "age_decade": value})
        )
        assert done.code == 2 and "[BAD_JSON]" in done.err and done.err.count("\n") == 1


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("row", ['{"age_decade": 6}', "nonsense", "[]"])
def test_run_refuses_rows_that_are_not_whole(row: str, tmp_path: Path) -> None:
    done = starling("model", "run", "warfarin", "-", folder=tmp_path, stdin=row)
    assert done.code == 2 and "[BAD_JSON]" in done.err


@pytest.mark.usefixtures("runtime")
def test_a_calibration_from_outcomes_to_a_dose_and_back(tmp_path: Path) -> None:
    outcomes = [word for dose in range(20, 40, 2) for word in ("--outcome", str(dose), str(dose * 1.2))]
    few = starling("model", "calibrate", "site.json", *outcomes[:27], folder=tmp_path)
    assert few.code == 0 and "no proposal below 10" in few.out
    early = starling("model", "calibrate", "site.json", "--activate", "Dr Hahn", folder=tmp_path)
    assert early.code == 2 and "[CALIBRATION_REFUSED]" in early.err
    more = starling("model", "calibrate", "site.json", *outcomes[27:], folder=tmp_path)
    assert "proposed" in more.out and "not in force" in more.out
    ask = ("dose", "warfarin", str(EXAMPLE), *FACTS, "--site", "site.json")
    assert "Local calibration" not in starling(*ask, folder=tmp_path).out
    assert starling("model", "calibrate", "site.json", "--activate", "Dr Hahn", folder=tmp_path).code == 0
    assert "activated by Dr Hahn" in starling(*ask, folder=tmp_path).out
    assert starling("model", "calibrate", "site.json", "--revert", "Dr Hahn", folder=tmp_path).code == 0
    assert "Local calibration" not in starling(*ask, folder=tmp_path).out
